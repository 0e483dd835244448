#pragma once

#include "engine.hpp"

#include <reprise/core/gather.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

// A gather of coroutines. Those that have not begun, and those that sleep and have nothing about
// them that is out of the ordinary, have no record of a task: 16 bytes of a member and the frame
// are all that a million sleepers cost. A member gets a record when it runs, or when anything is
// asked of it, and gives it back when it sleeps again.

namespace reprise::detail {

struct crowd;

struct alignas(16) crowd_member {
  enum class state : std::uint8_t {
    unborn,   // has not begun
    asleep,   // and has no record
    woken,    // the same, and its step is queued
    recorded  // has a record, or is over
  };

  void* frame;               // the outermost; null once it is over
  packed_pointer<state> at;  // the frame that goes on, or the record; generation of the sleep

  [[nodiscard]] bool over() const noexcept { return frame == nullptr; }
};

/// Members with consecutive numbers. Aligned to its size, so that a member finds it.
struct alignas(1024) crowd_chunk {
  crowd* owner;
  crowd_chunk* next;
  std::uint32_t first_index;   // among the gather's
  std::uint32_t first_number;  // of a task
  std::uint32_t first_child;   // of the parent's
  std::uint32_t count;
  crowd_member members[62];  // NOLINT(modernize-avoid-c-arrays): raw memory, used up to `count`

  [[nodiscard]] static crowd_chunk& of(const crowd_member& m) noexcept {
    // NOLINTNEXTLINE(performance-no-int-to-ptr)
    return *reinterpret_cast<crowd_chunk*>(reinterpret_cast<std::uintptr_t>(&m) &
                                           ~std::uintptr_t{sizeof(crowd_chunk) - 1});
  }
  [[nodiscard]] std::uint32_t place_of(const crowd_member& m) const noexcept {
    return static_cast<std::uint32_t>(&m - members);
  }
};
static_assert(sizeof(crowd_chunk) == 1024);

struct crowd final : gather_core {
  /// How a member ended that did not simply give its value.
  struct end {
    future_state state;
    std::exception_ptr failure;
    std::string cancel_message;  // of the last request
  };

  crowd(engine& e, failures how, std::unique_ptr<crowd_values> values);
  crowd(const crowd&) = delete;
  ~crowd();

  bool cancel_children(engine& e, std::string_view message) override;
  void note_end(engine& e, const crowd_member& m);
  void drop_user() {
    if (--users == 0) delete this;
  }
  template <class Visit>
  void each_alive(Visit visit) {
    for (crowd_chunk* c = first; c; c = c->next)
      for (std::uint32_t i = 0; i < c->count; ++i)
        if (!c->members[i].over()) visit(c->members[i]);
  }

  crowd_chunk* first = nullptr;
  crowd_chunk* last = nullptr;
  std::size_t size = 0;
  std::size_t ended = 0;
  std::size_t users = 1;  // members that are not over, and the caller
  failures how;
  bool cancel_asked = false;
  bool left_timers = false;  // a sleep of a member was cut short: its timer may still be there
  std::uint64_t parent_path = 0;
  std::exception_ptr first_failure;
  std::map<std::size_t, end> ends;
  std::unique_ptr<std::map<const void*, std::any>> locals;  // that the members inherit
  std::unique_ptr<crowd_values> values;
  crowd* older = nullptr;  // the engine's list
  crowd* younger = nullptr;
};

}  // namespace reprise::detail
