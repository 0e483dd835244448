#include <reprise/core/profile.hpp>

#include "engine.hpp"
#include "lock_tracker.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <set>
#include <utility>

namespace reprise {

namespace detail {

void lock_tracker::gave(std::uint32_t task, std::uint64_t object) {
  task_state& t = tasks_[task];
  mutex_state& m = mutexes_[object];
  const auto found = std::ranges::find(t.held, object);
  if (found != t.held.end()) t.held.erase(found);
  if (m.owners > 0) --m.owners;
  m.exclusive = false;
}

void lock_tracker::took(std::uint32_t task, const operation& op) {
  task_state& t = tasks_[task];
  mutex_state& m = mutexes_[op.object];
  const bool shared =
      op.kind == operation_kind::lock_shared || op.kind == operation_kind::try_lock_shared;
  const bool tries =
      op.kind == operation_kind::try_lock || op.kind == operation_kind::try_lock_shared;
  if (t.waits_for == op.object) {
    t.waits_for = 0;
    --m.waiting;
  } else if (m.waiting > 0 || (shared ? m.exclusive : m.owners > 0)) {
    if (tries) return;
    t.waits_for = op.object;
    ++m.waiting;
    return;
  }
  ++m.owners;
  m.exclusive = !shared;
  t.held.push_back(op.object);
}

}  // namespace detail

namespace {

using target = profile::target;

void merge_shares(std::vector<target::share>& into, const std::vector<target::share>& from) {
  for (const auto& s : from) {
    const auto at = std::ranges::lower_bound(into, s.task, {}, &target::share::task);
    if (at == into.end() || at->task != s.task)
      into.insert(at, s);
    else
      at->count = std::max(at->count, s.count);
  }
}

void merge_target(std::vector<target>& into, const target& t) {
  const auto at = std::ranges::lower_bound(into, t.objects, {}, &target::objects);
  if (at == into.end() || at->objects != t.objects) {
    into.insert(at, t);
    return;
  }
  at->weight = std::max(at->weight, t.weight);
  merge_shares(at->shares, t.shares);
}

/// The greatest, but at most twice the (lower) middle one.
std::uint64_t merge_lengths(std::vector<std::uint64_t>& into,
                            const std::vector<std::uint64_t>& from) {
  into.insert(into.end(), from.begin(), from.end());
  std::ranges::sort(into);
  return into.empty() ? 0 : std::min(into.back(), 2 * into[(into.size() - 1) / 2]);
}

using counts = std::map<std::uint32_t, std::uint64_t>;  // by task

/// What one run did to one object.
struct object_use {
  counts bare;  // with no lock held, or of a lock itself
  counts reads, writes;
  std::set<std::uint64_t> guards;  // the outermost locks that were held
  bool is_lock = false;

  /// Of two tasks, one of them writing.
  [[nodiscard]] std::uint64_t conflicting_pairs() const {
    std::uint64_t earlier_reads = 0, earlier_writes = 0, pairs = 0;
    counts all = reads;
    for (const auto& [task, n] : writes) all.try_emplace(task, 0);
    for (const auto& [task, unused] : all) {
      const auto found = writes.find(task);
      const std::uint64_t w = found == writes.end() ? 0 : found->second;
      const std::uint64_t r = all[task];
      pairs += w * (earlier_reads + earlier_writes) + r * earlier_writes;
      earlier_reads += r;
      earlier_writes += w;
    }
    return pairs;
  }
};

}  // namespace

void profile::merge(const profile& other) {
  runs += other.runs;
  choices = merge_lengths(lengths, other.lengths);
  preemptible = merge_lengths(preemptible_lengths, other.preemptible_lengths);
  for (const auto& t : other.targets) merge_target(targets, t);
  using vector = const std::vector<std::uint64_t>;
  if (choices > 0) length = std::make_shared<vector>(1, choices);
  if (preemptible > 0) preemptible_length = std::make_shared<vector>(1, preemptible);
  for (auto& t : targets) {
    std::vector<std::uint64_t> all{t.objects.size()};
    for (const std::uint64_t object : t.objects)
      all.insert(all.end(), {object >> 32, object & 0xffffffffu});
    for (const auto& s : t.shares) all.insert(all.end(), {s.task, s.parent, s.count});
    t.learnt = std::make_shared<vector>(std::move(all));
  }
}

profiler::profiler(std::uint64_t seed, const strategy& how)
    : seeded_(detail::make_seeded_source(seed, how)) {}
profiler::~profiler() = default;

std::uint64_t profiler::take(choice_kind kind, const choice_label& label, std::uint64_t bound) {
  return seeded_->take(kind, label, bound);
}

std::size_t profiler::take_schedule(const choice_label& label, const candidate_list& candidates) {
  ++choices_;
  preemptible_ += candidates.running_goes_on();
  return seeded_->take_schedule(label, candidates);
}

void profiler::ran(std::uint32_t task, const operation& op) noexcept {
  seeded_->ran(task, op);
  // Enough of a long run to know its objects, without its memory growing for ever.
  constexpr std::size_t most = 1'000'000;
  if (steps_.size() < most) steps_.push_back({task, op});
}

profile profiler::learnt() const {
  std::map<std::uint64_t, object_use> uses;
  std::map<std::uint32_t, std::uint32_t> parents{{1, 0}};
  detail::lock_tracker locks;
  std::size_t alive = 1;
  for (const auto& [task, op] : steps_) {
    if (op.kind == operation_kind::spawn) {
      parents.emplace(static_cast<std::uint32_t>(op.object >> 32), task);
      ++alive;
    } else if (op.kind == operation_kind::task_end_ok ||
               op.kind == operation_kind::task_end_failed) {
      if (alive > 0) --alive;
    }
    // What a task does while it is the only one has no other order.
    const bool counts_here =
        task != 0 && alive > 1 && detail::can_be_held_back(op) && !locks.goes_on(task, op);
    if (counts_here) {
      object_use& use = uses[op.object];
      use.is_lock = detail::is_acquisition(op.kind);
      ++(op.is_read() ? use.reads : use.writes)[task];
      const auto& held = locks.held(task);
      if (use.is_lock || held.empty())
        ++use.bare[task];
      else
        use.guards.insert(held.front());
    }
    locks.ran(task, op);
  }

  profile seen;
  seen.runs = 1;
  seen.lengths.push_back(choices_);
  seen.preemptible_lengths.push_back(preemptible_);
  for (const auto& [object, use] : uses) {
    const std::uint64_t pairs = use.conflicting_pairs();
    if (pairs == 0) continue;
    target t;
    // Where more can come in more orders, more seeds look; but a hundred times as many accesses are
    // no reason to look nowhere else.
    t.weight = static_cast<std::uint64_t>(std::bit_width(pairs));
    counts all = use.bare;
    t.objects.assign(use.guards.begin(), use.guards.end());
    for (const std::uint64_t guard : use.guards)
      for (const auto& [task, n] : uses[guard].bare) all[task] += n;
    if (!use.bare.empty()) t.objects.insert(std::ranges::lower_bound(t.objects, object), object);
    for (const auto& [task, n] : all) {
      std::vector<target::share> line{{task, parents[task], n}};
      for (std::uint32_t p = parents[task]; p != 0; p = parents[p])
        line.insert(line.begin(), {p, parents[p], 0});
      merge_shares(t.shares, line);
    }
    merge_target(seen.targets, t);
  }
  return seen;
}

}  // namespace reprise
