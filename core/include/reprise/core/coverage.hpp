#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace reprise {

namespace detail {

/// Numbers, each once; at most so many that it takes 64 MiB.
class number_set {
public:
  static constexpr std::size_t most = std::size_t{1} << 22;
  /// True when it was not in yet. Nothing more is taken in once it is full.
  bool insert(std::uint64_t number);
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool full() const noexcept { return size_ >= most; }
  /// In no order that means anything.
  [[nodiscard]] std::vector<std::uint64_t> numbers() const;

private:
  void grow();
  std::vector<std::uint64_t> slots_;  // 0 is free
  std::size_t size_ = 0;
};

}  // namespace detail

/// What the runs of a search have seen, apart from failures. Set as `config::seen`.
struct coverage {
  /// Orders of all operations of all tasks; the seed, the time and what is drawn do not count.
  detail::number_set schedules;
  /// Which write a read saw: the object, the task and its how-manieth read of it, the task and its
  /// how-manieth write. Locks, queues and the like read what was done to them last. Source: Wolff
  /// et al., "Greybox Fuzzing for Concurrency Testing", ASPLOS 2024.
  detail::number_set reads_from;
  // Of the last run: its schedule, and the pairs that it was the first to see.
  std::uint64_t last_schedule = 0;
  std::vector<std::uint64_t> new_reads_from;

  void merge(const coverage& other);
};

}  // namespace reprise
