#pragma once

#include <reprise/core/run.hpp>
#include <reprise/replay/explore.hpp>
#include <reprise/replay/shard.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

namespace reprise {

/// What a sample of runs says of the kinds that it has not shown.
///
/// The runs of a campaign are taken as draws, each independent of the others, since their seeds
/// are.
struct unseen {
  std::uint64_t runs = 0;
  std::uint64_t kinds = 0;  // that were seen
  std::uint64_t once = 0;   // of them, those seen in one run
  std::uint64_t twice = 0;  // and in two

  /// The chance that the next run shows a new kind: once/runs. Source: Good, "The population
  /// frequencies of species and the estimation of population parameters", Biometrika 1953.
  [[nodiscard]] double chance() const noexcept;
  /// What that chance is at most, with a confidence of 95 %; 1 without runs. Where every kind was
  /// seen often it is the rule of three, 3/runs. Source: the greater of Esty's normal limit
  /// ("A normal limit law for a nonparametric estimator of the coverage of a random sample", Annals
  /// of Statistics 1983) and the exact Poisson limit for `once`.
  [[nodiscard]] double at_most() const noexcept;
  /// How many kinds there are yet, at least. Source: Chao, "Nonparametric estimation of the number
  /// of classes in a population", Scandinavian Journal of Statistics 1984, bias-corrected.
  [[nodiscard]] double missing() const noexcept;
};

/// How a campaign stands.
struct campaign_progress {
  std::uint64_t runs = 0;
  std::uint64_t failures = 0;
  std::uint64_t kinds = 0;  // of failures
  double share = 0;         // done, of its seeds or of its budget
  std::chrono::nanoseconds real{0};
  unseen shapes = {};
};

/// A search that is made in child processes: a crash, a hang, `exit`, a stack overflow or memory
/// without end belongs to its seed, and the search goes on.
struct campaign_plan {
  /// Its `progress` is not called, and coverage is not counted. With a budget `runs` is how many
  /// seeds there are to take from.
  search what;
  unsigned jobs = 0;                   // child processes at a time; 0: one for each core
  shard part = {};                     // of the seeds: every count-th, from the index-th on
  std::chrono::nanoseconds budget{0};  // of real time; 0: none, all seeds are tried
  std::chrono::nanoseconds hang_after = std::chrono::minutes(1);  // of real time in one run
  std::uint64_t memory =
      0;  // bytes that a child may take; 0: its share of four fifths of the machine
  std::uint64_t sample_every = 0;  // about one in so many passing runs goes into `sample`; 0: none
  /// Hears each failure once, in the order of the seeds, before it counts as found: the place to
  /// store it. Without `keep_going` that is the first one alone.
  std::function<void(const report&)> on_failure = {};
  /// Called some twenty times a second; false stops the campaign.
  std::function<bool(const campaign_progress&)> progress = {};
};

/// A run, and what it came to.
struct known_run {
  std::string token;
  std::uint64_t digest = 0;
};

/// What a campaign came to. But for `real` and `stopped` a function of the program, the search and
/// the part alone, where there is no budget: not of the number of jobs, nor of who ran what.
struct campaign_result {
  std::uint64_t runs = 0;  // executed, those of the profile too
  std::uint64_t profile_runs = 0;
  std::vector<report> failures;  // in the order of their seeds; the first has its events
  std::map<std::string, std::uint64_t> kinds;  // signature: how many failures
  std::vector<mark_count> marks;               // by name
  bool lacks_marks = false;             // no failure, but a mark that was required never held
  std::vector<found_warning> warnings;  // by their first run; each once
  coverage seen;                        // when it was asked for
  unseen failure_kinds;                 // of the runs by the signature of their failure
  unseen shapes;                        // and by the shape of their schedule
  std::vector<known_run> sample;        // for `find_difference`; the seeds decide which
  bool stopped = false;                 // by `progress`, before its end
  std::chrono::nanoseconds real{0};
  explicit operator bool() const noexcept { return failures.empty() && !lacks_marks; }
};

/// The system does not let a campaign be: no process can be made.
class campaign_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

namespace detail {
campaign_result run_campaign(const campaign_plan& plan, const body_maker& make);
}

/// Explores `body` as `explore` does, in child processes that each run many seeds.
///
/// What would end a process is `verdict::crashed` of its seed: the process was alone with it when
/// it died, or died in it again. Without `keep_going` the failure is that of the first failing
/// seed, as with one job. Standard output and input are the children's, too.
///
/// Precondition: not inside a run; the calling process has one thread. Throws: `campaign_error`;
/// `std::invalid_argument` for a part that there is not. Cost: beside that of the runs some
/// milliseconds for each child, and for each that dies.
template <class F>
  requires std::invocable<std::decay_t<F>&>
campaign_result run_campaign(const campaign_plan& plan, F&& body) {
  return detail::run_campaign(plan, detail::maker_of(body));
}

}  // namespace reprise
