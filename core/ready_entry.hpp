#pragma once

#include <reprise/core/future_core.hpp>

#include <cstdint>

// What the ready queue and the timers hold: a word that says what to do, and with what.

namespace reprise::detail {

struct alignas(16) timer_slot {
  std::uint32_t generation = 1;
  box_base* box = nullptr;                   // the user's callback
  void (*strike)(void*) noexcept = nullptr;  // or the library's own
  void* argument = nullptr;
  std::uint64_t number = 0;  // by creation in the run
};

enum class entry_kind : std::uint32_t {
  none,          // the run has come to something
  step,          // a task's: its start, a bare yield, a wake-up
  sleeper,       // a sleep or a time limit on a wait has expired
  timer,         // a callback, the user's or the library's own
  node,          // a done-callback
  job,           // an offloaded job goes on
  delivery,      // of a job's result
  stop,          // of the loop, at the end of this turn
  member,        // the step of a gather's coroutine that has no record
  member_sleep,  // its sleep has expired, or that of one that has a record
  member_end,    // it is over
  claims,        // the runner is to look at the claims; never queued
};

/// A pointer, a generation and a kind in one word. Pointers have 48 bits and end in four of zero;
/// of a generation 16 bits are enough: see `engine::outdate`.
template <class Kind>
class packed_pointer {
public:
  packed_pointer() = default;
  packed_pointer(const void* target, std::uint32_t generation, Kind kind) noexcept
      : word_(reinterpret_cast<std::uint64_t>(target) | std::uint64_t{generation & 0xffffu} << 48 |
              static_cast<std::uint64_t>(kind)) {}
  [[nodiscard]] Kind kind() const noexcept { return static_cast<Kind>(word_ & 15); }
  template <class T>
  [[nodiscard]] T& as() const noexcept {
    return *static_cast<T*>(target());
  }
  [[nodiscard]] void* target() const noexcept {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the pointer is packed with a generation
    return reinterpret_cast<void*>(word_ & 0x0000'ffff'ffff'fff0u);
  }
  [[nodiscard]] bool is_of(std::uint32_t generation) const noexcept {
    return word_ >> 48 == (generation & 0xffffu);
  }
  [[nodiscard]] std::uint16_t generation() const noexcept {
    return static_cast<std::uint16_t>(word_ >> 48);
  }

private:
  std::uint64_t word_ = 0;
};

/// An entry of the ready queue. A queue of two words an entry would stall the processor, which
/// can't forward two stores to one load.
using ready_entry = packed_pointer<entry_kind>;

}  // namespace reprise::detail
