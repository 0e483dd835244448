#pragma once

#include <reprise/core/future.hpp>
#include <reprise/core/operation.hpp>
#include <reprise/core/task.hpp>

#include <coroutine>
#include <cstddef>
#include <exception>
#include <new>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

// C++20 coroutines beside fibers: the same scheduler, clock, strategies, digests and cancellation.
// A coroutine that waits holds its frame and no stack.

namespace reprise {

template <class T>
class co_task;

namespace detail {

/// What the trampoline resumes next on this OS thread. Coroutines hand over to one another through
/// it: symmetric transfer would overflow the stack with g++ at -O0 and under the sanitizers.
inline thread_local constinit std::coroutine_handle<> co_next{};

[[nodiscard]] void* co_allocate(std::size_t size);
void co_free(void* frame, std::size_t size) noexcept;
/// Throws: `no_simulation`, `cannot_wait` where no coroutine of a task runs.
void check_in_coroutine(const char* call);
/// A coroutine is destroyed that nobody awaited or spawned: the run fails.
void report_never_awaited(const void* made_at, const void* returns_to) noexcept;
/// Where the code is that calls it.
[[nodiscard]] const void* this_place() noexcept;

/// What the promise of every `co_task` has.
struct co_promise_base {
  // In the coroutine function, which may have been inlined into its caller; null once it was
  // awaited or spawned.
  const void* made_at = nullptr;
  // Until then where the coroutine function returns to; then the frame that awaits this one, null
  // for a task's outermost.
  void* returns_to = nullptr;
  std::exception_ptr failure;

  static void* operator new(std::size_t size) { return co_allocate(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { co_free(frame, size); }

  struct hand_back {
    [[nodiscard]] static bool await_ready() noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> ended) noexcept {
      co_next = std::coroutine_handle<>::from_address(ended.promise().returns_to);
    }
    static void await_resume() noexcept {}
  };
  static std::suspend_always initial_suspend() noexcept { return {}; }
  static hand_back final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { failure = std::current_exception(); }
};

template <class T>
struct co_promise : co_promise_base {
  std::optional<stored_t<T>> value;
  co_task<T> get_return_object() noexcept;
  template <class U = T>
    requires std::is_constructible_v<stored_t<T>, U&&>
  void return_value(U&& x) {
    value.emplace(std::forward<U>(x));
  }
  T take() {
    if (failure) std::rethrow_exception(std::exchange(failure, nullptr));
    if constexpr (std::is_reference_v<T>) {
      return value->get();
    } else {
      return std::move(*value);
    }
  }
};

template <>
struct co_promise<void> : co_promise_base {
  co_task<void> get_return_object() noexcept;
  static void return_void() noexcept {}
  void take() {
    if (failure) std::rethrow_exception(std::exchange(failure, nullptr));
  }
};

}  // namespace detail

/// A coroutine that gives a `T`. It starts when it is awaited, in the awaiter's own task, or when
/// it is spawned or gathered, as a task of its own; once.
///
/// Destroying one that was never started fails the run, with the place where it was made. Cost: a
/// frame in the run's memory; awaiting one is a call, and suspends nobody unless it waits.
template <class T = void>
class [[nodiscard]] co_task {
public:
  using value_type = T;
  using promise_type = detail::co_promise<T>;

  co_task() = default;
  explicit co_task(std::coroutine_handle<promise_type> h) noexcept : handle_(h) {}
  co_task(co_task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  co_task& operator=(co_task&& other) noexcept {
    if (this != &other) {
      destroy();
      handle_ = std::exchange(other.handle_, {});
    }
    return *this;
  }
  ~co_task() { destroy(); }

  explicit operator bool() const noexcept { return static_cast<bool>(handle_); }

  struct awaiter {
    std::coroutine_handle<promise_type> child;
    [[nodiscard]] static bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<> me) noexcept {
      child.promise().returns_to = me.address();
      detail::co_next = child;
    }
    T await_resume() { return child.promise().take(); }
  };
  /// Runs it in the caller's task; gives its value or throws what it threw.
  ///
  /// Throws: `invalid_state` when it is empty or was started before; `cannot_wait` outside a task.
  awaiter operator co_await() {
    detail::check_in_coroutine("co_await");
    claim();
    return {handle_};
  }

