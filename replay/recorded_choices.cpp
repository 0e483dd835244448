#include <reprise/replay/recorded_choices.hpp>

#include "steered_choices.hpp"

namespace reprise {

std::uint64_t recorded_choices::next(choice_kind kind, const choice_label& label,
                                     std::uint64_t bound) {
  if (divergence_) return 0;
  const choice asked{kind, label, bound, 0};
  if (at_ < record_.size()) {
    const choice& c = record_[at_];
    if (c.kind == kind && c.label == label && c.bound == bound) {
      ++at_;
      return c.value;
    }
  }
  divergence_ = choice_divergence{
      .index = at_,
      .recorded = at_ < record_.size() ? std::optional(record_[at_]) : std::nullopt,
      .taken = asked,
      .at = virtual_clock::now().time_since_epoch(),
      .task = detail::name_of_chooser()};
  return 0;
}

std::uint64_t recorded_choices::take(choice_kind kind, const choice_label& label,
                                     std::uint64_t bound) {
  return next(kind, label, bound);
}

std::size_t recorded_choices::take_schedule(const choice_label& label,
                                            const candidate_list& candidates) {
  return static_cast<std::size_t>(next(choice_kind::schedule, label, candidates.size()));
}

const std::optional<choice_divergence>& recorded_choices::divergence() {
  if (!divergence_ && at_ < record_.size())
    divergence_ = choice_divergence{
        .index = at_, .recorded = record_[at_], .taken = {}, .at = {}, .task = "-"};
  return divergence_;
}

}  // namespace reprise
