#include <reprise/core/offload.hpp>

#include "offload_internal.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace reprise::detail {

namespace {
constexpr std::size_t default_workers = 4;
}

void pool_state::submit(engine& e, std::shared_ptr<job> j) {
  line.push_back(std::move(j));
  if (idle > 0) start_next(e);
}

void pool_state::worker_is_idle(engine& e) {
  ++idle;
  start_next(e);
}

void pool_state::start_next(engine& e) {
  while (idle > 0 && !line.empty()) {
    const std::shared_ptr<job> j = std::move(line.front());
    line.pop_front();
    if (j->status == job::state::dropped) continue;
    --idle;
    e.start_job(j);
  }
}

std::shared_ptr<pool_state> make_pool(std::size_t workers) {
  if (workers == 0) throw std::invalid_argument("worker_pool: workers is 0; it must be 1 or more");
  engine& e = engine::checked("worker_pool");
  auto pool = std::make_shared<pool_state>();
  pool->idle = workers;
  pool->run = e.serial();
  return pool;
}

const std::shared_ptr<pool_state>& default_pool() {
  engine& e = engine::checked("offload");
  if (!e.default_pool) e.default_pool = make_pool(default_workers);
  return e.default_pool;
}

void offload_box(const std::shared_ptr<pool_state>& pool, const std::shared_ptr<box_base>& box) {
  engine& e = engine::checked("offload");
  task_core& me = e.task_that_waits("offload");
  if (pool->run != e.serial())
    throw stale_handle("offload: the worker_pool is of a run that has ended");
  e.point(me, {operation_kind::offload, 0});
  const auto j = std::make_shared<job>();
  j->box = box;
  j->pool = pool;
  pool->submit(e, j);
  waiter w;
  struct leave {
    job& j;
    ~leave() { j.awaiter = nullptr; }
  };
  engine::wake_up how{};
  {
    const leave l{*j};
    j->awaiter = &w;
    how = e.block(me, w, operation_kind::offload, __builtin_return_address(0));
  }
  if (how == engine::wake_up::cancelled) {
    if (j->status == job::state::queued) {
      j->status = job::state::dropped;
      j->box->drop_callable();
    }
    e.throw_cancelled(me);
  }
  if (j->failure) std::rethrow_exception(j->failure);
}

}  // namespace reprise::detail
