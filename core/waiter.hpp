#pragma once

#include <reprise/core/wait_queue.hpp>

#include <cstdint>

// What a task puts on its stack while it waits for something that is no future.

namespace reprise::detail {

struct task_core;

/// A wait by one task for something that is no future: it lives on the stack of the one who waits.
struct waiter {
  enum class state : std::uint8_t { pending, woken, expired, cancelled };
  task_core* task = nullptr;
  state status = state::pending;
  std::uint8_t mode = 0;
  wait_queue* queue = nullptr;
  waiter* previous = nullptr;
  waiter* next = nullptr;
  // for a report
  const sync_object* object = nullptr;
  const std::uint32_t* holder = nullptr;
  void* const* holder_place = nullptr;
};

/// One that waits for an atomic to change.
struct atomic_waiter : waiter {
  bool (*same)(const void* self, const void* old) = nullptr;
  const void* self = nullptr;
  const void* old = nullptr;
};

/// One that waits to be notified.
struct condition_waiter : waiter {
  bool missed = false;  // a notification that came after it had looked at its condition
};

/// One that waits for an event, maybe for the sake of a queue, all of whose items are to be dealt
/// with.
struct event_waiter : waiter {
  const sync_object* items_of = nullptr;
};

}  // namespace reprise::detail
