#pragma once

#include <reprise/core/event.hpp>

#include <cstdint>
#include <string_view>

namespace reprise {

/// A counter that goes down once; tasks wait until it is 0.
class latch {
public:
  /// Throws: `std::invalid_argument` for a negative count.
  explicit latch(std::int64_t count, std::string_view name = {});

  /// Throws: `error` when the count would fall below 0.
  void count_down(std::int64_t n = 1);
  [[nodiscard]] bool try_wait() const noexcept { return count_ == 0; }
  void wait() { zero_.wait(); }
  void arrive_and_wait(std::int64_t n = 1) {
    count_down(n);
    wait();
  }

private:
  std::int64_t count_;
  event zero_;
};

}  // namespace reprise
