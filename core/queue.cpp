#include <reprise/core/queue.hpp>

#include "engine.hpp"

#include <fmt/format.h>

namespace reprise::detail {

queue_core::queue_core(std::size_t capacity, const char* type, std::string_view name)
    : sync_object(type, name), capacity_(capacity) {}

void queue_core::wait_for_room(void* place) {
  engine& e = enter("queue::put");
  task_core& me = e.task_that_waits("queue::put");
  e.point(me, {operation_kind::queue_put, object()});
  if (no_room() || closed_) [[unlikely]]
    wait_in_line_to_put(e, me, place);
}

void queue_core::wait_in_line_to_put(engine& e, task_core& me, void* place) {
  while (no_room()) {
    if (closed_) throw queue_closed();
    waiter w;
    w.object = this;
    queued in_line(putters_, w);
    const auto how = e.block(me, w, operation_kind::queue_put, place);
    const bool mine = w.status == waiter::state::woken;
    in_line.leave();
    if (how == engine::wake_up::cancelled) {
      // Woken for room that it does not take: the next one's.
      if (mine && !no_room()) wake_next(putters_);
      e.throw_cancelled(me);
    }
  }
  if (closed_) throw queue_closed();
}

bool queue_core::wait_for_item(void* place) {
  engine& e = enter("queue::get");
  task_core& me = e.task_that_waits("queue::get");
  e.point(me, {operation_kind::queue_get, object()});
  return !no_item() || wait_in_line_to_get(e, me, place);
}

bool queue_core::wait_in_line_to_get(engine& e, task_core& me, void* place) {
  while (no_item()) {
    if (closed_) return false;
    waiter w;
    w.object = this;
    queued in_line(getters_, w);
    const auto how = e.block(me, w, operation_kind::queue_get, place);
    const bool mine = w.status == waiter::state::woken;
    in_line.leave();
    if (how == engine::wake_up::cancelled) {
      if (mine && !no_item()) wake_next(getters_);
      e.throw_cancelled(me);
    }
  }
  return true;
}

void queue_core::announce_put(const char* call) const {
  engine& e = enter(call);
  e.point_anywhere({operation_kind::queue_put, object()});
  if (no_room()) e.tried_in_vain({operation_kind::queue_put, object()});
}
void queue_core::announce_get(const char* call) const {
  engine& e = enter(call);
  e.point_anywhere({operation_kind::queue_get, object()});
  if (no_item()) e.tried_in_vain({operation_kind::queue_get, object()});
}

void queue_core::wake_next(wait_queue& waiters) noexcept {
  while (waiter* w = waiters.first()) {
    waiters.remove(*w);
    if (w->status != waiter::state::pending) continue;
    engine::running()->wake(*w);
    return;
  }
}

void queue_core::wake_all(wait_queue& waiters) noexcept {
  while (waiter* w = waiters.first()) {
    waiters.remove(*w);
    engine::running()->wake(*w);
  }
}

void queue_core::close() {
  engine& e = enter("queue::close");
  e.point_anywhere({operation_kind::queue_close, object()});
  closed_ = true;
  wake_all(getters_);
  wake_all(putters_);
}

void queue_core::task_done() {
  static_cast<void>(enter("queue::task_done"));
  const auto refuse_more = [this] {
    if (unfinished_ == 0) throw error("queue::task_done: called more often than items were put");
  };
  refuse_more();
  engine& e = finished_.enter("queue::task_done");
  // Before it counts: a task that runs here may put another.
  if (unfinished_ == 1) {
    e.point_anywhere({operation_kind::event_set, finished_.object()});
    refuse_more();
  }
  left_to(finished_);
  if (--unfinished_ == 0) finished_.set_now(e);
}

void queue_core::join() {
  enter("queue::join").point_anywhere({operation_kind::queue_join, object()});
  if (unfinished_ > 0) finished_.clear();
  // Another may have gone before the clearing: then what it set is lost, and all is done.
  if (unfinished_ == 0) return saw(finished_);
  static_cast<void>(finished_.wait_within(nullptr, __builtin_return_address(0), this));
}

}  // namespace reprise::detail
