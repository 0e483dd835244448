#pragma once

#include <reprise/core/run.hpp>
#include <reprise/core/trace_event.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace reprise {

/// How a trace is written. Both are JSON Lines; docs/formats.md has their grammar.
enum class trace_format : std::uint8_t {
  jsonl,   // a header, an event a line, a footer
  oracle,  // what the asyncio oracle writes, byte for byte: the user's events alone
};

/// The version of `trace_format::jsonl` that this library writes.
inline constexpr int trace_format_version = 1;

struct trace_options {
  trace_format format = trace_format::jsonl;
  bool scheduler_events = false;  // jsonl only
};

/// Writes a run as it goes. The lines are a pure function of the run and of the build: no real
/// time, no path, no address.
///
/// Set as `config::sink`; `begin` before the run, `end` after it. `out` gets whole lines, each with
/// its newline.
class trace_writer final : public trace_sink {
public:
  trace_writer(trace_options options, std::function<void(std::string_view)> out);

  /// The header, of the config that the run is about to have.
  void begin(const config& run);
  void on_event(const trace_event& event) override;
  [[nodiscard]] bool wants_scheduler_events() const override;
  void on_deadlock(duration at) override;
  /// The footer.
  void end(const report& result);

private:
  void write_line();

  trace_options options_;
  std::function<void(std::string_view)> out_;
  std::string line_;  // the one that is being built
};

/// The build id that the linker put into this executable, in hex; empty when there is none.
[[nodiscard]] std::string build_id();
/// The C library, by its version and by the bits of some of its results:
/// "glibc-2.36-0123456789abcdef".
///
/// Draws that use log, exp, pow, sin or cos have the bits of the C library, so a run may differ
/// where this does.
[[nodiscard]] std::string c_library_fingerprint();

}  // namespace reprise
