#include "simpler_schedule.hpp"

#include <reprise/core/profile.hpp>

#include <utility>

namespace reprise::detail {

namespace {

constexpr std::uint64_t seeds = 100;

}  // namespace

std::string kind_of(const report& r) {
  std::string kind = to_string(r.result);
  kind += ' ' + r.exception;
  if (const std::size_t at = r.what.find("\n  at "); at != std::string::npos)
    kind += r.what.substr(at, r.what.find('\n', at + 1) - at);
  return kind;
}

bool find_simpler_schedule(report& best, run_choice& how, std::uint64_t first_seed,
                           const strategy& usual,
                           const std::function<report(const run_choice&)>& again,
                           const std::function<bool()>& more) {
  const std::string kind = kind_of(best);
  bool any = false;
  const auto keep_if_simpler = [&](const run_choice& other) {
    report r = again(other);
    const bool simpler =
        r.preemptions < best.preemptions || (other.schedule == fifo() && how.schedule != fifo());
    if (r || !simpler || kind_of(r) != kind) return;
    best = std::move(r);
    how = other;
    any = true;
  };
  if (how.schedule != fifo() && more()) keep_if_simpler({how.seed, fifo()});
  for (std::uint64_t i = 0; i < seeds && best.preemptions > 0; ++i) {
    const std::uint64_t seed = first_seed + i;
    for (const strategy& s : {preemption_bounded(i % 3), delay_bounded(1 + i % 2), usual})
      if (best.preemptions > 0 && more()) keep_if_simpler({seed, s.resolved({}, seed)});
  }
  return any;
}

}  // namespace reprise::detail
