#pragma once

#include <reprise/core/future.hpp>
#include <reprise/core/task.hpp>

#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace reprise {

/// The time-out around a body, for a body that wants to move it.
class timeout_scope {
public:
  timeout_scope(const timeout_scope&) = delete;
  ~timeout_scope();

  /// The virtual instant at which it strikes; none when it never does.
  [[nodiscard]] std::optional<virtual_clock::time_point> deadline() const noexcept;
  /// Whether it struck.
  [[nodiscard]] bool expired() const noexcept {
    return state_ == state::expiring || state_ == state::expired;
  }
  /// Moves it; an instant that is not ahead strikes on the next turn. Throws: `error` when it has
  /// struck.
  void reschedule(virtual_clock::time_point when);
  /// It never strikes.
  void disable();

private:
  enum class state { entered, expiring, expired, exited };

public:
  /// Not for users: `with_timeout` and `with_deadline` make it.
  explicit timeout_scope(std::int64_t deadline_ns);
  /// Not for users: the body has ended; whether what it threw stands, or is a time-out.
  [[nodiscard]] bool leave(bool by_cancellation);

private:
  void arm();
  static void strike(void* self) noexcept;

  detail::core_ref task_;
  std::int64_t deadline_;
  detail::timer_id timer_;  // pending timer or callback
  std::uint32_t cancelling_ = 0;
  state state_ = state::entered;
};

namespace detail {
template <class F>
decltype(auto) run_with_deadline(std::int64_t deadline, F&& f) {
  check_can_wait("with_timeout");
  timeout_scope scope(deadline);
  try {
    if constexpr (std::is_invocable_v<F, timeout_scope&>) {
      using result = std::invoke_result_t<F, timeout_scope&>;
      if constexpr (std::is_void_v<result>) {
        std::invoke(std::forward<F>(f), scope);
        static_cast<void>(scope.leave(false));
        return;
      } else {
        result value = std::invoke(std::forward<F>(f), scope);
        static_cast<void>(scope.leave(false));
        return static_cast<result>(std::forward<result>(value));
      }
    } else {
      using result = std::invoke_result_t<F>;
      if constexpr (std::is_void_v<result>) {
        std::invoke(std::forward<F>(f));
        static_cast<void>(scope.leave(false));
        return;
      } else {
        result value = std::invoke(std::forward<F>(f));
        static_cast<void>(scope.leave(false));
        return static_cast<result>(std::forward<result>(value));
      }
    }
  } catch (const cancelled&) {
    if (!scope.leave(true)) throw;
  } catch (...) {
    static_cast<void>(scope.leave(false));
    throw;
  }
  throw timed_out();
}
}  // namespace detail

/// Calls `f` in the caller's own task and returns its value; after `d` of virtual time it is
/// cancelled and `timed_out` is thrown.
///
/// `f` may take a `timeout_scope&`. `d` ≤ 0 strikes on the next turn. A cancellation by somebody
/// else stays one.
template <class Rep, class Period, class F>
decltype(auto) with_timeout(std::chrono::duration<Rep, Period> d, F&& f) {
  return detail::run_with_deadline(
      detail::deadline_after(detail::now_ns("with_timeout"), detail::to_delay(d).ns),
      std::forward<F>(f));
}
/// The same, at an instant of virtual time.
template <class Duration, class F>
decltype(auto) with_deadline(std::chrono::time_point<virtual_clock, Duration> when, F&& f) {
  static_cast<void>(detail::now_ns("with_deadline"));
  return detail::run_with_deadline(detail::to_time_point(when).time_since_epoch().count(),
                                   std::forward<F>(f));
}

namespace detail {
/// Cancels the task and waits until it has ended, without being cancelled with it.
void cancel_and_wait(const core_ref& core);
void shield(const core_ref& core);
}  // namespace detail

/// Waits for the task, for `d` at most; then cancels it, waits until it has ended, and throws
/// `timed_out`. A task that ignores the cancellation and gives a value gives it here. With `d` ≤ 0
/// a task that is not done is cancelled at once.
template <class T, class Rep, class Period>
T wait_for(const task<T>& t, std::chrono::duration<Rep, Period> d) {
  if (const auto delay = detail::to_delay(d); delay.positive)
    return with_timeout(d, [&] { return t.get(); });
  if (!t.done()) {
    detail::cancel_and_wait(t.core());
    if (t.cancelled()) throw timed_out();
  }
  return t.result();
}

/// Waits for the task and returns its value; cancelling the waiter does not cancel the task.
template <class T>
[[gnu::always_inline]] inline T shield(const task<T>& t) {
  detail::shield(t.core());
  return detail::take_value<T>(t.core(), "shield");
}
/// The same for a callable, which becomes a task.
template <class F>
  requires std::invocable<std::decay_t<F>>
[[gnu::always_inline]] inline auto shield(F&& f) {
  detail::check_can_wait("shield");
  return shield(spawn(std::forward<F>(f)));
}

}  // namespace reprise
