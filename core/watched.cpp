#include <reprise/core/watched.hpp>

#include "engine.hpp"

namespace reprise::detail {

void watched::access(operation_kind kind, const char* call, std::memory_order) const {
  engine& e = enter(call);
  e.point_anywhere({kind, object()});
}

void watched::only_looked(std::memory_order) const {
  engine::running()->announce({operation_kind::compare_exchange_failed, object()});
}

void watched_atomic::wait_while(bool (*same)(const void*, const void*), const void* self,
                                const void* old, std::memory_order) const {
  engine& e = enter("atomic::wait");
  task_core& me = e.task_that_waits("atomic::wait");
  void* const place = __builtin_return_address(0);
  e.point(me, {operation_kind::atomic_wait, object()});
  while (same(self, old)) {
    waiter w;
    w.object = this;
    queued in_line(waiters_, w);
    const auto how = e.block(me, w, operation_kind::atomic_wait, place);
    in_line.leave();
    if (how == engine::wake_up::cancelled) e.throw_cancelled(me);
  }
}

void watched_atomic::notify(std::size_t count, const char* call) const {
  engine& e = enter(call);
  e.point_anywhere({operation_kind::atomic_notify, object()});
  for (waiter* w = waiters_.first(); w && count > 0; w = w->next) {
    if (w->status != waiter::state::pending) continue;
    --count;
    e.wake(*w);
  }
}

void fence(std::memory_order, const char* call) {
  engine::checked(call).point_anywhere({operation_kind::fence, 0});
}

}  // namespace reprise::detail
