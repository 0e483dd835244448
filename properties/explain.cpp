#include <reprise/properties/linearizable.hpp>

#include "picture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <optional>
#include <span>

namespace reprise::detail {

namespace {

// What the search for an explanation may cost, in configurations. In all, each call of a history
// that is tried counts like one. Where that is not enough, calls stay that could go.
constexpr std::uint64_t for_a_try = 20'000;
constexpr std::uint64_t for_a_few_calls = 2'000;
constexpr std::uint64_t for_all = 1'000'000;

/// The calls left when some are taken away. A call is taken away by forgetting what it answered and
/// whether it happened: while it was open it may have, or not. Leaving out a write altogether would
/// blame the reads that saw it. Forgetting only ever allows more orders, so a set from which no
/// single call can go is minimal.
class shrinking {
public:
  shrinking(std::vector<interval> intervals, checked_object& object, order_kind kind)
      : intervals_(std::move(intervals)),
        object_(object),
        kind_(kind),
        start_(object.initial()),
        forgotten_(intervals_.size()) {}

  void run() {
    if (kind_ == order_kind::real_time) {
      cut();
      if (a_few_are_enough()) return;
    }
    left_ = for_all;
    for (std::size_t size = std::bit_ceil(intervals_.size()); size > 0; size /= 2)
      for (std::size_t begin = 0; begin < intervals_.size(); begin += size) forget(begin, size);
  }

  [[nodiscard]] std::vector<interval> left() const {
    std::vector<interval> left;
    for (std::size_t i = 0; i < intervals_.size(); ++i) {
      if (!forgotten_[i])
        left.push_back(intervals_[i]);
      else if (auto f = without_answer(intervals_[i])) {
        f->skippable = true;
        left.push_back(*f);
      }
    }
    return left;
  }
  [[nodiscard]] found_order search(std::span<const interval> intervals,
                                   std::uint64_t budget = for_a_try) const {
    return search_order(kind_, intervals, object_, start_, budget);
  }

private:
  /// Whether nothing explains what is left.
  [[nodiscard]] bool contradicts(std::uint64_t budget) {
    if (left_ == 0) return false;
    const found_order found = search(left(), budget);
    left_ -= std::min<std::uint64_t>(left_, found.configurations + intervals_.size());
    return found.verdict == linearizability::no;
  }

  [[nodiscard]] std::optional<interval> without_answer(interval i) const {
    if (object_.pure(i.call, false)) return std::nullopt;
    i.answered = false;
    i.pure = false;
    return i;
  }

  /// All up to the first response after which nothing explains the history: what comes later can go
  /// at once.
  void cut() {
    std::vector<std::uint64_t> responses;
    for (const interval& i : intervals_)
      if (i.responded != never) responses.push_back(i.responded);
    std::sort(responses.begin(), responses.end());
    std::size_t low = 0, high = responses.size() - 1;
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      if (search(until(responses[middle])).verdict == linearizability::no)
        high = middle;
      else
        low = middle + 1;
    }
    intervals_ = until(responses[high]);
    number_kinds(intervals_, object_);
    forgotten_.assign(intervals_.size(), false);
  }
  [[nodiscard]] std::vector<interval> until(std::uint64_t end) const {
    std::vector<interval> left;
    for (const interval& i : intervals_) {
      if (i.invoked > end) continue;
      if (i.responded <= end) {
        left.push_back(i);
      } else if (auto f = without_answer(i)) {
        f->responded = never;
        left.push_back(*f);
      }
    }
    return left;
  }

