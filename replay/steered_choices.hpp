#pragma once

#include <reprise/core/choice.hpp>
#include <reprise/core/choice_log.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace reprise::detail {

/// The task that chooses, as a report names it; "-" outside any, and for one that has just ended.
[[nodiscard]] std::string name_of_chooser();

/// Whom a choice of the schedule lets run: a task by its number, a callback by that of its timer.
struct choice_target {
  std::uint64_t number = 0;
  bool callback = false;
  friend bool operator==(const choice_target&, const choice_target&) = default;
  [[nodiscard]] static choice_target of(const candidate& c) noexcept {
    return c.task != 0 ? choice_target{c.task, false} : choice_target{c.next.object, true};
  }
};

/// A choice that a run took, or that one is to take.
struct decision {
  choice taken;
  bool preemptible = false;   // the running task could have gone on
  choice_target target = {};  // of the schedule's
  bool by_value = false;      // as a wish: the value counts, not the target
};

/// Takes wishes where their label comes up, and what is simplest elsewhere; keeps all that it took.
///
/// A wish of the schedule is for a task, not for a place in the queue: where another wish was taken
/// away, the queue is another one, and the same place would be another task. What it took is told
/// by place, so that `listed_choices` repeats it.
class steered_choices final : public choice_source {
public:
  /// `longest`: after so many choices tasks take turns, so that a run in which they spin ends by
  /// its limit of steps.
  steered_choices(std::span<const decision> wishes, std::uint64_t seed, std::size_t longest);

  std::uint64_t take(choice_kind kind, const choice_label& label, std::uint64_t bound) override;
  std::size_t take_schedule(const choice_label& label, const candidate_list& candidates) override;
  void workload(std::span<std::uint32_t> words) noexcept override;

  [[nodiscard]] const std::vector<decision>& taken() const noexcept { return taken_; }
  /// Whether the run drew from the workload's generator.
  [[nodiscard]] bool drew() const noexcept { return drew_; }

private:
  struct hash {
    std::size_t operator()(const choice& c) const noexcept {
      return static_cast<std::size_t>(stream::mix(
          c.label.path ^ std::uint64_t{c.label.count} << 16 ^
          static_cast<std::uint64_t>(c.label.operation) << 4 ^ static_cast<std::uint64_t>(c.kind)));
    }
  };
  struct same_place {
    bool operator()(const choice& a, const choice& b) const noexcept {
      return a.kind == b.kind && a.label == b.label;
    }
  };
  std::span<const decision> wishes_;
  std::unordered_map<choice, std::size_t, hash, same_place> index_;  // never walked through
  std::vector<choice> words_;
  listed_choices otherwise_;
  std::size_t longest_;
  std::vector<decision> taken_;
  bool drew_ = false;
};

}  // namespace reprise::detail
