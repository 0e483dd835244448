#pragma once

#include <reprise/core/virtual_clock.hpp>
#include <reprise/core/wait_queue.hpp>

#include <cstdint>
#include <mutex>         // IWYU pragma: export
#include <shared_mutex>  // IWYU pragma: export (std::shared_lock is how it is used)
#include <string_view>

namespace reprise {

/// A reader-writer lock for tasks; std's SharedLockable. One line for both kinds, first in, first
/// out: readers that stand together go together, and no reader overtakes a writer.
class shared_mutex : public detail::sync_object {
public:
  shared_mutex() : shared_mutex(std::string_view{}) {}
  explicit shared_mutex(std::string_view name) : sync_object("shared_mutex", name) {}
  ~shared_mutex() {
    if (exclusive_ || readers_ > 0) [[unlikely]]
      destroyed_while_held(writer_, readers_);
  }

  void lock();
  [[nodiscard]] bool try_lock();
  /// As those of `mutex`: giving back what nobody holds fails the run, and in a search what another
  /// holds.
  void unlock() noexcept;
  void lock_shared();
  [[nodiscard]] bool try_lock_shared();
  void unlock_shared() noexcept;

private:
  enum class mode : std::uint8_t { shared, exclusive };
  void acquire(mode m, void* place);
  [[nodiscard]] bool try_acquire(mode m, const char* call);
  void take(mode m, std::uint32_t task, void* place) noexcept;
  void wake() noexcept;
  [[nodiscard]] bool free_for_newcomer(mode m) const noexcept;

  detail::wait_queue waiters_;
  void* place_ = nullptr;
  std::uint32_t readers_ = 0;
  std::uint32_t writer_ = 0;  // number of the task that holds it exclusively
  bool exclusive_ = false;
};

}  // namespace reprise
