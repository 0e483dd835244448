#pragma once

#include <reprise/core/uint128.hpp>

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

namespace reprise {

/// A small fast generator for the simulator's own draws: schedules, faults, streams that a user
/// names.
///
/// Streams are split from a run's seed by purpose, so that one more draw in one never shifts
/// another. Its draws per seed are part of the format of a token: they never change. Source:
/// xoshiro256** of Blackman and Vigna, 2018, seeded by SplitMix64 (Steele, Lea and Flood, 2014).
/// Integers only, so the same on every machine.
class stream {
public:
  using result_type = std::uint64_t;

  stream() noexcept : stream(0, 0) {}
  stream(std::uint64_t seed, std::uint64_t purpose) noexcept {
    std::uint64_t x = seed ^ mix(purpose);
    for (auto& word : state_) word = mix(x += 0x9e3779b97f4a7c15u);
  }
  /// The stream that `name` has in the run of `seed`.
  stream(std::uint64_t seed, std::string_view name) noexcept : stream(seed, hash(name)) {}

  std::uint64_t operator()() noexcept {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  /// A number in [0, bound), each equally likely. Precondition: bound > 0. Source: Lemire, 2019.
  std::uint64_t below(std::uint64_t bound) noexcept {
    auto product = static_cast<detail::uint128>((*this)()) * bound;
    if (auto low = static_cast<std::uint64_t>(product); low < bound) [[unlikely]] {
      for (const std::uint64_t floor = (0 - bound) % bound; low < floor;) {
        product = static_cast<detail::uint128>((*this)()) * bound;
        low = static_cast<std::uint64_t>(product);
      }
    }
    return static_cast<std::uint64_t>(product >> 64);
  }

  static constexpr std::uint64_t min() noexcept { return 0; }
  static constexpr std::uint64_t max() noexcept { return ~std::uint64_t{0}; }

  /// The finaliser of SplitMix64: a bijection that spreads every bit.
  static constexpr std::uint64_t mix(std::uint64_t z) noexcept {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  /// FNV-1a, 64 bits.
  static constexpr std::uint64_t hash(std::string_view text) noexcept {
    std::uint64_t h = 0xcbf29ce484222325u;
    for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    return h;
  }

private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace reprise
