#pragma once

#include "interrupt.hpp"
#include "json.hpp"
#include "session.hpp"

#include <reprise/replay/campaign.hpp>
#include <reprise/replay/determinism.hpp>
#include <reprise/replay/scenario.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace reprise::cli {

/// A campaign, and the signal that stopped it; 0 where none did.
struct watched_campaign {
  campaign_result result;
  int signal = 0;
};

/// What `options` says of each run goes into the plan; `runs` is cut at the last seed there is.
void set_search(campaign_plan& plan, const config& options, std::uint64_t first_seed,
                std::uint64_t runs);

/// Work in child processes as a person watches it: a line of progress, and a signal that stops it.
/// Where stderr is no terminal it is a line now and then.
class watched_work {
public:
  watched_work(session& s, std::string title);
  /// What is being done, and how it stands. False when a signal has asked to stop.
  bool show(const std::string& what, const campaign_progress& p);
  void clear() { progress_.clear(); }
  /// The one that asked to stop; 0 while none has.
  [[nodiscard]] int signal() const noexcept { return interrupt_guard::asked(); }

private:
  session& s_;
  std::string title_;
  progress_line progress_;
  interrupt_guard interrupted_;
  std::chrono::steady_clock::time_point next_plain_;
};

/// Says on stderr that findings are kept nowhere, and why.
void warn_not_stored(session& s, const std::string& why);

/// Runs the campaign with a line of progress, `title` first. A signal stops it.
///
/// Throws: `usage_error` when a parameter's value does not do; `environment_error`.
[[nodiscard]] watched_campaign run_campaign_watched(session& s, const std::string& title,
                                                    const scenario& what, campaign_plan plan);

/// What making a campaign's sample again came to, and the signal that stopped it; 0 where none did.
struct watched_check {
  sample_check result;
  int signal = 0;
};
/// Makes some of a campaign's runs again, in another process in which all differs that may; and if
/// one of them differs finds out why. `until` is when it is over for the others.
[[nodiscard]] watched_check recheck(session& s, const std::string& title, const campaign_plan& plan,
                                    const campaign_result& found,
                                    std::optional<std::chrono::steady_clock::time_point> until);

/// "two runs of one seed differ", or what else is wrong.
[[nodiscard]] const char* what_is_wrong(const nondeterminism_report& why) noexcept;
/// Where they differ, the cause, and the command that shows it again, a line each. `cause` is the
/// cause's word as it is to look.
[[nodiscard]] std::string explanation_of(const nondeterminism_report& why,
                                         const std::string& program, const std::string& cause);
/// Why a run is not a function of its seed: `title` is the run, `code` what the process ends with.
void print_nondeterminism(session& s, output& to, const std::string& title,
                          const nondeterminism_report& why, exit_code code = nondeterminism);
[[nodiscard]] json_object json_of(const nondeterminism_report& why);
/// The command that makes the run of `options` again in processes in which all differs that may.
[[nodiscard]] std::string check_command(const std::string& program, const config& options);

/// How likely it is that more runs show something new.
void print_unseen(output& to, const unseen& kinds, const unseen& shapes);
/// "SIGINT".
[[nodiscard]] std::string signal_name(int signal);
/// What a process ends with that a signal has ended.
[[nodiscard]] inline exit_code ended_by(int signal) { return static_cast<exit_code>(128 + signal); }

}  // namespace reprise::cli
