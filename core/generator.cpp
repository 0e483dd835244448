#include <reprise/core/generator.hpp>

#include "generator_internal.hpp"

#include <fmt/format.h>

#include <utility>

namespace reprise::detail {

namespace {

void unlink(engine& e, generator_state& g) noexcept {
  (g.previous ? g.previous->next : e.generators) = g.next;
  if (g.next) g.next->previous = g.previous;
  g.previous = g.next = nullptr;
}

void generator_entry(engine& e) {
  generator_state& g = *e.current_fiber()->generator;
  try {
    g.body->invoke();
  } catch (const generator_stop&) {
  } catch (...) {
    g.failure = std::current_exception();
  }
  e.check_stack();
  g.finished = true;
  fiber& consumer = *g.consumer;
  leave_fiber(e, g.own, consumer);
}

/// Runs the body until it yields or ends.
void enter(engine& e, generator_state& g) {
  g.consumer = e.current_fiber();
  if (!g.started) {
    prepare(g.own, e.stacks().take(stack_pool::default_size), generator_entry);
    g.started = true;
    g.owner = &e;
    g.run = e.serial();
    g.own.generator = &g;
    g.next = e.generators;
    if (g.next) g.next->previous = &g;
    e.generators = &g;
  }
  if (e.on_main())
    e.go_from_main(g.own);
  else
    switch_fiber(e, *g.consumer, g.own);
  if (g.finished && g.own.stack) {
    unlink(e, g);
    e.stacks().give_back(*std::exchange(g.own.stack, nullptr));
    g.body->drop_callable();
  }
}

}  // namespace

void leave_standing(engine& e, generator_state& g) noexcept {
  unlink(e, g);
  g.finished = true;
  g.own.stack->leave_standing();
  g.own.stack = nullptr;
  static_cast<void>(g.body.release());
}

void destroy_generator(engine& e, generator_state& g) {
  g.stop = true;
  for (int i = 0; i < 8 && !g.finished; ++i) enter(e, g);
  if (!g.finished) {
    leave_standing(e, g);
    e.record_failure(
        verdict::failed,
        "a generator swallowed its unwinding: it went on after a catch (...) without `throw;`");
  }
  g.failure = nullptr;
}

generator_core::generator_core(std::unique_ptr<box_base> body) : state_(new generator_state) {
  state_->body = std::move(body);
}

generator_core::~generator_core() {
  if (!state_) return;
  if (state_->started && !state_->finished) {
    engine* e = engine::running();
    if (e == state_->owner && e && e->serial() == state_->run) destroy_generator(*e, *state_);
  }
  delete state_;
}

bool generator_core::resume() {
  generator_state& g = *state_;
  if (g.finished) return false;
  engine& e = engine::checked("generator");
  if (g.started && (g.owner != &e || g.run != e.serial()))
    throw stale_handle("generator: its run has ended");
  if (e.current_fiber() == &g.own) throw error("generator: its body asks for its own next value");
  enter(e, g);
  if (g.finished && g.failure) std::rethrow_exception(std::exchange(g.failure, nullptr));
  return !g.finished;
}

void generator_suspend() {
  engine& e = engine::checked("generator: yield");
  fiber& self = *e.current_fiber();
  generator_state* g = self.generator;
  if (!g) throw error("generator: its yield was called outside its body");
  if (g->stop) throw generator_stop{};
  e.check_stack();
  switch_fiber(e, self, *g->consumer);
  if (g->stop) throw generator_stop{};
}

}  // namespace reprise::detail
