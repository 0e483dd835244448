#pragma once

#include <reprise/core/wait_queue.hpp>

#include <cstdint>
#include <string_view>

namespace reprise {

/// A counter that goes down once; tasks wait until it is 0.
class latch : public detail::sync_object {
public:
  /// Throws: `std::invalid_argument` for a negative count.
  explicit latch(std::int64_t count, std::string_view name = {});

  /// Does not wait, and may be called by a callback. Throws: `error` when the count would fall
  /// below 0.
  void count_down(std::int64_t n = 1);
  [[nodiscard]] bool try_wait() const noexcept {
    if (count_ == 0) detail::saw(*this);
    return count_ == 0;
  }
  /// Returns at once, without suspending, when the count is 0. Throws: `cancelled`.
  void wait();
  void arrive_and_wait(std::int64_t n = 1);

private:
  void count_down_by(std::int64_t n, detail::engine& e);
  void wait_at(void* place, detail::engine& e, detail::task_core& me);

  std::int64_t count_;
  detail::wait_queue waiters_;
};

}  // namespace reprise
