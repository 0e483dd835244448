#pragma once

#include <reprise/core/choice.hpp>
#include <reprise/core/strategy.hpp>

#include <cstdint>
#include <memory>
#include <vector>

namespace reprise {

/// What some runs of a program have shown of it, for the strategies that want to know.
struct profile {
  /// What a strategy is told, made once for all the seeds that are told it.
  using numbers = std::shared_ptr<const std::vector<std::uint64_t>>;
  /// Operations whose order `surw()` draws: those on `objects`, and how many of them each task
  /// does.
  struct target {
    struct share {
      std::uint32_t task;
      std::uint32_t parent;  // who spawned it; 0 for the root
      std::uint64_t count;   // the most in any of the runs
      friend bool operator==(const share&, const share&) = default;
    };
    std::vector<std::uint64_t> objects;
    std::vector<share> shares;  // of tasks with a count, and of their ancestors
    std::uint64_t weight = 1;   // how likely it is drawn, beside the others
    numbers learnt;             // all that as `surw()` takes it
  };

  std::uint64_t runs = 0;
  /// Of the schedule, and those at which the running task could go on: of the longest run, but at
  /// most twice those of the middle one. One in which a task spins may be a hundred times as long.
  std::uint64_t choices = 0;
  std::uint64_t preemptible = 0;
  std::vector<target> targets;                              // in the order of their objects
  std::vector<std::uint64_t> lengths, preemptible_lengths;  // of each run, in rising order
  numbers length;                                           // `choices`, when there were any
  numbers preemptible_length;

  /// Takes in what another run has shown: the greater of each count.
  void merge(const profile& other);
};

/// Takes a run's choices from its seed and its strategy, as without it, and learns what the run
/// shows.
class profiler final : public choice_source {
public:
  profiler(std::uint64_t seed, const strategy& how);
  ~profiler() override;
  profiler(const profiler&) = delete;
  profiler& operator=(const profiler&) = delete;

  std::uint64_t take(choice_kind kind, const choice_label& label, std::uint64_t bound) override;
  std::size_t take_schedule(const choice_label& label, const candidate_list& candidates) override;
  [[nodiscard]] bool follows() const noexcept override { return true; }
  void ran(std::uint32_t task, const operation& op) noexcept override;

  /// Once the run is over.
  [[nodiscard]] profile learnt() const;

private:
  struct step {
    std::uint32_t task;
    operation op;
  };
  std::unique_ptr<choice_source> seeded_;
  std::uint64_t choices_ = 0;
  std::uint64_t preemptible_ = 0;
  std::vector<step> steps_;
};

}  // namespace reprise
