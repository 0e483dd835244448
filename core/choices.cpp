// What a run asks its source of choices for, and how. Who goes on then is the engine's own affair.

#include "offload_internal.hpp"

#include <algorithm>

namespace reprise::detail {

void engine::list(std::size_t index) const {
  constexpr std::size_t at_once = 16;
  const std::size_t up_to = std::min(size_, (index / at_once + 1) * at_once);
  if (candidates_.size() < up_to) candidates_.resize(up_to);
  const std::size_t running = running_goes_on_ ? 1 : 0;
  for (std::size_t i = listed_; i < up_to; ++i) {
    candidate& c = candidates_[i];
    if (i < running) {
      c = {current_task_->number, current_task_->next()};
      continue;
    }
    const ready_entry e = runnable_[i - running];
    switch (e.kind()) {
      case entry_kind::step: {
        const auto& t = e.as<task_core>();
        c = {t.number, t.next()};
        break;
      }
      case entry_kind::timer:
        c = {0, {operation_kind::callback, e.as<timer_slot>().number}};
        break;
      case entry_kind::job:
        c = {0, {operation_kind::job, e.as<job>().number}};
        break;
      default:
        c = {0, {operation_kind::callback, 0}};
        break;
    }
  }
  first_ = candidates_.data();
  listed_ = up_to;
}

void engine::make_source() {
  if (options_->choices) {
    source_ = &given_choices_.emplace(*options_->choices, options_->seed);
    return;
  }
  if (!seeded_) seeded_ = make_seeded_source();
  seeded_->begin(options_->seed, options_->schedule);
  source_ = seeded_.get();
}

std::size_t engine::ask(std::size_t bound, bool running_goes_on) {
  size_ = bound;
  running_goes_on_ = running_goes_on;
  listed_ = 0;
  if (policy_) {
    const std::size_t i = policy_->pick(*this);
    return i < bound ? i : 0;
  }
  choice_label label;
  if (current_task_) {
    const std::uint32_t last = current_task_->choices;
    current_task_->choices = running_goes_on ? (last | 1) + 1 : last + 1 + (last & 1);
    label = {current_task_->path, current_task_->choices, current_task_->next_kind};
  } else {
    label.count = outside_choices_++;
  }
  if (bound < 2) return 0;
  const std::size_t i = source().take_schedule(label, *this);
  if (options_->record) choices_.push_back({choice_kind::schedule, label, bound, i});
  return i < bound ? i : 0;
}

std::uint64_t engine::choose(choice_kind kind, std::uint64_t bound, operation_kind op) {
  if (bound < 2) return 0;
  choice_label label;
  if (current_task_) {
    current_task_->choices = (current_task_->choices | 1) + 1;
    label = {current_task_->path, current_task_->choices, op};
  } else {
    label = {0, outside_choices_++, op};
  }
  const std::uint64_t value = source().take(kind, label, bound);
  if (options_->record) choices_.push_back({kind, label, bound, value});
  return value < bound ? value : 0;
}

std::uint64_t engine::choose_named(std::string_view name, std::uint64_t bound) {
  if (bound < 2) return 0;
  // The name is the label's path: the seeded source keeps a stream for each. So who draws is told
  // by the count; and a draw more leaves the labels of what else the task does alone.
  const std::uint64_t key = stream::hash(name);
  const std::uint64_t who = stream::mix(key ^ (current_task_ ? current_task_->path : 0));
  const choice_label label{key, static_cast<std::uint32_t>(stream::mix(who + draws_[who]++)),
                           operation_kind::none};
  const std::uint64_t value = source().take(choice_kind::user, label, bound);
  if (options_->record) choices_.push_back({choice_kind::user, label, bound, value});
  return value < bound ? value : 0;
}

prng& engine::workload() {
  if (!workload_) {
    workload_.emplace(options_->seed);
    if (options_->source || options_->choices) {
      std::vector<std::uint32_t> words = workload_->upcoming();
      source().workload(words);
      workload_->put_upcoming(words);
    }
  }
  return *workload_;
}

}  // namespace reprise::detail
