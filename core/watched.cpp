#include <reprise/core/watched.hpp>

#include "engine.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace reprise::detail {

namespace {

std::string describe(const engine& e, const watcher::access& a) {
  const std::string place = place_of(a.place);
  return fmt::format("{} {} it{}{}{}{}", e.name_of_number(a.task), a.write ? "writes" : "reads",
                     place.empty() ? "" : " at ", place,
                     a.lock == 0 ? "" : ", holding " + e.watching()->name_of_lock(a.lock),
                     a.lock_shared ? " shared" : "");
}

/// Ends the run where it stands.
void report_race(engine& e, const sync_object& variable, const watcher::race& r) {
  // What would order them, by what they do already.
  std::string advice = "Hold one mutex at both, or let one wait for the other.";
  if (r.first.lock != 0 && r.first.lock == r.second.lock) {
    advice = fmt::format("Readers hold {} together: hold it exclusively where it is written.",
                         e.watching()->name_of_lock(r.first.lock));
  } else if (r.first.lock != 0 && r.second.lock != 0) {
    advice = "They hold two mutexes: hold one and the same at both.";
  } else if (r.first.lock != 0 || r.second.lock != 0) {
    const auto& [with, without] =
        r.first.lock != 0 ? std::pair(r.first, r.second) : std::pair(r.second, r.first);
    advice = fmt::format("Hold {} where {} {} it, too.", e.watching()->name_of_lock(with.lock),
                         e.name_of_number(without.task), without.write ? "writes" : "reads");
  }
  e.record_failure(verdict::failed,
                   fmt::format("data race on {}: nothing orders these two\n  {}\n  {}\n  {}{}",
                               variable.description(), describe(e, r.first), describe(e, r.second),
                               advice, e.whereabouts()));
  e.freeze();
}

}  // namespace

void watched::access(operation_kind kind, const char* call, std::memory_order order) const {
  engine& e = enter(call);
  e.point_anywhere({kind, object()});
  if (e.watching()) watch(e, kind, order, __builtin_return_address(0));
}

void watched::watch(engine& e, operation_kind kind, std::memory_order order, void* place) const {
  // A job's accesses have no task that they could be ordered with.
  if (e.current_job() || e.tearing_down()) return;
  watcher& w = *e.watching();
  const std::uint32_t me = e.current_number();
  if (kind != operation_kind::shared_read && kind != operation_kind::shared_write) {
    // Whether a compare-exchange wrote is known a moment later.
    if (kind != operation_kind::compare_exchange) w.atomic_access(me, object(), kind, order);
    return;
  }
  if (!e.options().detect.races) return;
  const auto race = w.touch(me, object(), kind == operation_kind::shared_write, place);
  if (race.found) report_race(e, *this, race);
}

void watched::exchanged(std::memory_order order) const {
  engine& e = *engine::running();
  if (e.watching() && !e.current_job())
    e.watching()->atomic_access(e.current_number(), object(), operation_kind::compare_exchange,
                                order);
}

void watched::only_looked(std::memory_order order) const {
  engine& e = *engine::running();
  e.announce({operation_kind::compare_exchange_failed, object()});
  if (e.watching() && !e.current_job())
    e.watching()->atomic_access(e.current_number(), object(), operation_kind::atomic_load, order);
  e.tried_in_vain({operation_kind::compare_exchange, object()});
}

void watched_atomic::wait_while(bool (*same)(const void*, const void*), const void* self,
                                const void* old, std::memory_order order) const {
  engine& e = enter("atomic::wait");
  task_core& me = e.task_that_waits("atomic::wait");
  void* const place = __builtin_return_address(0);
  e.point(me, {operation_kind::atomic_wait, object()});
  while (same(self, old)) {
    atomic_waiter w;
    w.object = this;
    w.same = same, w.self = self, w.old = old;
    queued in_line(waiters_, w);
    const auto how = e.block(me, w, operation_kind::atomic_wait, place);
    const bool gone = w.queue == nullptr;  // the atomic was destroyed meanwhile
    in_line.leave();
    if (how == engine::wake_up::cancelled) {
      if (w.status == waiter::state::woken && !gone) wake_waiters(e, 1);  // for whoever waits
      e.throw_cancelled(me);
    }
  }
  if (e.watching())
    e.watching()->atomic_access(me.number, object(), operation_kind::atomic_load, order);
}

void watched_atomic::notify(std::size_t count, const char* call) const {
  engine& e = enter(call);
  e.point_anywhere({operation_kind::atomic_notify, object()});
  wake_waiters(e, count);
}

void watched_atomic::wake_waiters(engine& e, std::size_t count) const {
  static_cast<void>(e.wake_first(waiters_, count));
}

void fence(std::memory_order order, const char* call) {
  engine& e = engine::checked(call);
  e.point_anywhere({operation_kind::fence, 0});
  if (e.watching() && !e.current_job()) e.watching()->fence(e.current_number(), order);
}

void saw(std::uint64_t object) noexcept {
  const engine* e = engine::running();
  if (e && e->watching()) e->watching()->saw(e->current_number(), object);
}

void saw(const sync_object& object) noexcept {
  // What nobody has used yet gets no number by a look: those of what comes later would be others.
  if (object.run_ == 0) return;
  const engine* e = object.try_enter();
  if (e && e->watching()) e->watching()->saw(e->current_number(), object.object());
}

void left_to(const sync_object& object) noexcept {
  // Whether it is watched or not, or the numbers of all that is made later were others.
  const engine* e = object.try_enter();
  if (e && e->watching()) e->watching()->left(e->current_number(), object.object());
}

void engine::watch_wake_up(const task_core& t) {
  // Who is woken by the clock owes it to nobody.
  const bool by_clock =
      (t.leaf() && t.leaf()->status == waiter::state::expired) || t.sleep == waiter::state::expired;
  if (!by_clock) watching_->woken(t.number, current_number());
}

}  // namespace reprise::detail
