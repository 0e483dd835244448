#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

// Timer queues of the raw programs. Equal deadlines stay in the order of their making.

namespace bench::raw {

struct timer {
  std::uint64_t when;
  std::uint32_t sequence;
  std::uint32_t sleeper;
};

[[nodiscard]] inline bool before(const timer& a, const timer& b) noexcept {
  return a.when != b.when ? b.when > a.when : b.sequence > a.sequence;
}

/// A heap of four children a node.
class heap {
public:
  void reserve(std::size_t n) { timers_.reserve(n); }
  [[nodiscard]] bool empty() const noexcept { return timers_.empty(); }
  void push(timer t) {
    timers_.push_back(t);
    std::size_t hole = timers_.size() - 1;
    for (std::size_t up = 0; hole > 0 && before(t, timers_[up = (hole - 1) / 4]); hole = up)
      timers_[hole] = timers_[up];
    timers_[hole] = t;
  }
  timer pop() {
    const timer first = timers_.front();
    const timer last = timers_.back();
    timers_.pop_back();
    const std::size_t n = timers_.size();
    std::size_t hole = 0;
    for (std::size_t child = 1; child < n; child = hole * 4 + 1) {
      const std::size_t end = child + 4 < n ? child + 4 : n;
      std::size_t least = child;
      for (std::size_t i = child + 1; i < end; ++i)
        if (before(timers_[i], timers_[least])) least = i;
      if (!before(timers_[least], last)) break;
      timers_[hole] = timers_[least];
      hole = least;
    }
    if (n > 0) timers_[hole] = last;
    return first;
  }

private:
  std::vector<timer> timers_;
};

/// A calendar whose days have the width that fits the number of timers and their span: what one
/// that adapts would settle on.
class calendar {
public:
  calendar(std::size_t timers, std::uint64_t span) {
    std::size_t days = 1;
    while (days < timers) days *= 2;
    days_.resize(days);
    width_ = 2 * span / days + 1;
  }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  void push(timer t) {
    auto& day = days_[(t.when / width_) & (days_.size() - 1)];
    day.push_back(t);
    std::size_t hole = day.size() - 1;
    for (; hole > 0 && before(day[hole - 1], t); --hole) day[hole] = day[hole - 1];
    day[hole] = t;  // the latest first, so that the next one is at the back
    ++size_;
  }
  timer pop() {
    for (;; ++today_) {
      auto& day = days_[today_ & (days_.size() - 1)];
      if (day.empty() || day.back().when / width_ != today_) continue;
      const timer next = day.back();
      day.pop_back();
      --size_;
      return next;
    }
  }

private:
  std::vector<std::vector<timer>> days_;
  std::uint64_t width_ = 1;
  std::uint64_t today_ = 0;
  std::size_t size_ = 0;
};

}  // namespace bench::raw
