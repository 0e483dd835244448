#pragma once

#include "engine.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

namespace reprise::detail {

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
