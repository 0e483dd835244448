#pragma once

#include <reprise/core/choice.hpp>
#include <reprise/core/strategy.hpp>

#include <cstdint>
#include <memory>
#include <vector>

namespace reprise {

/// What some runs of a program have shown of it, for the strategies that want to know.
struct profile {
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
    friend bool operator==(const target&, const target&) = default;
  };

  std::uint64_t runs = 0;
  std::uint64_t choices = 0;      // of the schedule, in the run with the most
  std::uint64_t preemptible = 0;  // of those, where the running task could go on
  std::vector<target> targets;    // in the order of their objects

  /// Takes in what another run has shown: the greater of each count.
  void merge(const profile& other);
};

/// Takes a run's choices from its seed and its strategy, as without it, and learns what the run
/// shows.
class profiler final : public choice_source {
public:
  profiler(std::uint64_t seed, const strategy& how);
  ~profiler();
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
