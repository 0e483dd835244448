#pragma once

#include <reprise/core/choice.hpp>
#include <reprise/core/stream.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace reprise {

/// Who picks the task that runs next, in one run. The engine asks it, and knows none by name.
///
/// A policy may keep state; its decisions must be a function of the stream it was made with and of
/// what it was shown.
class scheduling_policy {
public:
  virtual ~scheduling_policy() = default;
  /// An index into `candidates`, of which there are at least two. Index 0 is what `fifo()` would
  /// do.
  virtual std::size_t pick(const candidate_list& candidates) = 0;
};

/// A way to search schedules: its name, its parameters, how to make its policy. One static object
/// each.
struct strategy_kind {
  std::uint8_t id;         // stands in tokens: never reused
  std::string_view name;   // as it is spelled in C++ and on the command line
  std::string_view about;  // one line for a list
  std::size_t parameters;  // how many numbers it takes, at most 2
  /// Null for the one that follows asyncio's turns and takes no choices.
  std::unique_ptr<scheduling_policy> (*make)(stream, const std::array<std::uint64_t, 2>&);
};

/// A small value that names a strategy with its parameters.
class strategy {
public:
  /// `fifo()`.
  strategy() noexcept;
  explicit strategy(const strategy_kind& kind,
                    std::array<std::uint64_t, 2> parameters = {}) noexcept
      : kind_(&kind), parameters_(parameters) {}

  [[nodiscard]] const strategy_kind& kind() const noexcept { return *kind_; }
  [[nodiscard]] const std::array<std::uint64_t, 2>& parameters() const noexcept {
    return parameters_;
  }
  /// As it is spelled: "random_walk", "pct(3)".
  [[nodiscard]] std::string to_string() const;
  /// Throws: `std::invalid_argument` that lists what there is.
  [[nodiscard]] static strategy parse(std::string_view text);

  friend bool operator==(const strategy&, const strategy&) = default;

private:
  const strategy_kind* kind_;
  std::array<std::uint64_t, 2> parameters_{};
};

/// asyncio's order, exactly: the ready queue in turns, first in, first out. Takes no choices.
[[nodiscard]] strategy fifo() noexcept;
/// Each candidate equally likely at each scheduling point.
[[nodiscard]] strategy random_walk() noexcept;
/// Each scheduling point goes to the next task in the order of numbers, around and around.
[[nodiscard]] strategy round_robin() noexcept;

/// Every strategy that `strategy::parse` knows, in the order of their ids.
[[nodiscard]] const std::vector<const strategy_kind*>& strategies();
/// Makes one more known, at static initialisation. Throws: `error` when its id or name is taken.
void register_strategy(const strategy_kind& kind);

}  // namespace reprise
