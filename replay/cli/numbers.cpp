#include "numbers.hpp"

#include <reprise/core/format.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <system_error>

namespace reprise::cli {

namespace {

struct unit {
  std::string_view name;
  double size;
};

/// `text` as a whole decimal or hexadecimal number; nothing when it is none, or beyond 64 bits.
std::optional<std::uint64_t> whole_number(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  }
  std::uint64_t n = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), n, base);
  if (text.empty() || failure != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return n;
}

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

std::uint64_t read_number(std::string_view what, std::string_view text, std::uint64_t least,
                          std::uint64_t most) {
  const auto n = whole_number(text);
  if (n && *n >= least && *n <= most) return *n;
  const bool is_number =
      n || is_digits(text) || (text.starts_with('-') && is_digits(text.substr(1)));
  throw usage_error(is_number
                        ? fmt::format("{} '{}' is out of range: {} to {}.", what, text, least, most)
                        : fmt::format("{} '{}' is not a whole number: {} to {}, or 0x… .", what,
                                      text, least, most));
}

seed_range read_seeds(std::string_view text) {
  const std::size_t dots = text.find("..");
  seed_range range;
  if (dots == std::string_view::npos) {
    range.first = range.last = read_number("seed", text);
    return range;
  }
  range.first = read_number("seed", text.substr(0, dots));
  range.last = read_number("seed", text.substr(dots + 2));
  if (range.first > range.last)
    throw usage_error(fmt::format(
        "seeds '{}' are an empty range: the first must not be above the last, as in {}..{}.", text,
        range.last, range.first));
  return range;
}

std::uint64_t read_share(std::string_view what, std::string_view text) {
  double number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
  if (failure != std::errc() || rest != "%" || !(number >= 0 && number <= 100))
    throw usage_error(fmt::format("{} '{}' is not a share: 0% to 100%.", what, text));
  return number > 0 ? static_cast<std::uint64_t>(std::llround(std::min(1e9, 100 / number))) : 0;
}

duration read_duration(std::string_view what, std::string_view text, duration least) {
  static constexpr std::array<unit, 8> units{{{"ns", 1},
                                              {"us", 1e3},
                                              {"µs", 1e3},
                                              {"ms", 1e6},
                                              {"s", 1e9},
                                              {"min", 60e9},
                                              {"h", 3600e9},
                                              {"d", 86400e9}}};
  double number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view name = text.substr(static_cast<std::size_t>(end - text.data()));
  if (name.starts_with(' ')) name.remove_prefix(1);
  if (failure == std::errc() && std::isfinite(number)) {
    for (const auto& u : units) {
      if (u.name != name) continue;
      const double ns = std::nearbyint(number * u.size);
      if (ns < static_cast<double>(least.count()) || ns >= 9.2e18)
        throw usage_error(
            fmt::format("{} '{}' is out of range: {}ns to 2,500,000h.", what, text, least.count()));
      return duration(static_cast<std::int64_t>(ns));
    }
  }
  throw usage_error(fmt::format(
      "{} '{}' is not a time: a number and a unit (ns, us, ms, s, min, h), such as 1.5s.", what,
      text));
}

std::uint64_t read_size(std::string_view what, std::string_view text, std::uint64_t least,
                        std::uint64_t most) {
  constexpr std::uint64_t mebi = std::uint64_t{1024} * 1024;
  std::uint64_t factor = 1;
  std::string_view number = text;
  if (text.ends_with('K') || text.ends_with('k')) factor = 1024;
  if (text.ends_with('M') || text.ends_with('m')) factor = mebi;
  if (text.ends_with('G') || text.ends_with('g')) factor = 1024 * mebi;
  if (factor > 1) number.remove_suffix(1);
  const auto n = whole_number(number);
  if (!n || *n > most / factor || *n * factor < least)
    throw usage_error(
        fmt::format("{} '{}' is not a size from {}K to {}M: bytes, or a number with K, M or G.",
                    what, text, least / 1024, most / mebi));
  return *n * factor;
}

std::string significant(double x) {
  if (!(x > 0)) return "0";
  const int digits = static_cast<int>(std::floor(std::log10(x))) + 1;  // before the point
  if (digits >= 3) {
    const double step = std::pow(10, digits - 3);
    return format_count(static_cast<std::uint64_t>(std::llround(x / step) * std::llround(step)));
  }
  std::string text = fmt::format("{:.{}f}", x, 3 - digits);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

namespace {

/// The unit in which a person would say `d`.
unit unit_of(std::chrono::nanoseconds d) {
  const auto ns = static_cast<double>(d.count());
  if (ns == 0 || ns >= 999.5e6) return {"s", 1e9};
  if (ns >= 999.5e3) return {"ms", 1e6};
  if (ns >= 999.5) return {"µs", 1e3};
  return {"ns", 1};
}

std::string in_unit(std::chrono::nanoseconds d, const unit& u) {
  return significant(static_cast<double>(d.count()) / u.size);
}

}  // namespace

std::string exact_time(duration d) {
  std::string text = format_duration(d);
  const std::size_t sign = text.starts_with('-') ? 1 : 0;
  for (std::size_t i = std::min(text.find('.'), text.find(' ')); i > sign + 3;)
    text.insert(i -= 3, 1, ',');
  return text;
}

std::string short_time(std::chrono::nanoseconds d) {
  const unit u = unit_of(d);
  return fmt::format("{} {}", in_unit(d, u), u.name);
}

std::string short_times(std::chrono::nanoseconds least, std::chrono::nanoseconds most) {
  const unit u = unit_of(most);
  const std::string from = in_unit(least, u), to = in_unit(most, u);
  return from == to ? short_time(most) : fmt::format("{}–{} {}", from, to, u.name);
}

std::string short_size(double bytes) {
  if (bytes < 1024) return fmt::format("{} B", significant(bytes));
  if (bytes < 1024 * 1024) return fmt::format("{} KiB", significant(bytes / 1024));
  if (bytes < 1024 * 1024 * 1024) return fmt::format("{} MiB", significant(bytes / (1024 * 1024)));
  return fmt::format("{} GiB", significant(bytes / (1024 * 1024 * 1024)));
}

std::string counted(std::uint64_t n, std::string_view noun) {
  return fmt::format("{} {}{}", format_count(n), noun, n == 1 ? "" : "s");
}

}  // namespace reprise::cli
