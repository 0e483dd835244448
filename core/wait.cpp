#include <reprise/core/wait.hpp>

#include "engine.hpp"

#include <deque>
#include <stdexcept>
#include <utility>
#include <vector>

namespace reprise::detail {

namespace {

/// One `wait`. It lives until its last queued node has run.
struct waiting {
  struct node : callback_node {
    core_ref child;
  };
  std::vector<node> nodes;
  std::size_t left = 0;
  std::size_t users = 1;
  until what{};
  waiter* who = nullptr;

  static void child_ended(engine& e, callback_node& n) {
    auto& self = *static_cast<waiting*>(n.owner);
    const future_core& child = *static_cast<node&>(n).child.raw();
    --self.left;
    const bool failed = child.state == future_state::failed;
    if (failed && self.what == until::first_failed)
      static_cast<node&>(n).child.raw()->collected = true;
    if (self.who && (self.left == 0 || self.what == until::first_completed ||
                     (self.what == until::first_failed && failed)))
      e.wake(*self.who);
    self.drop_user();
  }
  static void forget(callback_node& n) { static_cast<waiting*>(n.owner)->drop_user(); }
  static constexpr callback_kind notes{child_ended, forget};
  void drop_user() {
    if (--users == 0) delete this;
  }
};

}  // namespace

void wait_cores(std::span<const core_ref> cores, until what, std::optional<delay> within) {
  engine& e = engine::checked("wait");
  task_core& me = e.task_that_waits("wait");
  if (cores.empty()) throw std::invalid_argument("wait: there are no tasks to wait for");
  for (const auto& core : cores) static_cast<void>(core.checked("wait"));

  auto* w = new waiting;
  w->what = what;
  w->left = cores.size();
  w->nodes.resize(cores.size());
  waiter who;
  w->who = &who;
  struct leave {
    waiting& w;
    ~leave() {
      w.who = nullptr;
      for (auto& n : w.nodes) {
        if (!n.listed()) continue;
        engine::unlist(n);
        w.drop_user();
      }
      w.drop_user();
    }
  };
  const leave l{*w};
  e.point(me, {operation_kind::wait_any, 0});
  for (std::size_t i = 0; i < cores.size(); ++i) {
    auto& n = w->nodes[i];
    n.owner = w;
    n.child = cores[i];
    n.kind = &waiting::notes;
    ++w->users;
    if (cores[i].raw()->done())
      e.push({&n, 0, entry_kind::node});
    else
      e.list(*cores[i].raw(), n);
  }
  if (e.block(me, who, operation_kind::wait_any, __builtin_return_address(0),
              within ? &*within : nullptr) == engine::wake_up::cancelled)
    e.throw_cancelled(me);
}

struct completion_queue::state {
  struct node : callback_node {
    core_ref child;
    std::size_t index = 0;
  };
  static constexpr std::size_t time_is_up = ~std::size_t{0};

  std::vector<node> nodes;
  std::deque<std::size_t> done;
  std::size_t running = 0;  // tasks that have not ended
  std::size_t left = 0;     // items that were not asked for
  std::size_t users = 1;
  waiter* who = nullptr;
  timer_id timer;
  engine* e = nullptr;
  bool over = false;

  void put(std::size_t item) {
    done.push_back(item);
    if (who) e->wake(*who);
  }
  static void child_ended(engine& e, callback_node& n) {
    auto& self = *static_cast<state*>(n.owner);
    if (!self.over && self.running > 0) {
      --self.running;
      self.put(static_cast<node&>(n).index);
      if (self.running == 0) static_cast<void>(e.cancel_timer(self.timer));
    }
    self.drop_user();
  }
  static void forget(callback_node& n) { static_cast<state*>(n.owner)->drop_user(); }
  static constexpr callback_kind notes{child_ended, forget};
  static void strike(void* p) noexcept {
    auto& self = *static_cast<state*>(p);
    self.over = true;
    for (auto& n : self.nodes) {
      if (!n.listed()) continue;
      engine::unlist(n);
      self.drop_user();
    }
    for (std::size_t i = std::exchange(self.running, 0); i > 0; --i) self.put(time_is_up);
  }
  void drop_user() {
    if (--users == 0) delete this;
  }
};

completion_queue::completion_queue(std::span<const core_ref> cores, std::optional<delay> within)
    : state_(nullptr) {
  engine& e = engine::checked("as_completed");
  for (const auto& core : cores) static_cast<void>(core.checked("as_completed"));
  state_ = new state;
  state_->e = &e;
  state_->running = state_->left = cores.size();
  state_->nodes.resize(cores.size());
  for (std::size_t i = 0; i < cores.size(); ++i) {
    auto& n = state_->nodes[i];
    n.owner = state_;
    n.child = cores[i];
    n.index = i;
    n.kind = &state::notes;
    ++state_->users;
    if (cores[i].raw()->done())
      e.push({&n, 0, entry_kind::node});
    else
      e.list(*cores[i].raw(), n);
  }
  if (!cores.empty() && within && within->ns != delay::forever)
    state_->timer =
        e.add_timer(deadline_after(e.now(), within->ns), nullptr, state::strike, state_);
}

completion_queue::~completion_queue() {
  state_->over = true;
  if (engine::running() == state_->e) static_cast<void>(state_->e->cancel_timer(state_->timer));
  for (auto& n : state_->nodes) {
    if (!n.listed()) continue;
    if (n.child.alive()) engine::unlist(n);
    state_->drop_user();
  }
  state_->drop_user();
}

std::size_t completion_queue::left() const noexcept { return state_->left; }

std::size_t completion_queue::next() {
  engine& e = engine::checked("as_completed");
  task_core& me = e.task_that_waits("as_completed");
  --state_->left;
  e.point(me, {operation_kind::as_completed, 0});
  while (state_->done.empty()) {
    waiter w;
    struct leave {
      state& s;
      ~leave() { s.who = nullptr; }
    };
    engine::wake_up how{};
    {
      const leave l{*state_};
      state_->who = &w;
      how = e.block(me, w, operation_kind::as_completed, __builtin_return_address(0));
    }
    if (how == engine::wake_up::cancelled) e.throw_cancelled(me);
  }
  const std::size_t item = state_->done.front();
  state_->done.pop_front();
  if (item == state::time_is_up) throw timed_out();
  return item;
}

}  // namespace reprise::detail
