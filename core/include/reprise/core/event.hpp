#pragma once

#include <reprise/core/virtual_clock.hpp>
#include <reprise/core/wait_queue.hpp>

#include <chrono>
#include <string_view>

namespace reprise {

namespace detail {
class queue_core;
}

/// A flag that tasks wait for.
class event : public detail::sync_object {
public:
  event() : event(std::string_view{}) {}
  explicit event(std::string_view name) : sync_object("event", name) {}

  /// Returns at once, without suspending, while the flag is set. Throws: `cancelled`.
  void wait();
  /// Whether it was set within `d` of virtual time.
  template <class Rep, class Period>
  [[nodiscard]] bool wait_for(std::chrono::duration<Rep, Period> d) {
    const auto delay = detail::to_delay(d);
    return wait_within(&delay, nullptr);
  }
  /// Wakes all who wait, in order; they resume on the next turn, even if the flag is cleared
  /// meanwhile.
  void set();
  void clear();
  [[nodiscard]] bool is_set() const noexcept {
    if (set_) detail::saw(*this);
    return set_;
  }

private:
  /// As `set`, behind the caller's own scheduling point.
  void set_now(detail::engine& e);
  /// `items_of`: the queue that a report is to name instead.
  bool wait_within(const detail::delay* within, void* place,
                   const detail::sync_object* items_of = nullptr);

  detail::wait_queue waiters_;
  bool set_ = false;

  friend class detail::queue_core;
};

}  // namespace reprise
