#pragma once

#include "slab.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace reprise::detail {

/// Deadlines, least first; equal ones in the order of their making.
///
/// A hierarchy of 256-way wheels over the bytes of the deadline (Varghese and Lauck, 1987), placed
/// as in a radix heap (Ahuja, Mehlhorn, Orlin and Tarjan, 1990): at the highest byte in which it
/// differs from a lower bound of all. A slot that is reached is spread over the wheel below, but
/// when it holds few it is sorted into `run_`, from whose front deadlines are taken. A deadline
/// moves three times where a heap of a million would compare it forty times, and a queue is read
/// and written front to back. Cost: O(1), or O(bytes in which deadlines differ).
template <class Target>
class timer_queue {
public:
  struct entry {
    std::uint64_t key;
    Target target;
    [[nodiscard]] std::int64_t when() const noexcept {
      return static_cast<std::int64_t>(key ^ sign);
    }
  };

  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// `now` bounds most of what will be pushed later: deadlines before it are slower.
  void push(std::int64_t now, std::int64_t when, Target target) {
    const entry e{key_of(when), target};
    if (size_++ == 0) base_ = run_end_ = std::min(key_of(now), e.key);
    if (e.key >= run_end_) return place(e);
    if (last_ == run_.size()) {
      if (first_ == 0) {
        spread_run(std::min(key_of(now), e.key));
        if (e.key >= run_end_) return place(e);
      }
      std::copy(run_.data() + first_, run_.data() + last_, run_.data());
      last_ -= std::exchange(first_, 0);
    }
    std::size_t i = last_++;
    for (; i > first_ && run_[i - 1].key > e.key; --i) run_[i] = run_[i - 1];
    run_[i] = e;
  }

  /// The first, when it is due by then; else null. What is after `by` stays where it is.
  [[nodiscard]] const entry* first(std::int64_t by) {
    const std::uint64_t limit = key_of(by);
    for (;;) {
      if (first_ != last_) return run_[first_].key <= limit ? &run_[first_] : nullptr;
      if (wheels_in_use_ == 0) return nullptr;
      const auto level = static_cast<unsigned>(std::countr_zero(wheels_in_use_));
      const std::size_t slot = first_slot(level);
      const unsigned shift = level * 8;
      const std::uint64_t above = level == 7 ? 0 : base_ >> (shift + 8) << (shift + 8);
      const std::uint64_t start = above | std::uint64_t{slot} << shift;
      if (start > limit) return nullptr;
      reach(level, slot, start);
    }
  }
  /// Drops what `first` gave.
  void pop() noexcept {
    ++first_;
    --size_;
  }
  /// The one `ahead` places behind the first, when it is known; for a prefetch.
  [[nodiscard]] const entry* peek(std::size_t ahead) const noexcept {
    return first_ + ahead < last_ ? &run_[first_ + ahead] : nullptr;
  }

  void clear() noexcept {
    each_slot([&](unsigned, std::size_t, chain& c) {
      while (c.first) drop_first(c);
    });
    wheels_in_use_ = 0;
    first_ = last_ = size_ = 0;
    for (auto& w : wheels_) w.in_use = {};
  }
  /// Drops every entry for which `stale` holds. Cost: linear.
  template <class Stale>
  void purge(Stale stale) noexcept {
    std::size_t to = first_;
    for (std::size_t i = first_; i < last_; ++i)
      if (!stale(run_[i].target)) run_[to++] = run_[i];
    size_ -= last_ - to;
    last_ = to;
    each_slot([&](unsigned level, std::size_t slot, chain& c) {
      chain kept;
      while (c.first) {
        const block b = *c.first;
        drop_first(c);
        for (std::uint32_t i = 0; i < b.count; ++i) {
          if (stale(b.entries[i].target))
            --size_;
          else
            append(kept, b.entries[i]);
        }
      }
      c = kept;
      if (!c.first) mark_empty(level, slot);
    });
  }
  /// In no particular order.
  template <class Visit>
  void each(Visit visit) {
    for (std::size_t i = first_; i < last_; ++i) visit(run_[i].target);
    each_slot([&](unsigned, std::size_t, chain& c) {
      for (const block* b = c.first; b; b = b->next)
        for (std::uint32_t i = 0; i < b->count; ++i) visit(b->entries[i].target);
    });
  }

private:
  struct block {
    block* next;
    std::uint64_t count;
    std::array<entry, 15> entries;
  };
  struct chain {
    block* first = nullptr;
    block* last = nullptr;
  };
  struct wheel {
    std::array<chain, 256> slots;
    std::array<std::uint64_t, 4> in_use{};
  };
  static constexpr std::size_t few = 48;
  static constexpr std::size_t little = 16;
  static constexpr std::uint64_t sign = std::uint64_t{1} << 63;
  static std::uint64_t key_of(std::int64_t when) noexcept {
    return static_cast<std::uint64_t>(when) ^ sign;
  }

  [[nodiscard]] std::size_t first_slot(unsigned level) const noexcept {
    const auto& in_use = wheels_[level].in_use;
    std::size_t word = 0;
    while (in_use[word] == 0) ++word;
    return word * 64 + static_cast<std::size_t>(std::countr_zero(in_use[word]));
  }
  void mark_empty(unsigned level, std::size_t slot) noexcept {
    auto& in_use = wheels_[level].in_use;
    in_use[slot / 64] &= ~(std::uint64_t{1} << slot % 64);
    if ((in_use[0] | in_use[1] | in_use[2] | in_use[3]) == 0) wheels_in_use_ &= ~(1u << level);
  }
  template <class Visit>
  void each_slot(Visit visit) {
    for (unsigned level = 0; level < wheels_.size(); ++level) {
      if ((wheels_in_use_ >> level & 1u) == 0) continue;
      for (std::size_t word = 0; word < 4; ++word) {
        for (std::uint64_t bits = wheels_[level].in_use[word]; bits != 0; bits &= bits - 1) {
          const std::size_t slot = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
          visit(level, slot, wheels_[level].slots[slot]);
        }
      }
    }
  }

