#pragma once

#include "kind_set.hpp"
#include "object_table.hpp"
#include "per_task.hpp"

#include <reprise/core/operation.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace reprise::detail {

[[nodiscard]] constexpr bool is_acquisition(operation_kind kind) noexcept {
  constexpr kind_set acquisitions{operation_kind::lock, operation_kind::try_lock,
                                  operation_kind::lock_shared, operation_kind::try_lock_shared};
  return acquisitions.has(kind);
}

/// Whether a task stands before it and may be made to wait there, and it touches an object of the
/// program's (those of tasks themselves have no number among what a task made).
[[nodiscard]] constexpr bool can_be_held_back(const operation& op) noexcept {
  constexpr kind_set never{operation_kind::unlock, operation_kind::unlock_shared,
                           operation_kind::release, operation_kind::condition_notify,
                           operation_kind::compare_exchange_failed};
  return (op.object & 0xffffffffu) != 0 && !never.has(op.kind);
}

/// Who holds which mutex, from the operations alone, as a strategy sees them. Right but for timed
/// waits that expire, after which a lock may be thought held that is not.
class lock_tracker {
public:
  void clear() noexcept {
    mutexes_.clear();
    tasks_.clear();
  }
  /// Whether `op` is the end of a wait for a lock that the task has asked for before.
  [[nodiscard]] bool goes_on(std::uint32_t task, const operation& op) const noexcept {
    const task_state* const t = tasks_.find(task);
    return is_acquisition(op.kind) && t && t->waits_for == op.object;
  }
  [[nodiscard]] bool holds_any(std::uint32_t task) const noexcept {
    const task_state* const t = tasks_.find(task);
    return t && !t->held.empty();
  }
  /// In the order of their taking.
  [[nodiscard]] const std::vector<std::uint64_t>& held(std::uint32_t task) {
    return tasks_[task].held;
  }
  void ran(std::uint32_t task, const operation& op) {
    if (is_acquisition(op.kind))
      took(task, op);
    else if (op.kind == operation_kind::unlock || op.kind == operation_kind::unlock_shared)
      gave(task, op.object);
  }

private:
  struct mutex_state {
    std::uint32_t owners = 0;  // shared, or one exclusive
    std::uint32_t waiting = 0;
    bool exclusive = false;
    void clear() noexcept { *this = {}; }
  };
  struct task_state {
    std::vector<std::uint64_t> held;
    std::uint64_t waits_for = 0;
    void clear() noexcept {
      held.clear();
      waits_for = 0;
    }
  };
  void took(std::uint32_t task, const operation& op);
  void gave(std::uint32_t task, std::uint64_t object);

  object_table<mutex_state> mutexes_;
  per_task<task_state> tasks_;
};

}  // namespace reprise::detail
