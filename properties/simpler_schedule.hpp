#pragma once

#include <reprise/core/run.hpp>
#include <reprise/core/strategy.hpp>

#include <cstdint>
#include <functional>
#include <string>

namespace reprise::detail {

/// What makes two failures the same one: how they ended, and where or with which exception.
[[nodiscard]] std::string kind_of(const report& r);

/// How a run was made, besides its program.
struct run_choice {
  std::uint64_t seed = 0;
  strategy schedule;
};

/// Looks for a run that fails in the same way as `best` and leaves fewer tasks that could have gone
/// on: as `fifo()` has it, then under strategies that leave few, `seeds` each from `first_seed` on.
///
/// `again` makes a run; `more` says whether there may be another one. Returns whether there was
/// one, which `best` and `how` are then.
bool find_simpler_schedule(report& best, run_choice& how, std::uint64_t first_seed,
                           const strategy& usual,
                           const std::function<report(const run_choice&)>& again,
                           const std::function<bool()>& more);

}  // namespace reprise::detail
