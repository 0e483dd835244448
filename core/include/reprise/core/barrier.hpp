#pragma once

#include <reprise/core/wait_queue.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace reprise {

/// A meeting point for a number of tasks, for any number of rounds.
class barrier : public detail::sync_object {
public:
  /// Throws: `std::invalid_argument` for no parties.
  explicit barrier(std::size_t parties, std::string_view name = {});

  /// Waits until all parties have arrived; returns the place in which the caller arrived, from 0.
  /// The last one to arrive goes on at once.
  ///
  /// Throws: `broken_barrier`, `cancelled`.
  std::size_t arrive_and_wait();
  /// Those who wait, and all who come later, get `broken_barrier`.
  void abort();
  /// Those who wait get `broken_barrier`; then the barrier is as new.
  void reset();
  [[nodiscard]] bool broken() const noexcept {
    detail::saw(*this);
    return state_ == state::broken;
  }
  [[nodiscard]] std::size_t parties() const noexcept { return parties_; }
  [[nodiscard]] std::size_t waiting() const noexcept {
    detail::saw(*this);
    return state_ == state::filling ? count_ : 0;
  }

private:
  enum class state : std::uint8_t { filling, draining, resetting, broken };
  struct arrival;
  void wait_for_change(arrival& mine, void* place, detail::engine& e, detail::task_core& me);
  void wake_all(detail::engine& e) noexcept;
  void leave() noexcept;

  detail::wait_queue waiters_;
  std::size_t parties_;
  std::size_t count_ = 0;
  state state_ = state::filling;
};

}  // namespace reprise
