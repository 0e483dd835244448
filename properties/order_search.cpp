#include <reprise/properties/order_search.hpp>

#include "configuration_set.hpp"

#include <algorithm>
#include <cstddef>
#include <unordered_map>
#include <utility>

namespace reprise {

const char* to_string(linearizability verdict) noexcept {
  switch (verdict) {
    case linearizability::yes:
      return "yes";
    case linearizability::no:
      return "no";
    case linearizability::unknown:
      break;
  }
  return "unknown";
}

namespace detail {

namespace {

bool test(const std::uint64_t* mask, std::uint32_t bit) noexcept {
  return (mask[bit / 64] >> (bit % 64) & 1) != 0;
}
void set(std::uint64_t* mask, std::uint32_t bit) noexcept {
  mask[bit / 64] |= std::uint64_t{1} << (bit % 64);
}
void clear(std::uint64_t* mask, std::uint32_t bit) noexcept {
  mask[bit / 64] &= ~(std::uint64_t{1} << (bit % 64));
}
/// Marks a candidate that is passed over: it stays without effect.
constexpr std::uint32_t skipped = std::uint32_t{1} << 31;

std::size_t words_for(std::size_t bits) noexcept { return (bits + 63) / 64; }

/// For each optional interval, the one before it of its kind: they are used in that order, since
/// the earlier one can stand in for the later one.
std::vector<std::uint32_t> earlier_twins(std::span<const interval> intervals,
                                         std::span<const std::uint32_t> optional) {
  std::vector<std::uint32_t> twins(intervals.size(), checked_object::none);
  std::unordered_map<std::uint32_t, std::uint32_t> latest;
  for (const std::uint32_t i : optional) {
    if (intervals[i].kind == interval::no_kind) continue;
    if (const auto [at, fresh] = latest.try_emplace(intervals[i].kind, i); !fresh)
      twins[i] = std::exchange(at->second, i);
  }
  return twins;
}

/// A depth-first search with an explicit stack: a task's own stack may be small. What a
/// configuration is, and what can be done in it, is the `Problem`'s.
template <class Problem>
class depth_first {
public:
  depth_first(Problem& problem, checked_object& object, std::uint64_t budget,
              std::vector<std::uint32_t>* finals)
      : problem_(problem),
        object_(object),
        budget_(budget),
        finals_(finals),
        width_(problem.key_words() + problem.optional_words()),
        seen_(problem.key_words(), problem.optional_words()),
        words_(width_) {}

  found_order run(std::span<const std::uint32_t> starts) {
    for (const std::uint32_t start : starts) {
      std::fill(words_.begin(), words_.end(), 0);
      path_.clear();
      if (arrive(start) || descend()) break;
    }
    if (finals_ != nullptr && !finals_->empty() && best_.verdict == linearizability::no)
      best_.verdict = linearizability::yes;
    best_.configurations = seen_.size();
    return std::move(best_);
  }

private:
  struct frame {
    std::uint32_t state;
    std::uint32_t next;       // the first candidate that was not tried yet
    std::uint32_t path_size;  // operations in order when this configuration was reached
  };

  /// Takes the configuration in `words_` as reached. True when the search is over.
  bool arrive(std::uint32_t state) {
    problem_.settle(words_.data(), state, object_, path_);
    if (problem_.complete(words_.data())) {
      if (finals_ != nullptr) {
        if (std::find(finals_->begin(), finals_->end(), state) == finals_->end())
          finals_->push_back(state);
        return false;
      }
      best_.verdict = linearizability::yes;
      best_.order = path_;
      best_.state = state;
      return true;
    }
    problem_.put_state(words_.data(), state);
    if (problem_.hopeless(words_.data(), state, object_)) return false;
    if (!seen_.insert(words_)) return false;
    if (budget_ != 0 && seen_.size() > budget_) {
      best_.verdict = linearizability::unknown;
      return true;
    }
    if (const auto depth = problem_.depth(words_.data(), path_);
        depth > deepest_ || best_.state == checked_object::none) {
      deepest_ = depth;
      best_.order = path_;
      best_.state = state;
    }
    stack_.push_back({state, 0, static_cast<std::uint32_t>(path_.size())});
    stack_words_.insert(stack_words_.end(), words_.begin(), words_.end());
    return false;
  }

