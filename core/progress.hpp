#pragma once

#include "kind_set.hpp"
#include "object_table.hpp"
#include "per_task.hpp"

#include <reprise/core/detectors.hpp>
#include <reprise/core/operation.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace reprise::detail {

/// Finds runs in which nobody gets further, and tasks that get nothing while others do.
///
/// An operation that may have changed something is progress, and so are a clock that moves and a
/// task that begins or ends. Yielding is none, nor is looking again at what was looked at since the
/// last progress, nor what was tried in vain, nor a lock that was taken and is given back after
/// something was tried in vain: a section that went well is progress, as what it did to the
/// program's own data is not seen.
class progress {
public:
  enum class finding : std::uint8_t {
    none,
    livelock,    // the bound is reached
    no_way_out,  // and passed by far
    starvation
  };
  struct idler {
    std::uint32_t task;
    operation last;
    std::uint64_t times;  // since the last progress
  };

  void clear() noexcept;
  finding ran(std::uint32_t task, const operation& op, std::int64_t now) {
    if (now != now_) {
      now_ = now;
      went_on();
    }
    if (may_be_idle.has(op.kind)) return ran_without_effect(task, op);
    task_state& t = tasks_[task];
    epoch_before_ = epoch_;
    quiet_before_ = quiet_;
    losses_before_ = t.losses;
    went_on();
    t.losses = 0;
    return finding::none;
  }
  /// The operation that the task has just run did not succeed.
  finding in_vain(std::uint32_t task, const operation& op);
  /// Something was said or done that is no operation.
  void went_on() noexcept { ++epoch_, quiet_ = 0; }
  /// What a task tried was granted.
  void granted(std::uint32_t task) { tasks_[task].losses = 0; }
  /// Who has run since the last progress, in the order of their numbers.
  [[nodiscard]] std::vector<idler> idlers() const;
  [[nodiscard]] std::uint64_t losses(std::uint32_t task) const { return tasks_.find(task)->losses; }

private:
  struct task_state {
    std::uint64_t epoch = 0;  // to which the next two belong
    std::uint64_t times = 0;
    operation last;
    std::uint64_t object = 0;  // what it tries to get
    std::uint64_t losses = 0;  // in a row
    std::uint64_t since = 0;   // the epoch of the first of them
    bool in_vain = false;      // since it last gave something back
  };
  struct look {
    std::uint64_t epoch = 0;
    void clear() noexcept { epoch = 0; }
  };
  static constexpr kind_set gives_back{operation_kind::unlock, operation_kind::unlock_shared,
                                       operation_kind::release};
  static constexpr kind_set looks{operation_kind::atomic_load, operation_kind::shared_read};
  /// Those that change nothing which another could wait for, or may turn out to have changed
  /// nothing; every other one is progress.
  static constexpr kind_set may_be_idle{operation_kind::yield,
                                        operation_kind::lock,
                                        operation_kind::try_lock,
                                        operation_kind::unlock,
                                        operation_kind::lock_shared,
                                        operation_kind::try_lock_shared,
                                        operation_kind::unlock_shared,
                                        operation_kind::acquire,
                                        operation_kind::try_acquire,
                                        operation_kind::release,
                                        operation_kind::condition_wait,
                                        operation_kind::condition_notify,
                                        operation_kind::atomic_wait,
                                        operation_kind::atomic_notify,
                                        operation_kind::compare_exchange_failed,
                                        operation_kind::fence,
                                        operation_kind::atomic_load,
                                        operation_kind::shared_read};
  finding ran_without_effect(std::uint32_t task, const operation& op);
  finding idle(task_state& t, const operation& op);

  per_task<task_state> tasks_;
  object_table<look> looked_at_;
  // Not two that are copied together beside one another: they would be loaded as one of 16 bytes,
  // which has to wait for the stores of 8 before.
  std::uint64_t epoch_ = 1;  // grows with each progress
  std::int64_t now_ = 0;
  std::uint64_t quiet_ = 0;  // idle operations since then
  // As before the last operation, if that turns out to have been in vain.
  std::uint64_t losses_before_ = 0;
  std::uint64_t epoch_before_ = 1;
  std::uint64_t quiet_before_ = 0;
};

}  // namespace reprise::detail
