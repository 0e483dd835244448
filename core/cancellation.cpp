// How a request to cancel finds what a task waits for.
#include "crowd.hpp"

#include <utility>

namespace reprise::detail {

bool engine::cancel(future_core& core, std::string_view message) {
  if (core.done()) return false;
  switch (core.kind) {
    case future_kind::promise: {
      if (watching_) watching_->release(current_number(), core.object());
      complete(
          core, future_state::cancelled,
          message.empty() ? nullptr : std::make_exception_ptr(cancelled(std::string(message))));
      return true;
    }
    case future_kind::gather:
      return static_cast<gather_core&>(core).cancel_children(*this, message);
    case future_kind::task:
      break;
  }
  return cancel_chain(static_cast<task_core&>(core), message);
}

bool engine::cancel_chain(task_core& first, std::string_view message) {
  // Down the chain of tasks that wait for tasks, innermost last: in a loop, because a chain may be
  // longer than a stack is deep.
  if (first.abandoned) return false;
  if (first.being_asked) {  // gathers that wait for each other lead back to it
    circle_met_ = true;
    return false;
  }
  std::size_t asked = 0;
  for (task_core* t = &first;;) {
    t->being_asked = true;
    ++asked;
    ++t->extra().cancel_requests;
    t->set_cancel_message(message);
    if (watching_) watching_->woken(t->number, current_number());
    if (waiter* const leaf = t->leaf();
        leaf && leaf->status == waiter::state::pending && !t->frozen) {
      t->set_thrown_message(message);
      wake(*leaf, waiter::state::cancelled);
      break;
    }
    if (t->sleep == waiter::state::pending) {
      t->set_thrown_message(message);
      t->sleep = waiter::state::cancelled;
      push_step(*t);
      break;
    }
    future_core* const next = t->awaited();
    if (!next || next->done()) {
      t->must_cancel = true;
      break;
    }
    if (next->kind != future_kind::task) {
      circle_met_ = false;
      if (cancel(*next, message)) {
        t->asked_while_waiting = true;
      } else if (std::exchange(circle_met_, false)) {
        break_circle(*t);
      } else {
        t->must_cancel = true;
      }
      break;
    }
    if (static_cast<task_core*>(next)->being_asked) {
      break_circle(*t);
      break;
    }
    t->asked_while_waiting = true;
    t = static_cast<task_core*>(next);
  }
  for (task_core* t = &first; asked > 0; --asked) {
    t->being_asked = false;
    t = static_cast<task_core*>(t->awaited());
  }
  return true;
}

void engine::break_circle(task_core& t) noexcept {
  // Nobody in a circle of tasks that wait for one another would ever hear of its cancellation: this
  // one no longer waits.
  const callback_list& waiting = t.awaited()->callbacks;
  for (callback_node* n = waiting.first(); n; n = waiting.after(*n)) {
    if (n->kind || n->wakes != &t) continue;
    unlist(*n);
    t.must_cancel = true;
    push_step(t);
    return;
  }
}

}  // namespace reprise::detail
