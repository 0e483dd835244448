#pragma once

#include <reprise/core/barrier.hpp>
#include <reprise/core/co_task.hpp>
#include <reprise/core/event.hpp>
#include <reprise/core/gather.hpp>
#include <reprise/core/mutex.hpp>
#include <reprise/core/offload.hpp>
#include <reprise/core/queue.hpp>
#include <reprise/core/semaphore.hpp>
#include <reprise/core/task_group.hpp>
#include <reprise/core/timeout.hpp>
#include <reprise/core/wait.hpp>

#include <array>
#include <coroutine>
#include <exception>
#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

// What a coroutine awaits where a fiber calls: each twin takes what its namesake takes and gives
// what that gives, with the same order, the same time and the same digest.

namespace reprise::detail {

class co_sleep_awaiter {
public:
  explicit co_sleep_awaiter(delay d) noexcept : ns_(d.positive ? d.ns : 0) {}
  [[nodiscard]] static bool await_ready() noexcept { return false; }
  [[gnu::always_inline]] void await_suspend(std::coroutine_handle<> me) const { begin(ns_, me); }
  void await_resume() const { end(ns_); }

private:
  static void begin(std::int64_t ns, std::coroutine_handle<> frame);
  static void end(std::int64_t ns);
  std::int64_t ns_;  // 0: a yield
};

/// A call that may block, made by the coroutine's own task on a stack that it has for that long.
struct co_call {
  void (*call)(co_call&) = nullptr;
  std::exception_ptr failure;
  void begin(const char* name, std::coroutine_handle<> frame);
  void end();
};

template <class F>
class co_call_awaiter : co_call {
public:
  using result = std::invoke_result_t<F&>;
  co_call_awaiter(const char* name, F f) : name_(name), f_(std::move(f)) {
    call = [](co_call& self) { static_cast<co_call_awaiter&>(self).run(); };
  }
  [[nodiscard]] static bool await_ready() noexcept { return false; }
  [[gnu::always_inline]] void await_suspend(std::coroutine_handle<> me) { begin(name_, me); }
  result await_resume() {
    end();
    if constexpr (std::is_reference_v<result>) {
      return value_->get();
    } else if constexpr (!std::is_void_v<result>) {
      return std::move(*value_);
    }
  }

private:
  void run() {
    if constexpr (std::is_void_v<result>) {
      std::invoke(f_);
    } else {
      value_.emplace(std::invoke(f_));
    }
  }
  const char* name_;
  F f_;
  std::optional<stored_t<result>> value_;
};

/// The children of a gather by a coroutine, and its wait for them.
class co_gathering {
public:
  explicit co_gathering(failures how) noexcept : how_(how) {}
  co_gathering(const co_gathering&) = delete;
  ~co_gathering();
  bool begin(std::span<future_core* const> cores, children whose, std::coroutine_handle<> frame);
  void end();

private:
  void* gathering_ = nullptr;
  co_join join_;
  failures how_;
};

template <failures How, class... Xs>
class co_gather_awaiter {
public:
  explicit co_gather_awaiter(Xs... xs) : xs_(std::move(xs)...) {}
  [[nodiscard]] static bool await_ready() noexcept { return false; }
  [[gnu::always_inline]] bool await_suspend(std::coroutine_handle<> me) {
    constexpr const char* call = How == failures::thrown ? "gather" : "gather_all";
    check_in_coroutine(call);
    std::apply([&](auto&... x) { cores_ = {child(std::move(x))...}; }, xs_);
    return gathering_.begin(raw_of(cores_), whose_are<Xs...>(), me);
  }
  auto await_resume() {
    gathering_.end();
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      if constexpr (How == failures::thrown) {
        return std::tuple<stored_t<child_result_t<Xs>>...>{
            take_stored<child_result_t<Xs>>(cores_[I], "gather")...};
      } else {
        return std::tuple<outcome<child_result_t<Xs>>...>{
            outcome_of<child_result_t<Xs>>(cores_[I])...};
      }
    }(std::index_sequence_for<Xs...>{});
  }

private:
  std::tuple<Xs...> xs_;
  std::array<core_ref, sizeof...(Xs)> cores_;
  co_gathering gathering_{How};
};

