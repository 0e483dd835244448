#pragma once

#include <reprise/core/virtual_clock.hpp>
#include <reprise/core/wait_queue.hpp>

#include <chrono>
#include <cstdint>
#include <mutex>  // IWYU pragma: export (std::scoped_lock and its like are how it is used)
#include <string_view>

namespace reprise {

/// A mutual-exclusion lock for tasks; std's TimedLockable. Strictly first in, first out, without
/// barging: whoever waits goes before whoever comes.
///
/// A task that waits and is cancelled passes its turn on. Not recursive: a task that locks twice
/// deadlocks, and the report says so.
class mutex : public detail::sync_object {
public:
  mutex() : mutex(std::string_view{}) {}
  explicit mutex(std::string_view name) : sync_object("mutex", name) {}
  ~mutex() {
    if (locked_) [[unlikely]]
      destroyed_while_held(holder_);
  }

  /// Throws: `cancelled`. A free lock is taken without suspending; else the caller resumes on the
  /// turn after its turn came.
  void lock();
  [[nodiscard]] bool try_lock();
  template <class Rep, class Period>
  [[nodiscard, gnu::always_inline]] bool try_lock_for(std::chrono::duration<Rep, Period> d) {
    return lock_within(detail::to_delay(d));
  }
  template <class Duration>
  [[nodiscard, gnu::always_inline]] bool try_lock_until(
      std::chrono::time_point<virtual_clock, Duration> t) {
    return lock_within(detail::delay_until(t, "mutex::try_lock_until"));
  }
  /// Never throws and never suspends. Unlocking a free mutex fails the run; in a search, so does
  /// unlocking one that another task holds.
  void unlock() noexcept;
  [[nodiscard]] bool locked() const noexcept {
    if (!locked_) detail::saw(*this);
    return locked_;
  }

private:
  friend class condition_variable;
  bool lock_within(detail::delay d);
  bool acquire(detail::engine& e, const detail::delay* within, void* place);
  void wake_first() noexcept;
  [[nodiscard]] bool free_for_newcomer() const noexcept;

  detail::wait_queue waiters_;
  void* place_ = nullptr;     // where it was locked
  std::uint32_t holder_ = 0;  // number of the task that holds it; 0 for none
  bool locked_ = false;
  std::uint32_t times_taken_ = 0;
};

}  // namespace reprise
