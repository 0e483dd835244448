#pragma once

#include <reprise/core/choice.hpp>
#include <reprise/core/errors.hpp>
#include <reprise/core/run.hpp>
#include <reprise/core/trace_event.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace reprise {

/// The version of case files that this library writes.
inline constexpr int case_file_version = 1;
/// How many of a run's events a case file holds, at most: the first.
inline constexpr std::size_t most_case_events = 1000;

/// A case file that can't be read: the text says which, what is wrong with it, and where.
class bad_case_file : public error {
public:
  using error::error;
};

/// A case file that could not be put where it was to be; what was there before is still there.
class cannot_store : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// A failure, kept: all that repeats it, and what it looked like. `*.reprise`; docs/formats.md has
/// the grammar.
struct case_file {
  config run;  // what the run depends on: scenario, params, seed, strategy, limits, listed choices
  verdict result = verdict::failed;
  std::string what;          // the failure, for a person
  std::string signature;     // what it has in common with itself under other schedules
  std::uint64_t digest = 0;  // of the run
  std::string build_id;      // of the program; empty when it has none
  std::vector<choice> log;   // each choice of the run in order; empty when they were not recorded
  std::map<std::uint64_t, std::string> tasks;  // by their paths: the names of those that chose
  std::vector<std::string> events;  // as `case_event` tells them, the first `most_case_events`
  std::string kept_since;   // the day it was first written, in UTC: "2026-10-02"; else empty
  std::string shrunk_from;  // the token of the run that it was made smaller from; else empty
};

/// The failure with its numbers, names of tasks and times left out, so that it is the same text
/// under every seed and schedule, and after an edit elsewhere. Empty for a run that passed.
///
/// docs/formats.md says what is kept of which verdict. Cost: linear in the report's text.
[[nodiscard]] std::string failure_signature(const report& r);
/// "1.5 Task-2 lock 1.3", "0 greet log \"Hello\"": an event in a line.
[[nodiscard]] std::string case_event(const trace_event& event);

/// The case of `failure`, by its token: all but the choices and the events, which take another run
/// (`record_case`). Throws: `bad_token`.
[[nodiscard]] case_file make_case(const report& failure);

/// "lost_update-4hq0c7m2.reprise": named by what repeats the run, so two finders of one failure
/// write one file, and nobody overwrites another's.
[[nodiscard]] std::string file_name(const case_file& c);
/// As the file holds it. A pure function of `c`.
[[nodiscard]] std::string to_json(const case_file& c);
/// Throws: `bad_case_file`, in which the text is called `name`.
[[nodiscard]] case_file parse_case(std::string_view text, const std::string& name);

/// Writes `c` to `path`: to a temporary file beside it, which is flushed to the disk and renamed,
/// so that nobody ever sees half of it. A case that has no day yet gets this one's. Throws:
/// `cannot_store`.
void write_case(const std::string& path, const case_file& c);
/// Writes `c` into `directory`, which is made when it is not there, under its own name, and returns
/// the path. Throws: `cannot_store`.
std::string store_case(const std::string& directory, const case_file& c);
/// Throws: `bad_case_file`, for what is no regular file and for one of more than 64 MiB too.
[[nodiscard]] case_file read_case(const std::string& path);
/// The case in `directory` whose listed choices have that hash, which a token names when they were
/// too many for it. Files that can't be read are passed over.
[[nodiscard]] std::optional<case_file> find_stored_case(const std::string& directory,
                                                        std::uint64_t stored_choices);

}  // namespace reprise
