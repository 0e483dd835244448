#pragma once

#include <reprise/core/profile.hpp>
#include <reprise/core/run.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::detail {

// What a child process tells its parent, as bytes that never leave the machine.

/// The report but for its choices; its events when they are wanted.
[[nodiscard]] std::string pack(const report& r, bool with_events);
[[nodiscard]] report unpack_report(std::string_view bytes);
/// Of a run that may have passed: its seed, marks and warnings, and its token where it warns.
[[nodiscard]] std::string pack_remarks(const report& r);
[[nodiscard]] report unpack_remarks(std::string_view bytes);
[[nodiscard]] std::string pack(const std::vector<std::uint64_t>& numbers);
[[nodiscard]] std::vector<std::uint64_t> unpack_numbers(std::string_view bytes);
[[nodiscard]] std::string pack(const profile& p);
[[nodiscard]] profile unpack_profile(std::string_view bytes);

}  // namespace reprise::detail
