#pragma once

#include <reprise/core/errors.hpp>
#include <reprise/core/future_core.hpp>
#include <reprise/core/virtual_clock.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace reprise {

template <class T>
class task;
template <class T>
class co_task;
class done_callback;

/// A handle to a task of any result type. Handles are small, and are copied freely.
class any_task {
public:
  any_task() = default;

  /// Whether it refers to a task. `current_task()` outside a task does not.
  explicit operator bool() const noexcept { return !core_.empty(); }
  /// The name given, or "Task-N".
  [[nodiscard]] std::string name() const;
  /// The number by creation in this run, from 1 (the root).
  [[nodiscard]] std::uint32_t id() const;
  [[nodiscard]] bool done() const;
  /// Whether it ended by cancellation.
  [[nodiscard]] bool cancelled() const;
  /// What the task failed with; null when it gave a value. Counts as collected.
  ///
  /// Throws: `invalid_state` while it runs; `cancelled` when it was cancelled.
  [[nodiscard]] std::exception_ptr exception() const;

  /// Asks the task to stop: `cancelled` is thrown where it waits, on the next turn. What the task
  /// itself waits for is asked first.
  ///
  /// Returns false when the task is done already. Requests are counted.
  bool cancel(std::string_view message = {}) const {
    return detail::cancel(checked("task::cancel"), message);
  }
  /// Takes one request back and returns how many are left, as a task does that handled its
  /// cancellation.
  std::uint32_t uncancel() const;
  /// Requests that were not taken back.
  [[nodiscard]] std::uint32_t cancelling() const;

  /// Waits until the task has ended, however it ended.
  ///
  /// Throws: `cancelled` when the caller was cancelled (and with it the task); `std::logic_error`
  /// when a task waits for itself.
  [[gnu::always_inline]] void join() const { detail::await_done(core_, "task::join"); }

  /// Calls `f(any_task)` one turn after the task ends, outside any task; at the next turn if it has
  /// ended already.
  template <class F>
    requires std::invocable<F&, any_task>
  done_callback add_done_callback(F f) const;
  /// Takes callbacks back that were not queued yet; returns how many there were.
  std::size_t remove_done_callback(const done_callback& callback) const;

  friend bool operator==(const any_task&, const any_task&) = default;
  [[nodiscard]] const detail::core_ref& core() const noexcept { return core_; }
  explicit any_task(detail::core_ref core) noexcept : core_(std::move(core)) {}

protected:
  [[nodiscard]] const detail::core_ref& checked(const char* call) const {
    static_cast<void>(core_.checked(call));
    return core_;
  }
  detail::core_ref core_;
};

/// A handle to a task that gives a `T`.
template <class T = void>
class task : public any_task {
public:
  using value_type = T;
  task() = default;
  explicit task(detail::core_ref core) noexcept : any_task(std::move(core)) {}

  /// Waits until the task has ended; returns its value or throws its exception. Does not suspend
  /// when it has ended already.
  ///
  /// A copy, as often as asked; a value that can't be copied is moved out once.
  /// Throws: what the task threw; `cancelled` when either was cancelled; `std::logic_error` when a
  /// task waits for itself.
  [[gnu::always_inline]] T get() const {
    const detail::core_ref core = core_;  // the handle may be destroyed while it waits
    detail::await_result(core, "task::get");
    return detail::take_value<T>(core, "task::get");
  }
  /// As `get`, for a task that is known to be done. Throws: `invalid_state` when it is not.
  T result() const {
    detail::throw_failure(core_, "task::result");
    return detail::take_value<T>(core_, "task::result");
  }
};

/// Identifies a callback, so that it can be taken back.
class done_callback {
public:
  done_callback() = default;
  explicit done_callback(std::shared_ptr<std::function<void(any_task)>> f)
      : function_(std::move(f)) {}

private:
  friend class any_task;
  std::shared_ptr<std::function<void(any_task)>> function_;
};

