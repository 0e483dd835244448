#include "progress.hpp"

namespace reprise::detail {

namespace {

enum class effect : std::uint8_t { progress, look, none };

effect effect_of(operation_kind kind) noexcept {
  switch (kind) {
    case operation_kind::yield:
    case operation_kind::lock:
    case operation_kind::try_lock:
    case operation_kind::unlock:
    case operation_kind::lock_shared:
    case operation_kind::try_lock_shared:
    case operation_kind::unlock_shared:
    case operation_kind::acquire:
    case operation_kind::try_acquire:
    case operation_kind::release:
    case operation_kind::condition_wait:
    case operation_kind::condition_notify:
    case operation_kind::atomic_wait:
    case operation_kind::atomic_notify:
    case operation_kind::compare_exchange_failed:
    case operation_kind::fence:
      return effect::none;
    case operation_kind::atomic_load:
    case operation_kind::shared_read:
      return effect::look;
    default:
      return effect::progress;
  }
}

}  // namespace

void progress::clear() noexcept {
  for (std::size_t i = 0; i < known_; ++i) tasks_[i] = {};
  known_ = 0;
  looks_.clear();
  epoch_ = epoch_before_ = 1;
  quiet_ = quiet_before_ = losses_before_ = 0;
  now_ = 0;
}

progress::finding progress::ran(std::uint32_t task, const operation& op, std::int64_t now) {
  task_state& t = of(task);
  if (now != now_) {
    now_ = now;
    went_on();
  }
  switch (effect_of(op.kind)) {
    case effect::progress:
      epoch_before_ = epoch_;
      quiet_before_ = quiet_;
      losses_before_ = t.losses;
      went_on();
      t.losses = 0;
      return finding::none;
    case effect::look:
      // A long row of variables, each read once, is no waiting.
      if (look& l = looks_[op.object]; l.epoch != epoch_) {
        l.epoch = epoch_;
        return finding::none;
      }
      return idle(t, op);
    case effect::none:
      // A compare-exchange is counted when it is tried.
      return op.kind == operation_kind::compare_exchange_failed ? finding::none : idle(t, op);
  }
  return finding::none;
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
  task_state& t = of(task);
  if (effect_of(op.kind) == effect::progress) {
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
  for (std::size_t i = 0; i < known_; ++i)
    if (tasks_[i].epoch == epoch_ && tasks_[i].times > 0)
      all.push_back({static_cast<std::uint32_t>(i), tasks_[i].last, tasks_[i].times});
  return all;
}

}  // namespace reprise::detail
