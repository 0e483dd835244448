#include "progress.hpp"

#include <utility>

namespace reprise::detail {

void progress::clear() noexcept {
  tasks_.clear();
  looked_at_.clear();
  epoch_ = epoch_before_ = 1;
  quiet_ = quiet_before_ = losses_before_ = 0;
  now_ = 0;
}

progress::finding progress::ran_without_effect(std::uint32_t task, const operation& op) {
  // A compare-exchange is counted when it is tried.
  if (op.kind == operation_kind::compare_exchange_failed) return finding::none;
  if (looks.has(op.kind)) {
    // A long row of variables, each read once, is no waiting.
    if (look& l = looked_at_[op.object]; l.epoch != epoch_) {
      l.epoch = epoch_;
      return finding::none;
    }
  }
  task_state& t = tasks_[task];
  if (gives_back.has(op.kind) && !std::exchange(t.in_vain, false)) {
    went_on();
    return finding::none;
  }
  return idle(t, op);
}

progress::finding progress::idle(task_state& t, const operation& op) {
  if (t.epoch != epoch_) {
    t.epoch = epoch_;
    t.times = 0;
  }
  ++t.times;
  t.last = op;
  ++quiet_;
  if (quiet_ == detectors::livelock_bound) return finding::livelock;
  return quiet_ == detectors::livelock_bound * 50 ? finding::no_way_out : finding::none;
}

progress::finding progress::in_vain(std::uint32_t task, const operation& op) {
  task_state& t = tasks_[task];
  t.in_vain = true;
  if (!may_be_idle.has(op.kind)) {
    epoch_ = epoch_before_;
    quiet_ = quiet_before_;
    t.losses = losses_before_;
    if (const finding f = idle(t, op); f != finding::none) return f;
  }
  if (t.losses == 0 || t.object != op.object) {
    t.object = op.object;
    t.losses = 0;
    t.since = epoch_;
  }
  // Others got further meanwhile, and not just once.
  ++t.losses;
  return t.losses % detectors::starvation_bound == 0 &&
                 epoch_ - t.since >= detectors::starvation_bound / 10
             ? finding::starvation
             : finding::none;
}

std::vector<progress::idler> progress::idlers() const {
  std::vector<idler> all;
  for (const task_state& t : tasks_)
    if (t.epoch == epoch_ && t.times > 0)
      all.push_back({static_cast<std::uint32_t>(&t - tasks_.begin()), t.last, t.times});
  return all;
}

}  // namespace reprise::detail
