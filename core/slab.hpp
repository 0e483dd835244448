#pragma once

#include "sanitizers.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

namespace reprise::detail {

/// Memory mapped in growing pieces and never unmapped: a handle may look at a slot long after its
/// run.
class mapped_arena {
public:
  /// `size` is a multiple of 16, or of 64 each time. Throws: `std::bad_alloc`.
  void* cut(std::size_t size) {
    if (size > left_) {
      const std::size_t piece = std::max(next_piece_, std::bit_ceil(size));
      void* base = ::mmap(nullptr, piece, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      if (base == MAP_FAILED) throw std::bad_alloc();
      register_root_region(base, piece);
      cursor_ = static_cast<char*>(base);
      left_ = piece;
      next_piece_ = std::min<std::size_t>(next_piece_ * 2, std::size_t{64} << 20);
    }
    void* block = cursor_;
    cursor_ += size;
    left_ -= size;
    return block;
  }

private:
  char* cursor_ = nullptr;
  std::size_t left_ = 0;
  std::size_t next_piece_ = std::size_t{64} << 10;
};

/// Objects of one type in slots that are constructed once and used again: each keeps its generation
/// for ever. A free slot holds the link to the next in its member `Link`.
template <class T, void* T::*Link>
class slab {
public:
  T& take() {
    ++in_use_;
    if (!free_) [[unlikely]]
      return take_new();
    T& slot = *free_;
    free_ = static_cast<T*>(slot.*Link);
    return slot;
  }
  void give_back(T& slot) noexcept {
    --in_use_;
    slot.*Link = free_;
    free_ = &slot;
  }
  [[nodiscard]] std::size_t in_use() const noexcept { return in_use_; }
  /// Every slot that there is, free or not. `visit` may take more.
  template <class Visit>
  void each(Visit visit) const {
    for (std::size_t c = 0; c < chunks_.size(); ++c)
      for (std::size_t i = 0; i < chunks_[c].used; ++i) visit(chunks_[c].first[i]);
  }

private:
  struct chunk {
    T* first;
    std::size_t capacity;
    std::size_t used;
  };
  // Apart, so that the common way saves no registers for it.
  [[gnu::noinline]] T& take_new() {
    if (chunks_.empty() || chunks_.back().used == chunks_.back().capacity) grow();
    chunk& c = chunks_.back();
    return *::new (c.first + c.used++) T();
  }
  void grow() {
    const std::size_t capacity =
        chunks_.empty() ? 256 : std::min<std::size_t>(chunks_.back().capacity * 2, 1U << 18U);
    chunks_.push_back(
        {static_cast<T*>(arena_.cut((capacity * sizeof(T) + 63) / 64 * 64)), capacity, 0});
  }

  mapped_arena arena_;
  std::vector<chunk> chunks_;
  T* free_ = nullptr;
  std::size_t in_use_ = 0;
};

/// Blocks by size class, kept warm between runs. Those of more than 1 KiB are aligned to 64 bytes,
/// smaller ones to 16.
class block_pool {
public:
  void* take(std::size_t size) {
    if (size > largest) [[unlikely]]
      return take_large(size);
    link*& free = free_[class_of(size)];
    if (!free) [[unlikely]]
      return take_new(size);
    link* const block = free;
    unpoison(block, bytes_of(size));
    free = block->next;
    return block;
  }
  void give_back(void* block, std::size_t size) noexcept {
    if (size > largest) return ::operator delete(block, std::align_val_t{64});
    link*& free = free_[class_of(size)];
    free = ::new (block) link{free};
    poison(block, bytes_of(size));
  }

private:
  struct link {
    link* next;
  };
  [[gnu::noinline]] static void* take_large(std::size_t size) {
    return ::operator new(size, std::align_val_t{64});
  }
  [[gnu::noinline]] void* take_new(std::size_t size) {
    return (size <= fine ? small_ : large_).cut(bytes_of(size));
  }
  static constexpr std::size_t fine = 1024;
  static constexpr std::size_t largest = 4096;
  static std::size_t bytes_of(std::size_t size) noexcept {
    return size <= fine ? (size + 15) / 16 * 16 : (size + 63) / 64 * 64;
  }
  static std::size_t class_of(std::size_t size) noexcept {
    return size <= fine ? (size - 1) / 16 : fine / 16 + (size - fine - 1) / 64;
  }

  mapped_arena small_;
  mapped_arena large_;
  std::array<link*, fine / 16 + (largest - fine) / 64> free_{};
};

}  // namespace reprise::detail
