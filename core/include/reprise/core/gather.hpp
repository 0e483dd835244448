#pragma once

#include <reprise/core/co_task.hpp>
#include <reprise/core/future.hpp>
#include <reprise/core/task.hpp>

#include <array>
#include <concepts>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace reprise {

/// How one child of a gather ended.
template <class T>
class outcome {
public:
  explicit outcome(detail::stored_t<T> value) : value_(std::move(value)) {}
  explicit outcome(std::exception_ptr error) noexcept : error_(std::move(error)) {}

  [[nodiscard]] bool has_value() const noexcept { return !error_; }
  explicit operator bool() const noexcept { return has_value(); }
  /// Throws: the error, when there is no value.
  [[nodiscard]] const detail::stored_t<T>& value() const& {
    if (error_) std::rethrow_exception(error_);
    return *value_;
  }
  [[nodiscard]] detail::stored_t<T>&& value() && {
    if (error_) std::rethrow_exception(error_);
    return std::move(*value_);
  }
  /// Null when there is a value; holds a `cancelled` when the child was cancelled.
  [[nodiscard]] const std::exception_ptr& error() const noexcept { return error_; }

private:
  std::optional<detail::stored_t<T>> value_;
  std::exception_ptr error_;
};

namespace detail {

template <class T>
inline constexpr bool is_awaitable_handle = false;
template <class T>
inline constexpr bool is_awaitable_handle<task<T>> = true;
template <class T>
inline constexpr bool is_awaitable_handle<future<T>> = true;

template <class T>
concept awaitable_handle = is_awaitable_handle<std::remove_cvref_t<T>>;
/// What a gather makes a task of: a callable, or a coroutine.
template <class F>
concept child_callable =
    (std::invocable<std::decay_t<F>> && !awaitable_handle<F>) || is_co_task<std::remove_cvref_t<F>>;

template <class X>
struct child_result {
  using type = spawned_t<std::invoke_result_t<std::decay_t<X>>>;
};
template <class X>
  requires is_co_task<std::remove_cvref_t<X>>
struct child_result<X> {
  using type = typename std::remove_cvref_t<X>::value_type;
};
template <awaitable_handle X>
struct child_result<X> {
  using type = typename std::remove_cvref_t<X>::value_type;
};
template <class X>
using child_result_t = typename child_result<X>::type;

/// Whose the children are: made by the gather, which then never leaves them running, or somebody
/// else's tasks.
enum class children : bool { owned, given };
enum class failures : bool { thrown, returned };

/// Waits until the children have ended, as `gather` says. Throws the first failure in time unless
/// they are to be returned.
void gather_children(std::span<future_core* const> cores, children whose, failures how,
                     const char* call);
[[nodiscard]] std::exception_ptr failure_of(const core_ref& ref);

template <class X>
core_ref child(X&& x) {
  if constexpr (awaitable_handle<X>) {
    static_cast<void>(x.core().checked("gather"));
    return x.core();
  } else {
    return spawn(std::forward<X>(x)).core();
  }
}

template <class T>
outcome<T> outcome_of(const core_ref& core) {
  if (auto failure = failure_of(core)) return outcome<T>(std::move(failure));
  return outcome<T>(take_stored<T>(core, "gather_all"));
}

/// What the coroutines of a gather give: by its type alone.
class crowd_values {
public:
  crowd_values() = default;
  crowd_values(const crowd_values&) = delete;
  virtual ~crowd_values() = default;
  /// Keeps what the one at `index` gave, whose frame has ended. Throws what it threw.
  virtual void take(std::size_t index, void* frame) = 0;
};

struct crowd;

/// A gather of a range of coroutines, and the caller's wait for it. One that sleeps costs its frame
/// and 16 bytes.
class gathered_coroutines {
public:
  /// In the task that gathers.
  gathered_coroutines(failures how, std::unique_ptr<crowd_values> values, const char* call);
  gathered_coroutines(const gathered_coroutines&) = delete;
  ~gathered_coroutines();
  /// Makes a task of it. Takes the frame, which has not begun.
  void add(std::coroutine_handle<> frame);
  /// Waits as a fiber. Throws: the first failure, unless they are to be returned; `cancelled`.
  void wait();
  /// Waits as a coroutine: as `co_join`.
  bool begin(std::coroutine_handle<> frame);
  void end();
  [[nodiscard]] std::size_t size() const noexcept;
  [[nodiscard]] crowd_values& values() const noexcept;
  /// Null when it gave a value.
  [[nodiscard]] std::exception_ptr failure_of(std::size_t index) const;

private:
  crowd* crowd_;
  co_join join_;
};

template <class T>
struct crowd_values_of final : crowd_values {
  std::vector<std::optional<stored_t<T>>> values;
  void take(std::size_t index, void* frame) override {
    auto& promise = std::coroutine_handle<co_promise<T>>::from_address(frame).promise();
    if constexpr (std::is_void_v<T>) {
      promise.take();
    } else {
      if (values.size() <= index) values.resize(index + 1);
      values[index].emplace(promise.take());
    }
  }
};

template <class T, failures How>
class crowd_of {
public:
  explicit crowd_of(const char* call)
      : gathered_(How, std::make_unique<crowd_values_of<T>>(), call) {}
  template <class R>
  void add(R&& range) {
    for (auto&& coroutine : range) {
      coroutine.claim();
      gathered_.add(coroutine.release());
    }
  }
  [[nodiscard]] gathered_coroutines& wait_for() noexcept { return gathered_; }
  [[nodiscard]] auto results() {
    auto& values = static_cast<crowd_values_of<T>&>(gathered_.values()).values;
    if constexpr (!std::is_void_v<T>) values.resize(gathered_.size());
    const auto value = [&]([[maybe_unused]] std::size_t i) -> stored_t<T> {
      if constexpr (std::is_void_v<T>) {
        return {};
      } else {
        return std::move(*values[i]);
      }
    };
    std::conditional_t<How == failures::thrown, std::vector<stored_t<T>>, std::vector<outcome<T>>>
        all;
    all.reserve(gathered_.size());
    for (std::size_t i = 0; i < gathered_.size(); ++i) {
      if constexpr (How == failures::thrown) {
        all.push_back(value(i));
      } else if (auto failure = gathered_.failure_of(i)) {
        all.push_back(outcome<T>(std::move(failure)));
      } else {
        all.push_back(outcome<T>(value(i)));
      }
    }
    return all;
  }

private:
  gathered_coroutines gathered_;
};

template <class R>
concept child_range = std::ranges::input_range<R> && !awaitable_handle<R> && !child_callable<R> &&
                      (awaitable_handle<std::ranges::range_value_t<R>> ||
                       child_callable<std::ranges::range_value_t<R>>);

template <class... Xs>
constexpr children whose_are() {
  constexpr bool handles = (awaitable_handle<Xs> && ...);
  static_assert(handles || (!awaitable_handle<Xs> && ...),
                "gather takes tasks or callables, not a mixture: spawn the callables first");
  return handles && sizeof...(Xs) > 0 ? children::given : children::owned;
}

template <child_range R>
void add_children(core_list& cores, R&& range) {
  if constexpr (std::ranges::sized_range<R>)
    cores.reserve(static_cast<std::size_t>(std::ranges::size(range)));
  for (auto&& x : range) {
    if constexpr (std::is_lvalue_reference_v<R>) {
      cores.push_back(child(x));
    } else {
      cores.push_back(child(std::move(x)));
    }
  }
}

}  // namespace detail

