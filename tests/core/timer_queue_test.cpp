// The queue of deadlines against the naive thing: a list that is sorted.

#include "timer_queue.hpp"

#include "support/rapidcheck.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

using reprise::detail::timer_queue;

namespace {

constexpr std::int64_t forever = std::numeric_limits<std::int64_t>::max();

struct model {
  struct item {
    std::int64_t when;
    int target;
  };
  std::vector<item> items;  // in the order of their making
  void push(item i) { items.push_back(i); }
  item pop() {
    const auto first = std::ranges::min_element(items, {}, &item::when);
    const item i = *first;
    items.erase(first);
    return i;
  }
};

void same_first(timer_queue<int>& queue, model& naive, std::int64_t by) {
  const auto* const first = queue.first(by);
  const auto least = std::ranges::min_element(naive.items, {}, &model::item::when);
  if (least == naive.items.end() || least->when > by) {
    RC_ASSERT(first == nullptr);
    return;
  }
  RC_ASSERT(first != nullptr);
  RC_ASSERT(first->when() == least->when);
  RC_ASSERT(first->target == least->target);
}

/// Deadlines near and far, equal and not: a number of bits, then a number of so many.
rc::Gen<std::int64_t> distance() {
  return rc::gen::mapcat(rc::gen::inRange(0, 40), [](int bits) {
    return rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << bits);
  });
}

struct step {
  enum class what : std::uint8_t { push, push_many, push_past, pop, look_ahead, purge, clear } does;
  std::int64_t distance;
  int count;
};

}  // namespace

TEST_CASE(
    "a timer queue gives deadlines as a sorted list does, equal ones in the order of their "
    "making") {
  rc::prop("push, pop, look ahead, purge and clear in any order, while time goes on", [] {
    using enum step::what;
    const auto steps = *rc::gen::container<std::vector<step>>(
        rc::gen::construct<step>(rc::gen::weightedElement<step::what>({{6, push},
                                                                       {4, push_many},
                                                                       {8, pop},
                                                                       {3, look_ahead},
                                                                       {1, push_past},
                                                                       {1, purge},
                                                                       {1, clear}}),
                                 distance(), rc::gen::inRange(1, 200)));
    timer_queue<int> queue;
    model naive;
    std::int64_t now = 0;
    int made = 0;
    const auto add = [&](std::int64_t when) {
      queue.push(now, when, made);
      naive.push({when, made++});
    };
    for (const step& s : steps) {
      switch (s.does) {
        case push:
          add(now + s.distance);
          break;
        case push_many:  // downwards, around one deadline, or far apart
          for (int i = 0; i < s.count; ++i)
            add(now + (i % 3 == 0   ? s.distance
                       : i % 3 == 1 ? s.distance * (s.count - i) / s.count
                                    : s.distance * i % (s.distance + 1)));
          break;
        case push_past:
          add(now - s.distance);
          break;
        case pop:
          for (int i = 0; i < s.count && !naive.items.empty(); ++i) {
            same_first(queue, naive, forever);
            queue.pop();
            now = std::max(now, naive.pop().when);
          }
          break;
        case look_ahead:  // what was seen need not come: a time limit strikes before
          same_first(queue, naive, forever);
          same_first(queue, naive, now);
          same_first(queue, naive, now + s.distance);
          break;
        case purge: {
          const auto stale = [](int target) { return target % 3 == 0; };
          queue.purge(stale);
          std::erase_if(naive.items, [&](const auto& i) { return stale(i.target); });
          break;
        }
        case clear:
          queue.clear();
          naive.items.clear();
          break;
      }
      RC_ASSERT(queue.size() == naive.items.size());
      RC_ASSERT(queue.empty() == naive.items.empty());
    }
    std::vector<int> seen, expected;
    queue.each([&](int target) { seen.push_back(target); });
    for (const auto& i : naive.items) expected.push_back(i.target);
    std::ranges::sort(seen);
    RC_ASSERT(seen == expected);
    while (!naive.items.empty()) {
      same_first(queue, naive, forever);
      queue.pop();
      naive.pop();
    }
    RC_ASSERT(queue.first(forever) == nullptr);
  });
  rc::prop("many at once come out sorted, also at the far end of the clock", [] {
    auto deadlines = *rc::gen::container<std::vector<std::int64_t>>(rc::gen::oneOf(
        rc::gen::inRange<std::int64_t>(0, 1000), rc::gen::inRange<std::int64_t>(-forever, forever),
        rc::gen::map(rc::gen::inRange<std::int64_t>(0, 1000),
                     [](std::int64_t n) { return forever - n; })));
    timer_queue<int> queue;
    for (const auto d : deadlines) queue.push(0, d, 0);
    std::ranges::sort(deadlines);
    for (const auto d : deadlines) {
      const auto* const first = queue.first(forever);
      RC_ASSERT(first != nullptr);
      RC_ASSERT(first->when() == d);
      queue.pop();
    }
    RC_ASSERT(queue.empty());
  });
}
