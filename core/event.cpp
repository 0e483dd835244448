#include <reprise/core/event.hpp>

#include "engine.hpp"

namespace reprise {

using detail::engine;
using detail::waiter;

void event::wait() { static_cast<void>(wait_within(nullptr, __builtin_return_address(0))); }

bool event::wait_within(const detail::delay* within, void* place,
                        const detail::sync_object* items_of) {
  const char* const call = items_of ? "queue::join" : "event::wait";
  engine& e = enter(call);
  detail::task_core& me = e.task_that_waits(call);
  e.point(me, {operation_kind::event_wait, object()});
  if (set_) return true;
  detail::event_waiter w;
  w.object = this;
  w.items_of = items_of;
  detail::queued in_line(waiters_, w);
  const auto how = e.block(me, w, operation_kind::event_wait, place, within);
  in_line.leave();
  if (how == engine::wake_up::cancelled) e.throw_cancelled(me);
  return how == engine::wake_up::woken;
}

void event::set() {
  engine& e = enter("event::set");
  e.point_anywhere({operation_kind::event_set, object()});
  set_now(e);
}

void event::set_now(engine& e) {
  if (set_) return;
  set_ = true;
  for (waiter* w = waiters_.first(); w; w = w->next) e.wake(*w);
}

void event::clear() {
  engine& e = enter("event::clear");
  e.point_anywhere({operation_kind::event_clear, object()});
  set_ = false;
}

}  // namespace reprise