  /// True when the search is over; false when everything from here was tried.
  bool descend() {
    while (!stack_.empty()) {
      frame& top = stack_.back();
      const std::size_t base = stack_words_.size() - width_;
      path_.resize(top.path_size);
      const auto candidates = problem_.candidates(&stack_words_[base]);
      bool tried = false;
      while (!tried && top.next < candidates.size()) {
        const std::uint32_t candidate = candidates[top.next++];
        const std::uint32_t i = candidate & ~skipped;
        if (!problem_.can_be_next(&stack_words_[base], i)) continue;
        const interval& what = problem_.intervals()[i];
        std::uint32_t state = top.state;
        if (candidate == i) {
          state = object_.step(top.state, what.call, what.answered);
          if (state == checked_object::none) continue;
          // Of no use to anyone.
          if (state == top.state && (what.responded == never || what.skippable)) continue;
          path_.push_back(i);
        }
        std::copy_n(&stack_words_[base], width_, words_.data());
        problem_.take(words_.data(), i);
        tried = true;
        if (arrive(state)) return true;
        // `top` may be gone: the stack has grown.
      }
      if (!tried) {
        stack_.pop_back();
        stack_words_.resize(base);
      }
    }
    return false;
  }

  Problem& problem_;
  checked_object& object_;
  std::uint64_t budget_;
  std::vector<std::uint32_t>* finals_;
  std::size_t width_;
  configuration_set seen_;
  std::vector<std::uint64_t> words_;  // of the configuration that is being made
  std::vector<frame> stack_;
  std::vector<std::uint64_t> stack_words_;
  std::vector<std::uint32_t> path_;
  std::uint64_t deepest_ = 0;
  found_order best_;
};

/// Linearizability. The words of a configuration: (frontier, state), then a bit for each open
/// operation that took effect, then one for each optional operation that did. The *frontier* is the
/// first response whose operation has not taken effect.
class timed_problem {
public:
  timed_problem(std::span<const interval> intervals, const checked_object& object)
      : intervals_(intervals), slot_(intervals.size()) {
    for (std::uint32_t i = 0; i < intervals.size(); ++i) {
      if (intervals[i].responded != never)
        responses_.push_back(i);
      else if (!intervals[i].pure)
        optional_.push_back(i);
    }
    const auto invoked_earlier = [&](std::uint32_t a, std::uint32_t b) {
      return intervals[a].invoked < intervals[b].invoked;
    };
    std::vector<std::uint32_t> by_invocation = responses_;
    std::sort(by_invocation.begin(), by_invocation.end(), invoked_earlier);
    std::sort(optional_.begin(), optional_.end(), invoked_earlier);
    std::sort(responses_.begin(), responses_.end(), [&](std::uint32_t a, std::uint32_t b) {
      return intervals[a].responded < intervals[b].responded;
    });
    twins_ = earlier_twins(intervals, optional_);
    for (std::uint32_t n = 0; n < optional_.size(); ++n) slot_[optional_[n]] = n;
    optional_words_ = words_for(optional_.size());

    // At each response: what is open there, the earliest response first, so that an order that
    // waits for nobody is tried first.
    for (const std::uint32_t i : by_invocation)
      if (intervals[i].pure) reads_by_invocation_.push_back(i);
    std::vector<std::uint32_t> free_slots;
    std::vector<std::uint32_t> open;
    std::uint32_t slots = 0;
    std::size_t next = 0, next_optional = 0, next_read = 0;
    for (const std::uint32_t r : responses_) {
      const std::uint64_t now = intervals[r].responded;
      for (; next < by_invocation.size() && intervals[by_invocation[next]].invoked < now; ++next) {
        const std::uint32_t i = by_invocation[next];
        if (intervals[i].pure) ++next_read;
        if (free_slots.empty()) free_slots.push_back(slots++);
        slot_[i] = free_slots.back();
        free_slots.pop_back();
        open.insert(std::upper_bound(open.begin(), open.end(), i,
                                     [&](std::uint32_t a, std::uint32_t b) {
                                       return intervals[a].responded < intervals[b].responded;
                                     }),
                    i);
      }
      while (next_optional < optional_.size() && intervals[optional_[next_optional]].invoked < now)
        ++next_optional;
      const auto change_begin = changes_.size(), read_begin = reads_.size();
      // Nobody needs to pass over a call before its response is the one in the way.
      if (intervals[r].skippable) changes_.push_back(r | skipped);
      for (const std::uint32_t i : open) (intervals[i].pure ? reads_ : changes_).push_back(i);
      changes_.insert(changes_.end(), optional_.begin(),
                      optional_.begin() + static_cast<std::ptrdiff_t>(next_optional));
      open_.push_back({change_begin, changes_.size(), read_begin, reads_.size(), next_read});
      free_slots.push_back(slot_[r]);
      open.erase(open.begin());
    }
    mask_words_ = words_for(slots);
    if (object.foresees()) foresee(object);
  }

