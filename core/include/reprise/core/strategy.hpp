#pragma once

#include <reprise/core/choice.hpp>
#include <reprise/core/stream.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace reprise {

class strategy;
struct profile;

/// Who picks the task that runs next, in one run after another. The engine asks it, and knows none
/// by name.
///
/// A policy may keep state; its decisions must be a function of the stream and the strategy that
/// the run began with and of what it was shown since.
class scheduling_policy {
public:
  virtual ~scheduling_policy() = default;
  /// A run begins. Nothing of the last one may matter; its memory is worth keeping, so that a
  /// schedule costs no allocation.
  virtual void begin(const stream& s, const strategy& how) = 0;
  /// An index into `candidates`, of which there are at least two. Index 0 is what `fifo()` would
  /// do.
  virtual std::size_t pick(const candidate_list& candidates) = 0;
  /// Null, or a stream of which each pick is `below(candidates.size())`: the engine draws from that
  /// one itself, lists no candidates and asks no more. Asked once, when the run has begun.
  [[nodiscard]] virtual stream* plain_draws() noexcept { return nullptr; }
  /// As `choice_source::ran`, when its kind follows.
  virtual void ran(std::uint32_t task, const operation& op) noexcept {
    static_cast<void>(task);
    static_cast<void>(op);
  }
};

/// A way to search schedules: its name, its parameters, how to make its policy. One static object
/// each.
struct strategy_kind {
  std::uint8_t id;         // stands in tokens: never reused
  std::string_view name;   // as it is spelled in C++ and on the command line
  std::string_view about;  // one line for a list
  std::size_t parameters;  // how many numbers it takes, at most 2
  /// Null for the one that follows asyncio's turns and takes no choices.
  std::unique_ptr<scheduling_policy> (*make)();
  bool follows = false;                        // its policy hears what runs
  std::array<std::uint64_t, 2> defaults = {};  // of its parameters
  std::array<std::string_view, 2> names = {};  // of its parameters, for a message
  std::string_view learnt = {};                // the name of what a profile tells it, as in "k"
  /// What `how` is in the run of `seed` of a program that showed `seen`; with an empty profile it
  /// is what can be said without. Null where there is nothing to tell.
  strategy (*resolve)(const strategy& how, const profile& seen, std::uint64_t seed) = nullptr;
  std::array<std::uint64_t, 2> least = {};  // of its parameters, where they are typed
};

/// A small value that names a strategy with its parameters, and with what was learnt for it.
class strategy {
public:
  /// `fifo()`.
  strategy() noexcept;
  explicit strategy(const strategy_kind& kind) noexcept
      : kind_(&kind), parameters_(kind.defaults) {}
  strategy(const strategy_kind& kind, std::array<std::uint64_t, 2> parameters,
           std::vector<std::uint64_t> learnt = {});
  /// The same, of numbers that many share: costs no allocation.
  strategy(const strategy_kind& kind, std::array<std::uint64_t, 2> parameters,
           std::shared_ptr<const std::vector<std::uint64_t>> learnt) noexcept
      : kind_(&kind), parameters_(parameters), learnt_(std::move(learnt)) {}

  [[nodiscard]] const strategy_kind& kind() const noexcept { return *kind_; }
  [[nodiscard]] const std::array<std::uint64_t, 2>& parameters() const noexcept {
    return parameters_;
  }
  /// What a profile told it; empty before.
  [[nodiscard]] const std::vector<std::uint64_t>& learnt() const noexcept;
  /// Whether it does better with a profile than it is.
  [[nodiscard]] bool wants_profile() const noexcept {
    return kind_->resolve != nullptr && learnt().empty();
  }
  /// Itself, or what it is in the run of `seed` of a program that showed `seen`.
  [[nodiscard]] strategy resolved(const profile& seen, std::uint64_t seed) const {
    return kind_->resolve && learnt().empty() ? kind_->resolve(*this, seen, seed) : *this;
  }
  /// As it is spelled: "random_walk", "pct(3)", "pct(3,k=41)".
  [[nodiscard]] std::string to_string() const;
  /// Throws: `std::invalid_argument` that lists what there is.
  [[nodiscard]] static strategy parse(std::string_view text);

