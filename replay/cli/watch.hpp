#pragma once

#include "options.hpp"

#include <reprise/core/run.hpp>
#include <reprise/replay/scenario.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
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

/// Up to where a run is shown: "1.5s", "#12" or "12" (the number of an event), "paid" (what a log
/// says, or the name of a note or an operation).
class until {
public:
  until() = default;  // to the end
  explicit until(const std::string& text);
  /// Whether `event` is shown.
  [[nodiscard]] bool shows(const trace_event& event) noexcept;
  /// Whether nothing is shown any more.
  [[nodiscard]] bool reached() const noexcept { return reached_; }
  /// The line that is printed after the last event of a run that went on to `end`.
  [[nodiscard]] std::string told(duration end) const;

private:
  std::optional<duration> at_;
  std::optional<std::uint64_t> number_;
  std::string text_;
  bool reached_ = false;
};

/// Runs `s` as `watch` asks: traced, shown, in real time, with a line of progress.
///
/// Throws: `environment_error` before the run when the trace can't be written; `usage_error` when a
/// parameter's value does not do.
[[nodiscard]] watched_run run_watched(session& s, const scenario& what, const config& options,
                                      const watch_options& watch);
/// Who listens to a watched run: the trace, the screen, the wall clock. For a run that somebody
/// else makes.
class run_watcher {
public:
  /// Throws: `environment_error` when the trace can't be written.
  run_watcher(session& s, const watch_options& watch, const std::string& title);
  ~run_watcher();
  [[nodiscard]] trace_sink& sink() noexcept;
  void begin(const config& options);
  /// Fills in what it cost, and why the trace is not there.
  void end(watched_run& run);

private:
  class listener;
  std::unique_ptr<listener> listener_;
};
/// The same without anybody looking.
[[nodiscard]] watched_run run_unwatched(const scenario& what, const config& options);
/// Whether the run failed for a parameter whose value does not do.
[[nodiscard]] bool is_bad_parameter(const report& r);
/// Throws: `usage_error` when the run failed for a parameter whose value does not do.
void refuse_bad_parameter(const report& r);

}  // namespace reprise::cli
