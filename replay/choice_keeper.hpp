#pragma once

#include "steered_choices.hpp"

#include <reprise/core/choice_log.hpp>
#include <reprise/core/run.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace reprise::detail {

/// Keeps what another source decides, whom it lets run, and who chose.
class choice_keeper final : public choice_source {
public:
  explicit choice_keeper(choice_source& inner) : from_(inner) {}

  std::uint64_t take(choice_kind kind, const choice_label& label, std::uint64_t bound) override {
    const std::uint64_t value = from_.take(kind, label, bound);
    taken.push_back({.taken = {kind, label, bound, value}});
    return value;
  }
  std::size_t take_schedule(const choice_label& label, const candidate_list& candidates) override {
    const std::size_t value = from_.take_schedule(label, candidates);
    taken.push_back({.taken = {choice_kind::schedule, label, candidates.size(), value},
                     .preemptible = candidates.running_goes_on(),
                     .target = choice_target::of(candidates[value])});
    if (label.path != 0 && !names.contains(label.path))
      names.emplace(label.path, name_of_chooser());
    return value;
  }
  void workload(std::span<std::uint32_t> first) noexcept override {
    from_.workload(first);
    words.assign(first.begin(), first.end());
    drew = true;
  }
  [[nodiscard]] bool follows() const noexcept override { return from_.follows(); }
  void ran(std::uint32_t task, const operation& op) noexcept override { from_.ran(task, op); }

  std::vector<decision> taken;
  std::vector<std::uint32_t> words;            // the first of the workload's
  std::map<std::uint64_t, std::string> names;  // by path
  bool drew = false;                           // from the workload

private:
  choice_source& from_;
};

/// Where a run of `options` takes its choices from. `options` outlives it.
[[nodiscard]] inline std::unique_ptr<choice_source> source_of(const config& options) {
  if (options.choices) return std::make_unique<listed_choices>(*options.choices, options.seed);
  return seeded_choices(options.seed, options.schedule);
}

}  // namespace reprise::detail
