#pragma once

#include <reprise/core/run.hpp>
#include <reprise/core/trace_event.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reprise {

/// How a trace is written. Both are JSON Lines; docs/formats.md has their grammar.
enum class trace_format : std::uint8_t {
  jsonl,   // a header, an event a line, a footer
  oracle,  // what the asyncio oracle writes, byte for byte: the user's events alone
};

/// The version of `trace_format::jsonl` that this library writes.
inline constexpr int trace_format_version = 1;

namespace detail {

/// CRC-32 of `bytes` behind those of which `before` is the sum; zlib's `crc32`, so that any tool
/// can check a trace.
[[nodiscard]] std::uint32_t crc32(std::string_view bytes, std::uint32_t before = 0) noexcept;

/// A check sum for each block of bytes, by which damage is told with its place.
class block_sums {
public:
  static constexpr std::size_t block = std::size_t{64} * 1024;

  void add(std::string_view bytes);
  /// Of each block so far; the last may be short.
  [[nodiscard]] std::vector<std::uint32_t> all() const;

private:
  std::vector<std::uint32_t> done_;
  std::uint32_t sum_ = 0;   // of the block that is not full yet
  std::size_t filled_ = 0;  // bytes of it
};

/// The key of an event's field in its line: one that we use ourselves gets an underscore more, and
/// so does a key that looks like the result.
[[nodiscard]] std::string trace_key(std::string_view key);
/// The field's key back; nothing for one of our own.
[[nodiscard]] std::optional<std::string_view> field_key(std::string_view trace_key) noexcept;

}  // namespace detail

struct trace_options {
  trace_format format = trace_format::jsonl;
  bool scheduler_events = false;  // jsonl only
};

/// Writes a run as it goes. The lines are a pure function of the run and of the build: no real
/// time, no path, no address.
///
/// Set as `config::sink`; `begin` before the run, `end` after it. `out` gets whole lines, each with
/// its newline. Of what was written, only its check sums are kept: four bytes for each 64 KiB.
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
  std::uint64_t events_ = 0;
  detail::block_sums sums_;
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