  void append(chain& c, const entry& e) {
    if (!c.last || c.last->count == c.last->entries.size()) [[unlikely]] {
      block* const b = take_block();
      b->next = nullptr;
      b->count = 0;
      (c.last ? c.last->next : c.first) = b;
      c.last = b;
    }
    c.last->entries[c.last->count++] = e;
  }
  void drop_first(chain& c) noexcept {
    block* const b = c.first;
    c.first = b->next;
    if (!c.first) c.last = nullptr;
    b->next = free_;
    free_ = b;
  }
  block* take_block() {
    if (!free_) return static_cast<block*>(memory_.cut(sizeof(block)));
    return std::exchange(free_, free_->next);
  }

  /// Files what is not before `run_end_`.
  void place(const entry& e) {
    const auto level = static_cast<unsigned>(std::bit_width((e.key ^ base_) | 1) - 1) / 8;
    const std::size_t slot = e.key >> (level * 8) & 255u;
    append(wheels_[level].slots[slot], e);
    wheels_[level].in_use[slot / 64] |= std::uint64_t{1} << slot % 64;
    wheels_in_use_ |= 1u << level;
  }

  /// The slot is the first that is in use, and nothing is before it. Brings part of it, or all, to
  /// the run or to a lower wheel.
  void reach(unsigned level, std::size_t slot, std::uint64_t start) {
    chain& c = wheels_[level].slots[slot];
    base_ = run_end_ = start;
    first_ = last_ = 0;
    if (level == 0) {
      // All equal: a block at a time, and what comes meanwhile goes behind them.
      std::copy_n(c.first->entries.begin(), c.first->count, run_.begin());
      last_ = c.first->count;
      drop_first(c);
      if (!c.first) mark_empty(level, slot);
      return;
    }
    chain all = std::exchange(c, {});
    mark_empty(level, slot);
    std::size_t count = 0;
    for (const block* b = all.first; b && count <= few; b = b->next) count += b->count;
    if (count > few) {
      while (all.first) {
        const block b = *all.first;
        drop_first(all);
        for (std::size_t i = 0; i < b.count; ++i) place(b.entries[i]);
      }
      return;
    }
    sort_in(all);
    // Slots that follow, too, while they hold little: whoever looks ahead sees what comes soon.
    std::uint64_t reached = start;
    for (std::size_t next = slot;;) {
      next = next_slot(level, next);
      if (next == 0) break;
      chain& c2 = wheels_[level].slots[next];
      if (c2.first->next || last_ + c2.first->count > little) break;
      sort_in(c2);
      mark_empty(level, next);
      reached = start + (std::uint64_t{next - slot} << (level * 8));
    }
    run_end_ = reached + (std::uint64_t{1} << (level * 8));
  }

  /// Adds a slot's deadlines to the run, whose own are not after them.
  void sort_in(chain& c) noexcept {
    for (; c.first; drop_first(c)) {
      for (std::size_t i = 0; i < c.first->count; ++i) {
        const entry& e = c.first->entries[i];
        std::size_t at = last_++;
        for (; at > 0 && run_[at - 1].key > e.key; --at) run_[at] = run_[at - 1];
        run_[at] = e;
      }
    }
  }
  /// The next slot in use behind `slot`; 0 when there is none.
  [[nodiscard]] std::size_t next_slot(unsigned level, std::size_t slot) const noexcept {
    const auto& in_use = wheels_[level].in_use;
    for (std::size_t from = slot + 1; from < 256; from = (from / 64 + 1) * 64) {
      const std::uint64_t bits = in_use[from / 64] >> from % 64;
      if (bits != 0) return from + static_cast<std::size_t>(std::countr_zero(bits));
    }
    return 0;
  }

  /// The run is full, and more belongs into it: it goes back to the wheels.
  void spread_run(std::uint64_t least) {
    const std::array<entry, 64> run = run_;
    const std::size_t count = std::exchange(last_, 0);
    // A time limit may have struck after what comes later was reached: then more comes before it.
    const bool all = std::min(least, run[0].key) < base_;
    chain others;
    if (all) {
      each_slot([&](unsigned level, std::size_t slot, chain& c) {
        if (others.last)
          others.last->next = c.first;
        else
          others.first = c.first;
        others.last = c.last;
        c = {};
        mark_empty(level, slot);
      });
      base_ = std::min(least, run[0].key);
    }
    run_end_ = base_;
    for (std::size_t i = 0; i < count; ++i) place(run[i]);
    while (others.first) {
      const block b = *others.first;
      drop_first(others);
      for (std::size_t i = 0; i < b.count; ++i) place(b.entries[i]);
    }
  }

  std::array<entry, 64> run_;  // sorted; all that is before run_end_
  std::size_t first_ = 0;
  std::size_t last_ = 0;
  std::uint64_t run_end_ = 0;
  std::uint64_t base_ = 0;  // not after anything in the wheels, nor after run_end_
  std::size_t size_ = 0;
  unsigned wheels_in_use_ = 0;
  block* free_ = nullptr;
  std::array<wheel, 8> wheels_;
  mapped_arena memory_;
};

}  // namespace reprise::detail
