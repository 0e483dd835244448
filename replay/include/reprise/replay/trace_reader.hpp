#pragma once

#include <reprise/core/errors.hpp>
#include <reprise/core/run.hpp>
#include <reprise/core/trace_event.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace reprise {

/// A trace that can't be read: the text says which, what is wrong with it, where, and what to do.
class bad_trace : public error {
public:
  using error::error;
};

/// What the first line of a trace says.
struct trace_header {
  std::string scenario;
  std::uint64_t seed = 0;
  std::string strategy;
  param_map params;
  duration time_limit{0};        // 0: none
  std::uint64_t step_limit = 0;  // 0: none
  std::uint64_t stack_size = 0;  // 0: the usual one
  std::string build_id;
  std::string c_library;
  std::string token;       // empty in traces of older releases
  bool scheduler = false;  // whether the scheduler's events are in it
};

/// What its last line says.
struct trace_footer {
  verdict result = verdict::passed;
  std::string what;
  duration elapsed{0};
  std::uint64_t steps = 0;
  std::uint64_t tasks = 0;
  std::uint64_t preemptions = 0;
  std::uint64_t digest = 0;
  std::string token;
};

struct trace_reading {
  /// Of a trace that was cut or damaged, give the events before the first damage.
  bool partial = false;
};

/// Reads a trace, `trace_format::jsonl`, an event after the other.
///
/// The file is read twice: all of it is checked before the first event is given. The memory is that
/// of the longest line, at most 64 MiB of text, and 12 bytes for each 64 KiB of the file.
///
/// A scheduler's event is told from a note by its name, an operation's, in a trace that has such
/// events: a note that is named like an operation and has no fields passes for one. "NaN" and the
/// infinities are numbers again; a byte that was not UTF-8 is still U+FFFD.
class trace_reader {
public:
  /// Throws: `bad_trace`; with `partial` only where not even the header can be read.
  explicit trace_reader(std::string path, trace_reading how = {});
  trace_reader(const trace_reader&) = delete;
  ~trace_reader();

  [[nodiscard]] const std::string& path() const noexcept;
  [[nodiscard]] const trace_header& header() const noexcept;
  /// Nothing where the trace was cut before it, or is damaged.
  [[nodiscard]] const std::optional<trace_footer>& footer() const noexcept;
  /// What is wrong with it; empty for a whole trace. Only a partial reading gets to see any.
  [[nodiscard]] const std::string& damage() const noexcept;

  /// How many events there are to read.
  [[nodiscard]] std::uint64_t events() const noexcept;
  /// The next event; nothing after the last. Throws: `bad_trace` when the file has changed
  /// meanwhile.
  std::optional<trace_event> next();
  /// The line that the last event was read from, with its newline; valid until the next.
  [[nodiscard]] std::string_view line() const noexcept;

  /// What the run depends on: by the header's token; in a trace of an older release by the
  /// footer's, else by what the header says.
  ///
  /// Throws: `bad_token`; `std::invalid_argument` for a strategy that this release does not know.
  [[nodiscard]] config run() const;

private:
  class file;
  std::unique_ptr<file> file_;
};

/// Whether the file at `path` begins as a trace does, its name aside. False for what can't be read.
[[nodiscard]] bool looks_like_a_trace(const std::string& path);

}  // namespace reprise