/// Runs the callables at once, each as a task of its own, and waits for all of them: a tuple of
/// their values, in argument order
/// (`std::monostate` for void).
///
/// It owns its children and never leaves them running behind your frame: when one fails, the others
/// are cancelled, all have ended, then the first failure in time is thrown. Cancelling the caller
/// cancels them all. Cost: one task a callable; the caller resumes two turns after the last child
/// ends; a gather of nothing does not suspend.
template <class... Xs>
  requires((detail::child_callable<Xs> || detail::awaitable_handle<Xs>) && ...)
[[gnu::always_inline]] inline auto gather(Xs&&... xs) {
  constexpr auto whose = detail::whose_are<Xs...>();
  detail::check_can_wait("gather");
  const std::array<detail::core_ref, sizeof...(Xs)> cores{detail::child(std::forward<Xs>(xs))...};
  detail::gather_children(detail::raw_of(cores), whose, detail::failures::thrown, "gather");
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return std::tuple<detail::stored_t<detail::child_result_t<Xs>>...>{
        detail::take_stored<detail::child_result_t<Xs>>(cores[I], "gather")...};
  }(std::index_sequence_for<Xs...>{});
}

/// The same for a range of callables, or of tasks: a vector of their values, in the range's order.
///
/// Given tasks, it is asyncio's: the first failure is thrown while the others go on, and cancelling
/// the caller cancels them.
template <detail::child_range R>
[[gnu::always_inline]] inline auto gather(R&& range) {
  using result = detail::child_result_t<std::ranges::range_value_t<R>>;
  constexpr auto whose = detail::whose_are<std::ranges::range_value_t<R>>();
  detail::check_can_wait("gather");
  if constexpr (detail::is_co_task<std::ranges::range_value_t<R>>) {
    detail::crowd_of<result, detail::failures::thrown> crowd("gather");
    crowd.add(std::forward<R>(range));
    crowd.wait_for().wait();
    return crowd.results();
  } else {
    detail::core_list cores;
    detail::add_children(cores, std::forward<R>(range));
    detail::gather_children(cores.raw(), whose, detail::failures::thrown, "gather");
    std::vector<detail::stored_t<result>> values;
    values.reserve(cores.size());
    for (std::size_t i = 0; i < cores.size(); ++i)
      values.push_back(detail::take_stored<result>(cores[i], "gather"));
    return values;
  }
}

