#pragma once

#include "per_task.hpp"

#include <reprise/core/operation.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace reprise::detail {

class sync_object;

/// Finds locks that are taken in one order here and in another there.
///
/// Each lock that a task takes while it holds another is an edge between the two; a circle of edges
/// by different tasks is an inversion, unless they hold one further lock in common (a gate), or
/// something other than these locks keeps them apart. Source: Havelund, "Using Runtime Analysis to
/// Guide Model Checking of Java Programs", SPIN 2000 (gates); what keeps tasks apart is taken
/// generously: whoever acquired anything since, from anyone who released anything since, came
/// after. So no correct program is blamed, and an inversion may need some other schedule to be
/// seen.
class lock_order {
public:
  struct edge {
    std::uint64_t from = 0, to = 0;
    std::uint32_t task = 0;
    bool from_shared = false, to_shared = false;
    std::uint64_t at = 0;        // when, in operations
    std::uint64_t acquired = 0;  // by its task, the last time before
    void* from_place = nullptr;
    void* to_place = nullptr;
    std::string from_name, to_name;
    std::vector<std::uint64_t> gates;  // held besides
  };

  void clear() noexcept;
  /// Any operation but of a mutex.
  void synchronised(std::uint32_t task) {
    task_state& t = tasks_[task];
    t.acquired = t.released = ++now_;
  }
  /// `task` owes to `giver` that it can go on.
  void passed(std::uint32_t task, std::uint32_t giver) {
    tasks_[task].acquired = ++now_;
    tasks_[giver].released = now_;
  }
  /// The edges of an inversion that this lock closes, the new one first; none mostly. They are
  /// valid until the next call.
  std::span<const edge* const> took(std::uint32_t task, const sync_object& lock, bool shared,
                                    bool tried, void* place);
  void gave(std::uint32_t task, std::uint64_t object) noexcept;

private:
  struct hold {
    const sync_object* lock;
    std::uint64_t object;
    void* place;
    bool shared;
  };
  struct task_state {
    std::vector<hold> held;
    std::uint64_t acquired = 0;
    std::uint64_t released = 0;
    void clear() noexcept {
      held.clear();
      acquired = released = 0;
    }
  };
  static constexpr std::size_t most_edges = 4096;
  static constexpr std::size_t longest = 8;  // circle

  edge* note(std::uint32_t task, const hold& from, const hold& to);
  [[nodiscard]] bool kept_apart(const edge& a, const edge& b) const noexcept;
  [[nodiscard]] bool fits(const edge& next) const noexcept;
  [[nodiscard]] bool close_circle();

  std::uint64_t now_ = 0;
  per_task<task_state> tasks_;
  std::vector<edge> edges_;  // the first `used_`
  std::size_t used_ = 0;
  std::vector<const edge*> circle_;
};

}  // namespace reprise::detail
