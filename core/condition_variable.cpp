#include <reprise/core/condition_variable.hpp>

#include "engine.hpp"

namespace reprise {

using detail::engine;
using detail::waiter;

std::exception_ptr condition_variable::block(void (*unlock)(void*), void* lock,
                                             const detail::delay* within, void* place,
                                             bool& notified, missed_notification* missed) {
  engine& e = enter("condition_variable::wait");
  detail::task_core& me = e.task_that_waits("condition_variable::wait");
  e.point(me, {operation_kind::condition_wait, object()});
  detail::condition_waiter w;
  w.object = this;
  // Listed before: a lock of the user's may let others run where it is given up.
  detail::queued in_line(waiters_, w);
  unlock(lock);
  if (missed && missed->unheard != unheard_count_) {
    w.missed = true;
    *missed = {unheard_count_, true, place, unheard_from_, unheard_place_, e.operation_count()};
  }
  if (w.status == waiter::state::woken) {
    notified = true;
    return nullptr;
  }
  const auto how = e.block(me, w, operation_kind::condition_wait, place, within);
  const bool gone = w.queue == nullptr;
  in_line.leave();
  // Destroyed under a waiter that is cancelled: a run that failed is being unwound, the frame that
  // made it first. The lock stood there, too, so it is not taken again.
  if (gone && how == engine::wake_up::cancelled) e.throw_cancelled(me);
  notified = how == engine::wake_up::woken;
  if (how != engine::wake_up::cancelled) return nullptr;
  return std::make_exception_ptr(cancelled(me.thrown_message()));
}

void condition_variable::notify(std::size_t count) noexcept {
  engine* const e = try_enter();
  if (!e) return;
  unheard_ = !wake_waiters(*e, count) && count > 0;
  if (!unheard_) return;
  ++unheard_count_;
  unheard_from_ = e->current_number();
  unheard_place_ = __builtin_return_address(0);
}

void condition_variable::pass_on() noexcept {
  // No notification of anybody's: what is known of the last one stays as it is.
  if (engine* const e = try_enter()) static_cast<void>(wake_waiters(*e, 1));
}

bool condition_variable::wake_waiters(engine& e, std::size_t count) noexcept {
  e.announce({operation_kind::condition_notify, object()});
  return e.wake_first(waiters_, count);
}

void condition_variable::warn_of(const missed_notification& m) noexcept {
  if (engine* const e = try_enter()) e->warn_of_late(*this, m.place, m.from, m.from_place, m.since);
}

}  // namespace reprise
