#pragma once

namespace support {

/// Whether AddressSanitizer is in: what is tried many times is tried a few times less, because each
/// takes ten times as long.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool sanitized = true;
#elif defined(__has_feature)
inline constexpr bool sanitized = __has_feature(address_sanitizer);
#else
inline constexpr bool sanitized = false;
#endif

}  // namespace support
