#include <reprise/core/shared_mutex.hpp>

#include "engine.hpp"

#include <fmt/format.h>

#include <string>

namespace reprise {

using detail::engine;
using detail::lock_call;
using detail::waiter;

void shared_mutex::lock() { acquire(mode::exclusive, __builtin_return_address(0)); }
void shared_mutex::lock_shared() { acquire(mode::shared, __builtin_return_address(0)); }
bool shared_mutex::try_lock() { return try_acquire(mode::exclusive, "shared_mutex::try_lock"); }
bool shared_mutex::try_lock_shared() {
  return try_acquire(mode::shared, "shared_mutex::try_lock_shared");
}

bool shared_mutex::free_for_newcomer(mode m) const noexcept {
  if (exclusive_ || (m == mode::exclusive && readers_ > 0)) return false;
  for (const waiter* w = waiters_.first(); w; w = w->next)
    if (w->status != waiter::state::cancelled) return false;
  return true;
}

void shared_mutex::take(mode m, std::uint32_t task, void* place) noexcept {
  place_ = place;
  if (m == mode::exclusive) {
    exclusive_ = true;
    writer_ = task;
  } else {
    ++readers_;
  }
}

bool shared_mutex::try_acquire(mode m, const char* call) {
  engine& e = enter(call);
  const operation op{m == mode::shared ? operation_kind::try_lock_shared : operation_kind::try_lock,
                     object()};
  e.point_anywhere(op);
  if (!free_for_newcomer(m)) {
    e.tried_in_vain(op);
    return false;
  }
  take(m, e.current_task() ? e.current_task()->number : 0, __builtin_return_address(0));
  e.took(*this, m == mode::shared, lock_call::try_lock, place_);
  return true;
}

void shared_mutex::acquire(mode m, void* place) {
  const char* call = m == mode::shared ? "shared_mutex::lock_shared" : "shared_mutex::lock";
  engine& e = enter(call);
  place = e.place_of_call(place);
  detail::task_core& me = e.task_that_waits(call);
  const auto op = m == mode::shared ? operation_kind::lock_shared : operation_kind::lock;
  e.point(me, {op, object()});
  if (!free_for_newcomer(m)) {
    waiter w;
    w.object = this;
    w.mode = static_cast<std::uint8_t>(m);
    w.holder = &writer_;
    w.holder_place = &place_;
    detail::queued in_line(waiters_, w);
    const auto how = e.block(me, w, op, place);
    const bool gone = w.queue == nullptr;
    in_line.leave();
    if (how == engine::wake_up::cancelled) {
      if (!gone) wake();
      e.throw_cancelled(me);
    }
    take(m, me.number, place);
    e.took(*this, m == mode::shared, lock_call::lock, place);
    // Readers that came while this one was on its way stand together with it.
    if (m == mode::shared) wake();
    return;
  }
  take(m, me.number, place);
  e.took(*this, m == mode::shared, lock_call::lock, place);
}

void shared_mutex::wake() noexcept {
  if (exclusive_) return;
  for (waiter* w = waiters_.first(); w; w = w->next) {
    if (static_cast<mode>(w->mode) == mode::exclusive) {
      if (w == waiters_.first() && readers_ == 0) engine::running()->wake(*w);
      return;
    }
    engine::running()->wake(*w);
  }
}

void shared_mutex::unlock() noexcept {
  engine* e = try_enter();
  if (!e) return;
  if (exclusive_ && e->watching()) [[unlikely]]
    check_holder(writer_);
  e->announce({operation_kind::unlock, object()});
  if (!exclusive_) {
    e->fail_at_caller(description() + " was unlocked, and nobody holds it exclusively");
    return;
  }
  exclusive_ = false;
  writer_ = 0;
  wake();
}

void shared_mutex::unlock_shared() noexcept {
  engine* e = try_enter();
  if (!e) return;
  if (readers_ > 0 && e->watching()) [[unlikely]]
    check_reader(readers_);
  e->announce({operation_kind::unlock_shared, object()});
  if (readers_ == 0) {
    e->fail_at_caller(description() + " was unlocked by a reader, and no reader holds it");
    return;
  }
  --readers_;
  wake();
}

}  // namespace reprise
