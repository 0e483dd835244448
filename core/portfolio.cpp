#include "policies.hpp"

namespace reprise {

namespace detail {

namespace {

/// By the seed alone, so that a seed is the same run in whatever shard it is run.
strategy member(std::uint64_t seed) {
  switch (seed % 8) {
    case 6:
      return pct(3);
    case 7:
      return random_walk();
    default:
      return seed % 2 ? surw() : pos();
  }
}

}  // namespace

constinit const strategy_kind portfolio_kind{
    .id = 10,
    .name = "portfolio",
    .about = "pos and surw by turns, an eighth pct(3), an eighth random_walk",
    .parameters = 0,
    // Asked for by nobody: it is another one in every run.
    .make = []() -> std::unique_ptr<scheduling_policy> { return random_walk_kind.make(); },
    .resolve = [](const strategy&, const profile& seen,
                  std::uint64_t seed) { return member(seed).resolved(seen, seed); }};

}  // namespace detail

strategy portfolio() noexcept { return strategy(detail::portfolio_kind); }

}  // namespace reprise
