#pragma once

#include <reprise/core/trace_event.hpp>
#include <reprise/replay/trace_reader.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The lines of a trace, one by one: docs/formats.md has their grammar.

namespace reprise::detail {

struct line_member {
  std::string key;
  trace_value value;
  std::string digits;  // as written, of a number with a fraction
};

/// A line: a JSON object of texts, numbers and lists, in which only "params" is an object.
struct trace_line {
  std::vector<line_member> members;
  param_map params;
  std::optional<std::size_t> wrong_at = {};  // what is no JSON at all
  bool ok = true;

  [[nodiscard]] bool begins_with(std::string_view key) const {
    return ok && !members.empty() && members[0].key == key;
  }
  [[nodiscard]] const line_member* find(std::string_view key) const;
};

/// Never throws but for want of memory; lists deeper than 1,000 are refused.
[[nodiscard]] trace_line parse_trace_line(std::string_view text);

// Nothing where a member is missing or of another kind.

/// The version it says, of what may be a header.
[[nodiscard]] std::optional<std::uint64_t> version_of(const trace_line& line);
[[nodiscard]] std::optional<trace_header> header_of(const trace_line& line);
[[nodiscard]] std::optional<trace_event> event_of(trace_line line, bool scheduler);
[[nodiscard]] bool is_oracles(const trace_line& line);

struct checked_footer {
  trace_footer says;
  // Traces of older releases have neither.
  std::optional<std::uint64_t> events;
  std::optional<std::vector<std::uint32_t>> sums;
};
/// `text` is what `line` was parsed from; nothing, too, when its check sum does not fit.
[[nodiscard]] std::optional<checked_footer> footer_of(const trace_line& line,
                                                      std::string_view text);

}  // namespace reprise::detail
