#include <reprise/core/barrier.hpp>

#include "engine.hpp"

#include <stdexcept>

namespace reprise {

using detail::engine;
using detail::task_core;
using detail::waiter;

// asyncio's barrier, state by state. Its condition needs no lock here: nobody runs between a
// barrier's own steps.

/// A party that has arrived, and leaves in whatever way its wait ends.
struct barrier::arrival {
  barrier* at = nullptr;  // null when the barrier is gone
  arrival() = default;
  arrival(const arrival&) = delete;
  ~arrival() {
    if (at) at->leave();
  }
};

barrier::barrier(std::size_t parties, std::string_view name)
    : sync_object("barrier", name), parties_(parties) {
  if (parties == 0) throw std::invalid_argument("barrier: parties is 0; it must be 1 or more");
}

std::size_t barrier::arrive_and_wait() {
  engine& e = enter("barrier::arrive_and_wait");
  task_core& me = e.task_that_waits("barrier::arrive_and_wait");
  void* const place = __builtin_return_address(0);
  e.point(me, {operation_kind::barrier_wait, object()});
  arrival mine;
  while (state_ == state::draining || state_ == state::resetting)
    wait_for_change(mine, place, e, me);
  if (state_ == state::broken) throw broken_barrier();
  const std::size_t index = count_++;
  mine.at = this;
  if (index + 1 == parties_) {
    state_ = state::draining;
    wake_all(e);
    return index;
  }
  while (state_ == state::filling) wait_for_change(mine, place, e, me);
  if (state_ != state::draining) throw broken_barrier();
  return index;
}

void barrier::wait_for_change(arrival& mine, void* place, engine& e, task_core& me) {
  waiter w;
  w.object = this;
  detail::queued in_line(waiters_, w);
  // Destroyed under it when a run that failed is being unwound, the frame that made it first.
  struct look {
    const waiter& w;
    arrival& mine;
    ~look() {
      if (!w.queue) mine.at = nullptr;
    }
  };
  const look at_exit{w, mine};
  if (e.block(me, w, operation_kind::barrier_wait, place) == engine::wake_up::cancelled)
    e.throw_cancelled(me);
}

void barrier::wake_all(engine& e) noexcept {
  for (waiter* w = waiters_.first(); w; w = w->next) e.wake(*w);
}

void barrier::leave() noexcept {
  if (--count_ > 0) return;
  if (state_ == state::resetting || state_ == state::draining) state_ = state::filling;
  wake_all(*engine::running());
}

void barrier::abort() {
  engine& e = enter("barrier::abort");
  e.point_anywhere({operation_kind::barrier_break, object()});
  state_ = state::broken;
  wake_all(e);
}

void barrier::reset() {
  engine& e = enter("barrier::reset");
  e.point_anywhere({operation_kind::barrier_break, object()});
  state_ = count_ > 0 ? state::resetting : state::filling;
  wake_all(e);
}

}  // namespace reprise
