#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace reprise::detail {

/// A T for each task, found by its number; keeps its memory, and that of each T, from run to run.
template <class T>
class per_task {
public:
  /// Cost: linear in the tasks that there were since the last time.
  void clear() noexcept {
    for (T& x : *this) {
      if constexpr (requires { x.clear(); })
        x.clear();
      else
        x = T{};
    }
    size_ = 0;
  }
  /// Makes room for all up to that one, which may move the others.
  T& operator[](std::uint32_t task) {
    if (task >= size_) [[unlikely]]
      extend(task);
    return entries_.data()[task];
  }
  /// One that was asked for before.
  const T& operator[](std::uint32_t task) const noexcept { return entries_[task]; }
  /// Null where nobody has asked yet.
  [[nodiscard]] const T* find(std::uint32_t task) const noexcept {
    return task < size_ ? &entries_[task] : nullptr;
  }
  /// One more than the greatest number so far.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] T* begin() noexcept { return entries_.data(); }
  [[nodiscard]] T* end() noexcept { return entries_.data() + size_; }
  [[nodiscard]] const T* begin() const noexcept { return entries_.data(); }
  [[nodiscard]] const T* end() const noexcept { return entries_.data() + size_; }

private:
  [[gnu::noinline]] void extend(std::uint32_t task) {
    if (task >= entries_.size())
      entries_.resize(std::max<std::size_t>(task + std::size_t{1}, entries_.size() * 2));
    size_ = task + std::size_t{1};
  }

  std::vector<T> entries_;  // those from `size_` on are as new
  std::size_t size_ = 0;
};

}  // namespace reprise::detail
