#include <reprise/core/timeout.hpp>

#include "engine.hpp"

#include <fmt/format.h>

namespace reprise {

timeout_scope::timeout_scope(std::int64_t deadline_ns) : deadline_(deadline_ns) {
  detail::engine& e = detail::engine::checked("with_timeout");
  detail::task_core& me = e.task_here("with_timeout");
  task_ = detail::core_ref(me);
  cancelling_ = me.cancel_requests();
  arm();
}

timeout_scope::~timeout_scope() {
  if (auto* e = detail::engine::running()) static_cast<void>(e->cancel_timer(timer_));
}

void timeout_scope::arm() {
  detail::engine& e = *detail::engine::running();
  static_cast<void>(e.cancel_timer(timer_));
  timer_ = {};
  if (deadline_ == detail::delay::forever) return;
  timer_ = deadline_ <= e.now() ? e.add_soon(nullptr, strike, this)
                                : e.add_timer(deadline_, nullptr, strike, this);
}

void timeout_scope::strike(void* self) noexcept {
  auto& scope = *static_cast<timeout_scope*>(self);
  scope.timer_ = {};
  static_cast<void>(detail::engine::running()->cancel(*scope.task_.raw(), {}));
  scope.state_ = state::expiring;
}

std::optional<virtual_clock::time_point> timeout_scope::deadline() const noexcept {
  if (deadline_ == detail::delay::forever) return std::nullopt;
  return virtual_clock::time_point(duration(deadline_));
}

void timeout_scope::reschedule(virtual_clock::time_point when) {
  if (state_ != state::entered)
    throw error("timeout_scope::reschedule: the time-out has struck, or its body has ended");
  deadline_ = when.time_since_epoch().count();
  arm();
}

void timeout_scope::disable() {
  reschedule(virtual_clock::time_point(duration(detail::delay::forever)));
}

bool timeout_scope::leave(bool by_cancellation) {
  if (auto* e = detail::engine::running()) static_cast<void>(e->cancel_timer(timer_));
  timer_ = {};
  if (state_ == state::expiring) {
    state_ = state::expired;
    const any_task me{task_};
    return me.uncancel() <= cancelling_ && by_cancellation;
  }
  state_ = state::exited;
  return false;
}

namespace detail {

namespace {

class release_on_end;

/// A node that wakes one waiter, and may outlive the wait.
struct release_node : callback_node {
  waiter* who = nullptr;
  release_on_end* wait = nullptr;  // null when it is over
  core_ref child;

  static void ended(engine& e, callback_node& n);
  static void forget(callback_node& n);
  static const callback_kind releases;
};
const callback_kind release_node::releases{ended, forget};

/// Lists a node that wakes `w`; takes it back, or lets it go, at the end of the scope.
class release_on_end {
public:
  release_on_end(engine& e, const core_ref& core, waiter& w) : node_(new release_node) {
    node_->who = &w;
    node_->wait = this;
    node_->child = core;
    node_->kind = &release_node::releases;
    e.list(*core.raw(), *node_);
  }
  release_on_end(const release_on_end&) = delete;
  ~release_on_end() {
    if (!node_) return;
    if (node_->listed()) {
      engine::unlist(*node_);
      delete node_;
    } else {
      node_->wait = nullptr;  // queued: it runs, and wakes nobody
    }
  }

private:
  friend struct release_node;
  release_node* node_;  // null once it has run
};

void release_node::ended(engine& e, callback_node& n) {
  const std::unique_ptr<release_node> self(static_cast<release_node*>(&n));
  if (!self->wait) return;
  self->wait->node_ = nullptr;
  e.wake(*self->who);
}

void release_node::forget(callback_node& n) {
  const std::unique_ptr<release_node> self(static_cast<release_node*>(&n));
  if (self->wait) self->wait->node_ = nullptr;
}

}  // namespace

void cancel_and_wait(const core_ref& ref) {
  future_core& core = ref.checked("wait_for");
  engine& e = *engine::running();
  task_core& me = e.task_that_waits("wait_for");
  // NOLINTNEXTLINE(performance-unnecessary-copy-initialization): the handle may be destroyed while
  // we wait
  const core_ref keep = ref;
  waiter w;
  release_on_end node(e, ref, w);
  e.cancel(core, {});
  const auto how = e.block(me, w, operation_kind::join, __builtin_return_address(0));
  if (how == engine::wake_up::cancelled) e.throw_cancelled(me);
}

void shield(const core_ref& ref) {
  future_core& core = ref.checked("shield");
  engine& e = *engine::running();
  task_core& me = e.task_that_waits("shield");
  // NOLINTNEXTLINE(performance-unnecessary-copy-initialization): the handle may be destroyed while
  // we wait
  const core_ref keep = ref;
  e.point(me, {operation_kind::shield, core.object()});
  core.collected = true;  // a shield looks at the failure, also when nobody waits any more
  if (!core.done()) {
    waiter w;
    release_on_end node(e, ref, w);
    const auto how = e.block(me, w, operation_kind::shield, __builtin_return_address(0));
    if (how == engine::wake_up::cancelled) e.throw_cancelled(me);
    // That it was cancelled the waiter hears, but not what was said, as in asyncio.
    if (core.state == future_state::cancelled) throw cancelled();
  }
  throw_failure(ref, "shield");
}

}  // namespace detail
}  // namespace reprise
