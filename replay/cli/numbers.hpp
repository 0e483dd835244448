#pragma once

#include <reprise/core/virtual_clock.hpp>

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace reprise::cli {

/// The caller asked for what can't be: exit code 2.
class usage_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Seeds from `first` to `last`, both included.
struct seed_range {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  /// At most 2^64 - 1, which nobody lives to run.
  [[nodiscard]] std::uint64_t count() const noexcept {
    return last - first == ~std::uint64_t{0} ? last : last - first + 1;
  }
};

// What a person types. Each throws `usage_error` with the value in quotes and what would be right.

/// A whole number from `least` to `most`, decimal or 0x…; no sign, no blank, no exponent. `what`
/// names it: "seed".
[[nodiscard]] std::uint64_t read_number(std::string_view what, std::string_view text,
                                        std::uint64_t least = 0,
                                        std::uint64_t most = ~std::uint64_t{0});
/// "7" or "0..99".
[[nodiscard]] seed_range read_seeds(std::string_view text);
/// "5%", "0%", "100%": one in how many; 0 for none.
[[nodiscard]] std::uint64_t read_share(std::string_view what, std::string_view text);
/// "1.5s", "200ms"; more than 0, or `least` and more.
[[nodiscard]] duration read_duration(std::string_view what, std::string_view text,
                                     duration least = duration{1});
/// "64K", "1M", "2G", "65536": bytes.
[[nodiscard]] std::uint64_t read_size(std::string_view what, std::string_view text,
                                      std::uint64_t least, std::uint64_t most);

// What a person reads.

/// Three significant digits and thousands separators: "61.4", "1,230,000".
[[nodiscard]] std::string significant(double x);
/// "3,540.25 s": `format_duration` with thousands separators.
[[nodiscard]] std::string exact_time(duration d);
/// "18 µs", "1.98 s".
[[nodiscard]] std::string short_time(std::chrono::nanoseconds d);
/// "1.6–1.98 s"; one number where both read the same.
[[nodiscard]] std::string short_times(std::chrono::nanoseconds least,
                                      std::chrono::nanoseconds most);
/// "4.1 KiB".
[[nodiscard]] std::string short_size(double bytes);
/// "1 run", "57 runs".
[[nodiscard]] std::string counted(std::uint64_t n, std::string_view noun);

}  // namespace reprise::cli
