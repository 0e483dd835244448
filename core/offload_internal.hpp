#pragma once

#include "engine.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>

namespace reprise::detail {

/// A worker's job, shared by its pool's line and the one who waits for it.
struct alignas(16) job {
  enum class state : std::uint8_t { queued, running, done, dropped };
  std::shared_ptr<box_base> box;
  std::shared_ptr<pool_state> pool;
  std::shared_ptr<job> self;  // while it runs
  std::exception_ptr failure;
  waiter* awaiter = nullptr;
  fiber own;
  fiber* top = nullptr;      // where it goes on
  fiber* starter = nullptr;  // who waits while the job's first part runs
  std::uint64_t number = 0;
  std::uint32_t sleep_generation = 0;
  state status = state::queued;
  bool frozen = false;
  bool forced = false;
  std::uint8_t thrown_at = 0;  // times that its forced unwinding was thrown
};

/// The line of one pool, shared by the handle and its jobs.
struct pool_state {
  std::size_t idle;
  std::uint64_t run;  // serial number
  std::deque<std::shared_ptr<job>> line;

  void submit(engine& e, std::shared_ptr<job> j);
  /// A worker has ended its job: it takes the next one.
  void worker_is_idle(engine& e);

private:
  void start_next(engine& e);
};

}  // namespace reprise::detail