/// How to make a task.
struct spawn_options {
  std::string_view name = {};  // empty: "Task-N"
  std::size_t stack_size = 0;  // bytes; 0: what the run says
};

namespace detail {
template <class T>
inline constexpr bool is_co_task = false;
template <class T>
inline constexpr bool is_co_task<co_task<T>> = true;
/// What a task of a callable gives: of one that returns a coroutine, what that gives.
template <class T>
struct spawned {
  using type = T;
};
template <class T>
struct spawned<co_task<T>> {
  using type = T;
};
template <class T>
using spawned_t = typename spawned<T>::type;
template <class F, class T>
class co_closure;

/// Makes the task ready to start and returns it. Takes the box.
[[nodiscard]] core_ref spawn_box(const spawn_options& options, box_base* box, const char* call);
void add_done_callback(const core_ref& ref, std::shared_ptr<std::function<void(any_task)>> f);
}  // namespace detail

/// Makes a task of `f`. It starts when its creator suspends, behind everything that is ready.
///
/// A callable that returns a `co_task` makes a task of that coroutine. The callable may be
/// move-only; it is destroyed when the task ends, before its waiters resume.
/// Throws: `no_simulation` outside a run. Cost: no system call; the stack is bound when the task
/// first runs.
template <class F>
  requires std::invocable<std::decay_t<F>>
auto spawn(const spawn_options& options, F&& f) {
  using returned = std::invoke_result_t<std::decay_t<F>>;
  using result = detail::spawned_t<returned>;
  using box =
      std::conditional_t<detail::is_co_task<returned>, detail::co_closure<std::decay_t<F>, result>,
                         detail::closure<std::decay_t<F>, result>>;
  return task<result>(
      detail::spawn_box(options, detail::make_box<box>(std::forward<F>(f)), "spawn"));
}
template <class F>
  requires std::invocable<std::decay_t<F>>
auto spawn(std::string_view name, F&& f) {
  return spawn(spawn_options{.name = name}, std::forward<F>(f));
}
template <class F>
  requires std::invocable<std::decay_t<F>>
auto spawn(F&& f) {
  return spawn(spawn_options{}, std::forward<F>(f));
}

/// The running task; false in a condition when no task runs (in a callback, in an offloaded job,
/// outside a run).
[[nodiscard]] any_task current_task() noexcept;

namespace detail {
void sleep(delay d);
void sleep_until(std::int64_t deadline_ns);
void spend(delay d);
}  // namespace detail
/// Waits `d` of virtual time, rounded to the nearest nanosecond; `d` ≤ 0 is a `yield()`.
///
/// More than the clock can hold waits for ever. Throws: `std::invalid_argument` for NaN,
/// `cancelled`, `no_simulation`.
template <class Rep, class Period>
[[gnu::always_inline]] inline void sleep_for(std::chrono::duration<Rep, Period> d) {
  detail::sleep(detail::to_delay(d));
}
/// Waits until the clock shows `t`; a yield when it does already.
template <class Duration>
[[gnu::always_inline]] inline void sleep_until(std::chrono::time_point<virtual_clock, Duration> t) {
  detail::sleep_until(detail::to_time_point(t).time_since_epoch().count());
}
/// Lets every task that is ready run before this one goes on.
void yield();

/// Takes the CPU for `d` of virtual time: the clock moves, and everything else is late. In an
/// offloaded job it holds the job's worker alone. Throws: `std::invalid_argument` for NaN.
template <class Rep, class Period>
void spend(std::chrono::duration<Rep, Period> d) {
  detail::spend(detail::to_delay(d));
}

template <class F>
  requires std::invocable<F&, any_task>
done_callback any_task::add_done_callback(F f) const {
  auto function = std::make_shared<std::function<void(any_task)>>(std::move(f));
  detail::add_done_callback(checked("task::add_done_callback"), function);
  return done_callback(std::move(function));
}

}  // namespace reprise
