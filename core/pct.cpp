// Priorities that drop at random points: PCT, and delay-bounded scheduling, which differs from it
// in the priorities that it begins with.

#include "policies.hpp"

#include <algorithm>

namespace reprise {

namespace detail {

namespace {

/// From the highest: those drawn, then fifo()'s, then what each change point drops to, the later
/// the lower, then those that yielded or spun, the last one lowest.
constexpr std::uint64_t drawn = std::uint64_t{1} << 63;
constexpr std::uint64_t equal = std::uint64_t{1} << 62;
constexpr std::uint64_t changed = std::uint64_t{1} << 61;
constexpr std::uint64_t yielded = std::uint64_t{1} << 60;

class dropping_policy : public scheduling_policy {
public:
  std::size_t pick(const candidate_list& candidates) override {
    ++at_;
    std::size_t best = highest(candidates);
    // One that is about to yield has said that it can do nothing now.
    for (std::size_t seen = 0; seen < candidates.size(); ++seen) {
      const candidate c = candidates[best];
      task& t = table_.of(c);
      if (c.next.kind != operation_kind::yield || t.has_yielded) break;
      t.has_yielded = true;
      t.priority = lowest_--;
      best = highest(candidates);
    }
    if (next_ < points_.size() && points_[next_] == at_) {
      ++next_;
      table_.of(candidates[best]).priority = changed - next_;
      best = highest(candidates);
    }
    if (spin_.spins(candidates[best].task)) {
      table_.of(candidates[best]).priority = lowest_--;
      best = highest(candidates);
    }
    const candidate chosen = candidates[best];
    if (chosen.task == 0)
      table_.forget_callback(chosen.next.object);
    else
      table_.of(chosen).has_yielded = false;
    return best;
  }

protected:
  void start(const stream& s, std::uint64_t changes, const strategy& how) {
    stream_ = s;
    table_.clear();
    at_ = 0;
    next_ = 0;
    lowest_ = yielded;
    const std::uint64_t known = how.learnt().empty() ? 0 : how.learnt()[0];
    if (known > 0) {
      // With as many points as choices there would be one schedule.
      draw_points(stream_, changes, std::max(known, 4 * std::min(changes, known)), points_);
    } else {
      draw_points(stream_, changes, draw_length(stream_), points_);
    }
    spin_.begin(known ? 64 + 2 * known : 4096);
  }
  virtual std::uint64_t first_priority(stream& s) = 0;

private:
  struct task {
    std::uint64_t priority = 0;  // 0: not drawn
    bool has_yielded = false;    // it dropped for what it is about to do
  };

  std::size_t highest(const candidate_list& candidates) {
    std::size_t best = 0;
    std::uint64_t most = 0;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      task& t = table_.of(candidates[i]);
      if (t.priority == 0) t.priority = first_priority(stream_);
      if (t.priority > most) {
        most = t.priority;
        best = i;
      }
    }
    return best;
  }

  stream stream_;
  task_table<task> table_;
  std::vector<std::uint64_t> points_;
  std::size_t next_ = 0;
  std::uint64_t at_ = 0;
  std::uint64_t lowest_ = 0;
  spin_guard spin_;
};

class pct_policy final : public dropping_policy {
public:
  void begin(const stream& s, const strategy& how) override {
    start(s, std::max<std::uint64_t>(how.parameters()[0], 1) - 1, how);
  }

private:
  std::uint64_t first_priority(stream& s) override { return s() | drawn; }
};

class delay_bounded_policy final : public dropping_policy {
public:
  void begin(const stream& s, const strategy& how) override { start(s, how.parameters()[0], how); }

private:
  std::uint64_t first_priority(stream&) override { return equal; }
};

strategy with_length(const strategy& how, const profile& seen, std::uint64_t) {
  return seen.length ? strategy(how.kind(), how.parameters(), seen.length) : how;
}

}  // namespace

constinit const strategy_kind pct_kind{
    .id = 4,
    .name = "pct",
    .about = "random priorities that drop at random points",
    .parameters = 1,
    .make = []() -> std::unique_ptr<scheduling_policy> { return std::make_unique<pct_policy>(); },
    .defaults = {3},
    .names = {"depth"},
    .learnt = "k",
    .resolve = with_length,
    .least = {1}};
constinit const strategy_kind delay_bounded_kind{
    .id = 7,
    .name = "delay_bounded",
    .about = "fifo's choice, but for so many delays at random points",
    .parameters = 1,
    .make = []() -> std::unique_ptr<scheduling_policy> {
      return std::make_unique<delay_bounded_policy>();
    },
    .defaults = {2},
    .names = {"delays"},
    .learnt = "k",
    .resolve = with_length};

}  // namespace detail

strategy pct(std::uint64_t depth) noexcept {
  return strategy(detail::pct_kind, {std::max<std::uint64_t>(depth, 1)});
}
strategy delay_bounded(std::uint64_t delays) noexcept {
  return strategy(detail::delay_bounded_kind, {delays});
}

}  // namespace reprise
