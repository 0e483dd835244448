#pragma once

#include "json.hpp"
#include "watch.hpp"

#include <reprise/core/run.hpp>
#include <reprise/replay/case_file.hpp>
#include <reprise/replay/explore.hpp>
#include <reprise/replay/replay_case.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::cli {

/// "  1.5 s          greet-2    Goodbye, Bob\n".
[[nodiscard]] std::string event_line(const trace_event& event);
/// The last events that a failing run's program told, a lane per task while they fit into `width`
/// columns, else a line each.
[[nodiscard]] std::vector<std::string> timeline(const std::vector<trace_event>& events,
                                                std::size_t width);
/// "lost_update n=3, seed 17, random_walk": all that a run depends on and that is not as ever.
[[nodiscard]] std::string title_of(const scenario& what, const config& options);
/// "3 steps…": the run in a line, its verdict first.
[[nodiscard]] std::string summary_of(const watched_run& run, const painter& paint);
/// What failed, what happened, where it is kept, and the command that repeats it.
void print_failure(session& s, output& to, const report& r, bool with_events = true,
                   const std::string& kept_at = {});
/// What the detectors saw, a paragraph each with the command that repeats it; nothing when they saw
/// nothing.
void print_warnings(session& s, output& to, const std::vector<found_warning>& warnings);
/// The same of one run, whose command stands elsewhere.
void print_warnings(session& s, output& to, const report& r);
/// Each line of `text`, indented; a place's line of source with it.
void print_text(output& to, std::string_view text);
/// How two runs of one seed differ.
void print_difference(output& to, const report& first, const report& second);
/// Where a run leaves the recorded one.
void print_first_difference(output& to, const event_difference& d);
/// The members of a run's JSON.
[[nodiscard]] json_object json_of(const report& r, const config& options);
/// The members of a kept failure's JSON.
[[nodiscard]] json_object json_of(const case_file& c);
/// The members of a first difference, where there is one.
void add_difference(json_object& to, const std::optional<event_difference>& d);

[[nodiscard]] std::string pad_left(std::string_view text, std::size_t width);
[[nodiscard]] std::string pad_right(std::string_view text, std::size_t width);

}  // namespace reprise::cli
