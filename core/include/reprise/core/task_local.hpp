#pragma once

#include <reprise/core/future_core.hpp>

#include <any>
#include <concepts>
#include <memory>
#include <utility>

namespace reprise {

namespace detail {
/// The slot of a task-local in the running task; null when it was never set there.
[[nodiscard]] const std::any* find_task_local(const void* key);
void set_task_local(const void* key, std::any value);
}  // namespace detail

/// A value of each task's own. A new task starts with a copy of what its creator has at that
/// moment.
///
/// (A `thread_local` is shared by the tasks of a run: they are all on one OS thread.) Outside any
/// task, in callbacks, it reads as its initial value.
template <std::copyable T>
class task_local {
public:
  task_local() = default;
  explicit task_local(T initial) : initial_(std::move(initial)) {}
  task_local(const task_local&) = delete;

  [[nodiscard]] T get() const {
    const std::any* value = detail::find_task_local(this);
    return value ? std::any_cast<const T&>(*value) : initial_;
  }
  /// Throws: `no_simulation` outside a run, `error` outside a task.
  void set(T value) { detail::set_task_local(this, std::any(std::move(value))); }

private:
  T initial_{};
};

}  // namespace reprise
