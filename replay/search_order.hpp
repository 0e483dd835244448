#pragma once

#include <reprise/core/profile.hpp>
#include <reprise/replay/campaign.hpp>

#include <algorithm>
#include <cstdint>

namespace reprise::detail {

/// Of so many runs a search learns, because the first may not enter what another does.
inline constexpr std::uint64_t profile_runs = 3;

/// The config that all runs of a search have, but for seed and schedule.
[[nodiscard]] inline config options_of(const search& what) {
  return {.seed = what.seed,
          .schedule = what.schedule,
          .time_limit = what.time_limit,
          .step_limit = what.step_limit,
          .stack_size = what.stack_size,
          .scenario = what.scenario,
          .params = what.params,
          .detect = what.detect};
}

/// The runs of one part of a search, by position: its seeds in rising order, and the runs that
/// learn just before the first seed of the whole search that needs them, whoever has that.
class search_order {
public:
  search_order(const search& what, const shard& part) : what_(what), part_(part) {
    // Beyond this many positions nobody lives to run.
    constexpr std::uint64_t most = std::uint64_t{1} << 62;
    const std::uint64_t first = part.index - 1;
    seeds_ = first >= what.runs ? 0 : std::min(most, (what.runs - first - 1) / part.count + 1);
    learning_ = seeds_;
    const std::uint64_t needed_by = first_in_need();
    if (needed_by == what.runs) return;
    learning_ = needed_by <= first ? 0 : std::min(seeds_, (needed_by - first - 1) / part.count + 1);
    learns_ = learning_ < seeds_;
    counts_learning_ = needed_by % part.count == first;
  }

  [[nodiscard]] std::uint64_t size() const noexcept {
    return seeds_ + (learns_ ? profile_runs : 0);
  }
  /// Where the runs that learn begin and end; one where there are none.
  [[nodiscard]] std::uint64_t learning_begin() const noexcept { return learning_; }
  [[nodiscard]] std::uint64_t learning_end() const noexcept {
    return learning_ + (learns_ ? profile_runs : 0);
  }
  [[nodiscard]] bool learns(std::uint64_t position) const noexcept {
    return position >= learning_begin() && position < learning_end();
  }
  /// Whether the run is this part's to tell. Parts that only need to learn do so quietly.
  [[nodiscard]] bool counts(std::uint64_t position) const noexcept {
    return counts_learning_ || !learns(position);
  }
  /// Seed and schedule of the run there.
  void set(config& options, std::uint64_t position, const profile& seen) const {
    if (learns(position)) {
      options.seed = first_profile_seed + (position - learning_);
      options.schedule = pos();
      return;
    }
    const std::uint64_t mine = position < learning_ ? position : position - (size() - seeds_);
    options.seed = what_.seed + mine * part_.count + (part_.index - 1);
    options.schedule = what_.schedule.resolved(seen, options.seed);
  }

private:
  /// `what_.runs` where no seed needs a profile.
  [[nodiscard]] std::uint64_t first_in_need() const {
    if (!what_.schedule.wants_profile()) return what_.runs;
    // A mix of strategies needs one within some seeds; one that does not is given it in the end.
    constexpr std::uint64_t far = 4096;
    const std::uint64_t end = std::min(what_.runs, far);
    for (std::uint64_t i = 0; i < end; ++i)
      if (what_.schedule.resolved({}, what_.seed + i).wants_profile()) return i;
    return end;
  }

  const search& what_;
  shard part_;
  std::uint64_t seeds_ = 0;
  std::uint64_t learning_ = 0;
  bool learns_ = false;
  bool counts_learning_ = false;
};

}  // namespace reprise::detail
