#pragma once

#include <reprise/core/future_core.hpp>
#include <reprise/core/virtual_clock.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>

namespace reprise {

namespace detail {
timer_id call_soon(box_base* callback);
timer_id call_at(std::int64_t when, box_base* callback, const char* call);
bool cancel_timer(timer_id id) noexcept;

template <class F>
box_base* callback_box(F&& f) {
  return make_box<closure<std::decay_t<F>, void>>(std::forward<F>(f));
}
}  // namespace detail

/// A callback that will be called. Dropping the handle leaves it be.
class timer {
public:
  timer() = default;
  explicit timer(detail::timer_id id) noexcept : id_(id) {}
  /// The callback is not called, and what it captured is dropped at once. Returns false when it was
  /// called or cancelled before.
  bool cancel() noexcept {
    const bool was_pending = detail::cancel_timer(id_);
    cancelled_ |= was_pending;
    return was_pending;
  }
  /// Whether `cancel` on this handle prevented the call.
  [[nodiscard]] bool cancelled() const noexcept { return cancelled_; }

private:
  detail::timer_id id_;
  bool cancelled_ = false;
};

/// Calls `f` on the next turn, outside any task, behind everything that is ready. It can't wait; an
/// exception out of it fails the run.
template <class F>
  requires std::invocable<std::decay_t<F>>
timer call_soon(F&& f) {
  return timer(detail::call_soon(detail::callback_box(
      [f = std::decay_t<F>(std::forward<F>(f))]() mutable { static_cast<void>(std::invoke(f)); })));
}
/// Calls `f` after `d` of virtual time; at once, but behind everything that is ready, when `d` ≤ 0.
/// Equal deadlines: in the order of the calls.
template <class Rep, class Period, class F>
  requires std::invocable<std::decay_t<F>>
timer call_later(std::chrono::duration<Rep, Period> d, F&& f) {
  return timer(
      detail::call_at(detail::deadline_after(detail::now_ns("call_later"), to_duration(d).count()),
                      detail::callback_box([f = std::decay_t<F>(std::forward<F>(f))]() mutable {
                        static_cast<void>(std::invoke(f));
                      }),
                      "call_later"));
}
/// Calls `f` when the clock shows `when`.
template <class Duration, class F>
  requires std::invocable<std::decay_t<F>>
timer call_at(std::chrono::time_point<virtual_clock, Duration> when, F&& f) {
  return timer(
      detail::call_at(detail::to_time_point(when).time_since_epoch().count(),
                      detail::callback_box([f = std::decay_t<F>(std::forward<F>(f))]() mutable {
                        static_cast<void>(std::invoke(f));
                      }),
                      "call_at"));
}

}  // namespace reprise
