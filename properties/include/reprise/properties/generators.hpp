#pragma once

#include <reprise/core/format.hpp>
#include <reprise/core/virtual_clock.hpp>

#include <rapidcheck.h>

#include <algorithm>
#include <cstdint>
#include <ostream>
#include <string>

namespace reprise {

/// An arbitrary duration, 0 to 10 s, that shrinks towards 0. Often one of few, so that there are
/// ties.
struct delay : duration {
  constexpr delay() noexcept : duration(0) {}
  constexpr delay(duration d) noexcept : duration(d) {}
};

/// "1ns", "1.5s".
inline void showValue(const delay& d, std::ostream& to) {
  std::string text = format_duration(d);
  std::erase(text, ' ');
  to << text;
}

/// How many tasks to make: 1 to 8, that shrinks towards 1.
struct task_count {
  std::uint32_t value = 1;
  constexpr operator std::uint32_t() const noexcept { return value; }
};
inline void showValue(const task_count& n, std::ostream& to) { to << n.value; }

}  // namespace reprise

namespace rc {

template <>
struct Arbitrary<reprise::delay> {
  static Gen<reprise::delay> arbitrary() {
    constexpr std::int64_t most = 10'000'000'000;
    const auto of_ns = [](std::int64_t n) { return reprise::delay(reprise::duration(n)); };
    return gen::weightedOneOf<reprise::delay>(
        {{2, gen::map(gen::inRange<std::int64_t>(0, most + 1), of_ns)},
         // Whole seconds; they shrink as numbers of nanoseconds do.
         {1,
          gen::map(gen::shrink(gen::map(gen::inRange<std::int64_t>(0, 11),
                                        [](std::int64_t s) { return s * 1'000'000'000; }),
                               [](std::int64_t n) { return shrink::towards<std::int64_t>(n, 0); }),
                   of_ns)}});
  }
};

template <>
struct Arbitrary<reprise::task_count> {
  static Gen<reprise::task_count> arbitrary() {
    return gen::map(gen::inRange<std::uint32_t>(1, 9),
                    [](std::uint32_t n) { return reprise::task_count{n}; });
  }
};

}  // namespace rc