  [[nodiscard]] std::span<const interval> intervals() const noexcept { return intervals_; }
  [[nodiscard]] std::size_t key_words() const noexcept { return 1 + mask_words_; }
  [[nodiscard]] std::size_t optional_words() const noexcept { return optional_words_; }

  [[nodiscard]] bool complete(const std::uint64_t* words) const noexcept {
    return frontier(words) == responses_.size();
  }
  [[nodiscard]] std::uint64_t depth(const std::uint64_t* words,
                                    const std::vector<std::uint32_t>& path) const noexcept {
    return frontier(words) << 32 | path.size();
  }
  static void put_state(std::uint64_t* words, std::uint32_t state) noexcept {
    words[0] = words[0] >> 32 << 32 | state;
  }

  /// Moves the frontier, and lets every read take effect that can give its answer now. Nothing is
  /// lost by that: it changes no state, so whatever order goes on from here goes on with it first.
  void settle(std::uint64_t* words, std::uint32_t state, checked_object& object,
              std::vector<std::uint32_t>& path) const {
    std::uint64_t* mask = words + 1;
    std::uint64_t at = frontier(words);
    for (bool more = true; more;) {
      while (at < responses_.size() && test(mask, slot_[responses_[at]]))
        clear(mask, slot_[responses_[at++]]);
      more = false;
      if (at == responses_.size()) break;
      for (std::size_t n = open_[at].read_begin; n < open_[at].read_end; ++n) {
        const std::uint32_t i = reads_[n];
        if (test(mask, slot_[i]) ||
            object.step(state, intervals_[i].call, intervals_[i].answered) == checked_object::none)
          continue;
        set(mask, slot_[i]);
        path.push_back(i);
        more = more || i == responses_[at];
      }
    }
    words[0] = at << 32;
  }

  /// Whether one of the reads that are open or come next can't give its answer any more: nothing
  /// that overwrites what it reads is still to come, and without that no order goes on from here.
  [[nodiscard]] bool hopeless(const std::uint64_t* words, std::uint32_t state,
                              const checked_object& object) const {
    if (overwritten_until_.empty()) return false;
    const open_at& here = open_[frontier(words)];
    const std::uint64_t now = intervals_[responses_[frontier(words)]].responded;
    const auto is_hopeless = [&](std::uint32_t i) {
      return overwritten_until_[i] <= now && object.never_again(state, intervals_[i].call) &&
             !overwritten(words, i, object);
    };
    for (std::size_t n = here.read_begin; n < here.read_end; ++n)
      if (!test(words + 1, slot_[reads_[n]]) && is_hopeless(reads_[n])) return true;
    constexpr std::size_t foreseen = 4;  // more find little that these don't
    for (std::size_t n = here.next_read;
         n < std::min(here.next_read + foreseen, reads_by_invocation_.size()); ++n)
      if (is_hopeless(reads_by_invocation_[n])) return true;
    return false;
  }

