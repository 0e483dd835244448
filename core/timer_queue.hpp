#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace reprise::detail {

/// A pending deadline. Equal deadlines fire in the order of their sequence numbers, which is that
/// of their making.
template <class Target>
struct timer_entry {
  std::int64_t when;
  std::uint64_t sequence;
  Target target;
};

/// Deadlines, least first: a heap of four children a node, whose levels are half as many as a
/// binary heap's.
template <class Target>
class timer_queue {
public:
  using entry = timer_entry<Target>;

  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] const entry& first() const noexcept { return entries_.front(); }
  void clear() noexcept { entries_.clear(); }

  void push(const entry& e) {
    std::size_t i = entries_.size();
    entries_.push_back(e);
    while (i > 0) {
      const std::size_t parent = (i - 1) / 4;
      if (!before(e, entries_[parent])) break;
      entries_[i] = entries_[parent];
      i = parent;
    }
    entries_[i] = e;
  }

  void pop() {
    const entry last = entries_.back();
    entries_.pop_back();
    if (!entries_.empty()) sink(0, last);
  }

  /// Drops every entry for which `stale` holds.
  template <class Stale>
  void purge(Stale stale) {
    std::erase_if(entries_, [&](const entry& e) { return stale(e.target); });
    for (std::size_t i = entries_.size() / 4 + 1; i-- > 0;)
      if (i < entries_.size()) sink(i, entry(entries_[i]));
  }
  template <class Visit>
  void each(Visit visit) const {
    for (const entry& e : entries_) visit(e.target);
  }

private:
  static bool before(const entry& a, const entry& b) noexcept {
    if (a.when != b.when) return b.when > a.when;
    return b.sequence > a.sequence;
  }
  void sink(std::size_t i, const entry e) {
    const std::size_t n = entries_.size();
    for (;;) {
      std::size_t child = i * 4 + 1;
      if (child >= n) break;
      const std::size_t end = child + 4 < n ? child + 4 : n;
      std::size_t least = child;
      while (++child < end)
        if (before(entries_[child], entries_[least])) least = child;
      if (!before(entries_[least], e)) break;
      entries_[i] = entries_[least];
      i = least;
    }
    entries_[i] = e;
  }

  std::vector<entry> entries_;
};

}  // namespace reprise::detail
