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
  /// `size` is a multiple of 64. Throws: `std::bad_alloc`.
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
/// for ever.
template <class T>
class slab {
public:
  T& take() {
    if (!free_.empty()) {
      T& slot = *free_.back();
      free_.pop_back();
      return slot;
    }
    T& slot = *::new (arena_.cut((sizeof(T) + 63) / 64 * 64)) T();
    all_.push_back(&slot);
    free_.reserve(all_.capacity());
    return slot;
  }
  void give_back(T& slot) noexcept { free_.push_back(&slot); }
  /// Every slot that there is, free or not, in the order in which they were made.
  [[nodiscard]] const std::vector<T*>& all() const noexcept { return all_; }
  [[nodiscard]] std::size_t in_use() const noexcept { return all_.size() - free_.size(); }

private:
  mapped_arena arena_;
  std::vector<T*> all_;
  std::vector<T*> free_;
};

/// Blocks by size class, kept warm between runs.
class block_pool {
public:
  void* take(std::size_t size) {
    if (size > largest) return ::operator new(size, std::align_val_t{64});
    auto& free = free_[class_of(size)];
    if (!free.empty()) {
      void* block = free.back();
      free.pop_back();
      unpoison(block, bytes_of(size));
      return block;
    }
    return arena_.cut(bytes_of(size));
  }
  void give_back(void* block, std::size_t size) noexcept {
    if (size > largest) return ::operator delete(block, std::align_val_t{64});
    poison(block, bytes_of(size));
    free_[class_of(size)].push_back(block);
  }

private:
  static constexpr std::size_t largest = 4096;
  static std::size_t bytes_of(std::size_t size) noexcept { return (size + 63) / 64 * 64; }
  static std::size_t class_of(std::size_t size) noexcept { return (size - 1) / 64; }

  mapped_arena arena_;
  std::array<std::vector<void*>, largest / 64> free_;
};

}  // namespace reprise::detail
