// Strategies that walk at random or around and around, with what bounds them.

#include "policies.hpp"

#include <algorithm>
#include <bit>

namespace reprise {

namespace detail {

void draw_points(stream& s, std::uint64_t count, std::uint64_t bound,
                 std::vector<std::uint64_t>& to) {
  // Floyd's way: each set as likely, and no more draws than numbers (Bentley and Floyd, 1987).
  to.clear();
  for (std::uint64_t j = bound - std::min(count, bound) + 1; j <= bound; ++j) {
    const std::uint64_t x = 1 + s.below(j);
    to.push_back(std::ranges::find(to, x) == to.end() ? x : j);
  }
  std::ranges::sort(to);
}

std::uint64_t draw_length(stream& s) { return std::uint64_t{8} << s.below(10); }

namespace {

class random_walk_policy final : public scheduling_policy {
public:
  void begin(const stream& s, const strategy&) override { stream_ = s; }
  std::size_t pick(const candidate_list& candidates) override {
    return stream_.below(candidates.size());
  }
  [[nodiscard]] stream* plain_draws() noexcept override { return &stream_; }

private:
  stream stream_;
};

class round_robin_policy final : public scheduling_policy {
public:
  void begin(const stream&, const strategy&) override { last_ = 0; }
  std::size_t pick(const candidate_list& candidates) override {
    // The next greater task number after the last one, else the least; callbacks, which have none,
    // in the order of the queue.
    std::size_t next = candidates.size(), least = 0;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const std::uint32_t task = candidates[i].task;
      if (task < candidates[least].task) least = i;
      if (task > last_ && (next == candidates.size() || task < candidates[next].task)) next = i;
    }
    const std::size_t chosen = next < candidates.size() ? next : least;
    last_ = candidates[chosen].task;
    return chosen;
  }

private:
  std::uint32_t last_ = 0;
};

class preemption_bounded_policy final : public scheduling_policy {
public:
  void begin(const stream& s, const strategy& how) override {
    stream_ = s;
    at_ = 0;
    next_ = 0;
    const std::uint64_t known = how.learnt().empty() ? 0 : how.learnt()[0];
    draw_points(stream_, how.parameters()[0], known ? known : draw_length(stream_), points_);
    spin_.begin(64 + 2 * known);
  }
  std::size_t pick(const candidate_list& candidates) override {
    if (!candidates.running_goes_on()) return stream_.below(candidates.size());
    ++at_;
    bool leaves = spin_.spins(candidates[0].task);
    if (next_ < points_.size() && points_[next_] == at_) {
      ++next_;
      leaves = true;
    }
    return leaves ? 1 + stream_.below(candidates.size() - 1) : 0;
  }

private:
  stream stream_;
  std::vector<std::uint64_t> points_;
  std::size_t next_ = 0;
  std::uint64_t at_ = 0;  // choices so far at which the running task could go on
  spin_guard spin_;
};

class simplest_policy final : public scheduling_policy {
public:
  void begin(const stream&, const strategy&) override {}
  std::size_t pick(const candidate_list&) override { return 0; }
};

class starvation_policy final : public scheduling_policy {
public:
  void begin(const stream& s, const strategy&) override {
    stream_ = s;
    left_ = 0;
  }
  std::size_t pick(const candidate_list& candidates) override {
    if (left_ == 0) {
      left_ = std::uint64_t{1} << stream_.below(11);
      victim_ = key(candidates[stream_.below(candidates.size())]);
    }
    --left_;
    std::size_t others = 0;
    for (std::size_t i = 0; i < candidates.size(); ++i) others += key(candidates[i]) != victim_;
    if (others == 0) return stream_.below(candidates.size());
    std::uint64_t nth = stream_.below(others);
    for (std::size_t i = 0;; ++i)
      if (key(candidates[i]) != victim_ && nth-- == 0) return i;
  }

private:
  static std::uint64_t key(const candidate& c) noexcept {
    return c.task ? std::uint64_t{c.task} << 32 : c.next.object;
  }
  stream stream_;
  std::uint64_t victim_ = 0;
  std::uint64_t left_ = 0;  // of the window
};

template <class Policy>
std::unique_ptr<scheduling_policy> make() {
  return std::make_unique<Policy>();
}

}  // namespace

constinit const strategy_kind random_walk_kind{
    .id = 2,
    .name = "random_walk",
    .about = "each task that could run is equally likely",
    .parameters = 0,
    .make = make<random_walk_policy>};
constinit const strategy_kind round_robin_kind{
    .id = 3,
    .name = "round_robin",
    .about = "the next task by number, around and around",
    .parameters = 0,
    .make = make<round_robin_policy>};
constinit const strategy_kind preemption_bounded_kind{
    .id = 8,
    .name = "preemption_bounded",
    .about = "at most so many tasks are left that could go on",
    .parameters = 1,
    .make = make<preemption_bounded_policy>,
    .defaults = {2},
    .names = {"preemptions"},
    .learnt = "k",
    .resolve = [](const strategy& how, const profile& seen, std::uint64_t) {
      return seen.preemptible_length
                 ? strategy(how.kind(), how.parameters(), seen.preemptible_length)
                 : how;
    }};
constinit const strategy_kind starvation_kind{
    .id = 9,
    .name = "starvation",
    .about = "one task at a time is starved, for 1 to 1024 choices",
    .parameters = 0,
    .make = make<starvation_policy>};

constinit const strategy_kind simplest_kind{
    .id = 11,
    .name = "simplest",
    .about = "who runs goes on, else the first in the queue: what a shrunk failure is told against",
    .parameters = 0,
    .make = make<simplest_policy>};

}  // namespace detail

strategy random_walk() noexcept { return strategy(detail::random_walk_kind); }
strategy round_robin() noexcept { return strategy(detail::round_robin_kind); }
strategy preemption_bounded(std::uint64_t preemptions) noexcept {
  return strategy(detail::preemption_bounded_kind, {preemptions});
}
strategy simplest() noexcept { return strategy(detail::simplest_kind); }
strategy starvation() noexcept { return strategy(detail::starvation_kind); }

}  // namespace reprise
