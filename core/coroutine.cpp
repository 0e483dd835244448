// Coroutines: what their awaiters do. The scheduling of their steps is in engine.cpp.

#include <reprise/core/co.hpp>
#include <reprise/core/co_task.hpp>

#include "engine.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace reprise::detail {

std::string twin_of(std::string_view call) {
  struct pair {
    std::string_view call;
    std::string_view twin;
  };
  static constexpr std::array twins{
      pair{"sleep_for", "co_await co::sleep_for(d)"},
      pair{"yield", "co_await co::yield()"},
      pair{"gather", "co_await co::gather(…)"},
      pair{"gather_all", "co_await co::gather_all(…)"},
      pair{"wait", "co_await co::wait(…)"},
      pair{"with_timeout", "co_await co::with_timeout(d, …)"},
      pair{"with_task_group", "co_await co::with_task_group(…)"},
      pair{"shield", "co_await co::shield(t)"},
      pair{"offload", "co_await co::offload(f)"},
      pair{"mutex::lock", "co_await co::lock(m)"},
      pair{"semaphore::acquire", "co_await co::acquire(s)"},
      pair{"event::wait", "co_await co::wait(e)"},
      pair{"queue::get", "co_await co::get(q)"},
      pair{"queue::put", "co_await co::put(q, v)"},
      pair{"barrier::arrive_and_wait", "co_await co::arrive_and_wait(b)"},
      pair{"task::get", "co_await t"},
      pair{"future::get", "co_await f"},
  };
  for (const auto& [name, twin] : twins)
    if (name == call) return std::string(twin);
  return "co_await co::call([&] { … })";
}

task_core& engine::coroutine_that_waits(const char* call) {
  task_core& me = task_here(call);
  if (!me.stackless())
    throw cannot_wait(fmt::format(
        "{}: no coroutine of this task runs here; outside one, spawn it and call get()", call));
  return me;
}

void* co_allocate(std::size_t size) { return pool_allocate(size); }
void co_free(void* frame, std::size_t size) noexcept { pool_free(frame, size); }

void check_in_coroutine(const char* call) {
  static_cast<void>(engine::checked(call).coroutine_that_waits(call));
}

[[gnu::noinline]] const void* this_place() noexcept { return __builtin_return_address(0); }

void report_never_awaited(const void* made_at, const void* returns_to) noexcept {
  engine* const e = engine::running();
  // One that is dropped by an unwinding was to be awaited.
  if (!e || e->tearing_down() || std::uncaught_exceptions() > 0) return;
  // Inlined into its caller, the coroutine function is the innermost place of two.
  std::string place = caller_of(made_at);
  if (place.empty()) place = place_of(returns_to);
  if (place.empty()) place = place_of(made_at);
  e->fail_soon(fmt::format("a coroutine was made and never awaited or spawned{}{}",
                           place.empty() ? "" : ", at " + place, e->whereabouts()));
}

// ---------------------------------------------------------------- sleeping

void co_sleep_awaiter::begin(std::int64_t ns, std::coroutine_handle<> frame) {
  const char* const call = ns == 0 ? "co::yield" : "co::sleep_for";
  engine& e = engine::checked(call);
  task_core& me = e.coroutine_that_waits(call);
  me.innermost = frame;
  me.place = __builtin_return_address(0);
  if (ns == 0) {
    me.announces({operation_kind::yield, 0});
    return e.push_step(me);
  }
  me.announces({operation_kind::sleep, 0});
  me.sleep = waiter::state::pending;
  if (ns != delay::forever)
    e.add_sleeper(deadline_after(e.now(), ns), me);
  else if (me.is_member)
    static_cast<void>(me.extra());  // it keeps its record, with the place for a report
  if (me.must_cancel) {
    engine::take_request(me);
    me.sleep = waiter::state::cancelled;
    e.push_step(me);
  }
}

void co_sleep_awaiter::end(std::int64_t ns) {
  engine& e = *engine::running();
  task_core& me = *e.current_task();
  const auto how = std::exchange(me.sleep, waiter::state::woken);
  if (ns != 0 && ns != delay::forever) e.end_timed(me, how);
  e.arrive_in_coroutine(me);
  if (how == waiter::state::cancelled) {
    me.must_cancel = false;  // asked again before it ran: that is one exception, the first one's
    e.throw_cancelled(me);
  }
  e.throw_if_cancelled(me);
}

// ---------------------------------------------------------------- futures

operation_kind wait_of(const future_core& core) noexcept {
  return core.kind == future_kind::task ? operation_kind::join : operation_kind::future_wait;
}

struct co_join::part {
  static bool list(engine& e, task_core& me, co_join& j) {
    future_core& core = *j.core_;
    if (&core == static_cast<future_core*>(&me)) {
      j.for_itself_ = true;
      e.push_step(me);
      return true;
    }
    if (core.done()) return false;
    j.waiting_ = true;
    e.begin_await(me, core, j.node_);
    me.announces({j.op_, core.object()});
    return true;
  }
};

bool co_join::begin(future_core& core, operation_kind op, std::coroutine_handle<> frame,
                    void* place) {
  engine& e = engine::checked("co_await");
  task_core& me = e.coroutine_that_waits("co_await");
  core_ = &core;
  op_ = op;
  me.innermost = frame;
  me.place = place ? place : __builtin_return_address(0);
  me.announces({op, core.object()});
  if (!e.point_of_coroutine(me)) {
    me.wait_for(*this);
    return true;
  }
  return part::list(e, me, *this);
}

bool engine::begin_join(task_core& t) {
  co_join& join = *t.join();
  t.wait_for_nothing();
  return !co_join::part::list(*this, t, join);
}

void co_join::leave() noexcept {
  if (std::exchange(waiting_, false)) engine::unlist(node_);
}

void co_join::end() {
  engine& e = *engine::running();
  task_core& me = *e.current_task();
  if (waiting_) {
    me.wait_for_nothing();
    leave();
    e.arrive_in_coroutine(me);
    if (me.must_cancel) {
      engine::hear_request(me, *core_);
      e.throw_cancelled(me);
    }
  }
  e.arrive_in_coroutine(me);
  if (!std::exchange(for_itself_, false)) return;
  e.throw_if_cancelled(me);
  throw error(fmt::format("{} waits for itself", me.name()));
}

// ---------------------------------------------------------------- calls that block

void co_call::begin(const char* name, std::coroutine_handle<> frame) {
  engine& e = engine::checked(name);
  task_core& me = e.coroutine_that_waits(name);
  me.innermost = frame;
  e.begin_borrowed(me, *this, __builtin_return_address(0));
}

void co_call::end() {
  if (failure) std::rethrow_exception(std::exchange(failure, nullptr));
}

void engine::begin_borrowed(task_core& me, co_call& call, void* place) {
  stack_slot* const stack = stack_of(me.stack_log);
  if (!stack) throw std::bad_alloc();
  me.top = handover_ = &bind(*stack, borrowed_entry);
  me.top->awaited_at = place;
  borrowing_ = &call;
}

void engine::borrowed_main() {
  task_core& t = *current_task_;
  co_call& call = *std::exchange(borrowing_, nullptr);
  try {
    call.call(call);
  } catch (...) {
    call.failure = std::current_exception();
  }
  check_stack();
  t.top = nullptr;
  fiber* const runner = runner_for(ready_entry(&t, 0, entry_kind::step));
  fiber& self = *current_fiber_;
  stacks_.give_back(*self.stack);
  leave_fiber(*this, self, *runner);
}

}  // namespace reprise::detail
