#pragma once

#include "held_locks.hpp"
#include "object_table.hpp"
#include "per_task.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace reprise::detail {

/// Finds locks that are taken in one order here and in another there.
///
/// Each lock that a task takes while it holds another is an edge between the two; a circle of edges
/// by different tasks is an inversion, unless two of them hold one further lock in common (a gate),
/// or something keeps them apart. Source: Havelund, "Using Runtime Analysis to Guide Model Checking
/// of Java Programs", SPIN 2000 (gates). What keeps tasks apart is taken generously: whoever
/// acquired anything since, from anyone who released anything since, came after; and so did whoever
/// has since had a lock that was given back since, along whatever chain of tasks and locks, but for
/// the lock that it holds on to, which is the circle's own. So no correct program is blamed but one
/// whose order hangs on what that lock itself guards, and an inversion may need some other schedule
/// to be seen.
///
/// Cost: a look-up for an edge that is known and lies in no circle of locks; linear in the edges
/// for a new one between two locks. Where circles have to be judged, the work is bounded.
class lock_order {
public:
  using hold = held_locks::hold;
  struct edge {
    std::uint32_t task = 0;
    std::uint32_t from_node = 0, to_node = 0;
    std::uint32_t next_alike = 0;  // in its bucket; index + 1
    hold from{}, to{};
    std::vector<hold> held;      // `from`, and what it holds besides
    std::uint64_t at = 0;        // when, in what happened
    std::uint64_t acquired = 0;  // by its task, the last time before, otherwise than by a lock
    std::uint64_t logged = 0;    // as many steps of locks came before
  };

  void clear() noexcept;
  /// Any operation but of a mutex.
  void synchronised(std::uint32_t task) {
    task_state& t = tasks_[task];
    t.acquired = t.released = ++now_;
  }
  /// `task` has looked at something that announces nothing; or left it behind, to be looked at.
  void saw(std::uint32_t task) { tasks_[task].acquired = ++now_; }
  void left(std::uint32_t task) { tasks_[task].released = ++now_; }
  /// `task` owes to `giver` that it can go on.
  void passed(std::uint32_t task, std::uint32_t giver) {
    tasks_[task].acquired = ++now_;
    tasks_[giver].released = now_;
  }
  /// `task`, which holds `held`, takes one more lock. The edges of an inversion that this closes
  /// and that was not told before, the new one first; none mostly. They are valid until the next
  /// call.
  std::span<const edge* const> took(std::uint32_t task, std::span<const hold> held,
                                    const hold& taken, lock_call call);
  void gave(std::uint32_t task, std::uint64_t object, bool shared);
  /// The same whoever closed the circle.
  [[nodiscard]] static std::uint64_t signature(std::span<const edge* const> circle) noexcept;

private:
  struct task_state {
    std::uint64_t acquired = 0;
    std::uint64_t released = 0;
    // Of a walk along the log.
    std::uint64_t walk = 0;
    std::uint64_t reached = 0;
    void clear() noexcept { *this = {}; }
  };
  /// A lock, and what was taken while it was held.
  struct node {
    std::vector<std::uint32_t> edges;  // from it
    std::vector<std::uint32_t> next;   // nodes, each once
    std::vector<std::uint32_t> previous;
    std::uint32_t component = 0;  // the same for locks in one circle
    std::uint64_t search = 0;     // that came by, forwards
    // Walks in which it was left behind, by whom it was held alone and by readers.
    std::uint64_t left = 0, left_by_reader = 0;
    void clear() noexcept;
  };
  struct number {
    std::uint32_t index = 0;  // + 1
    void clear() noexcept { index = 0; }
  };
  /// That a lock was got or given back.
  struct step {
    std::uint64_t at;
    std::uint64_t acquired;  // by its task, the last time before, otherwise than by a lock
    std::uint32_t task;
    std::uint32_t lock : 30;
    std::uint32_t shared : 1;
    std::uint32_t gives : 1;
  };
  static constexpr std::size_t most_edges = 4096;
  static constexpr std::size_t most_steps = std::size_t{1} << 15;
  static constexpr std::size_t longest = 8;  // circle
  static constexpr std::size_t most_told = 16;
  // Of a run, in edges looked at and in steps walked.
  static constexpr std::uint64_t most_looks = 4'000'000;
  static constexpr std::uint64_t most_walked = 8'000'000;

  std::uint32_t node_of(std::uint64_t object);
  void log(std::uint32_t task, std::uint64_t object, bool shared, bool gives);
  /// Null where there is no room for one more.
  edge* note(std::uint32_t task, std::span<const hold> held, const hold& from, const hold& to);
  edge* find(std::uint64_t bucket, std::uint32_t task, std::span<const hold> held, const hold& from,
             const hold& to) noexcept;
  void connect(std::uint32_t from, std::uint32_t to);
  [[nodiscard]] bool judge(const edge& e);
  [[nodiscard]] bool may_be_at_once(const edge& a, const edge& b) const noexcept;
  [[nodiscard]] bool ordered_by_locks(const edge& a, const edge& b);
  [[nodiscard]] bool close_circle(std::size_t length);
  [[nodiscard]] bool stands();

  std::uint64_t now_ = 0;
  per_task<task_state> tasks_;
  std::vector<edge> edges_;  // the first `used_`
  std::size_t used_ = 0;
  std::vector<std::uint32_t> buckets_;  // of edges by what makes them alike; index + 1
  object_table<number> numbers_;
  std::vector<node> nodes_;  // the first `nodes_used_`
  std::size_t nodes_used_ = 0;
  std::uint32_t components_ = 0;
  std::uint64_t searches_ = 0;
  std::uint64_t walks_ = 0;
  std::uint32_t judged_ = 0;             // the last edge that was, if none came since; index + 1
  std::vector<std::uint32_t> to_visit_;  // nodes
  std::vector<std::uint32_t> reached_;   // tasks, in a walk
  std::vector<step> log_;
  std::uint64_t forgotten_ = 0;  // steps before the first of the log
  std::uint64_t looks_ = 0;
  std::uint64_t walked_ = 0;
  std::vector<const edge*> circle_;
  std::size_t deepest_ = 0;          // that a search has come
  std::vector<std::uint64_t> told_;  // signatures
};

}  // namespace reprise::detail
