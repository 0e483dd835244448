#pragma once

#include <reprise/core/trace_event.hpp>
#include <reprise/core/virtual_clock.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace reprise {

/// "1.5 s", "20 ms", "0 s": exact, in the largest unit that does.
[[nodiscard]] std::string format_duration(duration d);
/// "1,204".
[[nodiscard]] std::string format_count(std::uint64_t n);
/// The shortest decimal that reads back as `x`, as Python prints it: "0.1", "1.0", "1e-07".
[[nodiscard]] std::string format_double(double x);
/// Seconds, exactly, as a JSON number: "1.5", "0".
[[nodiscard]] std::string format_seconds(duration d);
/// 16 hex digits.
[[nodiscard]] std::string format_digest(std::uint64_t digest);
/// Appends `text` as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD.
void append_json(std::string& out, std::string_view text);
void append_json(std::string& out, const trace_value& value);

/// `text` with control characters and bytes that are not UTF-8 as escapes, so that it stays one
/// line.
[[nodiscard]] std::string printable(std::string_view text);
/// `text` as one word of a command to paste into a shell: quoted where a shell would read more than
/// a word, and with nothing in it that a terminal would obey.
[[nodiscard]] std::string shell_word(std::string_view text);
/// " Did you mean 'greet'?", of the one among `names` that is nearest to `text`; nothing when none
/// is near.
[[nodiscard]] std::string did_you_mean(std::string_view text,
                                       const std::vector<std::string_view>& names);

}  // namespace reprise
