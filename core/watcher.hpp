#pragma once

#include "lock_tracker.hpp"

#include <reprise/core/operation.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace reprise::detail {

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

/// A T for each object, found by its number; keeps its memory, and that of each T, from run to run.
template <class T>
class object_table {
public:
  void clear() noexcept {
    for (std::size_t i = 0; i < used_; ++i) entries_[i].value.clear();
    used_ = 0;
    std::ranges::fill(slots_, 0u);
  }
  T& operator[](std::uint64_t object) {
    if ((used_ + 1) * 2 > slots_.size()) grow();
    std::size_t at = slot_of(object);
    for (; slots_[at] != 0; at = (at + 1) & (slots_.size() - 1))
      if (entries_[slots_[at] - 1].object == object) return entries_[slots_[at] - 1].value;
    if (used_ == entries_.size()) entries_.emplace_back();
    entries_[used_].object = object;
    slots_[at] = static_cast<std::uint32_t>(++used_);
    return entries_[used_ - 1].value;
  }

private:
  struct entry {
    std::uint64_t object = 0;
    T value;
  };
  [[nodiscard]] std::size_t slot_of(std::uint64_t object) const noexcept {
    return static_cast<std::size_t>((object * 0x9e3779b97f4a7c15u) >> 32) & (slots_.size() - 1);
  }
  void grow() {
    slots_.assign(slots_.empty() ? 64 : slots_.size() * 2, 0);
    for (std::size_t i = 0; i < used_; ++i) {
      std::size_t at = slot_of(entries_[i].object);
      while (slots_[at] != 0) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = static_cast<std::uint32_t>(i + 1);
    }
  }
  std::vector<std::uint32_t> slots_;  // indices into the entries, from 1; 0 is free
  std::vector<entry> entries_;
  std::size_t used_ = 0;
};

/// Finds data races: happens-before by vector clocks, over mutexes, atomics, spawns, joins,
/// wake-ups and the rest of what orders tasks.
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
    bool write = false;
  };
  struct race {
    access first, second;
    bool found = false;
  };

  void begin();
  /// `task` does `op`.
  void ran(std::uint32_t task, const operation& op);
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
  /// Clocks are as long as there are tasks: beyond, nothing is watched for the rest of the run.
  static constexpr std::uint32_t most_tasks = 4096;

  [[nodiscard]] bool gives_up(std::uint32_t task) noexcept {
    off_ = off_ || task > most_tasks;
    return off_;
  }
  task_state& of(std::uint32_t task);
  void tick(std::uint32_t task) {
    vector_clock& c = of(task).clock;
    c.set(task, c[task] + 1);
  }
  void release_into(std::uint32_t task, vector_clock& clock) {
    clock.join(of(task).clock);
    tick(task);
  }

  std::vector<task_state> tasks_;
  std::uint32_t known_ = 0;  // tasks that this run has
  bool off_ = false;
  object_table<sync_state> objects_;
  object_table<variable> variables_;
  lock_tracker locks_;
};

}  // namespace reprise::detail
