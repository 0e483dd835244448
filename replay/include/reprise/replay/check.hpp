#pragma once

#include <reprise/core/run.hpp>
#include <reprise/core/strategy.hpp>
#include <reprise/replay/campaign.hpp>
#include <reprise/replay/corpus.hpp>
#include <reprise/replay/determinism.hpp>
#include <reprise/replay/scenario.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace reprise {

/// What a check does: the kept failures first, then every scenario.
struct check_plan {
  std::string folder = ".reprise";  // where failures are kept
  /// Of real time, shared out among the scenarios; making runs again has its part of it. Each has a
  /// tenth of a second at least.
  std::chrono::nanoseconds budget{0};
  std::uint64_t runs = 0;  // instead: seeds of each scenario
  std::uint64_t seed = 0;  // the first of each
  strategy schedule = portfolio();
  /// Jobs, part, limits. What is searched, and its budget, are the check's own.
  campaign_plan how = {};
  /// Called some twenty times a second with what is being done; false ends the check.
  std::function<bool(const std::string& what, const campaign_progress&)> progress = {};
};

/// A kept failure, tried again.
struct checked_case {
  corpus::entry kept;
  case_outcome outcome;
};

/// One kind of failure that exploring a scenario has shown.
struct found_kind {
  std::string signature;
  report first;
  std::uint64_t seeds = 0;  // how many failed so
  std::string path;         // where it is kept; empty when it could not be
  bool known = false;       // it was kept before
  std::string known_since;  // "2026-10-02", where the case says it
};

/// A scenario, explored.
struct checked_scenario {
  std::string name;
  config options;
  campaign_result result;
  std::vector<found_kind> kinds;  // in the order of their first seeds
  /// Why a run of its sample is no function of its seed.
  std::optional<nondeterminism_report> differs = {};
  std::uint64_t checked_again = 0;  // runs of the sample that were made again
};

struct check_result {
  std::vector<checked_case> cases;
  std::vector<std::string> passed_over;  // files that can't be read or are of no scenario, why
  std::vector<checked_scenario> scenarios;
  std::vector<std::string> not_stored;  // why findings are kept nowhere; each once
  bool stopped = false;                 // by `progress`
  std::chrono::nanoseconds real{0};

  /// How many of the cases came to that.
  [[nodiscard]] std::uint64_t count(replay_outcome outcome) const;
  /// How many of the cases fail.
  [[nodiscard]] std::uint64_t still_failing() const;
  /// Whether some run was no function of its seed.
  [[nodiscard]] bool differs() const;
  /// Whether a kept failure still fails or a scenario does.
  [[nodiscard]] bool failed() const;
};

/// Tries again each failure that is kept, in a process of its own, then explores every scenario of
/// the program, past its first failure, at its quick parameters. A new kind of failure is on the
/// disk before it counts as found.
///
/// Throws: `cannot_store` when the folder can't be read; `campaign_error`; `error` when two
/// scenarios have one name. Cost: the budget, or that of the runs.
[[nodiscard]] check_result run_check(const check_plan& plan);

/// Stores failures as they are found, one of each kind, and keeps what went wrong with that.
class finding_keeper {
public:
  explicit finding_keeper(std::string folder) : kept_in_(std::move(folder)) {}
  /// The path of the case of `failure`'s kind, new or known; empty when it can't be stored.
  /// Cost: of the first of a kind another run, and a file.
  corpus::added keep(const report& failure, const scenario& of);
  [[nodiscard]] const std::vector<std::string>& failures() const noexcept { return failures_; }

private:
  corpus kept_in_;
  std::map<std::string, std::string> paths_;  // by the signatures that were kept
  std::vector<std::string> failures_;
};

}  // namespace reprise
