#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace reprise::detail {

/// A T for each object, found by its number; keeps its memory, and that of each T, from run to run.
template <class T>
class object_table {
public:
  void clear() noexcept {
    if (used_ == 0) return;
    for (std::size_t i = 0; i < used_; ++i) entries_[i].value.clear();
    used_ = 0;
    last_ = 0;
    std::ranges::fill(slots_, 0u);
  }
  T& operator[](std::uint64_t object) {
    // Mostly the same one again.
    if (last_ < used_ && entries_.data()[last_].object == object)
      return entries_.data()[last_].value;
    return look_up(object);
  }

private:
  struct entry {
    std::uint64_t object = 0;
    T value;
  };
  [[gnu::noinline]] T& look_up(std::uint64_t object) {
    if (used_ * 2 >= mask_) grow();
    std::size_t at = slot_of(object);
    for (; slots_[at] != 0; at = (at + 1) & mask_)
      if (entries_[slots_[at] - 1].object == object) {
        last_ = slots_[at] - 1;
        return entries_[last_].value;
      }
    if (used_ == entries_.size()) entries_.emplace_back();
    entries_[used_].object = object;
    last_ = used_;
    slots_[at] = static_cast<std::uint32_t>(++used_);
    return entries_[last_].value;
  }
  [[nodiscard]] std::size_t slot_of(std::uint64_t object) const noexcept {
    return static_cast<std::size_t>((object * 0x9e3779b97f4a7c15u) >> 32) & mask_;
  }
  void grow() {
    slots_.assign(slots_.empty() ? 64 : slots_.size() * 2, 0);
    mask_ = slots_.size() - 1;
    for (std::size_t i = 0; i < used_; ++i) {
      std::size_t at = slot_of(entries_[i].object);
      while (slots_[at] != 0) at = (at + 1) & mask_;
      slots_[at] = static_cast<std::uint32_t>(i + 1);
    }
  }
  std::vector<std::uint32_t> slots_;  // indices into the entries, from 1; 0 is free
  std::size_t mask_ = 0;
  std::vector<entry> entries_;
  std::size_t used_ = 0;
  std::size_t last_ = 0;  // that was asked for
};

}  // namespace reprise::detail
