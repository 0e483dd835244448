#include "lock_tracker.hpp"
#include "policies.hpp"

#include <algorithm>

namespace reprise {

namespace detail {

namespace {

// What is learnt, as numbers: how many objects, for each the task that made it and its number
// there, then for each task its number, its parent's, and how many operations it does on them.

class surw_policy final : public scheduling_policy {
public:
  void begin(const stream& s, const strategy& how) override {
    stream_ = s;
    rest_.begin(stream(stream_(), "rest"));
    locks_.clear();
    tasks_.clear();
    objects_.clear();
    seen_.clear();
    intended_ = 0;
    waited_ = 0;
    known_ = !how.learnt().empty();
    if (known_) read(how.learnt());
    tasks_[1].spawned = true;
  }

  std::size_t pick(const candidate_list& candidates) override {
    held_back_.clear();
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const candidate& c = candidates[i];
      if (is_target(c.task, c.next)) held_back_.push_back(i);
    }
    if (!held_back_.empty()) {
      if (intended_ == 0) intended_ = draw(candidates, false);
      const auto mine = std::ranges::find_if(
          held_back_, [&](std::size_t i) { return candidates[i].task == intended_; });
      // The one whose turn it is may never come here: it waits for one that is held back, or spins.
      if (mine == held_back_.end() &&
          (held_back_.size() == candidates.size() || ++waited_ > most_waited)) {
        waited_ = 0;
        intended_ = draw(candidates, true);
      }
      std::erase_if(held_back_, [&](std::size_t i) { return candidates[i].task == intended_; });
    }
    return pick_of_rest(candidates);
  }

  void ran(std::uint32_t task, const operation& op) noexcept override {
    rest_.ran(task, op);
    if (op.kind == operation_kind::spawn) return spawned(task, op.object);
    if (op.kind == operation_kind::task_end_ok || op.kind == operation_kind::task_end_failed) {
      tasks_[task].ended = true;
      if (intended_ == task) intended_ = 0;
    } else if (is_target(task, op)) {
      if (tasks_[task].left > 0) --tasks_[task].left;
      intended_ = 0;
      waited_ = 0;
    } else if (!known_ && can_be_held_back(op)) {
      meet(op.object);
    }
    locks_.ran(task, op);
  }

private:
  struct task_state {
    std::uint64_t left = 0;  // operations on the objects, by what was learnt
    std::uint32_t parent = 0;
    bool spawned = false;
    bool ended = false;
    std::uint64_t weight = 0;  // while one is drawn
  };
  static constexpr std::uint64_t most_waited = 256;
  /// Tasks of which nothing is left by what was learnt, and who come all the same, weigh an eighth
  /// of one operation.
  static constexpr std::uint64_t per_operation = 8;

  void read(const std::vector<std::uint64_t>& numbers) {
    // A token that was written by hand may say anything: what does not fit is left out.
    std::size_t i = 1;
    for (std::uint64_t n = numbers[0]; n > 0 && i + 1 < numbers.size(); --n, i += 2)
      objects_.push_back(numbers[i] << 32 | numbers[i + 1]);
    for (; i + 2 < numbers.size(); i += 3) {
      if (numbers[i] > most_tasks || numbers[i + 1] >= numbers[i]) continue;
      task_state& t = tasks_[static_cast<std::uint32_t>(numbers[i])];
      t.parent = static_cast<std::uint32_t>(numbers[i + 1]);
      t.left = std::min<std::uint64_t>(numbers[i + 2], std::uint64_t{1} << 32);
    }
  }

  /// Without a profile: each object that comes up is as likely as the others to be the last one
  /// chosen.
  void meet(std::uint64_t object) {
    if (std::ranges::find(seen_, object) != seen_.end() || seen_.size() >= 256) return;
    seen_.push_back(object);
    if (stream_.below(seen_.size()) == 0) objects_.assign(1, object);
  }

  [[nodiscard]] bool is_target(std::uint32_t task, const operation& op) const noexcept {
    if (task == 0 || !can_be_held_back(op)) return false;
    if (std::ranges::find(objects_, op.object) == objects_.end()) return false;
    // Whoever holds a lock would hold back all who wait for it: the lock was the event.
    return is_acquisition(op.kind) ? !locks_.goes_on(task, op)
                                   : objects_.size() == 1 || !locks_.holds_any(task);
  }

