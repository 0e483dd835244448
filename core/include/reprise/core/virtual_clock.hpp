#pragma once

#include <reprise/core/uint128.hpp>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <ratio>
#include <stdexcept>
#include <type_traits>

namespace reprise {

/// Virtual time, in nanoseconds.
using duration = std::chrono::nanoseconds;

/// The clock of the run that this OS thread is in. It starts at 0 and moves only when nothing can
/// run.
struct virtual_clock {
  using duration = reprise::duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<virtual_clock>;
  static constexpr bool is_steady = true;

  /// Throws: `no_simulation` outside a run. Cost: a load.
  [[nodiscard]] static time_point now();
};

namespace detail {

/// A delay as asked for: whether it was positive is decided before it is rounded, as asyncio does.
struct delay {
  bool positive = false;
  std::int64_t ns = 0;  // rounded to the nearest; `forever` when the clock can't hold it
  static constexpr std::int64_t forever = std::numeric_limits<std::int64_t>::max();
};

/// Throws: `std::invalid_argument` for NaN.
template <class Rep, class Period>
constexpr delay to_delay(std::chrono::duration<Rep, Period> d) {
  if constexpr (std::chrono::treat_as_floating_point_v<Rep>) {
    const long double ns = static_cast<long double>(d.count()) *
                           (1'000'000'000.0L * static_cast<long double>(Period::num)) /
                           static_cast<long double>(Period::den);
    if (ns != ns) throw std::invalid_argument("a delay is NaN (not a number)");
    if (!(ns > 0)) return {};
    if (ns >= 9.2e18L) return {true, delay::forever};
    return {true, static_cast<std::int64_t>(std::nearbyint(ns))};
  } else {
    if (!(d.count() > 0)) return {};
    using ratio = std::ratio_divide<Period, std::nano>;
    const auto count = static_cast<uint128>(d.count());
    const auto scaled = (count * static_cast<std::uint64_t>(ratio::num) +
                         static_cast<std::uint64_t>(ratio::den) / 2) /
                        static_cast<std::uint64_t>(ratio::den);
    if (scaled >= static_cast<uint128>(delay::forever)) return {true, delay::forever};
    return {true, static_cast<std::int64_t>(scaled)};
  }
}

/// The virtual clock's reading. Throws: `no_simulation` that names `call`.
[[nodiscard]] std::int64_t now_ns(const char* call);

/// `now + d`, `forever` when the clock can't hold it.
constexpr std::int64_t deadline_after(std::int64_t now, std::int64_t d) noexcept {
  return d >= delay::forever - now ? delay::forever : now + d;
}

}  // namespace detail

/// Any chrono duration as virtual nanoseconds, rounded to the nearest.
///
/// Throws: `std::invalid_argument` for NaN.
template <class Rep, class Period>
constexpr duration to_duration(std::chrono::duration<Rep, Period> d) {
  using given = std::chrono::duration<Rep, Period>;
  if (d < given::zero()) return -to_duration(d == given::min() ? given::max() : -d);
  return duration(detail::to_delay(d).ns);
}

namespace detail {

/// `virtual_clock::now() + 1.5s` has a duration of its own. Throws: `std::invalid_argument` for
/// NaN.
template <class Duration>
constexpr virtual_clock::time_point to_time_point(
    std::chrono::time_point<virtual_clock, Duration> t) {
  return virtual_clock::time_point(to_duration(t.time_since_epoch()));
}

/// None when `t` is past. Throws: `no_simulation` that names `call`.
template <class Duration>
delay delay_until(std::chrono::time_point<virtual_clock, Duration> t, const char* call) {
  const std::int64_t now = now_ns(call);
  const std::int64_t when = to_time_point(t).time_since_epoch().count();
  if (when <= now) return {};
  return {true, when == delay::forever ? when : when - now};
}

}  // namespace detail

}  // namespace reprise
