#pragma once

#include <reprise/core/virtual_clock.hpp>
#include <reprise/core/wait_queue.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <string_view>

namespace reprise {

/// A counting semaphore for tasks. Strictly first in, first out, without barging.
class semaphore : public detail::sync_object {
public:
  static constexpr std::int64_t unbounded = std::numeric_limits<std::int64_t>::max();

  /// `most`: releasing above it fails the run. Throws: `std::invalid_argument` for negative
  /// permits, or more than `most`.
  explicit semaphore(std::int64_t permits = 1, std::int64_t most = unbounded,
                     std::string_view name = {});
  semaphore(std::int64_t permits, std::string_view name) : semaphore(permits, unbounded, name) {}

  /// Throws: `cancelled`; a permit that had been passed to it goes to the next one.
  void acquire();
  [[nodiscard]] bool try_acquire();
  template <class Rep, class Period>
  [[nodiscard]] bool try_acquire_for(std::chrono::duration<Rep, Period> d) {
    const auto delay = detail::to_delay(d);
    return acquire_within(&delay, nullptr);
  }
  /// Never throws and never suspends.
  void release(std::int64_t count = 1) noexcept;
  /// Whether `acquire` would wait.
  [[nodiscard]] bool locked() const noexcept;
  [[nodiscard]] std::int64_t permits() const noexcept {
    detail::saw(*this);
    return permits_;
  }

private:
  [[nodiscard]] bool would_wait() const noexcept;
  bool acquire_within(const detail::delay* within, void* place);
  bool wake_next() noexcept;

  std::int64_t permits_;
  std::int64_t most_;
  detail::wait_queue waiters_;
};

}  // namespace reprise
