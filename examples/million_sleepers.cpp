// A million tasks, each with a stack of its own, all asleep at once. Each draws how long it sleeps;
// the gather takes exactly as long as the slowest, and the million wake in the order of their
// delays.

#include "traced.hpp"

#include <reprise/reprise.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <ranges>

REPRISE_SCENARIO("million_sleepers", "a million tasks sleep half a second to two, all at once",
                 reprise::parameter{"n", "1000000", "how many tasks sleep", "1000"}) {
  const auto n = reprise::param<std::uint32_t>("n");
  reprise::duration slowest{0};
  std::uint32_t awake = 0;

  const auto sleeper = [&] {
    const double delay = reprise::rng().uniform(0.5, 2.0);
    const auto nap = reprise::to_duration(gallery::seconds(delay));
    slowest = std::max(slowest, nap);
    reprise::sleep_for(nap);
    ++awake;
  };

  // A range of references to one function: no list of a million closures.
  auto sleepers =
      std::views::iota(0u, n) | std::views::transform([&](auto) { return std::ref(sleeper); });
  const reprise::duration took = reprise::elapsed([&] { reprise::gather(sleepers); });
  reprise::log("{} tasks slept, the slowest for {} ns", awake, slowest.count());
  reprise::expect(awake == n, "{} of {} tasks woke", awake, n);
  reprise::expect(took == slowest, "took {} ns, the slowest slept {} ns", took.count(),
                  slowest.count());
}
