// The heap of deadlines against the naive thing: a list that is sorted.

#include "timer_queue.hpp"

#include "support/rapidcheck.hpp"

#include <algorithm>
#include <vector>

using reprise::detail::timer_queue;

namespace {

struct model {
  struct item {
    std::int64_t when;
    std::uint64_t sequence;
    int target;
  };
  std::vector<item> items;
  void push(item i) { items.push_back(i); }
  item pop() {
    const auto first =
        std::min_element(items.begin(), items.end(), [](const item& a, const item& b) {
          return a.when != b.when ? a.when < b.when : a.sequence < b.sequence;
        });
    const item i = *first;
    items.erase(first);
    return i;
  }
};

}  // namespace

TEST_CASE(
    "a timer queue gives deadlines as a sorted list does, equal ones in the order of their "
    "making") {
  rc::prop("push, pop and purge in any order", [] {
    const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(-3, 12));
    timer_queue<int> queue;
    model naive;
    std::uint64_t sequence = 0;
    for (const int step : steps) {
      if (step == -3) {
        const auto stale = [](int target) { return target % 3 == 0; };
        queue.purge(stale);
        std::erase_if(naive.items, [&](const auto& i) { return stale(i.target); });
      } else if (step < 0) {
        RC_ASSERT(queue.empty() == naive.items.empty());
        if (queue.empty()) continue;
        const auto expected = naive.pop();
        RC_ASSERT(queue.first().when == expected.when);
        RC_ASSERT(queue.first().sequence == expected.sequence);
        RC_ASSERT(queue.first().target == expected.target);
        queue.pop();
      } else {
        const int target = static_cast<int>(sequence);
        queue.push({step, sequence, target});
        naive.push({step, sequence, target});
        ++sequence;
      }
      RC_ASSERT(queue.size() == naive.items.size());
    }
    std::size_t seen = 0;
    queue.each([&](int) { ++seen; });
    RC_ASSERT(seen == queue.size());
    while (!queue.empty()) {
      RC_ASSERT(queue.first().sequence == naive.pop().sequence);
      queue.pop();
    }
  });
  rc::prop("many at once come out sorted", [](std::vector<std::int64_t> deadlines) {
    timer_queue<int> queue;
    std::uint64_t sequence = 0;
    for (const auto d : deadlines) queue.push({d, sequence++, 0});
    std::sort(deadlines.begin(), deadlines.end());
    for (const auto d : deadlines) {
      RC_ASSERT(queue.first().when == d);
      queue.pop();
    }
    RC_ASSERT(queue.empty());
  });
}