  [[nodiscard]] std::span<const std::uint32_t> candidates(const std::uint64_t* words) const {
    const open_at& here = open_[frontier(words)];
    return std::span(changes_).subspan(here.change_begin, here.change_end - here.change_begin);
  }
  [[nodiscard]] bool can_be_next(const std::uint64_t* words, std::uint32_t i) const noexcept {
    if (intervals_[i].responded != never) return !test(words + 1, slot_[i]);
    const std::uint64_t* used = words + 1 + mask_words_;
    return !test(used, slot_[i]) &&
           (twins_[i] == checked_object::none || test(used, slot_[twins_[i]]));
  }
  void take(std::uint64_t* words, std::uint32_t i) const noexcept {
    set(words + 1 + (intervals_[i].responded == never ? mask_words_ : 0), slot_[i]);
  }

private:
  struct open_at {
    std::size_t change_begin, change_end, read_begin, read_end;
    std::size_t next_read;  // of the reads by invocation, the first that is not open yet
  };
  static std::uint64_t frontier(const std::uint64_t* words) noexcept { return words[0] >> 32; }

  /// Whether a change that is open and has not taken effect overwrites what `read` reads.
  [[nodiscard]] bool overwritten(const std::uint64_t* words, std::uint32_t read,
                                 const checked_object& object) const {
    const auto changes = candidates(words);
    return std::any_of(changes.begin(), changes.end(), [&](std::uint32_t candidate) {
      const std::uint32_t i = candidate & ~skipped;
      const bool done =
          test(words + 1 + (intervals_[i].responded == never ? mask_words_ : 0), slot_[i]);
      return !done && object.overwrites(intervals_[i].call, intervals_[read].call);
    });
  }
  void foresee(const checked_object& object) {
    overwritten_until_.resize(intervals_.size());
    std::vector<const interval*> overwriting;
    for (const interval& i : intervals_)
      if (!i.pure && object.overwrites(i.call, i.call)) overwriting.push_back(&i);
    std::sort(overwriting.begin(), overwriting.end(),
              [](const interval* a, const interval* b) { return a->invoked < b->invoked; });
    for (const std::uint32_t r : reads_by_invocation_) {
      auto at =
          std::lower_bound(overwriting.begin(), overwriting.end(), intervals_[r].responded,
                           [](const interval* i, std::uint64_t end) { return i->invoked < end; });
      while (at != overwriting.begin() && overwritten_until_[r] == 0)
        if (object.overwrites((*--at)->call, intervals_[r].call))
          overwritten_until_[r] = (*at)->invoked;
    }
  }

  std::span<const interval> intervals_;
  std::vector<std::uint32_t> reads_by_invocation_;
  std::vector<std::uint64_t> overwritten_until_;  // of a read: the last invocation that overwrites
  std::vector<std::uint32_t> slot_;               // of an interval: its bit while it is open
  std::vector<std::uint32_t> responses_;          // intervals by response
  std::vector<std::uint32_t> optional_;           // those without, by invocation
  std::vector<std::uint32_t> twins_;
  std::vector<std::uint32_t> changes_, reads_;  // what is open at each response, one after another
  std::vector<open_at> open_;                   // where each response's part of them lies
  std::size_t mask_words_ = 0;
  std::size_t optional_words_ = 0;
};

/// Sequential consistency. The words of a configuration: the state, then how far each process is,
/// then a bit for each optional operation that took effect.
class process_problem {
public:
  explicit process_problem(std::span<const interval> intervals)
      : intervals_(intervals), slot_(intervals.size()), place_(intervals.size()) {
    std::vector<std::uint32_t> order(intervals.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
      return intervals[a].invoked < intervals[b].invoked;
    });
    std::unordered_map<std::uint64_t, std::uint32_t> numbers;
    for (const std::uint32_t i : order) {
      const auto [at, fresh] =
          numbers.try_emplace(intervals[i].process, static_cast<std::uint32_t>(processes_.size()));
      if (fresh) processes_.emplace_back();
      slot_[i] = at->second;
      place_[i] = static_cast<std::uint32_t>(processes_[at->second].size());
      if (intervals[i].responded != never) {
        processes_[at->second].push_back(i);
        ++required_;
      } else if (!intervals[i].pure) {
        optional_.push_back(i);
      }
    }
    bit_.resize(intervals.size());
    for (std::uint32_t n = 0; n < optional_.size(); ++n) bit_[optional_[n]] = n;
    candidates_.resize(1 + processes_.size());
  }

