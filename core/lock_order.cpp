#include "lock_order.hpp"

#include <reprise/core/wait_queue.hpp>

#include <algorithm>
#include <utility>

namespace reprise::detail {

void lock_order::clear() noexcept {
  now_ = 0;
  used_ = 0;
  tasks_.clear();
}

std::span<const lock_order::edge* const> lock_order::took(std::uint32_t task,
                                                          const sync_object& lock, bool shared,
                                                          bool tried, void* place) {
  ++now_;
  circle_.clear();
  task_state& me = tasks_[task];
  const hold mine{&lock, lock.object(), place, shared};
  if (!tried) {
    for (const hold& h : me.held) {
      if (h.object == mine.object) continue;
      const edge* const e = note(task, h, mine);
      if (!e) continue;
      circle_.assign(1, e);
      if (close_circle()) break;
      circle_.clear();
    }
  }
  me.held.push_back(mine);
  return circle_;
}

void lock_order::gave(std::uint32_t task, std::uint64_t object) noexcept {
  auto& held = tasks_[task].held;
  const auto found = std::ranges::find(held, object, &hold::object);
  if (found != held.end()) held.erase(found);
}

lock_order::edge* lock_order::note(std::uint32_t task, const hold& from, const hold& to) {
  const task_state& me = tasks_[task];
  const auto is_gate = [&](const hold& h) { return h.object != from.object; };
  const auto same = [&](const edge& e) {
    return e.from == from.object && e.to == to.object && e.task == task &&
           e.from_shared == from.shared && e.to_shared == to.shared &&
           static_cast<std::size_t>(std::ranges::count_if(me.held, is_gate)) == e.gates.size() &&
           std::ranges::all_of(me.held, [&](const hold& h) {
             return !is_gate(h) || std::ranges::find(e.gates, h.object) != e.gates.end();
           });
  };
  const auto known = std::ranges::find_if(
      edges_.begin(), edges_.begin() + static_cast<std::ptrdiff_t>(used_), same);
  edge* e = nullptr;
  if (known != edges_.begin() + static_cast<std::ptrdiff_t>(used_)) {
    e = &*known;
  } else {
    if (used_ == most_edges) return nullptr;
    if (used_ == edges_.size()) edges_.emplace_back();
    e = &edges_[used_++];
    e->from = from.object, e->to = to.object;
    e->task = task;
    e->from_shared = from.shared, e->to_shared = to.shared;
    e->from_name = from.lock->description();
    e->to_name = to.lock->description();
    e->gates.clear();
    for (const hold& h : me.held)
      if (is_gate(h)) e->gates.push_back(h.object);
  }
  // The latest, which is the least kept apart from what comes.
  e->at = now_;
  e->acquired = me.acquired;
  e->from_place = from.place;
  e->to_place = to.place;
  return e;
}

bool lock_order::kept_apart(const edge& a, const edge& b) const noexcept {
  const auto& [first, second] = a.at < b.at ? std::pair<const edge&, const edge&>(a, b)
                                            : std::pair<const edge&, const edge&>(b, a);
  return second.acquired > first.at && tasks_[first.task].released > first.at;
}

bool lock_order::fits(const edge& next) const noexcept {
  const edge& last = *circle_.back();
  if (next.from != last.to || (next.from_shared && last.to_shared)) return false;
  return std::ranges::all_of(circle_, [&](const edge* other) {
    return other->task != next.task && !kept_apart(*other, next) &&
           std::ranges::none_of(next.gates, [&](std::uint64_t gate) {
             return std::ranges::find(other->gates, gate) != other->gates.end();
           });
  });
}

bool lock_order::close_circle() {
  for (std::size_t i = 0; i < used_; ++i) {
    const edge& next = edges_[i];
    if (!fits(next)) continue;
    circle_.push_back(&next);
    const edge& first = *circle_.front();
    if (next.to == first.from && !(next.to_shared && first.from_shared)) return true;
    if (circle_.size() < longest && close_circle()) return true;
    circle_.pop_back();
  }
  return false;
}

}  // namespace reprise::detail
