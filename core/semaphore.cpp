#include <reprise/core/semaphore.hpp>

#include "engine.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace reprise {

using detail::engine;
using detail::waiter;

semaphore::semaphore(std::int64_t permits, std::int64_t most, std::string_view name)
    : sync_object("semaphore", name), permits_(permits), most_(most) {
  if (permits < 0)
    throw std::invalid_argument(
        fmt::format("semaphore: permits is {}; it must be 0 or more", permits));
  if (permits > most)
    throw std::invalid_argument(
        fmt::format("semaphore: permits is {}, above the most, {}", permits, most));
}

bool semaphore::locked() const noexcept {
  detail::saw(*this);
  return would_wait();
}

bool semaphore::would_wait() const noexcept {
  if (permits_ == 0) return true;
  for (const waiter* w = waiters_.first(); w; w = w->next)
    if (w->status != waiter::state::cancelled && w->status != waiter::state::expired) return true;
  return false;
}

void semaphore::acquire() {
  static_cast<void>(acquire_within(nullptr, __builtin_return_address(0)));
}

bool semaphore::try_acquire() {
  engine& e = enter("semaphore::try_acquire");
  e.point_anywhere({operation_kind::try_acquire, object()});
  if (would_wait()) {
    e.tried_in_vain({operation_kind::try_acquire, object()});
    return false;
  }
  --permits_;
  return true;
}

bool semaphore::acquire_within(const detail::delay* within, void* place) {
  engine& e = enter("semaphore::acquire");
  detail::task_core& me = e.task_that_waits("semaphore::acquire");
  e.point(me, {operation_kind::acquire, object()});
  if (!would_wait()) {
    --permits_;
    return true;
  }
  waiter w;
  w.object = this;
  detail::queued in_line(waiters_, w);
  const auto how = e.block(me, w, operation_kind::acquire, place, within);
  const bool gone = w.queue == nullptr;
  in_line.leave();
  if (!gone) {
    // A permit had been passed to a task that was cancelled before it ran: it goes on to the next
    // one.
    if (how == engine::wake_up::cancelled && w.status == waiter::state::woken) ++permits_;
    while (permits_ > 0 && wake_next()) {
    }
  }
  if (how == engine::wake_up::cancelled) e.throw_cancelled(me);
  return how == engine::wake_up::woken;
}

bool semaphore::wake_next() noexcept {
  for (waiter* w = waiters_.first(); w; w = w->next) {
    if (w->status != waiter::state::pending) continue;
    --permits_;
    engine::running()->wake(*w);
    return true;
  }
  return false;
}

void semaphore::release(std::int64_t count) noexcept {
  engine* e = try_enter();
  if (!e) return;
  e->announce({operation_kind::release, object()});
  for (; count > 0; --count) {
    if (permits_ >= most_) {
      e->fail_at_caller(
          fmt::format("{} was released too many times; its most is {}", description(), most_));
      return;
    }
    ++permits_;
    wake_next();
  }
}

}  // namespace reprise