  /// The task whose operation on the objects comes next, by how many each has left; those of tasks
  /// not spawned yet weigh on who will spawn them.
  std::uint32_t draw(const candidate_list& candidates, bool among_held_back) {
    std::uint64_t sum = 0;
    for (auto& t : tasks_) t.weight = 0;
    for (std::uint32_t i = 1; i < tasks_.size(); ++i) {
      if (tasks_[i].left == 0 || tasks_[i].ended) continue;
      std::uint32_t owner = i;
      while (owner != 0 && !tasks_[owner].spawned) owner = tasks_[owner].parent;
      if (!tasks_[owner].ended) tasks_[owner].weight += per_operation * tasks_[i].left;
    }
    tasks_[0].weight = 0;
    for (const std::size_t i : held_back_) {
      task_state& t = tasks_[candidates[i].task];
      if (t.weight == 0) t.weight = 1;
    }
    if (among_held_back) {
      for (const std::size_t i : held_back_) sum += tasks_[candidates[i].task].weight;
      std::uint64_t x = stream_.below(sum);
      for (const std::size_t i : held_back_) {
        const std::uint32_t task = candidates[i].task;
        if (x < tasks_[task].weight) return task;
        x -= tasks_[task].weight;
      }
    }
    for (const auto& t : tasks_) sum += t.weight;
    std::uint64_t x = stream_.below(sum);
    std::uint32_t task = 0;
    while (x >= tasks_[task].weight) x -= tasks_[task++].weight;
    return task;
  }

  void spawned(std::uint32_t parent, std::uint64_t object) {
    const auto child = static_cast<std::uint32_t>(object >> 32);
    tasks_[child].spawned = true;
    if (intended_ != parent || parent == 0) return;
    // The parent's turn was also its children's.
    const std::uint64_t theirs = subtree(child), own = tasks_[parent].left;
    std::uint64_t all = own + theirs;
    for (std::uint32_t i = child + 1; i < tasks_.size(); ++i)
      if (tasks_[i].parent == parent && !tasks_[i].spawned) all += subtree(i);
    if (theirs > 0 && stream_.below(all) < theirs) intended_ = child;
  }
  [[nodiscard]] std::uint64_t subtree(std::uint32_t task) const {
    std::uint64_t sum = tasks_[task].left;
    for (std::uint32_t i = task + 1; i < tasks_.size(); ++i)
      if (tasks_[i].parent == task) sum += subtree(i);
    return sum;
  }

  std::size_t pick_of_rest(const candidate_list& candidates) {
    return rest_.highest(candidates, [this, h = std::size_t{0}](std::size_t i) mutable {
      if (h == held_back_.size() || held_back_[h] != i) return true;
      ++h;
      return false;
    });
  }

  static constexpr std::uint64_t most_tasks = 1'000'000;

  stream stream_;
  event_priorities rest_;
  lock_tracker locks_;
  per_task<task_state> tasks_;
  std::vector<std::uint64_t> objects_;
  std::vector<std::uint64_t> seen_;
  std::vector<std::size_t> held_back_;
  std::uint32_t intended_ = 0;
  std::uint64_t waited_ = 0;  // choices since the last operation on the objects
  bool known_ = false;
};

strategy resolve(const strategy& how, const profile& seen, std::uint64_t seed) {
  if (seen.runs == 0) return how;
  // Nothing that two tasks touch and one writes: there is no order to draw.
  std::uint64_t sum = 0;
  for (const auto& t : seen.targets) sum += t.weight;
  if (sum == 0) return pos();
  std::uint64_t x = stream(seed, "surw target").below(sum);
  auto chosen = seen.targets.begin();
  while (x >= chosen->weight) x -= (chosen++)->weight;
  return strategy(how.kind(), how.parameters(), chosen->learnt);
}

}  // namespace

constinit const strategy_kind surw_kind{
    .id = 6,
    .name = "surw",
    .about = "each order of the operations on one object equally often",
    .parameters = 0,
    .make = []() -> std::unique_ptr<scheduling_policy> { return std::make_unique<surw_policy>(); },
    .follows = true,
    .learnt = "x",
    .resolve = resolve};

}  // namespace detail

strategy surw() noexcept { return strategy(detail::surw_kind); }

}  // namespace reprise
