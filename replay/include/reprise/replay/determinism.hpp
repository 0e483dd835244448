#pragma once

#include <reprise/replay/campaign.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace reprise {

/// What may decide a run that its seed does not.
enum class hidden_input : std::uint8_t {
  addresses,      // an order of pointers, or a hash of them
  uninitialised,  // memory that was read before it was written
  environment,    // a variable, the locale
  real_clock,
  real_entropy,
  stray_thread,  // a thread that the run started
  earlier_runs,  // what others left behind in the process
  unknown,       // the run differs though nothing was varied, or only when all is
};
[[nodiscard]] const char* to_string(hidden_input cause) noexcept;

/// Why a run is not a function of its seed.
struct nondeterminism_report {
  hidden_input cause = hidden_input::unknown;
  std::string detail = {};  // of the cause: "the heap's old contents", "clock_gettime"
  std::string place =
      {};  // of the call that was trapped; empty where there was none, or none is known
  bool differs = false;  // two runs did; else the call alone tells on it
  /// The first event that differs.
  std::uint64_t event = 0;
  std::string first = {},
              second = {};  // the event, in each of the two runs; empty where there was none
  std::string first_place = {}, second_place = {};
  std::string token = {};  // of the run
};

/// How witnesses are made: processes of this program that make a run again.
struct witness_options {
  /// Words that make the program a witness: `run_witness` is what they must come to.
  std::vector<std::string> arguments = {"__witness"};
  std::chrono::nanoseconds hang_after = std::chrono::minutes(1);  // without a sign of life
  /// Asked some twenty times a second while a witness is waited for; false ends it.
  std::function<bool()> go_on = {};
};

/// Makes the run of `token` again in two new processes of this program, one of them with other
/// addresses, other contents of fresh memory and another environment, and compares event by event.
/// Nothing when they are the same and nothing real was asked for, or when `go_on` ended it before a
/// difference was seen; else varies one thing at a time until the cause is known.
///
/// Throws: `campaign_error` when no process can be made. Cost: two processes and two runs whose
/// events are all told; five times that to find a cause.
[[nodiscard]] std::optional<nondeterminism_report> check_determinism(
    const std::string& token, const witness_options& how = {});

/// How far making runs again came.
struct made_again {
  const known_run* differing = nullptr;  // the first that came to another digest
  std::uint64_t runs = 0;                // compared, that one too
};

/// Makes `runs` again in a new process, in which everything is varied that `check_determinism`
/// varies, up to the first that comes to another digest. Much cheaper for each run than that.
///
/// `go_on` hears how many were compared: between two runs, and some twenty times a second while one
/// is waited for. Throws: `campaign_error`.
[[nodiscard]] made_again find_difference(const std::vector<known_run>& runs,
                                         const std::function<bool(std::uint64_t)>& go_on = {},
                                         const witness_options& how = {});

/// Why `differing`, which `find_difference` has found, differs: as `check_determinism` says, or
/// since earlier runs of its process left something behind; unknown when `go_on` ended the search.
[[nodiscard]] nondeterminism_report cause_of(const known_run& differing,
                                             const witness_options& how = {});

/// What a campaign has of a budget, when a sample of its runs is made again in the rest.
[[nodiscard]] constexpr std::chrono::nanoseconds budget_of_search(
    std::chrono::nanoseconds all) noexcept {
  return all - all / 5;
}

/// What making a campaign's sample again came to.
struct sample_check {
  std::optional<nondeterminism_report> differs;
  std::uint64_t runs = 0;  // compared
  bool stopped = false;    // by `progress`
};

/// Makes the runs of `sample` again and, if one differs, finds out why.
///
/// `until` is when it is over for whatever was not compared by then; finding out why has no limit.
/// `progress` is called some twenty times a second or more; false stops it. Throws:
/// `campaign_error`.
[[nodiscard]] sample_check check_sample(
    const std::vector<known_run>& sample,
    std::optional<std::chrono::steady_clock::time_point> until = {},
    const std::function<bool(const campaign_progress&)>& progress = {}, witness_options how = {});

/// What the program does that is started as a witness, with the words behind those of
/// `witness_options`. The process's exit code.
int run_witness(const std::vector<std::string>& arguments);

}  // namespace reprise
