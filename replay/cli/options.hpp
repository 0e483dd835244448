#pragma once

#include "numbers.hpp"
#include "session.hpp"

#include <reprise/core/run.hpp>

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

  /// Throws: `usage_error`.
  [[nodiscard]] config read(const reprise::strategy& otherwise) const;
  /// `seeds`, or `seed` alone.
  [[nodiscard]] seed_range read_seeds() const;
};

/// How a run is watched.
struct watch_options {
  std::string trace;  // a file, or "-"
  std::string trace_format = "jsonl";
  std::string clock = "virtual";
  bool events = false;
  bool scheduler = false;
  bool twice = false;  // compare with a second run
  std::string until;   // a time, an event's number, or its text or name: nothing is shown after it

  [[nodiscard]] bool any() const {
    return !trace.empty() || clock != "virtual" || events || !until.empty();
  }
  /// Where the words for a person go: stdout, unless the trace has it.
  [[nodiscard]] output& words(session& s) const { return trace == "-" ? s.err : s.out; }
};

/// The action that a command's parsing chose.
using action = std::function<exit_code()>;

void add_seed_options(CLI::App& command, run_options& to);
void add_strategy_option(CLI::App& command, run_options& to, const char* otherwise);
void add_search_options(CLI::App& command, run_options& to, std::string& runs, bool& keep_going);
void add_run_options(CLI::App& command, run_options& to);
void add_watch_options(CLI::App& command, watch_options& to);
void add_print_options(CLI::App& command, session& s);
/// An option with a value, which may not be empty.
void add_text_option(CLI::App& command, const char* name, std::string& to, const std::string& about,
                     const char* value, const char* group);

// The commands. Each sets `chosen` when it is the one that was typed.
void add_list(CLI::App& app, session& s, action& chosen);
void add_run(CLI::App& app, session& s, action& chosen);
void add_explore(CLI::App& app, session& s, action& chosen);
void add_replay(CLI::App& app, session& s, action& chosen);
void add_shrink(CLI::App& app, session& s, action& chosen);
void add_explain(CLI::App& app, session& s, action& chosen);

}  // namespace reprise::cli
