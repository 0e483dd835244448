#pragma once

#include "per_task.hpp"

#include <reprise/core/profile.hpp>
#include <reprise/core/strategy.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

// The strategies there are, and what their policies share.

namespace reprise::detail {

extern const strategy_kind random_walk_kind;
extern const strategy_kind round_robin_kind;
extern const strategy_kind pct_kind;
extern const strategy_kind pos_kind;
extern const strategy_kind surw_kind;
extern const strategy_kind delay_bounded_kind;
extern const strategy_kind preemption_bounded_kind;
extern const strategy_kind starvation_kind;
extern const strategy_kind portfolio_kind;
extern const strategy_kind simplest_kind;

/// A T for each candidate: by the task's number, and for a callback by that of its timer. Keeps its
/// memory from run to run.
template <class T>
class task_table {
public:
  void clear() noexcept {
    tasks_.clear();
    callbacks_.clear();
  }
  T& of(const candidate& c) {
    if (c.task != 0) return of_task(c.task);
    for (auto& [number, value] : callbacks_)
      if (number == c.next.object) return value;
    return callbacks_.emplace_back(c.next.object, T{}).second;
  }
  T& of_task(std::uint32_t task) { return tasks_[task]; }
  /// A callback has run, and its number is never used again.
  void forget_callback(std::uint64_t number) noexcept {
    for (auto& entry : callbacks_) {
      if (entry.first != number) continue;
      std::swap(entry, callbacks_.back());
      callbacks_.pop_back();
      return;
    }
  }

private:
  per_task<T> tasks_;
  std::vector<std::pair<std::uint64_t, T>> callbacks_;
};

/// `count` distinct numbers in [1, bound], or as many as there are, into `to`, in rising order.
void draw_points(stream& s, std::uint64_t count, std::uint64_t bound,
                 std::vector<std::uint64_t>& to);
/// Where one event of a run lies when nobody knows how long it is: below a power of two from 2^3 to
/// 2^12, each as likely. At most ten times as rare as with the length known, up to a factor of two.
[[nodiscard]] std::uint64_t draw_length(stream& s);

/// Sees that a task is chosen again and again while others could run, which is what one that spins
/// does.
class spin_guard {
public:
  void begin(std::uint64_t most) noexcept {
    most_ = most;
    times_ = 0;
  }
  /// Whether `task`, which is to run again, has done so too often.
  bool spins(std::uint32_t task) noexcept {
    if (task != last_ || task == 0) {
      last_ = task;
      times_ = 0;
    }
    if (++times_ <= most_) return false;
    times_ = 0;
    return true;
  }

private:
  std::uint64_t most_ = 0;
  std::uint64_t times_ = 0;
  std::uint32_t last_ = 0;
};

/// Partial order sampling's priorities, for those of the candidates that are asked about.
class event_priorities {
public:
  void begin(const stream& s) {
    stream_ = s;
    table_.clear();
    ran_.clear();
    choices_ = 0;
  }
  void ran(std::uint32_t task, const operation& op);
  /// The one of the highest priority among those that are wanted, after what ran since the last
  /// time has made what conflicts with it draw anew.
  template <class Wanted>
  std::size_t highest(const candidate_list& candidates, Wanted wanted) {
    ++choices_;
    const std::size_t size = candidates.size();
    std::size_t best = size;
    std::uint64_t most = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const candidate& c = candidates[i];
      drawn& d = table_.of(c);
      if (choices_ - d.at > oldest || lost_to_conflict(c)) d.priority = 0;
      if (!wanted(i)) continue;
      while (d.priority == 0) d = {stream_(), choices_};
      if (d.priority <= most) continue;
      most = d.priority;
      best = i;
    }
    ran_.clear();
    return best;
  }

private:
  [[nodiscard]] bool lost_to_conflict(const candidate& c) const noexcept {
    if (c.next.object == 0) return false;
    for (const step& s : ran_)
      if (s.task != c.task && conflict(s.op, c.next)) return true;
    return false;
  }
  struct step {
    std::uint32_t task;
    operation op;
  };
  struct drawn {
    std::uint64_t priority = 0;  // 0: not drawn
    std::uint64_t at = 0;        // choices before
  };
  static constexpr std::size_t most_remembered = 64;
  /// After so many choices a priority is drawn anew: one that is very low would leave its task
  /// behind another that spins for as long.
  static constexpr std::uint64_t oldest = 1000;
  stream stream_;
  task_table<drawn> table_;
  std::uint64_t choices_ = 0;
  std::vector<step> ran_;
};

}  // namespace reprise::detail
