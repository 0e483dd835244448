#pragma once

#include "coverage_recorder.hpp"
#include "held_locks.hpp"
#include "lock_order.hpp"
#include "object_table.hpp"
#include "per_task.hpp"
#include "progress.hpp"

#include <reprise/core/detectors.hpp>
#include <reprise/core/operation.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace reprise::detail {

class sync_object;

/// How far each task had come in what has happened before something.
class vector_clock {
public:
  void clear() noexcept { times_.clear(); }
  [[nodiscard]] std::uint32_t operator[](std::uint32_t task) const noexcept {
    return task < times_.size() ? times_[task] : 0;
  }
  void set(std::uint32_t task, std::uint32_t time) {
    if (task >= times_.size()) times_.resize(task + std::size_t{1});
    times_[task] = time;
  }
  /// Of a clock that has `task`.
  void advance(std::uint32_t task) noexcept { ++times_[task]; }
  void join(const vector_clock& other) {
    if (times_.size() < other.times_.size()) times_.resize(other.times_.size());
    for (std::size_t i = 0; i < other.times_.size(); ++i)
      times_[i] = std::max(times_[i], other.times_[i]);
  }
  void assign(const vector_clock& other) {
    times_.assign(other.times_.begin(), other.times_.end());
  }

private:
  std::vector<std::uint32_t> times_;
};

/// Hears what a run does, for all detectors and for the coverage, and finds data races itself:
/// happens-before by vector clocks, over mutexes, atomics, spawns, joins, wake-ups and the rest of
/// what orders tasks.
///
/// What is not known exactly is taken as ordered (a `try_lock` that failed, everything that a
/// callback does), so that a program without a race is never blamed. Source: Flanagan and Freund,
/// "FastTrack", PLDI 2009, with whole clocks where it has epochs for atomics.
class watcher {
public:
  /// One of the two accesses of a race.
  struct access {
    std::uint32_t task = 0;
    std::uint32_t time = 0;
    void* place = nullptr;
    std::uint64_t lock = 0;  // the first it held; 0 for none
    bool lock_shared = false;
    bool write = false;
  };
  struct race {
    access first, second;
    bool found = false;
  };

  void begin(const detectors& on, coverage* seen);
  /// The run is over.
  void end() { coverage_.end(); }
  /// `task` does `op`.
  progress::finding ran(std::uint32_t task, const operation& op, std::int64_t now);
  /// What `task` has just done did not succeed.
  progress::finding in_vain(std::uint32_t task, const operation& op) {
    return progress_on_ && task <= most_tasks ? progress_.in_vain(task, op)
                                              : progress::finding::none;
  }
  void went_on() noexcept { progress_.went_on(); }
  [[nodiscard]] const progress& seen_of_progress() const noexcept { return progress_; }
  /// The inversion that a lock closes, if any; see `lock_order::took`.
  std::span<const lock_order::edge* const> took(std::uint32_t task, const sync_object& lock,
                                                bool shared, lock_call call, void* place);
  /// The lock is destroyed, whoever holds it.
  void gone(std::uint64_t lock) noexcept { held_.gone(lock); }
  [[nodiscard]] const held_locks& held() const noexcept { return held_; }
  /// Of one that has been taken.
  [[nodiscard]] std::string name_of_lock(std::uint64_t object);
  /// `task` looked at what announces nothing, and what it saw orders it; or left it behind.
  void saw(std::uint32_t task, std::uint64_t object) {
    acquire(task, object);
    if (lock_order_on_ && task <= most_tasks) lock_order_.saw(task);
  }
  void left(std::uint32_t task, std::uint64_t object) {
    release(task, object);
    if (lock_order_on_ && task <= most_tasks) lock_order_.left(task);
  }
  /// `waker` made `task` able to run.
  void woken(std::uint32_t task, std::uint32_t waker);
  [[nodiscard]] race touch(std::uint32_t task, std::uint64_t object, bool write, void* place);
  void atomic_access(std::uint32_t task, std::uint64_t object, operation_kind kind,
                     std::memory_order order);
  void fence(std::uint32_t task, std::memory_order order);
  /// What was released into the one is released into the other, too.
  void pass_on(std::uint64_t from, std::uint64_t to);
  void acquire(std::uint32_t task, std::uint64_t object);
  void release(std::uint32_t task, std::uint64_t object);

private:
  struct task_state {
    vector_clock clock;
    vector_clock fence_acquired;  // what relaxed loads have seen
    vector_clock fence_released;  // as of the last release fence
    void clear() noexcept {
      clock.clear();
      fence_acquired.clear();
      fence_released.clear();
    }
  };
  struct sync_state {
    vector_clock clock;   // released by writers, putters, and everyone of a kind
    vector_clock others;  // released by readers of a shared mutex, and by who gets from a queue
    void clear() noexcept {
      clock.clear();
      others.clear();
    }
  };
  struct variable {
    access last_write;
    std::vector<access> reads;  // since then, the last of each task
    void clear() noexcept {
      last_write = {};
      reads.clear();
    }
  };
  /// What is said of a lock, which may be gone by then.
  struct lock_name {
    const char* type = nullptr;
    std::string given;
    void clear() noexcept {
      type = nullptr;
      given.clear();
    }
  };
  /// Clocks are as long as there are tasks: beyond, nothing is watched for the rest of the run.
  static constexpr std::uint32_t most_tasks = 4096;

  [[nodiscard]] bool gives_up(std::uint32_t task) noexcept {
    off_ = off_ || task > most_tasks;
    return off_;
  }
  void order(std::uint32_t task, const operation& op);
  void order_locks(std::uint32_t task, const operation& op);
  void gave_back(std::uint32_t task, const operation& op);
  task_state& of(std::uint32_t task) {
    if (task >= tasks_.size()) [[unlikely]]
      meet(task);
    return tasks_[task];
  }
  void meet(std::uint32_t task);
  void release_into(std::uint32_t task, vector_clock& clock) {
    vector_clock& mine = of(task).clock;
    clock.join(mine);
    mine.advance(task);
  }

  per_task<task_state> tasks_;
  bool off_ = false;
  object_table<sync_state> objects_;
  object_table<variable> variables_;
  held_locks held_;
  object_table<lock_name> lock_names_;  // of those that have been taken
  lock_order lock_order_;
  progress progress_;
  coverage_recorder coverage_;
  per_task<operation_kind> last_;  // of each task, for what woke another
  bool lock_order_on_ = false;
  bool progress_on_ = false;
};

}  // namespace reprise::detail
