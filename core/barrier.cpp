#include <reprise/core/barrier.hpp>

#include <reprise/core/errors.hpp>
#include <reprise/core/future_core.hpp>

#include <mutex>
#include <stdexcept>

namespace reprise {

// asyncio's barrier, state by state, on our mutex and condition variable: how many turns each step
// takes follows from theirs.

barrier::barrier(std::size_t parties, std::string_view name)
    : mutex_(name), changed_(name), parties_(parties) {
  if (parties == 0) throw std::invalid_argument("barrier: parties is 0; it must be 1 or more");
}

std::size_t barrier::arrive_and_wait() {
  detail::check_can_wait("barrier::arrive_and_wait");
  const std::scoped_lock lock(mutex_);
  changed_.wait(mutex_, [this] { return state_ != state::draining && state_ != state::resetting; });
  if (state_ == state::broken) throw broken_barrier();
  const std::size_t index = count_++;
  struct at_exit {
    barrier& b;
    ~at_exit() { b.leave(); }
  };
  const at_exit on_exit{*this};
  if (index + 1 == parties_) {
    state_ = state::draining;
    changed_.notify_all();
  } else {
    changed_.wait(mutex_, [this] { return state_ != state::filling; });
    if (state_ == state::broken || state_ == state::resetting) throw broken_barrier();
  }
  return index;
}

void barrier::leave() noexcept {
  if (--count_ > 0) return;
  if (state_ == state::resetting || state_ == state::draining) state_ = state::filling;
  changed_.notify_all();
}

void barrier::abort() {
  const std::scoped_lock lock(mutex_);
  state_ = state::broken;
  changed_.notify_all();
}

void barrier::reset() {
  const std::scoped_lock lock(mutex_);
  if (count_ > 0) {
    state_ = state::resetting;
  } else {
    state_ = state::filling;
  }
  changed_.notify_all();
}

}  // namespace reprise
