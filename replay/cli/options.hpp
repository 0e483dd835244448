#pragma once

#include "numbers.hpp"
#include "session.hpp"

#include <reprise/core/run.hpp>
#include <reprise/replay/campaign.hpp>

#include <CLI/CLI.hpp>

#include <functional>
#include <string>
#include <vector>

namespace reprise::cli {

/// What a run depends on, as typed; empty is not given.
struct run_options {
  std::string seed;
  std::string seeds;
  std::string strategy;
  std::string time_limit;
  std::string step_limit;
  std::string stack_size;
  std::vector<std::string> params;
  std::vector<std::string> without;  // detectors

  /// Throws: `usage_error`.
  [[nodiscard]] config read(const reprise::strategy& otherwise) const;
  /// `seeds`, or `seed` alone.
  [[nodiscard]] seed_range read_seeds() const;
};

/// What `--without` takes.
[[nodiscard]] std::vector<const char*> detector_names();
/// Of them, those that are off in `detect`.
[[nodiscard]] std::vector<const char*> detectors_off(const detectors& detect);

/// How a run is watched.
struct watch_options {
  std::string trace;  // a file, or "-"
  std::string trace_format = "jsonl";
  std::string clock = "virtual";
  bool events = false;
  bool scheduler = false;
  bool twice = false;    // compare with a second run
  std::string break_at;  // as `until`: a debugger stops there
  std::string until;  // a time, an event's number, or its text or name: nothing is shown after it

  [[nodiscard]] bool any() const {
    return !trace.empty() || clock != "virtual" || events || !until.empty();
  }
  /// Where the words for a person go: stdout, unless the trace has it.
  [[nodiscard]] output& words(session& s) const { return trace == "-" ? s.err : s.out; }
};

/// How a search is made, as typed; empty is not given.
struct campaign_options {
  std::string runs;
  std::string budget;
  std::string jobs;
  std::string shard;
  std::string hang_after;
  std::string memory;
  std::string check_share;
  bool keep_going = false;

  /// All of a plan but what is searched.
  ///
  /// Throws: `usage_error`; `std::invalid_argument` for a shard.
  [[nodiscard]] campaign_plan read() const;
};

/// What stands for the first word behind `corpus`.
inline constexpr const char* corpus_actions = "list|add|show|prune";
/// And behind `trace`.
inline constexpr const char* trace_actions = "show|export";

/// The text of an argument that may be left out.
inline constexpr const char* may_be_left_out = "[]";

/// The action that a command's parsing chose.
using action = std::function<exit_code()>;

void add_seed_options(CLI::App& command, run_options& to);
void add_strategy_option(CLI::App& command, run_options& to, const char* otherwise);
/// Which seeds, and how: all of a campaign of one scenario.
void add_search_options(CLI::App& command, run_options& to, campaign_options& how);
/// In which processes, and what they may take.
void add_process_options(CLI::App& command, campaign_options& how);
void add_mark_options(CLI::App& command, std::vector<std::string>& marks, bool& require);
void add_run_options(CLI::App& command, run_options& to);
/// What of each scenario a check explores.
void add_check_options(CLI::App& command, campaign_options& how, std::string& seed,
                       std::string& strategy);
void add_corpus_option(CLI::App& command, std::string& folder);
void add_report_options(CLI::App& command, std::string& junit, std::string& json,
                        std::string& sarif, bool& github);
void add_watch_options(CLI::App& command, watch_options& to);
void add_colour_option(CLI::App& command, session& s);
/// That, and text or JSON.
void add_print_options(CLI::App& command, session& s);
/// An option with a value, which may not be empty.
void add_text_option(CLI::App& command, const char* name, std::string& to, const std::string& about,
                     const char* value, const char* group);
/// An option that takes one of `values`; `set` gets which.
void add_choice_option(CLI::App& command, const char* name, const std::vector<std::string>& values,
                       const std::function<void(std::size_t)>& set, const char* about,
                       const char* value, const char* group);

// The commands. Each sets `chosen` when it is the one that was typed.
void add_list(CLI::App& app, session& s, action& chosen);
void add_run(CLI::App& app, session& s, action& chosen);
void add_explore(CLI::App& app, session& s, action& chosen);
void add_replay(CLI::App& app, session& s, action& chosen);
void add_check(CLI::App& app, session& s, action& chosen);
void add_corpus(CLI::App& app, session& s, action& chosen);
void add_shrink(CLI::App& app, session& s, action& chosen);
void add_explain(CLI::App& app, session& s, action& chosen);
void add_trace(CLI::App& app, session& s, action& chosen);

}  // namespace reprise::cli