  friend bool operator==(const strategy& a, const strategy& b) noexcept {
    return a.kind_ == b.kind_ && a.parameters_ == b.parameters_ && a.learnt() == b.learnt();
  }

private:
  const strategy_kind* kind_;
  std::array<std::uint64_t, 2> parameters_{};
  std::shared_ptr<const std::vector<std::uint64_t>> learnt_;  // null when empty
};

/// asyncio's order, exactly: the ready queue in turns, first in, first out. Takes no choices.
[[nodiscard]] strategy fifo() noexcept;
/// Each candidate equally likely at each scheduling point.
[[nodiscard]] strategy random_walk() noexcept;
/// Each scheduling point goes to the next task in the order of numbers, around and around.
[[nodiscard]] strategy round_robin() noexcept;
/// Random priorities; the highest runs, and at `depth` - 1 random points it drops below all others.
/// A task that yields drops too, and so does one that spins.
///
/// Finds a bug that `depth` ordering constraints make with a chance of at least 1/(n·k^(depth-1))
/// in each run, of n tasks and k choices. `explore` learns k; without, each point lies below a
/// power of two drawn at random. A depth of 0 is 1. Cost: O(n) a choice.
/// Source: Burckhardt, Kothari, Musuvathi and Nagarakatte, "A randomized scheduler with
/// probabilistic guarantees of finding bugs", ASPLOS 2010.
[[nodiscard]] strategy pct(std::uint64_t depth = 3) noexcept;
/// Partial order sampling: each pending operation gets a random priority, the highest runs, and
/// those that conflict with it draw anew.
///
/// No parameters. Cost: O(n) a choice. Source: Yuan, Yang and Gu, "Partial order aware concurrency
/// sampling", CAV 2018.
[[nodiscard]] strategy pos() noexcept;
/// The operations on one object of the program, another in each run, come in each of their orders
/// equally often; where they sit inside critical sections, the acquisitions of their lock do. The
/// rest is scheduled at random.
///
/// `explore` learns the objects and how often each task touches them; without, an object is drawn
/// as they come up, and every task weighs the same. Cost: O(n) a choice. Source: Zhao, Wolff,
/// Mathur and Roychoudhury, "Selectively uniform concurrency testing", ASPLOS 2025.
[[nodiscard]] strategy surw() noexcept;
/// `fifo()`'s choice at each point but for `delays` random ones, where that task goes behind all
/// others.
///
/// `explore` learns how many points there are. Source: Emmi, Qadeer and Rakamarić,
/// "Delay-bounded scheduling", POPL 2011.
[[nodiscard]] strategy delay_bounded(std::uint64_t delays = 2) noexcept;
/// A random walk in which a task that could go on does, but for at most `preemptions` random
/// points; one that spins is left.
///
/// `explore` learns how many points there are. Source: Musuvathi and Qadeer, "Iterative context
/// bounding for systematic testing of multithreaded programs", PLDI 2007.
[[nodiscard]] strategy preemption_bounded(std::uint64_t preemptions = 2) noexcept;
/// A random walk in which one task at a time is starved: it runs only when no other can, for a
/// window of 1, 2, 4 … or 1024 choices.
[[nodiscard]] strategy starvation() noexcept;
/// Of eight seeds in a row three are `pos()`, three `surw()`, one `pct(3)`, one `random_walk()`.
[[nodiscard]] strategy portfolio() noexcept;

/// Value 0 at each choice: the running task goes on while it can, else the head of the queue runs.
/// What the choices of a shrunk failure are told against.
[[nodiscard]] strategy simplest() noexcept;

/// Every strategy that `strategy::parse` knows, in the order of their ids.
[[nodiscard]] const std::vector<const strategy_kind*>& strategies();
/// Makes one more known, at static initialisation. Throws: `error` when its id or name is taken.
void register_strategy(const strategy_kind& kind);

}  // namespace reprise
