// The ring of what is ready against the naive thing: a deque.

#include "ready_queue.hpp"

#include "support/rapidcheck.hpp"

#include <deque>
#include <vector>

using reprise::detail::ready_queue;

TEST_CASE("a ready queue is a queue, with an index") {
  rc::prop("push, pop, take and exchange in any order", [] {
    const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(-30, 60));
    ready_queue<int> queue;
    std::deque<int> naive;
    int next = 0;
    // Enough at the start for the ring to be full, to grow and to wrap around.
    const int at_start = *rc::gen::oneOf(rc::gen::inRange(0, 200), rc::gen::element(64, 128));
    for (int i = 0; i < at_start; ++i) {
      queue.push(next);
      naive.push_back(next++);
    }
    for (const int step : steps) {
      if (step < -10) {
        if (naive.empty()) continue;
        RC_ASSERT(queue.pop() == naive.front());
        naive.pop_front();
      } else if (step < 0) {
        if (naive.empty()) continue;
        const auto i = static_cast<std::size_t>(-step) * 7 % naive.size();
        const bool exchanged = step % 2 == 0;
        RC_ASSERT((exchanged ? queue.exchange(i, next) : queue.take(i)) == naive[i]);
        naive.erase(naive.begin() + static_cast<std::ptrdiff_t>(i));
        if (exchanged) naive.push_back(next++);
      } else {
        queue.push(next);
        naive.push_back(next++);
      }
      RC_ASSERT(queue.size() == naive.size());
      RC_ASSERT(queue.empty() == naive.empty());
      for (std::size_t i = 0; i < naive.size(); ++i) RC_ASSERT(queue[i] == naive[i]);
    }
  });
}