template <failures How, class R>
class co_gather_range_awaiter {
public:
  using result = child_result_t<std::ranges::range_value_t<R>>;
  explicit co_gather_range_awaiter(R&& range) : range_(std::forward<R>(range)) {}
  [[nodiscard]] static bool await_ready() noexcept { return false; }
  [[gnu::always_inline]] bool await_suspend(std::coroutine_handle<> me) {
    constexpr const char* call = How == failures::thrown ? "gather" : "gather_all";
    check_in_coroutine(call);
    add_children(cores_, std::forward<R>(range_));
    return gathering_.begin(cores_.raw(), whose_are<std::ranges::range_value_t<R>>(), me);
  }
  auto await_resume() {
    gathering_.end();
    if constexpr (How == failures::thrown) {
      std::vector<stored_t<result>> values;
      values.reserve(cores_.size());
      for (std::size_t i = 0; i < cores_.size(); ++i)
        values.push_back(take_stored<result>(cores_[i], "gather"));
      return values;
    } else {
      std::vector<outcome<result>> outcomes;
      outcomes.reserve(cores_.size());
      for (std::size_t i = 0; i < cores_.size(); ++i)
        outcomes.push_back(outcome_of<result>(cores_[i]));
      return outcomes;
    }
  }

private:
  R range_;
  core_list cores_;
  co_gathering gathering_{How};
};

/// Of coroutines.
template <failures How, class R>
class co_gather_crowd_awaiter {
public:
  using result = child_result_t<std::ranges::range_value_t<R>>;
  explicit co_gather_crowd_awaiter(R&& range) : range_(std::forward<R>(range)) {}
  [[nodiscard]] static bool await_ready() noexcept { return false; }
  [[gnu::always_inline]] bool await_suspend(std::coroutine_handle<> me) {
    constexpr const char* call = How == failures::thrown ? "gather" : "gather_all";
    check_in_coroutine(call);
    crowd_.emplace(call);
    crowd_->add(std::forward<R>(range_));
    // A list of a million that have moved out need not stay.
    if constexpr (!std::is_reference_v<R> && std::is_default_constructible_v<R> &&
                  std::is_move_assignable_v<R>)
      range_ = R();
    return crowd_->wait_for().begin(me);
  }
  auto await_resume() {
    crowd_->wait_for().end();
    return crowd_->results();
  }

private:
  R range_;
  std::optional<crowd_of<result, How>> crowd_;
};

template <failures How, class R>
using co_gather_range =
    std::conditional_t<is_co_task<std::ranges::range_value_t<R>>, co_gather_crowd_awaiter<How, R>,
                       co_gather_range_awaiter<How, R>>;

