#pragma once

#include <reprise/core/operation.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace reprise {

/// The purposes for which a run makes choices. The numbers are part of the format of a choice log.
enum class choice_kind : std::uint8_t { schedule = 0, random = 1, fault = 2, user = 3 };

/// Where in the program a choice was made, in a way that an edit elsewhere leaves alone: no line,
/// no address.
struct choice_label {
  std::uint64_t path = 0;  // hash of the task's path: which child of which parent
  /// Where the task stood: a number that grows with each of its scheduling points, even before an
  /// operation that it may be preempted at, odd where it has to wait. Of a user's draw, whose path
  /// is the hash of its name: a hash of the task's path and of how often it had drawn that before.
  std::uint32_t count = 0;
  operation_kind operation = operation_kind::none;  // what it was about to do
  friend bool operator==(const choice_label&, const choice_label&) = default;
};

/// One decision of a run. Value 0 is always the simplest: what `fifo()` would do, the low end, no
/// fault.
struct choice {
  choice_kind kind = choice_kind::schedule;
  choice_label label;
  std::uint64_t bound = 1;  // the value is below it
  std::uint64_t value = 0;
  friend bool operator==(const choice&, const choice&) = default;
};

/// A task (or a callback, which is like a small task) that could run next, and what it would do.
struct candidate {
  std::uint32_t task = 0;  // its number; 0 for a callback
  operation next;
};

/// The candidates of one scheduling choice, in the order of the queue; the running task first if it
/// could go on. They are listed as far as they are looked at.
class candidate_list {
public:
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// Cost: constant, but for the first look at so many: linear in the index.
  [[nodiscard]] const candidate& operator[](std::size_t index) const {
    if (index >= listed_) [[unlikely]]
      list(index);
    return first_[index];
  }
  /// Whether the first is the running task, so that any other choice is a preemption.
  [[nodiscard]] bool running_goes_on() const noexcept { return running_goes_on_; }

protected:
  ~candidate_list() = default;
  /// Lists them up to that one at least: sets `first_` and `listed_`.
  virtual void list(std::size_t index) const = 0;

  mutable const candidate* first_ = nullptr;
  mutable std::size_t listed_ = 0;
  std::size_t size_ = 0;
  bool running_goes_on_ = false;
};

/// Where a run takes its choices from: seeded streams, a recorded list, a search that steers.
///
/// One source serves one run at a time. Every decision of a run passes through `take` or
/// `take_schedule`, and nothing else decides.
class choice_source {
public:
  virtual ~choice_source() = default;
  /// A value in [0, bound). Called only when bound > 1.
  virtual std::uint64_t take(choice_kind kind, const choice_label& label, std::uint64_t bound) = 0;
  /// An index into `candidates`, of which there are at least two.
  virtual std::size_t take_schedule(const choice_label& label,
                                    const candidate_list& candidates) = 0;
  /// The first words of the workload's generator, before `rng()` gives the first of them. It may
  /// put others in their place.
  virtual void workload(std::span<std::uint32_t> words) noexcept { static_cast<void>(words); }
  /// Whether it is to hear what runs. Asked once, before the run.
  [[nodiscard]] virtual bool follows() const noexcept { return false; }
  /// `task` (0 for a callback) does `op` now: the step that was chosen, or went on without a choice
  /// because there was none, or what it announces on the way.
  virtual void ran(std::uint32_t task, const operation& op) noexcept {
    static_cast<void>(task);
    static_cast<void>(op);
  }
};

}  // namespace reprise
