#pragma once

#include "object_table.hpp"

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
/// last progress, nor a lock that is taken and given back, nor what was tried in vain.
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
  finding ran(std::uint32_t task, const operation& op, std::int64_t now);
  /// The operation that the task has just run did not succeed.
  finding in_vain(std::uint32_t task, const operation& op);
  /// Something was said or done that is no operation.
  void went_on() noexcept { ++epoch_, quiet_ = 0; }
  /// What a task tried was granted.
  void granted(std::uint32_t task) { of(task).losses = 0; }
  /// Who has run since the last progress, in the order of their numbers.
  [[nodiscard]] std::vector<idler> idlers() const;
  [[nodiscard]] std::uint64_t losses(std::uint32_t task) const { return tasks_[task].losses; }

private:
  struct task_state {
    std::uint64_t epoch = 0;  // to which the next two belong
    std::uint64_t times = 0;
    operation last;
    std::uint64_t object = 0;  // what it tries to get
    std::uint64_t losses = 0;  // in a row
    std::uint64_t since = 0;   // the epoch of the first of them
  };
  struct look {
    std::uint64_t epoch = 0;
    void clear() noexcept { epoch = 0; }
  };
  task_state& of(std::uint32_t task) {
    if (task >= tasks_.size()) tasks_.resize(task + std::size_t{1});
    known_ = std::max(known_, task + std::size_t{1});
    return tasks_[task];
  }
  finding idle(task_state& t, const operation& op);

  std::vector<task_state> tasks_;  // this run's are the first `known_`
  std::size_t known_ = 0;
  object_table<look> looks_;
  std::uint64_t epoch_ = 1;  // grows with each progress
  std::uint64_t quiet_ = 0;  // idle operations since then
  std::int64_t now_ = 0;
  // As before the last operation, if that turns out to have been in vain.
  std::uint64_t epoch_before_ = 1, quiet_before_ = 0, losses_before_ = 0;
};

}  // namespace reprise::detail
