#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace reprise::detail {

/// A queue in a ring that grows by doubling; from the front also at an index, in order.
template <class T>
class ready_queue {
public:
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  T& operator[](std::size_t i) noexcept { return ring_[(head_ + i) & mask_]; }
  const T& operator[](std::size_t i) const noexcept { return ring_[(head_ + i) & mask_]; }

  /// By value: an entry is two registers, and a store that is read back in another width stalls the
  /// processor.
  [[gnu::always_inline]] void push(T x) {
    if (count_ > mask_) [[unlikely]]
      grow();
    ring_.data()[(head_ + count_++) & mask_] = x;
  }
  [[nodiscard]] T front() const noexcept { return ring_.data()[head_]; }
  void drop_front() noexcept {
    head_ = (head_ + 1) & mask_;
    --count_;
  }
  T pop() noexcept {
    const T x = ring_.data()[head_];
    head_ = (head_ + 1) & mask_;
    --count_;
    return x;
  }
  /// Takes out the `i`-th and keeps the order of the others. Cost: O(min(i, size - i)).
  T take(std::size_t i) noexcept {
    if (i == 0) return pop();
    T x = (*this)[i];
    if (i < count_ / 2) {
      for (; i > 0; --i) (*this)[i] = (*this)[i - 1];
      head_ = (head_ + 1) & mask_;
    } else {
      for (; i + 1 < count_; ++i) (*this)[i] = (*this)[i + 1];
    }
    --count_;
    return x;
  }
  /// Takes out the `i`-th, and puts `x` at the end.
  T exchange(std::size_t i, T x) noexcept {
    const T taken = take(i);
    ring_.data()[(head_ + count_++) & mask_] = x;  // there is room: one has left
    return taken;
  }
  void clear() noexcept { head_ = count_ = 0; }

private:
  [[gnu::noinline]] void grow() {
    std::vector<T> larger(ring_.size() * 2);
    for (std::size_t i = 0; i < count_; ++i) larger[i] = (*this)[i];
    ring_ = std::move(larger);
    head_ = 0;
    mask_ = ring_.size() - 1;
  }

  std::vector<T> ring_ = std::vector<T>(64);
  std::size_t head_ = 0;
  std::size_t count_ = 0;
  std::size_t mask_ = 63;
};

}  // namespace reprise::detail
