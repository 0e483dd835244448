#include "lock_order.hpp"

#include <reprise/core/stream.hpp>

#include <algorithm>
#include <utility>

namespace reprise::detail {

namespace {

using hold = held_locks::hold;

bool same(const hold& a, const hold& b) noexcept {
  return a.object == b.object && a.shared == b.shared;
}

std::uint64_t hash(const hold& h) noexcept {
  return stream::mix(h.object ^ (h.shared ? std::uint64_t{1} << 63 : 0));
}

}  // namespace

void lock_order::node::clear() noexcept {
  edges.clear();
  next.clear();
  previous.clear();
  search = left = left_by_reader = 0;
}

void lock_order::clear() noexcept {
  now_ = 0;
  tasks_.clear();
  if (used_ > 0) std::ranges::fill(buckets_, 0u);
  used_ = 0;
  numbers_.clear();
  for (std::size_t i = 0; i < nodes_used_; ++i) nodes_[i].clear();
  nodes_used_ = 0;
  components_ = 0;
  searches_ = walks_ = 0;
  judged_ = 0;
  log_.clear();
  forgotten_ = 0;
  looks_ = walked_ = 0;
  told_.clear();
}

std::span<const lock_order::edge* const> lock_order::took(std::uint32_t task,
                                                          std::span<const hold> held,
                                                          const hold& taken, lock_call call) {
  ++now_;
  circle_.clear();
  // Callbacks and jobs have no number that would tell one from another.
  if (call == lock_call::lock && task != 0) {
    for (const hold& h : held) {
      if (h.object == taken.object) continue;
      const std::uint32_t before = judged_;
      const edge* const e = note(task, held, h, taken);
      if (!e || nodes_[e->from_node].component != nodes_[e->to_node].component) continue;
      const auto index = static_cast<std::uint32_t>(e - edges_.data() + 1);
      if (index == before && index == judged_) continue;
      judged_ = index;
      if (judge(*e)) break;
    }
  }
  log(task, taken.object, taken.shared, false);
  return circle_;
}

void lock_order::gave(std::uint32_t task, std::uint64_t object, bool shared) {
  ++now_;
  log(task, object, shared, true);
}

std::uint64_t lock_order::signature(std::span<const edge* const> circle) noexcept {
  std::uint64_t sum = 0;
  for (const edge* e : circle) sum += stream::mix(stream::mix(e->from.object) ^ e->to.object);
  return sum;
}

std::uint32_t lock_order::node_of(std::uint64_t object) {
  std::uint32_t& index = numbers_[object].index;
  if (index == 0) {
    if (nodes_used_ == nodes_.size()) nodes_.emplace_back();
    nodes_[nodes_used_].component = ++components_;
    index = static_cast<std::uint32_t>(++nodes_used_);
  }
  return index - 1;
}

void lock_order::log(std::uint32_t task, std::uint64_t object, bool shared, bool gives) {
  // Walks begin at an edge.
  if (used_ == 0) return;
  if (log_.size() == most_steps) {
    log_.erase(log_.begin(), log_.begin() + most_steps / 2);
    forgotten_ += most_steps / 2;
  }
  log_.push_back({.at = now_,
                  .acquired = tasks_[task].acquired,
                  .task = task,
                  .lock = node_of(object) & 0x3fffffffu,
                  .shared = shared,
                  .gives = gives});
}

lock_order::edge* lock_order::find(std::uint64_t bucket, std::uint32_t task,
                                   std::span<const hold> held, const hold& from,
                                   const hold& to) noexcept {
  for (std::uint32_t i = buckets_[bucket]; i != 0; i = edges_[i - 1].next_alike) {
    edge& e = edges_[i - 1];
    if (e.task == task && same(e.from, from) && same(e.to, to) && e.held.size() == held.size() &&
        std::ranges::all_of(held, [&](const hold& h) {
          return std::ranges::any_of(e.held, [&](const hold& g) { return same(g, h); });
        }))
      return &e;
  }
  return nullptr;
}

lock_order::edge* lock_order::note(std::uint32_t task, std::span<const hold> held, const hold& from,
                                   const hold& to) {
  std::uint64_t sum = stream::mix(task ^ stream::mix(hash(from) ^ stream::mix(hash(to))));
  for (const hold& h : held) sum += hash(h);
  if (buckets_.empty()) buckets_.assign(most_edges, 0);
  const std::uint64_t bucket = sum % most_edges;
  const std::uint64_t acquired = tasks_[task].acquired;
  edge* e = find(bucket, task, held, from, to);
  if (!e) {
    if (used_ == most_edges) return nullptr;
    if (used_ == edges_.size()) edges_.emplace_back();
    e = &edges_[used_++];
    e->task = task;
    e->held.assign(held.begin(), held.end());
    e->from_node = node_of(from.object);
    e->to_node = node_of(to.object);
    e->next_alike = std::exchange(buckets_[bucket], static_cast<std::uint32_t>(used_));
    nodes_[e->from_node].edges.push_back(static_cast<std::uint32_t>(used_ - 1));
    connect(e->from_node, e->to_node);
    judged_ = 0;
  } else if (e->acquired != acquired) {
    judged_ = 0;
  }
  // The latest, which is the least kept apart from what comes.
  e->from = from;
  e->to = to;
  e->at = now_;
  e->acquired = acquired;
  e->logged = forgotten_ + log_.size();
  return e;
}

void lock_order::connect(std::uint32_t from, std::uint32_t to) {
  if (std::ranges::find(nodes_[from].next, to) != nodes_[from].next.end()) return;
  nodes_[from].next.push_back(to);
  nodes_[to].previous.push_back(from);
  if (nodes_[from].component == nodes_[to].component) return;
  // What can be reached from `to`, and of that, if it be reached itself, what reaches `from`.
  const std::uint64_t search = ++searches_;
  nodes_[to].search = search;
  to_visit_.assign(1, to);
  while (!to_visit_.empty()) {
    const std::uint32_t at = to_visit_.back();
    to_visit_.pop_back();
    for (const std::uint32_t n : nodes_[at].next)
      if (std::exchange(nodes_[n].search, search) != search) to_visit_.push_back(n);
  }
  if (nodes_[from].search != search) return;
  const std::uint32_t component = ++components_;
  nodes_[from].component = component;
  to_visit_.assign(1, from);
  while (!to_visit_.empty()) {
    const std::uint32_t at = to_visit_.back();
    to_visit_.pop_back();
    for (const std::uint32_t n : nodes_[at].previous)
      if (nodes_[n].search == search && std::exchange(nodes_[n].component, component) != component)
        to_visit_.push_back(n);
  }
}

bool lock_order::judge(const edge& e) {
  if (told_.size() == most_told) return false;
  circle_.assign(1, &e);
  deepest_ = 1;
  // Short ones first: they are the ones to tell, and all there are mostly.
  for (std::size_t length = 2; length <= std::min(longest, deepest_ + 2); ++length)
    if (close_circle(length)) return true;
  circle_.clear();
  return false;
}

bool lock_order::close_circle(std::size_t length) {
  const edge& first = *circle_.front();
  const edge& last = *circle_.back();
  const bool closing = circle_.size() + 1 == length;
  for (const std::uint32_t i : nodes_[last.to_node].edges) {
    if (++looks_ > most_looks) return false;
    const edge& next = edges_[i];
    const bool closes = next.to_node == first.from_node;
    if (closes != closing || nodes_[next.to_node].component != nodes_[first.to_node].component ||
        (next.from.shared && last.to.shared) || (closes && next.to.shared && first.from.shared) ||
        !std::ranges::all_of(circle_, [&](const edge* e) { return may_be_at_once(*e, next); }))
      continue;
    circle_.push_back(&next);
    if (!closes) deepest_ = std::max(deepest_, circle_.size());
    if (closes ? stands() : close_circle(length)) return true;
    circle_.pop_back();
  }
  return false;
}

bool lock_order::may_be_at_once(const edge& a, const edge& b) const noexcept {
  if (a.task == b.task) return false;
  for (const hold& h : a.held)
    for (const hold& g : b.held)
      if (h.object == g.object && !(h.shared && g.shared)) return false;
  const auto& [first, second] = a.at < b.at ? std::pair<const edge&, const edge&>(a, b)
                                            : std::pair<const edge&, const edge&>(b, a);
  return second.acquired <= first.at || tasks_[first.task].released <= first.at;
}

/// Of the circle that has been found.
bool lock_order::stands() {
  const std::uint64_t told = signature(circle_);
  if (std::ranges::find(told_, told) != told_.end()) return false;
  for (std::size_t i = 0; i < circle_.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (ordered_by_locks(*circle_[i], *circle_[j])) return false;
  told_.push_back(told);
  return true;
}

/// Whether the later of the two came after the earlier by locks that one gave back and another got.
/// What the later one's own hold of `from` owes does not count: in some other run it came first.
bool lock_order::ordered_by_locks(const edge& a, const edge& b) {
  const auto& [first, second] = a.at < b.at ? std::pair<const edge&, const edge&>(a, b)
                                            : std::pair<const edge&, const edge&>(b, a);
  if (first.logged < forgotten_) return true;
  const std::uint64_t walk = ++walks_;
  const auto reach = [&](std::uint32_t task, std::uint64_t at) {
    task_state& t = tasks_[task];
    if (std::exchange(t.walk, walk) == walk) return;
    t.reached = at;
    reached_.push_back(task);
  };
  reached_.clear();
  reach(first.task, first.at);
  bool from_owes = false;
  for (std::uint64_t i = first.logged; i < second.logged; ++i) {
    if (++walked_ > most_walked) return true;
    const step& s = log_[static_cast<std::size_t>(i - forgotten_)];
    node& lock = nodes_[s.lock];
    const bool is_from = s.task == second.task && s.lock == second.from_node;
    if (s.acquired > first.at && tasks_[first.task].released > first.at) reach(s.task, s.at);
    if (!s.gives) {
      const bool owes = lock.left == walk || (!s.shared && lock.left_by_reader == walk);
      if (is_from)
        from_owes = owes;
      else if (owes)
        reach(s.task, s.at);
      continue;
    }
    if (is_from && std::exchange(from_owes, false)) reach(s.task, s.at);
    if (tasks_[s.task].walk == walk) (s.shared ? lock.left_by_reader : lock.left) = walk;
  }
  return std::ranges::any_of(reached_, [&](std::uint32_t task) {
    const task_state& t = tasks_[task];
    return task == second.task || (second.acquired > t.reached && t.released > t.reached);
  });
}

}  // namespace reprise::detail