/// As `gather`, but failures come back in place, as outcomes, and cancel nobody.
template <class... Xs>
  requires((detail::child_callable<Xs> || detail::awaitable_handle<Xs>) && ...)
[[gnu::always_inline]] inline auto gather_all(Xs&&... xs) {
  constexpr auto whose = detail::whose_are<Xs...>();
  detail::check_can_wait("gather_all");
  const std::array<detail::core_ref, sizeof...(Xs)> cores{detail::child(std::forward<Xs>(xs))...};
  detail::gather_children(detail::raw_of(cores), whose, detail::failures::returned, "gather_all");
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return std::tuple<outcome<detail::child_result_t<Xs>>...>{
        detail::outcome_of<detail::child_result_t<Xs>>(cores[I])...};
  }(std::index_sequence_for<Xs...>{});
}
template <detail::child_range R>
[[gnu::always_inline]] inline auto gather_all(R&& range) {
  using result = detail::child_result_t<std::ranges::range_value_t<R>>;
  constexpr auto whose = detail::whose_are<std::ranges::range_value_t<R>>();
  detail::check_can_wait("gather_all");
  if constexpr (detail::is_co_task<std::ranges::range_value_t<R>>) {
    detail::crowd_of<result, detail::failures::returned> crowd("gather_all");
    crowd.add(std::forward<R>(range));
    crowd.wait_for().wait();
    return crowd.results();
  } else {
    detail::core_list cores;
    detail::add_children(cores, std::forward<R>(range));
    detail::gather_children(cores.raw(), whose, detail::failures::returned, "gather_all");
    std::vector<outcome<result>> outcomes;
    outcomes.reserve(cores.size());
    for (std::size_t i = 0; i < cores.size(); ++i)
      outcomes.push_back(detail::outcome_of<result>(cores[i]));
    return outcomes;
  }
}

}  // namespace reprise
