#include <reprise/core/wait_queue.hpp>

#include "engine.hpp"

#include <fmt/format.h>

namespace reprise::detail {

wait_queue::~wait_queue() {
  // Whoever still waits must not look at an object that is gone.
  while (first_) {
    waiter& w = *first_;
    remove(w);
    w.object = nullptr;
    w.holder = nullptr;
    w.holder_place = nullptr;
  }
}

void wait_queue::push(waiter& w) noexcept {
  w.queue = this;
  w.previous = last_;
  w.next = nullptr;
  (last_ ? last_->next : first_) = &w;
  last_ = &w;
}

void wait_queue::remove(waiter& w) noexcept {
  (w.previous ? w.previous->next : first_) = w.next;
  (w.next ? w.next->previous : last_) = w.previous;
  w.queue = nullptr;
  w.previous = w.next = nullptr;
}

sync_object::sync_object(const char* type, std::string_view name) : type_(type), name_(name) {
  if (engine* e = engine::running()) bind(*e);
}

sync_object::~sync_object() = default;

bool sync_object::bind(engine& e) const noexcept {
  if (run_ == 0) {
    run_ = e.serial();
    object_ = e.new_object();
  }
  return run_ == e.serial();
}

engine& sync_object::enter_first(const char* call) const {
  engine& e = engine::checked(call);
  if (!bind(e))
    throw stale_handle(fmt::format("{}: {} is of a run that has ended; make it inside the body",
                                   call, description()));
  return e;
}

std::string sync_object::description() const {
  if (!name_.empty()) return name_;
  const auto task = object_ >> 32;
  return task == 0 ? fmt::format("{} {}", type_, object_)
                   : fmt::format("{} {} of Task-{}", type_, object_ & 0xffffffffu, task);
}

}  // namespace reprise::detail