  /// Not for users: it counts as started.
  std::coroutine_handle<promise_type> claim() {
    if (!handle_ || !handle_.promise().made_at)
      throw invalid_state("co_task: it is empty, or was awaited or spawned before");
    handle_.promise().made_at = nullptr;
    handle_.promise().returns_to = nullptr;
    return handle_;
  }
  /// Not for users.
  [[nodiscard]] std::coroutine_handle<promise_type> handle() const noexcept { return handle_; }
  /// Not for users: the frame is the caller's.
  [[nodiscard]] std::coroutine_handle<promise_type> release() noexcept {
    return std::exchange(handle_, {});
  }
  /// Not for users: what it gave, when it has ended.
  T take() { return handle_.promise().take(); }

private:
  void destroy() noexcept {
    if (!handle_) return;
    const auto& promise = handle_.promise();
    if (promise.made_at) detail::report_never_awaited(promise.made_at, promise.returns_to);
    std::exchange(handle_, {}).destroy();
  }
  std::coroutine_handle<promise_type> handle_;
};

namespace detail {

template <class T>
[[gnu::always_inline]] inline co_task<T> co_promise<T>::get_return_object() noexcept {
  made_at = this_place();
  returns_to = __builtin_return_address(0);
  return co_task<T>(std::coroutine_handle<co_promise>::from_promise(*this));
}
[[gnu::always_inline]] inline co_task<void> co_promise<void>::get_return_object() noexcept {
  made_at = this_place();
  returns_to = __builtin_return_address(0);
  return co_task<void>(std::coroutine_handle<co_promise>::from_promise(*this));
}

/// The box of a task that is a coroutine: made of a `co_task`, or of a callable that gives one.
template <class T>
class co_box : public result_box<T> {
public:
  explicit co_box(co_task<T>&& coroutine) : coroutine_(std::move(coroutine)) {
    coroutine_.claim();
    this->is_coroutine = true;
  }
  std::coroutine_handle<> coroutine() override { return coroutine_.handle(); }
  [[nodiscard]] bool ended() const noexcept override {
    return coroutine_.handle() && coroutine_.handle().done();
  }
  void invoke() override {
    if constexpr (std::is_void_v<T>) {
      coroutine_.take();
      this->value.emplace();
    } else {
      this->value.emplace(coroutine_.take());
    }
  }
  void drop_callable() noexcept override { coroutine_ = {}; }
  [[nodiscard]] std::size_t size() const noexcept override { return pool_size<co_box>; }

protected:
  co_box() noexcept { this->is_coroutine = true; }
  co_task<T> coroutine_;
};

template <class F, class T>
class co_closure final : public co_box<T> {
public:
  template <class G>
    requires(!std::is_same_v<std::remove_cvref_t<G>, co_closure>)
  // NOLINTNEXTLINE(bugprone-forwarding-reference-overload): constrained
  explicit co_closure(G&& callable) : callable_(std::in_place, std::forward<G>(callable)) {}
  std::coroutine_handle<> coroutine() override {
    this->coroutine_ = std::invoke(*callable_);
    return this->coroutine_.claim();
  }
  void drop_callable() noexcept override {
    this->coroutine_ = {};
    callable_.reset();  // after the frame, which may refer to what it captured
  }
  [[nodiscard]] std::size_t size() const noexcept override { return pool_size<co_closure>; }

private:
  std::optional<F> callable_;
};

/// A wait by a coroutine for something that is, or has, a `future_core`.
class co_join {
public:
  co_join() = default;
  co_join(const co_join&) = delete;
  ~co_join() { leave(); }
  /// No longer waits, if it did.
  void leave() noexcept;
  /// False when there is nothing to wait for. `place` is that of the wait; null: the caller.
  bool begin(future_core& core, operation_kind op, std::coroutine_handle<> frame,
             void* place = nullptr);
  /// Throws: `cancelled`.
  void end();

  struct part;  // the engine's

private:
  friend part;
  callback_node node_;
  future_core* core_ = nullptr;
  operation_kind op_{};
  bool waiting_ = false;
  bool for_itself_ = false;
};
/// The operation that waiting for it is.
[[nodiscard]] operation_kind wait_of(const future_core& core) noexcept;

template <class T>
class co_result_awaiter {
public:
  explicit co_result_awaiter(core_ref core) noexcept : core_(std::move(core)) {}
  [[nodiscard]] static bool await_ready() noexcept { return false; }
  [[gnu::always_inline]] bool await_suspend(std::coroutine_handle<> me) {
    future_core& core = core_.checked("co_await");
    return join_.begin(core, wait_of(core), me);
  }
  T await_resume() {
    join_.end();
    throw_failure(core_, "co_await");
    return take_value<T>(core_, "co_await");
  }

private:
  core_ref core_;
  co_join join_;
};

}  // namespace detail

/// Waits for a task in a coroutine: as `get()`.
template <class T>
auto operator co_await(const task<T>& t) {
  return detail::co_result_awaiter<T>(t.core());
}
/// Waits for a future in a coroutine: as `get()`.
template <class T>
auto operator co_await(const future<T>& f) {
  return detail::co_result_awaiter<T>(f.core());
}

/// Makes a task of a coroutine. It starts when its creator suspends, behind everything that is
/// ready.
///
/// Throws: `no_simulation` outside a run. Cost: no stack is bound.
template <class T>
task<T> spawn(const spawn_options& options, co_task<T> coroutine) {
  return task<T>(detail::spawn_box(
      options, detail::make_box<detail::co_box<T>>(std::move(coroutine)), "spawn"));
}
template <class T>
task<T> spawn(std::string_view name, co_task<T> coroutine) {
  return spawn(spawn_options{.name = name}, std::move(coroutine));
}
template <class T>
task<T> spawn(co_task<T> coroutine) {
  return spawn(spawn_options{}, std::move(coroutine));
}

}  // namespace reprise
