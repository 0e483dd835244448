#pragma once

#include <reprise/core/operation.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace reprise::detail {

[[nodiscard]] constexpr bool is_acquisition(operation_kind kind) noexcept {
  return kind == operation_kind::lock || kind == operation_kind::try_lock ||
         kind == operation_kind::lock_shared || kind == operation_kind::try_lock_shared;
}

/// Whether a task stands before it and may be made to wait there, and it touches an object of the
/// program's (those of tasks themselves have no number among what a task made).
[[nodiscard]] constexpr bool can_be_held_back(const operation& op) noexcept {
  switch (op.kind) {
    case operation_kind::unlock:
    case operation_kind::unlock_shared:
    case operation_kind::release:
    case operation_kind::condition_notify:
    case operation_kind::compare_exchange_failed:
      return false;
    default:
      return (op.object & 0xffffffffu) != 0;
  }
}

/// Who holds which mutex, from the operations alone. Right but for timed waits that expire, after
/// which a lock may be thought held that is not.
class lock_tracker {
public:
  void clear() noexcept {
    mutexes_.clear();
    for (auto& t : tasks_) {
      t.held.clear();
      t.waits_for = 0;
    }
  }
  /// Whether `op` is the end of a wait for a lock that the task has asked for before.
  [[nodiscard]] bool goes_on(std::uint32_t task, const operation& op) const noexcept {
    return is_acquisition(op.kind) && task < tasks_.size() && tasks_[task].waits_for == op.object;
  }
  [[nodiscard]] bool holds_any(std::uint32_t task) const noexcept {
    return task < tasks_.size() && !tasks_[task].held.empty();
  }
  /// In the order of their taking.
  [[nodiscard]] const std::vector<std::uint64_t>& held(std::uint32_t task) { return of(task).held; }
  void ran(std::uint32_t task, const operation& op);

private:
  struct mutex_state {
    std::uint64_t object;
    std::uint32_t owners = 0;  // shared, or one exclusive
    std::uint32_t waiting = 0;
    bool exclusive = false;
  };
  struct task_state {
    std::vector<std::uint64_t> held;
    std::uint64_t waits_for = 0;
  };
  task_state& of(std::uint32_t task) {
    if (task >= tasks_.size()) tasks_.resize(task + std::size_t{1});
    return tasks_[task];
  }
  mutex_state& of_mutex(std::uint64_t object) {
    for (auto& m : mutexes_)
      if (m.object == object) return m;
    return mutexes_.emplace_back(mutex_state{object});
  }

  std::vector<mutex_state> mutexes_;
  std::vector<task_state> tasks_;
};

}  // namespace reprise::detail
