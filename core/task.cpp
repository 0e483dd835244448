#include <reprise/core/task.hpp>

#include "engine.hpp"

#include <reprise/core/claims.hpp>
#include <reprise/core/future.hpp>
#include <reprise/core/task_local.hpp>
#include <reprise/core/timer.hpp>

#include <fmt/format.h>

#include <utility>

namespace reprise {

namespace detail {

future_core& core_ref::checked(const char* call) const {
  if (!core_) throw invalid_state(fmt::format("{}: the handle is empty", call));
  if (!alive()) throw stale_handle(fmt::format("{}: the run of this handle has ended", call));
  if (core_->owner != engine::running()) {
    if (!engine::running()) throw no_simulation(call);
    throw stale_handle(fmt::format("{}: this handle is of another run", call));
  }
  return *core_;
}

void core_list::push_back(const core_ref& core) {
  if (cores_.empty()) run_ = engine::running()->serial();
  cores_.push_back(core.raw());
  ++core.raw()->references;
}

void core_list::release() noexcept {
  // The run's end destroys all of them, whoever holds them.
  const engine* const e = engine::running();
  if (!e || e->serial() != run_ || e->sweeping()) return;
  for (future_core* const core : cores_)
    if (--core->references == 0) release_last(core);
}

namespace {

/// What stands for the failure of a core that is done: null when there is a value.
std::exception_ptr failure_to_throw(const future_core& core) {
  if (core.state == future_state::value) return nullptr;
  if (core.failure) return core.failure;
  return std::make_exception_ptr(cancelled());
}

}  // namespace

void await_result(const core_ref& ref, const char* call) {
  future_core& core = ref.checked(call);
  engine& e = *engine::running();
  task_core& me = e.task_that_waits(call);
  // The caller's own: the handle may be destroyed meanwhile.
  if (e.await(me, core, wait_of(core), __builtin_return_address(0))) e.throw_cancelled(me);
  core.collected = true;
  if (core.state != future_state::value) std::rethrow_exception(failure_to_throw(core));
}

void await_done(const core_ref& ref, const char* call) {
  future_core& core = ref.checked(call);
  engine& e = *engine::running();
  task_core& me = e.task_that_waits(call);
  const core_ref keep = ref;  // NOLINT(performance-unnecessary-copy-initialization): the handle
                              // may be destroyed while we wait
  me.asked_while_waiting = false;
  if (e.await(me, core, wait_of(core), __builtin_return_address(0))) e.throw_cancelled(me);
  // The caller's cancellation went to the task first, as asyncio's does: it is the caller's, too,
  // unless the task ignored it.
  const bool asked = me.asked_while_waiting;
  me.asked_while_waiting = false;
  if (asked && core.state == future_state::cancelled)
    std::rethrow_exception(failure_to_throw(core));
}

void throw_failure(const core_ref& ref, const char* call) {
  future_core& core = ref.checked(call);
  if (!is_done(ref, call))
    throw invalid_state(fmt::format("{}: the result is not there yet", call));
  core.collected = true;
  if (core.state != future_state::value) std::rethrow_exception(failure_to_throw(core));
}

bool cancel(const core_ref& ref, std::string_view message) {
  future_core& core = ref.checked("cancel");
  engine& e = *engine::running();
  e.point_anywhere({operation_kind::cancel, core.object()});
  return !is_done(ref, "cancel") && e.cancel(core, message);
}

bool is_done(const core_ref& ref, const char* call) {
  const future_core& core = ref.checked(call);
  if (core.done()) saw(core.object());
  return core.done();
}

void check_can_wait(const char* call) {
  static_cast<void>(engine::checked(call).task_that_waits(call));
}

void throw_moved_out(const char* call) {
  throw error(fmt::format("{}: the value can't be copied and was moved out before", call));
}

core_ref spawn_box(const spawn_options& options, box_base* box, const char* call) {
  box_ptr<box_base> owned(box);
  engine& e = engine::checked(call);
  task_core& t = e.spawn(options, owned.release());
  return core_ref(t);
}

namespace {

/// A callback of the user's on a future's end.
struct user_node : callback_node {
  std::shared_ptr<std::function<void(any_task)>> function;
  core_ref about;

