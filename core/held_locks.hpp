#pragma once

#include "per_task.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace reprise::detail {

/// The call by which a lock is got. Only the first may wait for ever.
enum class lock_call : std::uint8_t { lock, lock_within, try_lock };

/// Who holds which lock, exactly: it hears of locks that were got, where `lock_tracker` hears of
/// what was asked for. It keeps numbers, no references: a lock may go before its holder.
class held_locks {
public:
  struct hold {
    std::uint64_t object;
    void* place;  // where it was taken
    bool shared;
  };
  struct holder {
    std::uint32_t task;
    hold what;
  };

  void clear() noexcept { tasks_.clear(); }
  void took(std::uint32_t task, const hold& h) { tasks_[task].push_back(h); }
  /// Where `task` does not hold it itself, it gives back what another holds.
  void gave(std::uint32_t task, std::uint64_t object, bool shared) {
    if (drop(tasks_[task], object, shared)) return;
    for (auto& held : tasks_)
      if (drop(held, object, shared)) return;
  }
  /// The lock is destroyed.
  void gone(std::uint64_t object) noexcept {
    for (auto& held : tasks_)
      std::erase_if(held, [object](const hold& h) { return h.object == object; });
  }
  /// In the order of their taking.
  [[nodiscard]] std::span<const hold> of(std::uint32_t task) const noexcept {
    const auto* const held = tasks_.find(task);
    return held ? std::span<const hold>(*held) : std::span<const hold>();
  }
  [[nodiscard]] bool has(std::uint32_t task, std::uint64_t object, bool shared) const noexcept {
    return std::ranges::any_of(
        of(task), [&](const hold& h) { return h.object == object && h.shared == shared; });
  }
  /// In the order of their numbers. Cost: linear in the tasks; for reports.
  [[nodiscard]] std::vector<holder> holders(std::uint64_t object) const {
    std::vector<holder> all;
    for (std::uint32_t task = 0; task < tasks_.size(); ++task)
      for (const hold& h : tasks_[task])
        if (h.object == object) all.push_back({task, h});
    return all;
  }

private:
  static bool drop(std::vector<hold>& held, std::uint64_t object, bool shared) {
    const auto found = std::ranges::find_if(
        held, [&](const hold& h) { return h.object == object && h.shared == shared; });
    if (found == held.end()) return false;
    held.erase(found);
    return true;
  }

  per_task<std::vector<hold>> tasks_;
};

}  // namespace reprise::detail
