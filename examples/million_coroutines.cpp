// A million coroutines, all asleep at once: each holds its frame, and no stack. What
// million_sleepers does with fibers, for a hundredth of the memory.

#include "traced.hpp"

#include <reprise/reprise.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace {

struct sleepers {
  reprise::duration slowest{0};
  std::uint32_t awake = 0;

  reprise::co_task<> nap() {
    const double delay = reprise::rng().uniform(0.5, 2.0);
    const auto time = reprise::to_duration(gallery::seconds(delay));
    slowest = std::max(slowest, time);
    co_await reprise::co::sleep_for(time);
    ++awake;
  }
};

}  // namespace

REPRISE_CO_SCENARIO("million_coroutines",
                    "a million coroutines sleep half a second to two, all at once",
                    reprise::parameter{"n", "1000000", "how many coroutines sleep", "1000"}) {
  const auto n = reprise::param<std::uint32_t>("n");
  sleepers all;
  const auto began = reprise::virtual_clock::now();
  {
    std::vector<reprise::co_task<>> naps;
    naps.reserve(n);
    for (std::uint32_t i = 0; i < n; ++i) naps.push_back(all.nap());
    co_await reprise::co::gather(std::move(naps));
  }
  const reprise::duration took = reprise::virtual_clock::now() - began;
  reprise::log("{} coroutines slept, the slowest for {} ns", all.awake, all.slowest.count());
  reprise::expect(all.awake == n, "{} of {} coroutines woke", all.awake, n);
  reprise::expect(took == all.slowest, "took {} ns, the slowest slept {} ns", took.count(),
                  all.slowest.count());
}
