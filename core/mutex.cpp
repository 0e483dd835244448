#include <reprise/core/mutex.hpp>

#include "engine.hpp"

#include <fmt/format.h>

namespace reprise {

using detail::engine;
using detail::lock_call;
using detail::waiter;

void mutex::lock() {
  static_cast<void>(acquire(enter("mutex::lock"), nullptr, __builtin_return_address(0)));
}

bool mutex::lock_within(detail::delay d) {
  return acquire(enter("mutex::try_lock_for"), &d, __builtin_return_address(0));
}

bool mutex::try_lock() {
  engine& e = enter("mutex::try_lock");
  e.point_anywhere({operation_kind::try_lock, object()});
  if (!free_for_newcomer()) {
    e.tried_in_vain({operation_kind::try_lock, object()});
    return false;
  }
  locked_ = true;
  ++times_taken_;
  holder_ = e.current_task() ? e.current_task()->number : 0;
  place_ = __builtin_return_address(0);
  e.took(*this, false, lock_call::try_lock, place_);
  return true;
}

bool mutex::acquire(engine& e, const detail::delay* within, void* place) {
  place = e.place_of_call(place);
  detail::task_core& me = e.task_that_waits("mutex::lock");
  e.point(me, {operation_kind::lock, object()});
  if (!free_for_newcomer()) {
    waiter w;
    w.object = this;
    w.holder = &holder_;
    w.holder_place = &place_;
    detail::queued in_line(waiters_, w);
    const auto how = e.block(me, w, operation_kind::lock, place, within);
    const bool gone = w.queue == nullptr;  // the mutex was destroyed meanwhile
    in_line.leave();
    if (how != engine::wake_up::woken) {
      if (!gone && !locked_) wake_first();
      if (how == engine::wake_up::expired) return false;
      e.throw_cancelled(me);
    }
  }
  locked_ = true;
  ++times_taken_;
  holder_ = me.number;
  place_ = place;
  e.took(*this, false, within ? lock_call::lock_within : lock_call::lock, place);
  return true;
}

void mutex::unlock() noexcept {
  engine* e = try_enter();
  if (!e) return;
  if (locked_ && e->watching()) [[unlikely]]
    check_holder(holder_);
  e->announce({operation_kind::unlock, object()});
  if (!locked_) {
    e->fail_at_caller(description() + " was unlocked, and nobody holds it");
    return;
  }
  locked_ = false;
  holder_ = 0;
  wake_first();
}

bool mutex::free_for_newcomer() const noexcept {
  if (locked_) return false;
  for (const waiter* w = waiters_.first(); w; w = w->next)
    if (w->status != waiter::state::cancelled && w->status != waiter::state::expired) return false;
  return true;
}

void mutex::wake_first() noexcept {
  // Only the first: one that was cancelled passes the turn on itself when it runs.
  if (waiter* w = waiters_.first()) engine::running()->wake(*w);
}

}  // namespace reprise
