#include <reprise/core/task_group.hpp>

#include "engine.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace reprise {

namespace detail {

struct group_state {
  struct node : callback_node {
    core_ref child;
  };

  engine* e = nullptr;
  core_ref parent;
  std::vector<std::unique_ptr<node>> running;  // in the order of their making
  std::vector<std::exception_ptr> errors;
  waiter* who = nullptr;  // the parent, waiting for the last child
  bool exiting = false;
  bool aborting = false;
  bool parent_cancel_asked = false;
  bool deserted = false;  // the parent was unwound by force

  task_core& parent_task() const { return static_cast<task_core&>(*parent.raw()); }

  void abort() {
    aborting = true;
    // Cancelling runs nobody's code, so the list stands still.
    for (auto& n : running)
      if (!n->child.raw()->done()) e->cancel(*n->child.raw(), {});
  }

  static void child_ended(engine& e, callback_node& n) {
    auto& self = *static_cast<group_state*>(n.owner);
    const auto found =
        std::ranges::find(self.running, static_cast<node*>(&n), &std::unique_ptr<node>::get);
    const std::unique_ptr<node> mine = std::move(*found);
    self.running.erase(found);
    if (self.deserted) {
      if (self.running.empty()) delete &self;
      return;
    }
    if (self.who && self.running.empty()) e.wake(*self.who);
    future_core& child = *mine->child.raw();
    if (e.watching()) e.watching()->acquire(self.parent_task().number, child.object());
    if (child.state != future_state::failed) return;
    child.collected = true;
    self.errors.push_back(child.failure);
    if (!self.aborting && !self.parent_cancel_asked && !self.parent.raw()->done()) {
      self.abort();
      self.parent_cancel_asked = true;
      e.cancel(*self.parent.raw(), {});
    }
  }
  static void forget(callback_node& n) {
    auto& self = *static_cast<group_state*>(n.owner);
    std::erase_if(self.running, [&n](const auto& p) { return p.get() == &n; });
    if (self.deserted && self.running.empty()) delete &self;
  }
  static constexpr callback_kind notes{child_ended, forget};
};

}  // namespace detail

task_group::task_group() {
  detail::engine& e = detail::engine::checked("with_task_group");
  detail::task_core& me = e.task_here("with_task_group");
  state_ = new detail::group_state;
  state_->e = &e;
  state_->parent = detail::core_ref(me);
}

task_group::~task_group() {
  if (state_->running.empty()) {
    delete state_;
  } else {
    state_->deserted = true;
  }
}

void task_group::check_open() const {
  if (state_->exiting && state_->running.empty())
    throw error("task_group::spawn: the group is finished");
  if (state_->aborting) throw error("task_group::spawn: the group is shutting down");
}

void task_group::adopt(const detail::core_ref& child) {
  auto n = std::make_unique<detail::group_state::node>();
  n->owner = state_;
  n->child = child;
  n->kind = &detail::group_state::notes;
  state_->e->list(*child.raw(), *n);
  state_->running.push_back(std::move(n));
}

void task_group::finish(const std::exception_ptr& failure) {
  detail::group_state& s = *state_;
  detail::engine& e = *s.e;
  detail::task_core& me = s.parent_task();
  s.exiting = true;
  std::exception_ptr cancellation;
  bool body_failed = false;
  if (failure) {
    try {
      std::rethrow_exception(failure);
    } catch (const cancelled&) {
      cancellation = failure;
    } catch (const detail::forced_unwind&) {
      throw;
    } catch (...) {
      body_failed = true;
    }
    if (!s.aborting) s.abort();
  }
  while (!s.running.empty()) {
    detail::waiter w;
    detail::engine::wake_up how{};
    {
      struct leave {
        detail::group_state& s;
        ~leave() { s.who = nullptr; }
      };
      const leave l{s};
      s.who = &w;
      how = e.block(me, w, operation_kind::group_wait, __builtin_return_address(0));
    }
    if (how == detail::engine::wake_up::cancelled && !s.aborting) {
      // The parent is being cancelled: so is the group.
      cancellation = std::make_exception_ptr(cancelled(me.thrown_message()));
      s.abort();
    }
  }
  const any_task parent{s.parent};
  if (s.parent_cancel_asked && parent.uncancel() == 0) cancellation = nullptr;
  if (cancellation && s.errors.empty()) std::rethrow_exception(cancellation);
  if (body_failed) s.errors.push_back(failure);
  if (s.errors.empty()) return;
  if (parent.cancelling() > 0) {
    // Somebody else's request stays one: it strikes at the parent's next wait.
    parent.uncancel();
    e.cancel(me, {});
  }
  throw exception_group(std::move(s.errors));
}

exception_group::exception_group(std::vector<std::exception_ptr> exceptions)
    : std::runtime_error("unhandled errors in a task group"), exceptions_(std::move(exceptions)) {}

}  // namespace reprise
