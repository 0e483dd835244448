#include "claim_list.hpp"
#include "crowd.hpp"
#include "offload_internal.hpp"
#include "switch.hpp"

#include <reprise/core/format.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <mutex>
#include <utility>

namespace reprise::detail {

thread_local constinit engine* engine::running_ = nullptr;

engine::engine() : exceptions_(&thread_exceptions()) {}
engine::~engine() = default;

engine& engine::of_thread() {
  // Kept for the thread's next run: warm stacks and slabs are most of a run's speed. Never
  // destroyed, because handles may outlive their run and look at a slot's generation; a thread that
  // ends leaves its slabs to the next one that runs something.
  static auto& idle =
      *new std::vector<engine*>;  // not destroyed either: threads may end after the statics
  static std::mutex idle_mutex;
  struct holder {
    engine* mine;
    holder() {
      const std::scoped_lock lock(idle_mutex);
      if (idle.empty()) {
        mine = new engine();
      } else {
        mine = idle.back();
        idle.pop_back();
        mine->stacks_.forget_parked();  // their frames may know the other thread's variables
      }
      mine->exceptions_ = &thread_exceptions();
    }
    ~holder() {
      const std::scoped_lock lock(idle_mutex);
      idle.push_back(mine);
    }
  };
  static thread_local holder h;
  return *h.mine;
}

task_core& engine::check_who_waits(const char* call) {
  task_core& me = task_here(call);
  if (me.stackless()) [[unlikely]]
    throw cannot_wait(fmt::format("{0}: a coroutine can't block; write {1}", call, twin_of(call)));
  return me;
}

task_core& engine::task_here(const char* call) {
  if (looking_)
    throw cannot_wait(fmt::format("{}: a claim's predicate can't wait; it only looks", call));
  if (current_task_) [[likely]] {
    if (on_main()) [[unlikely]]
      throw cannot_wait(fmt::format("{}: a formatter can't wait", call));
    if (current_task_->forced) [[unlikely]]
      check_forced(*current_task_);
    return *current_task_;
  }
  throw cannot_wait(
      current_job_
          ? fmt::format("{}: an offloaded job can't wait; it may spend, sleep_for and log", call)
          : fmt::format("{}: a callback can't wait; spawn a task for it", call));
}

// ---------------------------------------------------------------- who goes on

fiber* engine::first_step(task_core& t) {
  if (t.is_coroutine) return runner_for(ready_entry(&t, 0, entry_kind::step));
  if (start(t)) return t.top;
  push_step(t);
  return come_to(reason::failure);
}

bool engine::start(task_core& t) {
  if (offered_ && offered_->log == t.stack_log) {
    offered_ = nullptr;
    t.top = current_fiber_;
  } else {
    stack_slot* const stack = stack_of(t.stack_log);
    if (!stack) return false;
    t.top = stack->parked ? fiber_on(*stack) : &bind(*stack, task_entry);
    stack->parked = false;
  }
  t.started = true;
  return true;
}

stack_slot* engine::new_stack(std::uint8_t log) noexcept {
  // Whoever asks is about to be left: an exception would strike a task that has nothing to do with
  // it. The run ends instead.
  try {
    return &stacks_.make(log);
  } catch (const std::bad_alloc&) {
    no_memory_ = true;
    return nullptr;
  }
}

// The three that follow are one hot path: a switch costs as much as they do.

inline fiber* engine::step(task_core& t) {
  current_task_ = &t;
  current_job_ = nullptr;
  feed(t.number, t.next());
  if (t.top) [[likely]]
    return t.top;
  return first_step(t);
}

inline ready_entry engine::take_entry() {
  if (!choosing_) {
    while (turn_left_ == 0) {
      if (stopping_) return no_entry(reason::finished);
      if (ready_.empty() && !advance_clock()) return {};
      expire_timers();
      turn_left_ = ready_.size();
    }
  } else {
    for (;;) {
      if (!ready_.empty()) break;
      if (stopping_) return no_entry(reason::finished);
      expire_timers();
      if (!ready_.empty() || !runnable_.empty()) break;
      if (!advance_clock()) return {};
    }
  }
  if (steps_ >= step_limit_) [[unlikely]]
    return no_entry(phase_ == phase::running ? reason::step_limit : reason::budget);
  if (!choosing_) {
    --turn_left_;
    return ready_.pop();
  }
  if (!ready_.empty()) return ready_.pop();
  return runnable_.take(pick(runnable_.size(), false));
}

inline fiber* engine::next_fiber() {
  // The common case: under fifo(), the next one is a task.
  if (!choosing_ && !stopping_ && !failing_soon_ && !tearing_by_force_ && !claiming_) [[likely]] {
    if (turn_left_ == 0 && timers_.empty()) turn_left_ = ready_.size();
    if (turn_left_ != 0 && steps_ < step_limit_) [[likely]] {
      const ready_entry e = ready_.front();
      if (e.kind() == entry_kind::step) [[likely]] {
        --turn_left_;
        ready_.drop_front();
        ++steps_;
        return step(e.as<task_core>());
      }
    }
  }
  return next_fiber_any();
}

fiber* engine::next_fiber_any(bool looked) {
  // The common cases where there are choices: a task, before it what is told of an end.
  while (choosing_ && timers_.empty() && !stopping_ && !failing_soon_ && !tearing_by_force_ &&
         !claiming_ && steps_ < step_limit_) {
    if (!ready_.empty()) {
      const ready_entry e = ready_.front();
      if (e.kind() == entry_kind::stop && ready_.size() == 1) {
        ready_.drop_front();
        ++steps_;
        stopping_ = true;
        return come_to(reason::finished);
      }
      if (e.kind() != entry_kind::node || e.as<callback_node>().kind->user) break;
      ready_.drop_front();
      ++steps_;
      e.as<callback_node>().kind->run(*this, e.as<callback_node>());
      continue;
    }
    if (runnable_.empty()) break;
    const ready_entry e = runnable_.take(pick(runnable_.size(), false));
    if (e.kind() == entry_kind::step) [[likely]] {
      ++steps_;
      return step(e.as<task_core>());
    }
    ready_.push(e);
    break;
  }
  for (;;) {
    if (tearing_by_force_ || failing_soon_ || claiming_) [[unlikely]] {
      if (tearing_by_force_) return &main_;
      if (failing_soon_) {
        failing_soon_ = false;
        if (phase_ == phase::running) return come_to(reason::failure);
      } else if (claiming_ && !looked) {
        return fiber_of_claims();
      }
    }
    const ready_entry e = take_entry();
    switch (e.kind()) {
      case entry_kind::none:
        return &main_;
      case entry_kind::step:
        ++steps_;
        return step(e.as<task_core>());
      case entry_kind::timer: {
        const auto& slot = e.as<timer_slot>();
        if (slot.strike || !e.is_of(slot.generation)) {
          keep_books(e);
          break;
        }
        ++steps_;
        return run_on_runner(e);
      }
      case entry_kind::node:
        if (!e.as<callback_node>().kind->user) {
          keep_books(e);
          break;
        }
        ++steps_;
        return run_on_runner(e);
      case entry_kind::job: {
        auto& j = e.as<job>();
        if (!e.is_of(j.sleep_generation)) break;
        ++steps_;
        ++j.sleep_generation;
        current_task_ = nullptr;
        current_job_ = &j;
        feed(0, {operation_kind::job, j.number});
        return j.top;
      }
      case entry_kind::stop:
        ++steps_;
        stopping_ = true;
        break;
      case entry_kind::member:
        ++steps_;
        return step(record_of(e.as<crowd_member>()));
      case entry_kind::sleeper:
      case entry_kind::delivery:
      case entry_kind::member_sleep:
      case entry_kind::member_end:
        keep_books(e);
        break;
      case entry_kind::claims:
        break;
    }
  }
}

void engine::keep_books(ready_entry e) {
  switch (e.kind()) {
    case entry_kind::sleeper: {
      auto& t = e.as<task_core>();
      if (e.is_of(t.sleep_generation)) end_sleep(t);
      return;
    }
    case entry_kind::timer: {
      auto& slot = e.as<timer_slot>();
      if (!e.is_of(slot.generation)) return;
      ++steps_;
      const auto strike = slot.strike;
      void* argument = slot.argument;
      outdate(slot.generation);
      timer_slots_.give_back(slot);
      return strike(argument);
    }
    case entry_kind::node: {
      auto& node = e.as<callback_node>();
      ++steps_;
      return node.kind->run(*this, node);
    }
    case entry_kind::delivery: {
      ++steps_;
      const std::unique_ptr<std::shared_ptr<job>> j(static_cast<std::shared_ptr<job>*>(e.target()));
      if ((*j)->awaiter) wake(*(*j)->awaiter);
      return;
    }
    case entry_kind::member_sleep:
      return end_member_sleep(e);
    case entry_kind::member_end:
      ++steps_;
      return note_member_end(e.as<crowd_member>());
    default:
      return;
  }
}

bool engine::advance_clock() {
  const auto* first = timers_.first(delay::forever);
  for (; first && stale(first->target); first = timers_.first(delay::forever)) {
    timers_.pop();
    if (stale_timers_ > 0) --stale_timers_;
  }
  if (!first) {
    come_to(reason::deadlock);
    return false;
  }
  const std::int64_t when = first->when();
  if (when > now_) {
    const std::int64_t limit = options_->time_limit.count();
    if (limit > 0 && when > limit && phase_ == phase::running) {
      move_clock(std::max(now_, limit));
      come_to(reason::time_limit);
      return false;
    }
    move_clock(when);
  }
  return true;
}

void engine::expire_due_timers() {
  while (const auto* first = timers_.first(now_)) {
    const ready_entry target = first->target;
    timers_.pop();
    fetch_sleepers();
    if (!stale(target)) {
      push(target);
    } else if (stale_timers_ > 0) {
      --stale_timers_;
    }
  }
}

void engine::fetch_sleepers() const noexcept {
  // Three misses, each behind the one before: the record, the fiber on its stack, the frames.
  const auto task_at = [this](std::size_t ahead) -> const task_core* {
    const auto* const e = timers_.peek(ahead);
    return e && e->target.kind() == entry_kind::sleeper ? &e->target.template as<task_core>()
                                                        : nullptr;
  };
  if (const auto* const e = timers_.peek(5); e && e->target.kind() == entry_kind::member_sleep)
    __builtin_prefetch(e->target.target());
  if (const auto* const e = timers_.peek(2); e && e->target.kind() == entry_kind::member_sleep)
    __builtin_prefetch(e->target.as<crowd_member>().at.target());
  if (const task_core* const t = task_at(5)) {
    __builtin_prefetch(t);
    __builtin_prefetch(reinterpret_cast<const char*>(t) + 64);
  }
  if (const task_core* const t = task_at(3); t && t->top) __builtin_prefetch(t->top);
  if (const task_core* const t = task_at(1); t && t->top) {
    const auto* const frames = static_cast<const char*>(t->top->context);
    __builtin_prefetch(frames);
    __builtin_prefetch(frames + 64);
    __builtin_prefetch(frames + 128);
    __builtin_prefetch(frames + 192);
  }
}

bool engine::stale(ready_entry e) noexcept {
  switch (e.kind()) {
    case entry_kind::sleeper:
      return !e.is_of(e.as<task_core>().sleep_generation);
    case entry_kind::timer:
      return !e.is_of(e.as<timer_slot>().generation);
    case entry_kind::member_sleep:
      return !member_sleeps(e.as<crowd_member>(), e);
    default:
      return false;
  }
}

void engine::timer_went_stale() noexcept {
  // As asyncio does: when most are of cancelled timers, those are thrown out.
  if (++stale_timers_ > 100 && stale_timers_ > timers_.size() / 2) purge_timers();
}

void engine::purge_timers() noexcept {
  timers_.purge([](ready_entry e) { return stale(e); });
  stale_timers_ = 0;
}

void engine::move_clock(std::int64_t to) {
  if (options_->sink) [[unlikely]]
    options_->sink->on_time(duration(now_), duration(to));
  now_ = to;
}

void engine::push_choosable_step(ready_entry step) {
  if (watching_) [[unlikely]]
    watch_wake_up(step.as<task_core>());
  runnable_.push(step);
}

void engine::push_choosable(ready_entry e) {
  if (e.kind() == entry_kind::step) return push_choosable_step(e);
  bool choosable = e.kind() == entry_kind::job;
  if (e.kind() == entry_kind::timer) choosable = e.as<timer_slot>().strike == nullptr;
  if (e.kind() == entry_kind::node) choosable = e.as<callback_node>().kind->user;
  (choosable ? runnable_ : ready_).push(e);
}

void engine::end_sleep(task_core& t) noexcept {
  if (waiter* const leaf = t.leaf()) {
    ++steps_;
    wake(*leaf, waiter::state::expired);
  } else if (t.sleep == waiter::state::pending) {
    ++steps_;
    t.sleep = waiter::state::expired;
    push_step(t);
  }
}

fiber* engine::run_on_runner(ready_entry e) {
  fiber* const f = runner_for(e);
  current_task_ = nullptr;
  current_job_ = nullptr;
  return f;
}

fiber* engine::runner_for(ready_entry e) {
  if (!runner_ && !idle_runners_.empty()) {
    runner_ = idle_runners_.back();
    idle_runners_.pop_back();
  }
  if (!runner_) {
    stack_slot* const stack = stack_of(stack_pool::log_of(stack_pool::default_size));
    if (!stack) {
      push(e);
      return come_to(reason::failure);
    }
    auto f = std::make_unique<fiber>();
    prepare(*f, *stack, runner_entry);
    runner_ = f.get();
    runners_.push_back(std::move(f));
  }
  runner_entry_ = e;
  return runner_;
}

void engine::suspend(task_core& me) {
  me.top = current_fiber_;
  check_stack();
  leave_for(me, *next_fiber());
}

// Never inline: with one place where fibers leave, calls and returns stay paired across a switch.
[[gnu::noinline]] void engine::leave_for(task_core& me, fiber& to) {
  fiber& self = *current_fiber_;
  if (&to != &self) switch_here(*this, self, to);
  if (me.forced) [[unlikely]]
    check_forced(me);
}

void engine::check_forced(task_core& me) {
  if (++me.thrown_at > 8) {
    record_failure(
        verdict::failed,
        fmt::format("{} swallowed its unwinding: it went on after a catch (...) without `throw;`",
                    me.name()));
    abandon_current();
  }
  throw forced_unwind{};
}

void engine::check_forced(job& j) {
  if (++j.thrown_at > 8) {
    record_failure(verdict::failed,
                   "an offloaded job swallowed its unwinding: it went on after a catch (...) "
                   "without `throw;`");
    abandon_current();
  }
  throw forced_unwind{};
}

void engine::yield(task_core& me) {
  me.announces({operation_kind::yield, 0});
  push_step(me);
  suspend(me);
  throw_if_cancelled(me);
}

void engine::take_request(task_core& me) {
  me.must_cancel = false;
  me.set_thrown_message(me.cancel_message());
}

void engine::throw_cancelled(task_core& me) { throw cancelled(me.thrown_message()); }

engine::wake_up engine::block(task_core& me, waiter& w, operation_kind op, void* place,
                              const delay* within) {
  w.task = &me;
  me.announces({op, w.object ? w.object->object() : 0});
  me.place = place;
  me.wait_for(w);
  const bool timed = within && within->ns != delay::forever;
  if (timed) add_sleeper(deadline_after(now_, within->ns), me);
  if (me.must_cancel) {
    take_request(me);
    wake(w, waiter::state::cancelled);
  }
  {
    struct at_exit {
      engine& e;
      task_core& t;
      const waiter& w;
      bool timed;
      ~at_exit() {
        t.wait_for_nothing();
        if (!timed) return;
        e.end_timed(t, w.status);
      }
    };
    const at_exit on_exit{*this, me, w, timed};
    suspend(me);
  }
  if (w.status == waiter::state::cancelled) {
    me.must_cancel = false;  // asked again before it ran: that is one exception, the first one's
    return wake_up::cancelled;
  }
  if (me.must_cancel) {
    take_request(me);
    return wake_up::cancelled;
  }
  return w.status == waiter::state::expired ? wake_up::expired : wake_up::woken;
}

void engine::wake(waiter& w, waiter::state how) noexcept {
  if (w.status != waiter::state::pending) return;
  w.status = how;
  if (w.task) push_step(*w.task);  // else it has not come to waiting yet
}

bool engine::wake_first(const wait_queue& waiters, std::size_t count) noexcept {
  bool any = false;
  for (waiter* w = waiters.first(); w && count > 0; w = w->next) {
    if (w->status != waiter::state::pending) continue;
    --count;
    any = true;
    wake(*w);
  }
  return any;
}

bool engine::await(task_core& me, future_core& core, operation_kind op, void* place) {
  point(me, {op, core.object()});
  if (&core == static_cast<future_core*>(&me)) {
    push_step(me);
    suspend(me);
    throw_if_cancelled(me);
    throw error(fmt::format("{} waits for itself", me.name()));
  }
  if (core.done()) return false;
  callback_node node;
  me.place = place;
  begin_await(me, core, node);
  struct restore {
    task_core& t;
    callback_node& n;
    ~restore() {
      t.wait_for_nothing();
      unlist(n);
    }
  };
  {
    const restore r{me, node};
    me.announces({op, core.object()});
    suspend(me);
  }
  if (!me.must_cancel) return false;
  hear_request(me, core);
  return true;
}

void engine::begin_await(task_core& me, future_core& core, callback_node& node) {
  node.wakes = &me;
  list(core, node);
  me.wait_for(core);
  if (!me.must_cancel) return;
  me.must_cancel = false;  // a circle that is broken at `me` sets it again
  if (cancel(core, me.cancel_message()))
    me.asked_while_waiting = true;
  else
    me.must_cancel = true;
}

void engine::hear_request(task_core& me, const future_core& core) {
  take_request(me);
  if (core.state == future_state::cancelled) me.set_thrown_message({});
  if (core.failure) {
    // When what it waited for was cancelled, too, that is what it hears.
    try {
      std::rethrow_exception(core.failure);
    } catch (const cancelled& c) {
      me.set_thrown_message(c.message());
    } catch (...) {
    }
  }
}

// ---------------------------------------------------------------- choices

void engine::choose_point(task_core& me) {
  const ready_entry next = choose_beside(me);
  if (next.kind() == entry_kind::none) return;
  me.top = current_fiber_;
  check_stack();
  leave_for(me, *next_fiber_chosen(next));
}

void engine::stop_at_limit(task_core& me) {
  leave_at_limit();
  push_step(me);
  suspend(me);
}

bool engine::point_of_coroutine(task_core& me) {
  if (choosing_ && !tearing_by_force_) {
    const ready_entry next = choose_beside(me);
    if (next.kind() == entry_kind::none) return true;
    ready_.push(next);
    return false;
  }
  feed(me.number, me.next());
  return true;
}

void engine::keep_books_before_choice() {
  for (;;) {
    expire_timers();
    if (ready_.empty() || ready_.front().kind() == entry_kind::stop) return;
    keep_books(ready_.pop());
  }
}

inline ready_entry engine::choose_beside(task_core& me) {
  // What could run beside the task: bookkeeping first, it runs to completion before a choice.
  if (!ready_.empty() || !timers_.empty()) keep_books_before_choice();
  if (const std::size_t i = pick(runnable_.size() + 1, true); i > 0) {
    ++preemptions_;
    return runnable_.exchange(i - 1, ready_entry(&me, 0, entry_kind::step));
  }
  if (claiming_ || failing_soon_ || event_count_ >= event_limit_) [[unlikely]] {
    // It is left for a moment: so that the claims are asked with no frame of the task's above them,
    // or because the run is over.
    leave_at_limit();
    return {&me, 0, entry_kind::step};
  }
  feed(me.number, me.next());
  return {};
}

inline fiber* engine::next_fiber_chosen(ready_entry e) {
  if (!ready_.empty() || stopping_ || failing_soon_ || tearing_by_force_ || claiming_ ||
      steps_ >= step_limit_ || e.kind() != entry_kind::step) [[unlikely]] {
    ready_.push(e);
    return next_fiber_any();
  }
  ++steps_;
  return step(e.as<task_core>());
}

// ---------------------------------------------------------------- the clock

void engine::spend(std::int64_t d) {
  announce({operation_kind::spend, 0});
  const std::int64_t to = deadline_after(now_, d);
  const std::int64_t limit = options_->time_limit.count();
  if (limit > 0 && to > limit && phase_ == phase::running) {
    move_clock(std::max(now_, limit));
    if (verdict_ == verdict::passed) {
      verdict_ = verdict::time_limit;
      what_ = fmt::format("the time limit of {} has passed{}",
                          reprise::format_duration(options_->time_limit), whereabouts());
    }
    return freeze();
  }
  move_clock(to);
}

timer_id engine::add_timer(std::int64_t when, box_base* box, void (*strike)(void*) noexcept,
                           void* argument) {
  timer_slot& slot = timer_slots_.take();
  slot.box = box;
  slot.strike = strike;
  slot.argument = argument;
  slot.number = ++callback_count_;
  timers_.push(now_, when, {&slot, slot.generation, entry_kind::timer});
  return {&slot, slot.generation};
}

timer_id engine::add_soon(box_base* box, void (*strike)(void*) noexcept, void* argument) {
  timer_slot& slot = timer_slots_.take();
  slot.box = box;
  slot.strike = strike;
  slot.argument = argument;
  slot.number = ++callback_count_;
  push({&slot, slot.generation, entry_kind::timer});
  return {&slot, slot.generation};
}

bool engine::cancel_timer(timer_id id) noexcept {
  auto* slot = static_cast<timer_slot*>(id.slot);
  if (!slot || slot->generation != id.generation) return false;
  outdate(slot->generation);
  box_base* box = std::exchange(slot->box, nullptr);
  slot->strike = nullptr;
  if (choosing_) {
    // A cancelled callback is no candidate.
    for (std::size_t i = 0; i < runnable_.size(); ++i) {
      if (runnable_[i].kind() == entry_kind::timer && runnable_[i].target() == slot) {
        static_cast<void>(runnable_.take(i));
        break;
      }
    }
  }
  timer_slots_.give_back(*slot);
  timer_went_stale();
  if (box) destroy_box(box);
  return true;
}

void engine::add_sleeper(std::int64_t when, task_core& t) {
  if (t.is_member) {
    timers_.push(now_, when, {t.member(), t.sleep_generation, entry_kind::member_sleep});
  } else {
    timers_.push(now_, when, {&t, t.sleep_generation, entry_kind::sleeper});
  }
}

void engine::add_job_sleep(std::int64_t when, job& j) {
  timers_.push(now_, when, {&j, j.sleep_generation, entry_kind::job});
}

// ---------------------------------------------------------------- futures

void engine::list(future_core& core, callback_node& node) noexcept {
  node.core = &core;
  core.callbacks.push(node);
}

void engine::unlist(callback_node& node) noexcept {
  if (node.listed()) node.core->callbacks.remove(node);
}

void engine::complete(future_core& core, future_state state, std::exception_ptr failure) {
  core.state = state;
  core.failure = std::move(failure);
  callback_node* node = core.callbacks.take_all();
  while (node) {
    callback_node* next = std::exchange(node->next, nullptr);
    if (node->kind) {
      (choosing_ && node->kind->user ? runnable_ : ready_).push({node, 0, entry_kind::node});
    } else {
      push_step(*node->wakes);
    }
    node = next;
  }
}

future_core& engine::make_promise(box_base* box) {
  promise_core& core = promises_.take();
  core.kind = future_kind::promise;
  core.state = future_state::pending;
  core.owner = this;
  core.box = box;
  core.collected = false;
  core.number = new_object();
  return core;
}

void engine::release(future_core& core) noexcept {
  if (core.kind == future_kind::gather) return;  // it lives with its gather
  destroy(core);
}

void engine::destroy(future_core& core) noexcept {
  ++core.generation;
  core.references = 0;
  for (callback_node* n = core.callbacks.take_all(); n;) n = std::exchange(n->next, nullptr);
  core.owner = nullptr;
  if (core.kind == future_kind::task) {
    auto& t = static_cast<task_core&>(core);
    const auto extras = std::move(t.extras);  // a local's destructor may do anything
    box_base* box = std::exchange(core.box, nullptr);
    if (t.is_member) box = nullptr;
    t.is_member = false;
    const std::exception_ptr failure = std::exchange(core.failure, nullptr);
    tasks_.give_back(t);
    if (box) destroy_box(box);
  } else {
    box_base* box = std::exchange(core.box, nullptr);
    const std::exception_ptr failure = std::exchange(core.failure, nullptr);
    promises_.give_back(static_cast<promise_core&>(core));
    if (box) destroy_box(box);
  }
}

void release_last(future_core* core) noexcept {
  if (core->owner) core->owner->release(*core);
}

// ---------------------------------------------------------------- tasks

std::uint64_t engine::new_object() noexcept {
  if (current_task_) return std::uint64_t{current_task_->number} << 32 | ++current_task_->objects;
  return ++outside_objects_;
}

task_core& engine::take_task(std::uint32_t number, std::uint64_t path) {
  task_core& t = tasks_.take();
  t.kind = future_kind::task;
  t.state = future_state::pending;
  t.collected = false;
  t.owner = this;
  t.references = 1;  // the run's own, until it has ended
  t.top = nullptr;
  t.number = number;
  t.children = t.objects = t.choices = 0;
  t.path = path;
  t.started = t.must_cancel = t.asked_while_waiting = t.being_asked = t.frozen = t.forced =
      t.abandoned = t.is_coroutine = false;
  t.is_member = false;
  t.thrown_at = 0;
  t.announces({operation_kind::start, t.object()});
  t.place = nullptr;
  t.wait_for_nothing();
  t.ending = future_state::pending;
  t.sleep = waiter::state::woken;
  return t;
}

task_core& engine::spawn(const spawn_options& options, box_base* box) {
  const std::uint32_t number = ++task_count_;
  task_core& t = take_task(
      number, current_task_ ? path_of_child(current_task_->path, ++current_task_->children)
                            : stream::mix(number));
  t.box = box;
  t.is_coroutine = box->is_coroutine;
  t.stack_log = options.stack_size ? stack_pool::log_of(options.stack_size) : stack_log_;
  if (!options.name.empty()) t.extra().given_name = options.name;
  if (current_task_ && current_task_->extras && !current_task_->extras->locals.empty())
    t.extra().locals = current_task_->extras->locals;
  ++live_tasks_;
  if (current_task_) {
    announce({operation_kind::spawn, t.object()});
  }
  push_step(t);
  return t;
}

std::vector<task_core*> engine::live_tasks() {
  std::vector<task_core*> live;
  if (live_tasks_ == 0) return live;
  for (crowd* c = crowds_; c; c = c->older)
    c->each_alive([this](crowd_member& m) { static_cast<void>(record_of(m)); });
  live.reserve(live_tasks_);
  tasks_.each([&](task_core& t) {
    if (t.owner && !t.done()) live.push_back(&t);
  });
  std::ranges::sort(live, {}, &task_core::number);
  return live;
}

template <class F>
future_state engine::settle(task_core& t, std::exception_ptr& failure, F f) {
  try {
    f();
    if (!t.must_cancel) return future_state::value;
    // Asked after its last wait: it ends cancelled, and its value is lost.
    take_request(t);
    if (auto text = t.thrown_message(); !text.empty())
      failure = std::make_exception_ptr(cancelled(std::move(text)));
    return future_state::cancelled;
  } catch (const cancelled&) {
    failure = std::current_exception();
    return future_state::cancelled;
  } catch (const forced_unwind&) {
    return future_state::cancelled;
  } catch (...) {
    failure = std::current_exception();
    return future_state::failed;
  }
}

void engine::task_main() {
  for (;;) {
    task_core& t = *current_task_;
    std::exception_ptr failure;
    future_state state = settle(t, failure, [&] {
      throw_if_cancelled(t);
      t.box->invoke();
    });
    if (claiming_ && t.number == 1) [[unlikely]]
      close_claims();
    check_stack();
    if (!t.forced) {
      const auto kind = state == future_state::failed ? operation_kind::task_end_failed
                                                      : operation_kind::task_end_ok;
      try {
        point(t, {kind, t.object()});
      } catch (const forced_unwind&) {  // it was left standing here
      }
      // Asked while it was left at its end.
      if (t.must_cancel && state == future_state::value) state = settle(t, failure, [] {});
    }
    finish_task(t, state, std::exchange(failure, nullptr));
    // Who goes on? A task that has not started takes this stack as it is: one hot stack for tasks
    // that never wait. Else this fiber stands here until a task is given its stack: its end would
    // cost a new beginning, and returns that the processor can't predict.
    fiber& self = *current_fiber_;
    offered_ = self.stack;
    fiber* to = next_fiber();
    if (!offered_) continue;
    stack_slot& mine = *std::exchange(offered_, nullptr);
    mine.parked = true;
    stacks_.give_back(mine);
    switch_here(*this, self, *to);
  }
}

void engine::finish_task(task_core& t, future_state state, std::exception_ptr failure) {
  if (!t.is_member && t.box) t.box->drop_callable();
  if (watching_ && t.extras && !t.extras->given_name.empty())  // a race may name it later
    task_names_.insert_or_assign(t.number, t.extras->given_name);
  --live_tasks_;
  ended_at_ = now_;
  if (t.is_member) {
    end_member(t, state, failure);
    failure = nullptr;
  }
  complete(t, state, std::move(failure));
  if (t.number == 1 && phase_ == phase::running) ready_.push({nullptr, 0, entry_kind::stop});
  const core_ref mine(t);
  --t.references;  // the run's own
  if (state == future_state::failed && !t.is_member) failed_.push_back(mine);
  if (t.number == 1) root_ = mine;
}

void engine::runner_main() {
  for (;;) {
    fiber& self = *current_fiber_;
    const ready_entry e = runner_entry_;
    if (e.kind() == entry_kind::claims) {
      look_at_claims();
      go_on_from_runner(self, true);
      continue;
    }
    if (e.kind() == entry_kind::step) {
      auto& t = e.as<task_core>();
      step_coroutine(t);
      if (t.is_member) forget_record(t);
      go_on_from_runner(self);
      continue;
    }
    feed(0,
         {operation_kind::callback, e.kind() == entry_kind::timer ? e.as<timer_slot>().number : 0});
    try {
      if (e.kind() == entry_kind::timer) {
        auto& slot = e.as<timer_slot>();
        const box_ptr<box_base> box(std::exchange(slot.box, nullptr));
        outdate(slot.generation);
        timer_slots_.give_back(slot);
        box->invoke();
      } else {
        auto& node = e.as<callback_node>();
        node.kind->run(*this, node);
      }
    } catch (const forced_unwind&) {
    } catch (...) {
      record_failure(verdict::failed,
                     fmt::format("a callback failed with {}{}", describe(std::current_exception()),
                                 whereabouts()));
    }
    go_on_from_runner(self);
  }
}

void engine::go_on_from_runner(fiber& self, bool looked) {
  check_stack();
  if (runner_ != &self) {
    // It stood in a failed expectation and was replaced meanwhile.
    if (runner_)
      idle_runners_.push_back(&self);
    else
      runner_ = &self;
  }
  fiber* to = handover_ ? std::exchange(handover_, nullptr)
              : looked  ? next_fiber_any(true)
                        : next_fiber();
  if (to != &self) switch_fiber(*this, self, *to);
}

// ---------------------------------------------------------------- coroutines

void engine::step_coroutine(task_core& t) {
  if (!t.started) {
    t.started = true;
    t.innermost = {};
    std::exception_ptr failure;
    const future_state state = settle(t, failure, [&] {
      throw_if_cancelled(t);
      t.innermost = t.is_member ? std::coroutine_handle<>::from_address(t.member()->frame)
                                : t.box->coroutine();
    });
    if (!t.innermost) return end_coroutine(t, state, std::move(failure));
    t.must_cancel = state == future_state::cancelled;  // asked while its callable made it
  } else if (t.ending != future_state::pending) {
    if (t.must_cancel && t.ending == future_state::value) t.ending = settle(t, t.failure, [] {});
    return finish_task(t, t.ending, std::exchange(t.failure, nullptr));
  } else if (t.join() && !t.forced) {
    if (!begin_join(t)) return;
  }
  co_next = t.innermost;
  do {
    const auto next = std::exchange(co_next, {});
    next.resume();
  } while (co_next);
  if (t.is_member ? !std::coroutine_handle<>::from_address(t.member()->frame).done()
                  : !t.box->ended())
    return;
  std::exception_ptr failure;
  const future_state state = settle(t, failure, [&] {
    if (t.is_member) {
      keep_member_value(t);
    } else {
      t.box->invoke();
    }
  });
  end_coroutine(t, state, std::move(failure));
}

void engine::end_coroutine(task_core& t, future_state state, std::exception_ptr failure) {
  if (claiming_ && t.number == 1) [[unlikely]]
    close_claims();
  if (!t.forced) {
    t.announces({state == future_state::failed ? operation_kind::task_end_failed
                                               : operation_kind::task_end_ok,
                 t.object()});
    if (!point_of_coroutine(t)) {
      t.ending = state;
      t.failure = std::move(failure);
      return;
    }
  }
  finish_task(t, state, std::move(failure));
}

// ---------------------------------------------------------------- jobs

void engine::start_job(const std::shared_ptr<job>& j) {
  task_core* const task = current_task_;
  job* const outer = current_job_;
  prepare(j->own, stacks_.take(stack_pool::default_size), job_entry);
  j->self = j;
  j->status = job::state::running;
  j->number = ++callback_count_;
  ++running_jobs;
  active_jobs_.push_back(j);
  j->starter = current_fiber_;
  current_task_ = nullptr;
  current_job_ = j.get();
  switch_fiber(*this, *current_fiber_, j->own);  // until the job first sleeps, or ends
  current_task_ = task;
  current_job_ = outer;
}

void engine::job_sleep(delay d, const char* call) {
  job* const j = current_job_;
  if (looking_)
    throw cannot_wait(fmt::format("{}: a claim's predicate can't wait; it only looks", call));
  if (!j) throw cannot_wait(fmt::format("{}: a callback can't wait; spawn a task for it", call));
  if (j->forced) check_forced(*j);
  if (d.ns != delay::forever) add_job_sleep(deadline_after(now_, d.ns), *j);
  check_stack();
  fiber& self = *current_fiber_;
  j->top = &self;
  if (fiber* starter = std::exchange(j->starter, nullptr)) {
    switch_fiber(*this, self, *starter);
  } else {
    fiber* to = next_fiber();
    if (to != &self) switch_fiber(*this, self, *to);
  }
  if (j->forced) check_forced(*j);
}

void engine::job_main() {
  job& j = *current_job_;
  try {
    j.box->invoke();
  } catch (const forced_unwind&) {
  } catch (...) {
    j.failure = std::current_exception();
  }
  check_stack();
  j.box->drop_callable();
  finish_job(j);
  fiber& self = *current_fiber_;
  fiber* to = std::exchange(j.starter, nullptr);
  if (!to) to = next_fiber();
  stacks_.give_back(*std::exchange(self.stack, nullptr));
  retired_job_ = std::move(j.self);  // it holds the fiber that we are about to leave
  leave_fiber(*this, self, *to);
}

void engine::finish_job(job& j) {
  j.status = job::state::done;
  if (!j.frozen) --running_jobs;
  std::erase_if(active_jobs_, [&](const auto& a) { return a.get() == &j; });
  ended_at_ = now_;
  push({new std::shared_ptr<job>(j.self), 0, entry_kind::delivery});
  if (!tearing_by_force_) j.pool->worker_is_idle(*this);
  if (waiting_for_jobs_ && running_jobs == 0) push({nullptr, 0, entry_kind::stop});
}

// ---------------------------------------------------------------- a deep stack for a moment

void engine::call_on_main(void (*f)(void*), void* argument) {
  if (current_fiber_ == &main_) return f(argument);
  service_ = f;
  service_argument_ = argument;
  service_from_ = current_fiber_;
  switch_fiber(*this, *current_fiber_, main_);
}

}  // namespace reprise::detail
