#include <reprise/core/coverage.hpp>

#include "coverage_recorder.hpp"

#include <reprise/core/stream.hpp>

#include <utility>

namespace reprise {

namespace detail {

bool number_set::insert(std::uint64_t number) {
  if (number == 0) number = 1;
  if ((size_ + 1) * 2 > slots_.size()) {
    if (full()) return false;
    grow();
  }
  std::size_t at = static_cast<std::size_t>(stream::mix(number)) & (slots_.size() - 1);
  for (; slots_[at] != 0; at = (at + 1) & (slots_.size() - 1))
    if (slots_[at] == number) return false;
  slots_[at] = number;
  ++size_;
  return true;
}

void number_set::grow() {
  const std::vector<std::uint64_t> old =
      std::exchange(slots_, std::vector<std::uint64_t>(slots_.empty() ? 256 : slots_.size() * 2));
  for (const std::uint64_t number : old) {
    if (number == 0) continue;
    std::size_t at = static_cast<std::size_t>(stream::mix(number)) & (slots_.size() - 1);
    while (slots_[at] != 0) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = number;
  }
}

std::vector<std::uint64_t> number_set::numbers() const {
  std::vector<std::uint64_t> all;
  all.reserve(size_);
  for (const std::uint64_t number : slots_)
    if (number != 0) all.push_back(number);
  return all;
}

namespace {

/// Of a synchronisation object or of memory, not of what tasks wait for among themselves.
bool is_of_an_object(const operation& op) noexcept {
  switch (op.kind) {
    case operation_kind::gather:
    case operation_kind::wait_any:
    case operation_kind::as_completed:
    case operation_kind::group_wait:
    case operation_kind::shield:
    case operation_kind::offload:
    case operation_kind::future_wait:
    case operation_kind::future_set:
    case operation_kind::callback:
    case operation_kind::timer:
    case operation_kind::job:
      return false;
    default:
      return (op.object & 0xffffffffu) != 0;  // 0: a task
  }
}

}  // namespace

void coverage_recorder::begin(coverage* into) noexcept {
  into_ = into;
  if (!into_) return;
  into_->new_reads_from.clear();
  order_ = 0;
  objects_.clear();
  accesses_.clear();
}

void coverage_recorder::ran(std::uint32_t task, const operation& op) {
  const std::uint64_t what = std::uint64_t{task} << 8 | static_cast<std::uint64_t>(op.kind);
  order_ = stream::mix(order_ ^ stream::mix(what ^ stream::mix(op.object)));
  if (!is_of_an_object(op)) return;
  last_write& last = objects_[op.object];
  if (op.kind == operation_kind::compare_exchange_failed) {
    last.write = last.before;  // it was taken for one that succeeds
    return;
  }
  const std::uint64_t accessor = stream::mix(op.object ^ stream::mix(task));
  const bool only_writes =
      op.kind == operation_kind::atomic_store || op.kind == operation_kind::shared_write;
  if (!only_writes) {
    const std::uint64_t pair =
        stream::mix(accessor ^ stream::mix(++accesses_[accessor].reads ^ stream::mix(last.write)));
    if (into_->reads_from.insert(pair)) into_->new_reads_from.push_back(pair);
  }
  if (op.is_read()) return;
  last.before = last.write;
  last.write = std::uint64_t{task} << 32 | ++accesses_[accessor].writes;
}

void coverage_recorder::end() {
  if (!into_) return;
  into_->last_schedule = order_;
  into_->schedules.insert(order_);
}

}  // namespace detail

void coverage::merge(const coverage& other) {
  for (const std::uint64_t n : other.schedules.numbers()) schedules.insert(n);
  for (const std::uint64_t n : other.reads_from.numbers()) reads_from.insert(n);
}

}  // namespace reprise