  [[nodiscard]] std::span<const interval> intervals() const noexcept { return intervals_; }
  [[nodiscard]] std::size_t key_words() const noexcept { return 1 + processes_.size(); }
  [[nodiscard]] std::size_t optional_words() const noexcept { return words_for(optional_.size()); }
  [[nodiscard]] bool complete(const std::uint64_t* words) const noexcept {
    return done(words) == required_;
  }
  [[nodiscard]] std::uint64_t depth(const std::uint64_t* words,
                                    const std::vector<std::uint32_t>& path) const noexcept {
    return done(words) << 32 | path.size();
  }
  static void put_state(std::uint64_t* words, std::uint32_t state) noexcept { words[0] = state; }

  /// Reads that can give their answers now take effect at once, as above.
  void settle(std::uint64_t* words, std::uint32_t state, checked_object& object,
              std::vector<std::uint32_t>& path) const {
    for (std::size_t p = 0; p < processes_.size(); ++p) {
      for (auto& at = words[1 + p]; at < processes_[p].size(); ++at) {
        const std::uint32_t i = processes_[p][at];
        if (!intervals_[i].pure ||
            object.step(state, intervals_[i].call, intervals_[i].answered) == checked_object::none)
          break;
        path.push_back(i);
      }
    }
  }

  static bool hopeless(const std::uint64_t*, std::uint32_t, const checked_object&) noexcept {
    return false;
  }

  [[nodiscard]] std::span<const std::uint32_t> candidates(const std::uint64_t* words) {
    candidates_.clear();
    for (std::size_t p = 0; p < processes_.size(); ++p)
      if (words[1 + p] < processes_[p].size()) {
        const std::uint32_t i = processes_[p][words[1 + p]];
        if (intervals_[i].skippable) candidates_.push_back(i | skipped);
        candidates_.push_back(i);
      }
    candidates_.insert(candidates_.end(), optional_.begin(), optional_.end());
    return candidates_;
  }
  [[nodiscard]] bool can_be_next(const std::uint64_t* words, std::uint32_t i) const noexcept {
    if (intervals_[i].responded != never) return !intervals_[i].pure;
    return words[1 + slot_[i]] >= place_[i] && !test(words + key_words(), bit_[i]);
  }
  void take(std::uint64_t* words, std::uint32_t i) const noexcept {
    if (intervals_[i].responded != never)
      ++words[1 + slot_[i]];
    else
      set(words + key_words(), bit_[i]);
  }

private:
  [[nodiscard]] std::uint64_t done(const std::uint64_t* words) const noexcept {
    std::uint64_t sum = 0;
    for (std::size_t p = 0; p < processes_.size(); ++p) sum += words[1 + p];
    return sum;
  }

  std::span<const interval> intervals_;
  std::vector<std::uint32_t> slot_;   // of an interval: its process
  std::vector<std::uint32_t> place_;  // how many of its process must have come before it
  std::vector<std::vector<std::uint32_t>> processes_;
  std::vector<std::uint32_t> optional_;
  std::vector<std::uint32_t> bit_;  // of an optional interval
  std::vector<std::uint32_t> candidates_;
  std::uint64_t required_ = 0;
};

}  // namespace

found_order find_order(std::span<const interval> intervals, checked_object& object,
                       std::span<const std::uint32_t> starts, std::uint64_t budget,
                       std::vector<std::uint32_t>* finals) {
  timed_problem problem(intervals, object);
  return depth_first(problem, object, budget, finals).run(starts);
}

found_order find_sequential_order(std::span<const interval> intervals, checked_object& object,
                                  std::span<const std::uint32_t> starts, std::uint64_t budget) {
  process_problem problem(intervals);
  return depth_first(problem, object, budget, nullptr).run(starts);
}

}  // namespace detail
}  // namespace reprise
