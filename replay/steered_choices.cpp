#include "steered_choices.hpp"

#include <reprise/core/errors.hpp>
#include <reprise/core/task.hpp>

#include <algorithm>

namespace reprise::detail {

std::string name_of_chooser() {
  try {
    const auto me = current_task();
    return me ? me.name() : "-";
  } catch (const error&) {  // it has ended, and nobody holds it
    return "-";
  }
}

steered_choices::steered_choices(std::span<const decision> wishes, std::uint64_t seed,
                                 std::size_t longest)
    : wishes_(wishes), otherwise_({}, seed), longest_(longest) {
  index_.reserve(wishes.size());
  for (std::size_t i = 0; i < wishes.size(); ++i) {
    const choice& c = wishes[i].taken;
    if (c.kind == choice_kind::random)
      words_.push_back(c);
    else
      index_.try_emplace(c, i);
  }
}

std::uint64_t steered_choices::take(choice_kind kind, const choice_label& label,
                                    std::uint64_t bound) {
  choice c{kind, label, bound, 0};
  const auto wish = index_.find(c);
  if (wish != index_.end() && wishes_[wish->second].taken.value < bound)
    c.value = wishes_[wish->second].taken.value;
  else
    c.value = otherwise_.take(kind, label, bound);
  taken_.push_back({.taken = c});
  return c.value;
}

std::size_t steered_choices::take_schedule(const choice_label& label,
                                           const candidate_list& candidates) {
  decision d{.taken = {choice_kind::schedule, label, candidates.size(), 0},
             .preemptible = candidates.running_goes_on()};
  std::size_t value = candidates.size();
  if (taken_.size() >= longest_) {
    value = candidates.size() - 1;
  } else if (const auto found = index_.find(d.taken); found != index_.end()) {
    const decision& wish = wishes_[found->second];
    if (wish.by_value)
      value = std::min<std::size_t>(wish.taken.value, candidates.size());
    else
      for (std::size_t i = 0; i < candidates.size() && value == candidates.size(); ++i)
        if (choice_target::of(candidates[i]) == wish.target) value = i;
  }
  if (value == candidates.size()) value = otherwise_.take_schedule(label, candidates);
  d.taken.value = value;
  d.target = choice_target::of(candidates[value]);
  taken_.push_back(d);
  return value;
}

void steered_choices::workload(std::span<std::uint32_t> words) noexcept {
  drew_ = true;
  listed_choices(words_, 0).workload(words);
}

}  // namespace reprise::detail
