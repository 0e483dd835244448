#pragma once

#include <cstdint>
#include <string>

namespace reprise {

/// What a run looks for beside its expectations. On in every run under a strategy that chooses;
/// under `fifo()`, where nothing is searched, none is.
struct detectors {
  /// Two accesses to one `shared<T>`, at least one a write, that nothing orders: a failure.
  bool races = true;
  /// A mutex, or a shared one, unlocked by another task than one that holds it, destroyed while it
  /// is held, or used after that: a failure.
  bool mutexes = true;
  /// That a deadlock is one by a lost wake-up: a notification came before its waiter, or an atomic
  /// was changed and nobody notified. And a warning where only a time limit woke the waiter: the
  /// notification came between its look at the condition and its wait.
  bool lost_wakeups = true;
  /// Locks taken in one order here and in another there, by tasks that nothing keeps apart: a
  /// warning, since this run did not deadlock. A `try_lock` makes no order, nor does a try with a
  /// time limit, and where both hold one further lock there is no inversion.
  bool lock_order = true;
  /// `livelock_bound` operations in a row at one virtual time, and nobody got further: they
  /// yielded, looked at what they had looked at before, took locks and gave them back. A warning;
  /// a failure after fifty times as many, for such a run may never end.
  bool livelock = true;
  /// A task tried one thing `starvation_bound` times in vain while others got further: a warning.
  bool starvation = true;

  static constexpr std::uint64_t livelock_bound = 100'000;
  static constexpr std::uint64_t starvation_bound = 10'000;

  [[nodiscard]] static constexpr detectors none() noexcept { return without(63); }
  [[nodiscard]] constexpr bool any() const noexcept { return off() != 63; }
  /// For tokens: a bit for each that is off.
  [[nodiscard]] constexpr std::uint64_t off() const noexcept {
    return (races ? 0u : 1u) | (mutexes ? 0u : 2u) | (lost_wakeups ? 0u : 4u) |
           (lock_order ? 0u : 8u) | (livelock ? 0u : 16u) | (starvation ? 0u : 32u);
  }
  [[nodiscard]] static constexpr detectors without(std::uint64_t off) noexcept {
    const auto on = [off](std::uint64_t bit) { return (off & bit) == 0; };
    return {on(1), on(2), on(4), on(8), on(16), on(32)};
  }
  friend bool operator==(const detectors&, const detectors&) = default;
};

enum class warning_kind : std::uint8_t { lock_order, livelock, starvation, lost_wakeup };
/// "lock order", "livelock", "starvation", "lost wake-up".
[[nodiscard]] const char* to_string(warning_kind kind) noexcept;

/// What a detector saw that did not make the run fail.
struct warning {
  warning_kind kind;
  std::string what;             // one paragraph for a person
  std::uint64_t signature = 0;  // the same for the same tasks and objects in another run
};

}  // namespace reprise
