#pragma once

#include <cstdint>

namespace reprise {

/// What a task announces that it is about to do. The numbers enter digests and labels: append,
/// never renumber.
enum class operation_kind : std::uint8_t {
  none = 0,
  start = 1,
  yield = 2,
  sleep = 3,
  spawn = 4,
  join = 5,
  task_end_ok = 6,
  task_end_failed = 7,
  cancel = 8,
  callback = 9,
  timer = 10,
  gather = 11,
  wait_any = 12,
  as_completed = 13,
  lock = 14,
  try_lock = 15,
  unlock = 16,
  lock_shared = 17,
  try_lock_shared = 18,
  unlock_shared = 19,
  acquire = 20,
  try_acquire = 21,
  release = 22,
  event_wait = 23,
  event_set = 24,
  event_clear = 25,
  condition_wait = 26,
  condition_notify = 27,
  barrier_wait = 28,
  latch_wait = 29,
  latch_count = 30,
  queue_put = 31,
  queue_get = 32,
  queue_close = 33,
  queue_join = 34,
  future_wait = 35,
  future_set = 36,
  offload = 37,
  job = 38,
  spend = 39,
  group_wait = 40,
  shield = 41,
  failure = 42,
  atomic_load = 43,
  atomic_store = 44,
  atomic_update = 45,  // exchange, fetch_add and their like
  compare_exchange = 46,
  compare_exchange_failed = 47,  // said after one that failed: it only looked
  atomic_wait = 48,
  atomic_notify = 49,
  fence = 50,
  shared_read = 51,
  shared_write = 52,
  barrier_break = 53,  // abort, reset
};

/// The name that a trace shows: "lock", "queue_put".
[[nodiscard]] const char* to_string(operation_kind kind) noexcept;

/// An announced operation. `object` names what it touches: the number of the task that made the
/// object (high half) and the object's number among those that task made (low half); 0 where no
/// object is touched.
struct operation {
  operation_kind kind = operation_kind::none;
  std::uint64_t object = 0;

  /// Whether it only looks. Two operations conflict when they touch one object and are not both
  /// reads.
  [[nodiscard]] bool is_read() const noexcept {
    return kind == operation_kind::join || kind == operation_kind::atomic_load ||
           kind == operation_kind::shared_read || kind == operation_kind::compare_exchange_failed;
  }
  friend bool operator==(const operation&, const operation&) = default;
};

[[nodiscard]] inline bool conflict(const operation& a, const operation& b) noexcept {
  return a.object != 0 && a.object == b.object && !(a.is_read() && b.is_read());
}

}  // namespace reprise