  /// Leaves one, two or three calls when that many contradict one another. The last response is one
  /// of them: without it there was no contradiction. Most explanations are of two calls, and so are
  /// found sooner than by taking calls away.
  [[nodiscard]] bool a_few_are_enough() {
    std::vector<std::size_t> others;  // the latest first
    std::size_t last = intervals_.size();
    for (std::size_t i = 0; i < intervals_.size(); ++i) {
      if (intervals_[i].responded == never) continue;
      others.push_back(i);
      if (last == intervals_.size() || intervals_[i].responded > intervals_[last].responded)
        last = i;
    }
    std::erase(others, last);
    std::reverse(others.begin(), others.end());
    left_ = for_all;
    forgotten_.assign(intervals_.size(), true);
    forgotten_[last] = false;
    if (contradicts(for_a_few_calls)) return true;
    for (const std::size_t a : others) {
      forgotten_[a] = false;
      if (contradicts(for_a_few_calls)) return true;
      forgotten_[a] = true;
    }
    for (const std::size_t a : others) {
      forgotten_[a] = false;
      for (const std::size_t b : others) {
        if (b == a) break;
        forgotten_[b] = false;
        if (contradicts(for_a_few_calls)) return true;
        forgotten_[b] = true;
      }
      forgotten_[a] = true;
    }
    forgotten_.assign(intervals_.size(), false);
    return false;
  }

  void forget(std::size_t begin, std::size_t size) {
    const std::size_t end = std::min(begin + size, intervals_.size());
    std::vector<std::size_t> tried;
    for (std::size_t i = begin; i < end; ++i)
      if (!forgotten_[i] && intervals_[i].responded != never) tried.push_back(i);
    if (tried.empty()) return;
    for (const std::size_t i : tried) forgotten_[i] = true;
    if (contradicts(for_a_try)) return;
    for (const std::size_t i : tried) forgotten_[i] = false;
  }

  std::vector<interval> intervals_;
  checked_object& object_;
  order_kind kind_;
  std::uint32_t start_;
  std::vector<bool> forgotten_;
  std::uint64_t left_ = 0;  // configurations
};

bool is_guilty(const interval& i) { return i.responded != never && !i.skippable; }

/// "write(1), then read() = 0 can't be next: …".
std::string furthest(const shrinking& shrunk, const std::vector<interval>& intervals,
                     checked_object& object, order_kind kind) {
  const found_order found = shrunk.search(intervals);
  std::vector<bool> done(intervals.size());
  std::string text;
  for (const std::uint32_t i : found.order) {
    done[i] = true;
    text += fmt::format("{}{}", text.empty() ? "" : ", ",
                        object.call_text(intervals[i].call, intervals[i].answered));
  }
  text = text.empty() ? "No order gets past the start" : "The order that gets furthest: " + text;
  if (const std::string state = object.state_text(found.state); !state.empty())
    text += fmt::format(". The state is then {}", state);
  std::string stuck;
  for (std::size_t i = 0; i < intervals.size(); ++i) {
    if (done[i] || !is_guilty(intervals[i])) continue;
    const bool early = std::none_of(intervals.begin(), intervals.end(), [&](const interval& other) {
      const bool before = kind == order_kind::real_time
                              ? other.responded < intervals[i].invoked
                              : other.process == intervals[i].process && other.responded != never &&
                                    other.invoked < intervals[i].invoked;
      return before && is_guilty(other) &&
             !done[static_cast<std::size_t>(&other - intervals.data())];
    });
    if (!early) continue;
    stuck += fmt::format("{}{}", stuck.empty() ? "" : ", nor ",
                         object.call_text(intervals[i].call, intervals[i].answered));
  }
  return fmt::format("{}; next can't be {}.", text, stuck);
}

}  // namespace

void explain(history_verdict& verdict, std::vector<interval> intervals, checked_object& object,
             const call_log& log, order_kind kind) {
  shrinking shrunk(std::move(intervals), object, kind);
  shrunk.run();
  const std::vector<interval> left = shrunk.left();
  std::vector<pictured_call> calls;
  for (const interval& i : left) {
    if (!is_guilty(i)) continue;
    verdict.guilty.push_back(static_cast<call_id>(i.call));
    calls.push_back({.times = log.times()[i.call],
                     .process = log.process_name(i.process),
                     .text = object.call_text(i.call, i.answered)});
  }
  // A person reads no more than a screen.
  constexpr std::size_t most = 30;
  const std::size_t drawn = std::min(most, calls.size());
  if (drawn < calls.size())
    verdict.picture = fmt::format("  the last {} of {} guilty calls:\n", drawn, calls.size());
  verdict.picture += draw(std::span(calls).last(drawn));
  verdict.picture += furthest(shrunk, left, object, kind) + '\n';
}

}  // namespace reprise::detail