/// For a callable that gives a coroutine and may want the scope. It lives as long as its coroutine.
template <class F, class T>
co_task<T> await_with_scope(std::int64_t deadline, F f) {
  timeout_scope scope(deadline);
  try {
    if constexpr (std::is_void_v<T>) {
      if constexpr (std::is_invocable_v<F&, timeout_scope&>) {
        co_await std::invoke(f, scope);
      } else {
        co_await std::invoke(f);
      }
      static_cast<void>(scope.leave(false));
      co_return;
    } else {
      std::optional<stored_t<T>> value;
      if constexpr (std::is_invocable_v<F&, timeout_scope&>) {
        value.emplace(co_await std::invoke(f, scope));
      } else {
        value.emplace(co_await std::invoke(f));
      }
      static_cast<void>(scope.leave(false));
      if constexpr (std::is_reference_v<T>) {
        co_return value->get();
      } else {
        co_return std::move(*value);
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

template <class F>
struct scoped_result {};
template <class F>
  requires requires { typename std::invoke_result_t<F&, timeout_scope&>::value_type; }
struct scoped_result<F> {
  using type = typename std::invoke_result_t<F&, timeout_scope&>::value_type;
};
template <class F>
  requires(!std::invocable<F&, timeout_scope&>) &&
          requires { typename std::invoke_result_t<F&>::value_type; }
struct scoped_result<F> {
  using type = typename std::invoke_result_t<F&>::value_type;
};

}  // namespace reprise::detail

/// The twins, for coroutines, of the calls that block.
namespace reprise::co {

/// As `reprise::sleep_for`. Cost: no memory but the coroutine's own frame and a timer.
template <class Rep, class Period>
[[nodiscard]] auto sleep_for(std::chrono::duration<Rep, Period> d) {
  return detail::co_sleep_awaiter(detail::to_delay(d));
}
template <class Duration>
[[nodiscard]] auto sleep_until(std::chrono::time_point<virtual_clock, Duration> t) {
  return detail::co_sleep_awaiter(detail::delay_until(t, "co::sleep_until"));
}
[[nodiscard]] inline auto yield() noexcept { return detail::co_sleep_awaiter(detail::delay{}); }

/// Makes any call that may block, such as `cv.wait(lock)`, in the coroutine's own task: it has a
/// stack for as long as that takes.
template <class F>
  requires std::invocable<F&>
[[nodiscard]] auto call(F f) {
  return detail::co_call_awaiter<F>("co::call", std::move(f));
}

/// As `reprise::gather`, of coroutines, of callables, or of tasks. They start when it is awaited.
template <class... Xs>
  requires((detail::child_callable<Xs> || detail::awaitable_handle<Xs>) && ...)
[[nodiscard]] auto gather(Xs&&... xs) {
  return detail::co_gather_awaiter<detail::failures::thrown, std::decay_t<Xs>...>(
      std::forward<Xs>(xs)...);
}
template <detail::child_range R>
[[nodiscard]] auto gather(R&& range) {
  return detail::co_gather_range<detail::failures::thrown, R>(std::forward<R>(range));
}
template <class... Xs>
  requires((detail::child_callable<Xs> || detail::awaitable_handle<Xs>) && ...)
[[nodiscard]] auto gather_all(Xs&&... xs) {
  return detail::co_gather_awaiter<detail::failures::returned, std::decay_t<Xs>...>(
      std::forward<Xs>(xs)...);
}
template <detail::child_range R>
[[nodiscard]] auto gather_all(R&& range) {
  return detail::co_gather_range<detail::failures::returned, R>(std::forward<R>(range));
}

/// As `reprise::wait`, for tasks.
template <detail::task_range R>
[[nodiscard]] auto wait(R&& tasks, until what = until::all_completed) {
  using T = detail::task_of<R>;
  return detail::co_call_awaiter("wait", [all = detail::distinct<T>(tasks), what]() mutable {
    return detail::wait_for_tasks<T>(std::move(all), what, std::nullopt);
  });
}
template <detail::task_range R, class Rep, class Period>
[[nodiscard]] auto wait(R&& tasks, until what, std::chrono::duration<Rep, Period> within) {
  using T = detail::task_of<R>;
  return detail::co_call_awaiter(
      "wait", [all = detail::distinct<T>(tasks), what, d = detail::to_delay(within)]() mutable {
        return detail::wait_for_tasks<T>(std::move(all), what, d);
      });
}
[[nodiscard]] inline auto wait(event& e) {
  return detail::co_call_awaiter("event::wait", [&e] { e.wait(); });
}

/// As `reprise::with_timeout`: awaits what `f` gives, a coroutine, in the caller's own task, for
/// `d` at most. `f` may take a `timeout_scope&`.
template <class Rep, class Period, class F>
  requires requires { typename detail::scoped_result<F>::type; }
[[nodiscard]] auto with_timeout(std::chrono::duration<Rep, Period> d, F f) {
  return detail::await_with_scope<F, typename detail::scoped_result<F>::type>(
      detail::deadline_after(detail::now_ns("co::with_timeout"), detail::to_delay(d).ns),
      std::move(f));
}
/// The same for a coroutine.
template <class Rep, class Period, class T>
[[nodiscard]] co_task<T> with_timeout(std::chrono::duration<Rep, Period> d, co_task<T> body) {
  return with_timeout(d, [body = std::move(body)]() mutable { return std::move(body); });
}
/// The same for a task, which is cancelled when the time is over.
template <class Rep, class Period, class T>
[[nodiscard]] auto with_timeout(std::chrono::duration<Rep, Period> d, task<T> t) {
  return with_timeout(d, [t = std::move(t)]() -> co_task<T> { co_return co_await t; });
}

/// As `reprise::with_task_group`, for a callable that takes the `task_group&` and gives a
/// coroutine.
template <class F>
[[nodiscard]] auto with_task_group(F f)
    -> co_task<typename std::invoke_result_t<F&, task_group&>::value_type> {
  using result = typename std::invoke_result_t<F&, task_group&>::value_type;
  task_group group;
  std::exception_ptr failure;
  std::optional<detail::stored_t<result>> value;
  try {
    if constexpr (std::is_void_v<result>) {
      co_await std::invoke(f, group);
    } else {
      value.emplace(co_await std::invoke(f, group));
    }
  } catch (...) {
    failure = std::current_exception();
  }
  co_await detail::co_call_awaiter("with_task_group", [&] { group.finish(failure); });
  if constexpr (std::is_reference_v<result>) {
    co_return value->get();
  } else if constexpr (!std::is_void_v<result>) {
    co_return std::move(*value);
  }
}

/// As `reprise::shield`.
template <class T>
[[nodiscard]] auto shield(task<T> t) {
  return detail::co_call_awaiter("shield", [t = std::move(t)] { return reprise::shield(t); });
}
template <class T>
[[nodiscard]] auto shield(co_task<T> coroutine) {
  return co::shield(spawn(std::move(coroutine)));
}

/// As `reprise::offload`: an ordinary callable, on a worker.
template <class F>
  requires std::invocable<std::decay_t<F>>
[[nodiscard]] auto offload(F&& f) {
  return detail::co_call_awaiter("offload", [f = std::decay_t<F>(std::forward<F>(f))]() mutable {
    return reprise::offload(std::move(f));
  });
}
template <class F>
  requires std::invocable<std::decay_t<F>>
[[nodiscard]] auto offload(worker_pool& pool, F&& f) {
  return detail::co_call_awaiter("offload",
                                 [&pool, f = std::decay_t<F>(std::forward<F>(f))]() mutable {
                                   return reprise::offload(pool, std::move(f));
                                 });
}

/// As `m.lock()`; unlock it with `m.unlock()`, or adopt it into a guard.
[[nodiscard]] inline auto lock(mutex& m) {
  return detail::co_call_awaiter("mutex::lock", [&m] { m.lock(); });
}
/// As `s.acquire()`.
[[nodiscard]] inline auto acquire(semaphore& s) {
  return detail::co_call_awaiter("semaphore::acquire", [&s] { s.acquire(); });
}
/// As `q.get()`.
template <class T, class Items>
[[nodiscard]] auto get(detail::basic_queue<T, Items>& q) {
  return detail::co_call_awaiter("queue::get", [&q] { return q.get(); });
}
/// As `q.put(v)`.
template <class T, class Items, class U>
  requires std::is_constructible_v<T, U&&>
[[nodiscard]] auto put(detail::basic_queue<T, Items>& q, U&& value) {
  return detail::co_call_awaiter(
      "queue::put", [&q, v = T(std::forward<U>(value))]() mutable { return q.put(std::move(v)); });
}
/// As `b.arrive_and_wait()`.
[[nodiscard]] inline auto arrive_and_wait(barrier& b) {
  return detail::co_call_awaiter("barrier::arrive_and_wait", [&b] { return b.arrive_and_wait(); });
}

}  // namespace reprise::co
