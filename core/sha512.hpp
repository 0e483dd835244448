#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace reprise::detail {

/// The SHA-512 digest of `message`. Source: NIST FIPS 180-4.
std::array<std::uint8_t, 64> sha512(std::string_view message);

}  // namespace reprise::detail
