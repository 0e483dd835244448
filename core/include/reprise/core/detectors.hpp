#pragma once

#include <cstdint>

namespace reprise {

/// What a run looks for beside its expectations. On in every run under a strategy that chooses;
/// under `fifo()`, where nothing is searched, none is.
struct detectors {
  /// Two accesses to one `shared<T>`, at least one a write, that nothing orders: a failure.
  bool races = true;
  /// A mutex unlocked by another task than the one that holds it, or used after it was destroyed:
  /// a failure.
  bool mutexes = true;

  [[nodiscard]] static constexpr detectors none() noexcept { return {false, false}; }
  [[nodiscard]] constexpr bool any() const noexcept { return races || mutexes; }
  /// For tokens: a bit for each that is off.
  [[nodiscard]] constexpr std::uint64_t off() const noexcept {
    return (races ? 0u : 1u) | (mutexes ? 0u : 2u);
  }
  [[nodiscard]] static constexpr detectors without(std::uint64_t off) noexcept {
    return {(off & 1) == 0, (off & 2) == 0};
  }
  friend bool operator==(const detectors&, const detectors&) = default;
};

}  // namespace reprise
