#pragma once

#include <reprise/core/errors.hpp>
#include <reprise/core/mutex.hpp>
#include <reprise/core/virtual_clock.hpp>
#include <reprise/core/wait_queue.hpp>

#include <chrono>
#include <concepts>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <optional>
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
    for (;;) {
      missed_notification missed{.unheard = unheard_count_};
      if (holds()) break;
      static_cast<void>(wait_for_notification(lock, nullptr, &missed));
    }
    unheard_ = false;
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
    const std::int64_t now = detail::now_ns("condition_variable::wait_for");
    const duration last(detail::deadline_after(now, detail::to_delay(d).ns));
    return wait_until(lock, virtual_clock::time_point(last), std::move(holds));
  }
  template <class Lock, class Duration>
  [[gnu::always_inline]] std::cv_status wait_until(
      Lock& lock, std::chrono::time_point<virtual_clock, Duration> t) {
    const auto delay = detail::delay_until(t, "condition_variable::wait_until");
    return wait_for_notification(lock, &delay) ? std::cv_status::no_timeout
                                               : std::cv_status::timeout;
  }
  template <class Lock, class Duration, class Predicate>
  [[gnu::always_inline]] bool wait_until(Lock& lock,
                                         std::chrono::time_point<virtual_clock, Duration> t,
                                         Predicate holds) {
    for (;;) {
      missed_notification missed{.unheard = unheard_count_};
      if (holds()) {
        unheard_ = false;
        return true;
      }
      const auto delay = detail::delay_until(t, "condition_variable::wait_until");
      if (wait_for_notification(lock, &delay, &missed)) continue;
      const bool held = holds();
      if (held && missed.missed) warn_of(missed);
      if (held) unheard_ = false;
      return held;
    }
  }

  /// Neither throws nor suspends. The lock need not be held.
  [[gnu::always_inline]] void notify_one() noexcept { notify(1); }
  [[gnu::always_inline]] void notify_all() noexcept {
    notify(std::numeric_limits<std::size_t>::max());
  }
  void notify(std::size_t count) noexcept;

private:
  /// Whether a notification came between the look at a condition and the wait for it: then that
  /// does not wake the waiter.
  struct missed_notification {
    std::uint32_t unheard;  // as many nobody had heard when the condition was looked at
    bool missed = false;    // and, of one with a time limit, nobody else took the lock since
    void* place = nullptr;  // of the wait
    std::uint32_t from = 0;
    void* from_place = nullptr;
    std::uint64_t since = 0;  // how many operations there were when it began to wait
  };
  void warn_of(const missed_notification& m) noexcept;
  /// Whoever is stopped may have been notified: the next one looks in its stead.
  void pass_on() noexcept;
  /// Whether there was one to wake.
  bool wake_waiters(detail::engine& e, std::size_t count) noexcept;
  /// How often the lock was taken so far; nothing where that is not known.
  static std::optional<std::uint32_t> times_taken(const mutex& m) noexcept {
    return m.times_taken_;
  }
  template <class Lock>
  static std::optional<std::uint32_t> times_taken(const Lock& lock) noexcept {
    if constexpr (requires { requires std::same_as<decltype(*lock.mutex()), mutex&>; }) {
      return times_taken(*lock.mutex());
    } else {
      return std::nullopt;
    }
  }

  // Never inline, and what calls it always: its return address is the waiter's place.
  template <class Lock>
  [[gnu::noinline]] bool wait_for_notification(Lock& lock, const detail::delay* within,
                                               missed_notification* missed = nullptr) {
    check_locked(lock);
    bool notified = false;
    const std::optional<std::uint32_t> taken = times_taken(std::as_const(lock));
    std::exception_ptr stop = block([](void* l) { static_cast<Lock*>(l)->unlock(); }, &lock, within,
                                    __builtin_return_address(0), notified, missed);
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
      pass_on();
      std::rethrow_exception(std::move(stop));
    }
    if (missed && missed->missed)
      missed->missed = taken && times_taken(std::as_const(lock)) == *taken + 1;
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
                           void* place, bool& notified, missed_notification* missed);

  detail::wait_queue waiters_;
  // The last notification, when nobody waited and nobody has found its condition to hold since: for
  // a report.
  bool unheard_ = false;
  std::uint32_t unheard_count_ = 0;
  std::uint32_t unheard_from_ = 0;
  void* unheard_place_ = nullptr;

  friend class detail::engine;
};

}  // namespace reprise
