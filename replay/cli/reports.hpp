#pragma once

#include "session.hpp"

#include <reprise/replay/check.hpp>

#include <string>
#include <string_view>

namespace reprise::cli {

/// A line of a file of the program.
struct source_place {
  std::string file;  // empty where none is known
  std::string line;
};
/// The first place that the text of a failure names.
[[nodiscard]] source_place place_in(std::string_view what);

// What a check came to, for other programs. Each is a pure function of the result, but for times.

/// JUnit's XML: a case for each kept failure and for each scenario. docs/ci.md says who reads it.
[[nodiscard]] std::string junit_of(const check_result& checked, const std::string& program);
/// One object; docs/cli.md has its members.
[[nodiscard]] std::string json_of(const check_result& checked);
/// SARIF 2.1.0: a result for each kind of failure, which its signature tells from others, and for
/// each scenario that is no function of its seed.
[[nodiscard]] std::string sarif_of(const check_result& checked, const std::string& program);
/// Workflow commands for GitHub's runner: an annotation for each of these.
[[nodiscard]] std::string annotations_of(const check_result& checked, const std::string& program);
/// Markdown for the summary of a GitHub job.
[[nodiscard]] std::string step_summary_of(const check_result& checked, const std::string& program);

}  // namespace reprise::cli
