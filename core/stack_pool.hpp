#pragma once

#include "sanitizers.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

namespace reprise::detail {

/// How the end of a stack is watched.
enum class guard_kind : std::uint8_t {
  install,  // MADV_GUARD_INSTALL (Linux 6.13): no limit on their number
  protect,  // mprotect: two mappings a stack, and the kernel has a limit on mappings
  canary,   // a word below the stack, checked at each switch away from it
};

/// A slot of address space for one stack. Only touched pages cost memory.
struct stack_slot {
  char* base = nullptr;  // lowest address; the guard is here
  stack_slot* next_free = nullptr;
  unsigned valgrind_id = 0;
  std::uint8_t log = 0;      // log2 of the bytes of the slot, guard included
  std::uint8_t stagger = 0;  // with power-of-two spacing all tops would share cache sets
  guard_kind guard = guard_kind::install;
  bool lowest : 1 = false;  // of its slab
  bool parked : 1 = false;  // the fiber that is bound to it waits for its next task
#if defined(REPRISE_TSAN)
  void* tsan = nullptr;  // the context of the flow that it was last bound to
#endif

  [[nodiscard]] std::size_t size() const noexcept { return std::size_t{1} << log; }
  /// Where a stack starts. The highest words stay free: they are the canary of the slot above.
  [[nodiscard]] char* top() const noexcept {
    return base + size() - 64 - std::size_t{stagger} * 64;
  }
  /// The word to check, or null.
  [[nodiscard]] std::uint64_t* canary() const noexcept {
    if (guard != guard_kind::canary) return nullptr;
    // The highest word of the slot below: its page is in use anyway. The lowest slot of a slab has
    // none below it.
    return std::launder(
        reinterpret_cast<std::uint64_t*>(base - (lowest ? 0 : sizeof(std::uint64_t))));
  }
  [[nodiscard]] bool overrun() const noexcept {
    const auto* const word = canary();
    return word && *word != canary_value;
  }
  [[nodiscard]] bool guards(const void* address) const noexcept;
  /// Its frames stay for ever: what they refer to is no leak.
  void leave_standing() const noexcept;
  void clear_poison() const noexcept;
  static constexpr std::uint64_t canary_value = 0x7265'7072'6973'6521;
};

/// The stacks of one OS thread's runs: mapped in slabs, reused warm, last in first out, and
/// unmapped with the pool alone.
class stack_pool {
public:
  static constexpr std::size_t default_size = std::size_t{256} * 1024;
  static constexpr std::size_t least_size = std::size_t{16} * 1024;

  stack_pool() = default;
  stack_pool(const stack_pool&) = delete;
  ~stack_pool();
  /// A stack of at least `size` bytes. Throws: `std::bad_alloc`.
  stack_slot& take(std::size_t size) {
    const std::uint8_t log = log_of(size);
    if (stack_slot* const slot = reuse(log)) return *slot;
    return make(log);
  }
  /// One of `log_of` its bytes that was given back, or null.
  [[nodiscard]] stack_slot* reuse(std::uint8_t log) noexcept {
    if (log > most_log) return nullptr;
    stack_slot*& free = classes_[log - least_log].free;
    stack_slot* const slot = free;
    if (!slot) return nullptr;
    free = slot->next_free;
#if defined(REPRISE_ASAN)
    slot->clear_poison();
#endif
    if (auto* const word = slot->canary()) *word = stack_slot::canary_value;
    return slot;
  }
  /// A new one. Throws: `std::bad_alloc`.
  stack_slot& make(std::uint8_t log);
  void give_back(stack_slot& slot) noexcept {
    stack_slot*& free = classes_[slot.log - least_log].free;
    slot.next_free = free;
    free = &slot;
  }
  /// The slot whose guard `address` lies in, or null. Safe in a signal handler.
  [[nodiscard]] stack_slot* guard_at(const void* address) const noexcept;

  /// log2 of the slot that a stack of `size` bytes takes, 63 at most.
  [[nodiscard]] static std::uint8_t log_of(std::size_t size) noexcept {
    return static_cast<std::uint8_t>(
        std::min<std::size_t>(63, std::bit_width(std::max(size, least_size) - 1)));
  }

  /// From now on each that is taken is bound anew.
  void forget_parked() noexcept;
  /// For tests: the guard of every slot from now on. The slots that are free are left aside.
  void prefer(guard_kind kind) noexcept;

private:
  struct size_class {
    stack_slot* free = nullptr;
    std::size_t next_slab = 16;
    // the slab that slots are cut from
    char* cursor = nullptr;
    std::size_t left = 0;
    std::uint32_t cut = 0;
  };
  struct slab {
    char* base;
    std::size_t slots;
    std::size_t slot_size;
    std::unique_ptr<stack_slot[]> first;
  };
  static constexpr unsigned least_log = 14, most_log = 46;  // more than a process can address
  void grow(size_class& c, std::size_t size);
  void watch(stack_slot& slot);

  std::array<size_class, most_log - least_log + 1> classes_;  // by the log2 of the size
  std::vector<slab> slabs_;
  guard_kind preferred_ = guard_kind::install;
  std::size_t protected_ = 0;
};

}  // namespace reprise::detail
