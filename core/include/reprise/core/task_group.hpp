#pragma once

#include <reprise/core/co_task.hpp>
#include <reprise/core/gather.hpp>
#include <reprise/core/task.hpp>

#include <exception>
#include <functional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace reprise {

namespace detail {
struct group_state;
}

/// The tasks of one `with_task_group`. Children may add children.
class task_group {
public:
  task_group(const task_group&) = delete;

  /// Throws: `std::logic_error` when the group is finished or aborting.
  template <class F>
    requires std::invocable<std::decay_t<F>>
  auto spawn(F&& f) {
    return spawn(spawn_options{}, std::forward<F>(f));
  }
  template <class F>
    requires std::invocable<std::decay_t<F>>
  auto spawn(std::string_view name, F&& f) {
    return spawn(spawn_options{.name = name}, std::forward<F>(f));
  }
  template <class F>
    requires std::invocable<std::decay_t<F>>
  auto spawn(const spawn_options& options, F&& f) {
    check_open();
    auto t = reprise::spawn(options, std::forward<F>(f));
    adopt(t.core());
    return t;
  }

  template <class T>
  auto spawn(co_task<T> coroutine) {
    return spawn(spawn_options{}, std::move(coroutine));
  }
  template <class T>
  auto spawn(std::string_view name, co_task<T> coroutine) {
    return spawn(spawn_options{.name = name}, std::move(coroutine));
  }
  template <class T>
  auto spawn(const spawn_options& options, co_task<T> coroutine) {
    check_open();
    auto t = reprise::spawn(options, std::move(coroutine));
    adopt(t.core());
    return t;
  }

  /// Not for users: `with_task_group` makes it,
  task_group();
  ~task_group();
  /// and waits here for the children; throws what the group comes to. `failure` is the body's own.
  void finish(const std::exception_ptr& failure);

private:
  void check_open() const;
  void adopt(const detail::core_ref& child);

  detail::group_state* state_ = nullptr;
};

/// Calls `f(task_group&)` in the caller's own task, then waits for every task spawned in the group;
/// returns `f`'s value.
///
/// When a child or the body fails, the others (and the body) are cancelled, all have ended, then
/// the failures are thrown together as an `exception_group`. A child that was cancelled is no
/// failure. Cost: the caller resumes two turns after the last child ends.
template <class F>
[[gnu::always_inline]] inline decltype(auto) with_task_group(F&& f) {
  using result = std::invoke_result_t<F, task_group&>;
  detail::check_can_wait("with_task_group");
  task_group group;
  std::exception_ptr failure;
  if constexpr (std::is_void_v<result>) {
    try {
      std::invoke(std::forward<F>(f), group);
    } catch (...) {
      failure = std::current_exception();
    }
    group.finish(failure);
  } else {
    std::optional<detail::stored_t<result>> value;
    try {
      value.emplace(std::invoke(std::forward<F>(f), group));
    } catch (...) {
      failure = std::current_exception();
    }
    group.finish(failure);
    if constexpr (std::is_reference_v<result>) {
      return (value->get());
    } else {
      return result(std::move(*value));
    }
  }
}

}  // namespace reprise
