#pragma once

#include "options.hpp"

#include <reprise/core/run.hpp>
#include <reprise/replay/scenario.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace reprise::cli {

/// A run, and what it cost.
struct watched_run {
  report result;
  std::chrono::nanoseconds real{0};
  double peak_bytes = 0;      // by how much the process's peak has grown
  std::string trace_failure;  // why the trace is not there; empty when all is well
};

/// Runs `s` as `watch` asks: traced, shown, in real time, with a line of progress.
///
/// Throws: `environment_error` before the run when the trace can't be written; `usage_error` when a
/// parameter's value does not do.
[[nodiscard]] watched_run run_watched(session& s, const scenario& what, const config& options,
                                      const watch_options& watch);
/// The same without anybody looking.
[[nodiscard]] watched_run run_unwatched(const scenario& what, const config& options);
/// Throws: `usage_error` when the run failed for a parameter whose value does not do.
void refuse_bad_parameter(const report& r);

}  // namespace reprise::cli