  static void call(engine&, callback_node& node) {
    const std::unique_ptr<user_node> self(static_cast<user_node*>(&node));
    (*self->function)(any_task(self->about));
  }
  static void forget(callback_node& node) { delete static_cast<user_node*>(&node); }
  static constexpr callback_kind calls{call, forget, true};
};

}  // namespace

void add_done_callback(const core_ref& ref, std::shared_ptr<std::function<void(any_task)>> f) {
  future_core& core = ref.checked("add_done_callback");
  engine& e = *engine::running();
  auto node = std::make_unique<user_node>();
  node->kind = &user_node::calls;
  node->function = std::move(f);
  node->about = ref;
  if (core.done())
    e.push({node.release(), 0, entry_kind::node});
  else
    e.list(core, *node.release());
}

void sleep(delay d) {
  engine& e = engine::checked("sleep_for");
  if (!e.current_task()) {
    if (!e.current_job()) static_cast<void>(e.task_that_waits("sleep_for"));
    return e.job_sleep(d, "sleep_for");
  }
  task_core& me = e.task_that_waits("sleep_for");
  if (!d.positive) return e.yield(me);
  waiter w;
  if (e.block(me, w, operation_kind::sleep, __builtin_return_address(0), &d) ==
      engine::wake_up::cancelled)
    e.throw_cancelled(me);
}

void sleep_until(std::int64_t deadline_ns) {
  engine& e = engine::checked("sleep_until");
  if (deadline_ns <= e.now()) return sleep(delay{});
  sleep({true, deadline_ns == delay::forever ? delay::forever : deadline_ns - e.now()});
}

void spend(delay d) {
  engine& e = engine::checked("spend");
  if (e.current_job()) return e.job_sleep(d, "spend");
  if (e.current_task() && e.current_task()->forced) static_cast<void>(e.task_that_waits("spend"));
  e.spend(d.ns);
}

const std::any* find_task_local(const void* key) {
  engine& e = engine::checked("task_local::get");
  const task_core* t = e.current_task();
  if (!t || !t->extras) return nullptr;
  const auto found = t->extras->locals.find(key);
  return found == t->extras->locals.end() ? nullptr : &found->second;
}

void set_task_local(const void* key, std::any value) {
  engine& e = engine::checked("task_local::set");
  task_core* t = e.current_task();
  if (!t) throw error("task_local::set: no task is running");
  t->extra().locals.insert_or_assign(key, std::move(value));
}

std::int64_t now_ns(const char* call) { return engine::checked(call).now(); }

timer_id call_soon(box_base* callback) {
  box_ptr<box_base> owned(callback);
  engine& e = engine::checked("call_soon");
  return e.add_soon(owned.release(), nullptr, nullptr);
}

timer_id call_at(std::int64_t when, box_base* callback, const char* call) {
  box_ptr<box_base> owned(callback);
  engine& e = engine::checked(call);
  return e.add_timer(when, owned.release(), nullptr, nullptr);
}

bool cancel_timer(timer_id id) noexcept {
  engine* e = engine::running();
  if (!e) return false;
  if (e->cancel_timer(id)) return true;
  // Which callback it was is forgotten by now: the caller comes after all of them.
  if (e->watching()) e->watching()->woken(e->current_number(), 0);
  return false;
}

core_ref make_promise(box_base* box, const char* call) {
  box_ptr<box_base> owned(box);
  engine& e = engine::checked(call);
  return core_ref(e.make_promise(owned.release()));
}

void check_pending(const core_ref& core, const char* call) {
  const auto refuse_done = [&] {
    if (core.checked(call).done())
      throw invalid_state(fmt::format("{}: it was set or cancelled before", call));
  };
  refuse_done();
  engine::running()->point_anywhere({operation_kind::future_set, core.raw()->object()});
  refuse_done();  // a task that ran meanwhile may have been faster
}

void fulfil(const core_ref& core) { engine::running()->complete(*core.raw(), future_state::value); }

void break_with(const core_ref& core, std::exception_ptr failure) {
  engine::running()->complete(*core.raw(), future_state::failed, std::move(failure));
}

}  // namespace detail

std::string any_task::name() const {
  return static_cast<detail::task_core&>(core_.checked("task::name")).name();
}

std::uint32_t any_task::id() const {
  return static_cast<detail::task_core&>(core_.checked("task::id")).number;
}

bool any_task::done() const { return detail::is_done(core_, "task::done"); }

bool any_task::cancelled() const {
  return detail::is_done(core_, "task::cancelled") &&
         core_.raw()->state == detail::future_state::cancelled;
}

std::exception_ptr any_task::exception() const {
  auto& core = core_.checked("task::exception");
  if (!done()) throw invalid_state("task::exception: the task has not ended yet");
  core.collected = true;
  if (core.state == detail::future_state::cancelled)
    detail::throw_failure(core_, "task::exception");
  return core.failure;
}

std::uint32_t any_task::uncancel() const {
  auto& t = static_cast<detail::task_core&>(core_.checked("task::uncancel"));
  if (t.cancel_requests() > 0 && --t.extras->cancel_requests == 0) t.must_cancel = false;
  return t.cancel_requests();
}

std::uint32_t any_task::cancelling() const {
  return static_cast<detail::task_core&>(core_.checked("task::cancelling")).cancel_requests();
}

std::size_t any_task::remove_done_callback(const done_callback& callback) const {
  auto& core = core_.checked("task::remove_done_callback");
  std::size_t removed = 0;
  for (detail::callback_node* n = core.callbacks.first(); n;) {
    detail::callback_node* next = core.callbacks.after(*n);
    if (n->kind == &detail::user_node::calls &&
        static_cast<detail::user_node*>(n)->function == callback.function_) {
      detail::engine::unlist(*n);
      n->kind->drop(*n);
      ++removed;
    }
    n = next;
  }
  return removed;
}

any_task current_task() noexcept {
  const auto* e = detail::engine::running();
  if (!e || !e->current_task()) return {};
  return any_task(detail::core_ref(*e->current_task()));
}

void yield() {
  auto& e = detail::engine::checked("yield");
  e.yield(e.task_that_waits("yield"));
}

virtual_clock::time_point virtual_clock::now() {
  return time_point(duration(detail::engine::checked("virtual_clock::now").now()));
}

}  // namespace reprise
