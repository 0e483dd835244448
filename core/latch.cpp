#include <reprise/core/latch.hpp>

#include "engine.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace reprise {

using detail::engine;
using detail::task_core;
using detail::waiter;

latch::latch(std::int64_t count, std::string_view name)
    : sync_object("latch", name), count_(count) {
  if (count < 0)
    throw std::invalid_argument(fmt::format("latch: count is {}; it must be 0 or more", count));
}

void latch::count_down(std::int64_t n) { count_down_by(n, enter("latch::count_down")); }

void latch::wait() {
  engine& e = enter("latch::wait");
  wait_at(__builtin_return_address(0), e, e.task_that_waits("latch::wait"));
}

void latch::arrive_and_wait(std::int64_t n) {
  engine& e = enter("latch::arrive_and_wait");
  task_core& me = e.task_that_waits("latch::arrive_and_wait");
  count_down_by(n, e);
  wait_at(__builtin_return_address(0), e, me);
}

void latch::count_down_by(std::int64_t n, engine& e) {
  e.point_anywhere({operation_kind::latch_count, object()});
  if (n < 0 || n > count_) throw error(fmt::format("latch::count_down: {} from {}", n, count_));
  count_ -= n;
  if (count_ > 0) return;
  for (waiter* w = waiters_.first(); w; w = w->next) e.wake(*w);
}

void latch::wait_at(void* place, engine& e, task_core& me) {
  e.point(me, {operation_kind::latch_wait, object()});
  if (count_ == 0) return;
  waiter w;
  w.object = this;
  detail::queued in_line(waiters_, w);
  const auto how = e.block(me, w, operation_kind::latch_wait, place);
  in_line.leave();
  if (how == engine::wake_up::cancelled) e.throw_cancelled(me);
}

}  // namespace reprise
