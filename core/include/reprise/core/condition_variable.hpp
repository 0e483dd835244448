#pragma once

#include <reprise/core/errors.hpp>
#include <reprise/core/virtual_clock.hpp>
#include <reprise/core/wait_queue.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <string_view>
#include <utility>

namespace reprise {

/// A condition variable for tasks, with any lock. Waiters are woken in the order in which they
/// came.
class condition_variable : public detail::sync_object {
public:
  condition_variable() : condition_variable(std::string_view{}) {}
  explicit condition_variable(std::string_view name) : sync_object("condition_variable", name) {}

  /// Releases the lock, waits to be notified, and takes the lock again, also when the wait is
  /// cancelled. A waiter that was notified and is cancelled passes the notification on, so wake-ups
  /// may be spurious.
  template <class Lock>
  [[gnu::always_inline]] void wait(Lock& lock) {
    static_cast<void>(wait_for_notification(lock, nullptr));
  }
  template <class Lock, class Predicate>
  [[gnu::always_inline]] void wait(Lock& lock, Predicate holds) {
    while (!holds()) wait(lock);
  }
  /// Throws: `std::invalid_argument` for NaN.
  template <class Lock, class Rep, class Period>
  [[gnu::always_inline]] std::cv_status wait_for(Lock& lock, std::chrono::duration<Rep, Period> d) {
    const auto delay = detail::to_delay(d);
    return wait_for_notification(lock, &delay) ? std::cv_status::no_timeout
                                               : std::cv_status::timeout;
  }
  template <class Lock, class Rep, class Period, class Predicate>
  [[gnu::always_inline]] bool wait_for(Lock& lock, std::chrono::duration<Rep, Period> d,
                                       Predicate holds) {
    return wait_until(lock, virtual_clock::now() + to_duration(d), std::move(holds));
  }
  template <class Lock>
  [[gnu::always_inline]] std::cv_status wait_until(Lock& lock, virtual_clock::time_point t) {
    return wait_for(lock, t - virtual_clock::now());
  }
  template <class Lock, class Predicate>
  [[gnu::always_inline]] bool wait_until(Lock& lock, virtual_clock::time_point t, Predicate holds) {
    while (!holds())
      if (wait_until(lock, t) == std::cv_status::timeout) return holds();
    return true;
  }

  /// Neither throws nor suspends. The lock need not be held.
  [[gnu::always_inline]] void notify_one() noexcept { notify(1); }
  [[gnu::always_inline]] void notify_all() noexcept {
    notify(std::numeric_limits<std::size_t>::max());
  }
  void notify(std::size_t count) noexcept;

private:
  // Never inline, and what calls it always: its return address is the waiter's place.
  template <class Lock>
  [[gnu::noinline]] bool wait_for_notification(Lock& lock, const detail::delay* within) {
    check_locked(lock);
    bool notified = false;
    std::exception_ptr stop = block([](void* l) { static_cast<Lock*>(l)->unlock(); }, &lock, within,
                                    __builtin_return_address(0), notified);
    for (;;) {
      try {
        lock.lock();
        break;
      } catch (const cancelled&) {
        stop = std::current_exception();
      } catch (...) {
        if (!stop) stop = std::current_exception();
        break;
      }
    }
    if (stop) {
      notify(1);
      std::rethrow_exception(std::move(stop));
    }
    return notified;
  }
  template <class Lock>
  void check_locked(const Lock& lock) const {
    if constexpr (requires { lock.owns_lock(); }) {
      if (!lock.owns_lock()) throw error("condition_variable::wait: the lock is not held");
    } else if constexpr (requires { lock.locked(); }) {
      if (!lock.locked()) throw error("condition_variable::wait: the lock is not held");
    }
  }
  /// Unlocks and waits; the exception that stopped the wait, if any.
  std::exception_ptr block(void (*unlock)(void*), void* lock, const detail::delay* within,
                           void* place, bool& notified);

  detail::wait_queue waiters_;
  // The last notification, when nobody waited: for a report.
  bool unheard_ = false;
  std::uint32_t unheard_from_ = 0;
  void* unheard_place_ = nullptr;

  friend class detail::engine;
};

}  // namespace reprise
