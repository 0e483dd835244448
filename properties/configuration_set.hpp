#pragma once

#include <reprise/core/stream.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace reprise::detail {

/// The configurations that a search has seen: a key of so many words, and a set of optional
/// operations that were used on the way.
///
/// One that used more is no better than one that used less, so `insert` refuses it. Open addressing
/// over records in one array: no allocation for each, and nothing that depends on addresses.
class configuration_set {
public:
  configuration_set(std::size_t key_words, std::size_t optional_words)
      : key_words_(key_words), optional_words_(optional_words), table_(64, empty) {}

  /// False when one with the same key has been here that used no others. `words`: the key, then the
  /// optional operations.
  bool insert(std::span<const std::uint64_t> words) {
    if ((keys_ + 1) * 2 > table_.size()) grow();
    const std::uint64_t* key = words.data();
    const std::uint64_t* optional = key + key_words_;
    std::size_t at = hash(key) & (table_.size() - 1);
    for (; table_[at] != empty; at = (at + 1) & (table_.size() - 1)) {
      if (!same_key(record(table_[at]), key)) continue;
      if (optional_words_ == 0) return false;
      for (std::uint32_t r = table_[at]; r != empty; r = next_[r])
        if (within(record(r) + key_words_, optional)) return false;
      next_.push_back(table_[at]);
      table_[at] = add(words);
      return true;
    }
    if (optional_words_ != 0) next_.push_back(empty);
    table_[at] = add(words);
    ++keys_;
    return true;
  }

  [[nodiscard]] std::size_t size() const noexcept { return count_; }

private:
  static constexpr std::uint32_t empty = ~std::uint32_t{0};

  [[nodiscard]] const std::uint64_t* record(std::uint32_t index) const noexcept {
    return words_.data() + std::size_t{index} * (key_words_ + optional_words_);
  }
  [[nodiscard]] std::size_t hash(const std::uint64_t* key) const noexcept {
    std::uint64_t h = 0;
    for (std::size_t i = 0; i < key_words_; ++i) h = stream::mix(h ^ key[i]) + 0x9e3779b97f4a7c15u;
    return static_cast<std::size_t>(h);
  }
  [[nodiscard]] bool same_key(const std::uint64_t* a, const std::uint64_t* b) const noexcept {
    for (std::size_t i = 0; i < key_words_; ++i)
      if (a[i] != b[i]) return false;
    return true;
  }
  [[nodiscard]] bool within(const std::uint64_t* a, const std::uint64_t* b) const noexcept {
    for (std::size_t i = 0; i < optional_words_; ++i)
      if ((a[i] & ~b[i]) != 0) return false;
    return true;
  }
  std::uint32_t add(std::span<const std::uint64_t> words) {
    words_.insert(words_.end(), words.begin(), words.end());
    return static_cast<std::uint32_t>(count_++);
  }
  void grow() {
    std::vector<std::uint32_t> bigger(table_.size() * 2, empty);
    for (const std::uint32_t first : table_) {
      if (first == empty) continue;
      std::size_t at = hash(record(first)) & (bigger.size() - 1);
      while (bigger[at] != empty) at = (at + 1) & (bigger.size() - 1);
      bigger[at] = first;
    }
    table_ = std::move(bigger);
  }

  std::size_t key_words_;
  std::size_t optional_words_;
  std::size_t count_ = 0;             // records
  std::size_t keys_ = 0;              // of them with different keys
  std::vector<std::uint64_t> words_;  // the records
  std::vector<std::uint32_t> next_;   // of a record: another one with its key
  std::vector<std::uint32_t> table_;  // of a key: its latest record
};

}  // namespace reprise::detail
