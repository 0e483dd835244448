#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

// The search for an order of operations that explains a history. It sees numbers only: operations
// are intervals, states are what `checked_object` calls them. So it is compiled once, for all
// models.

namespace reprise {

/// Whether a history could have come from an object that does one operation at a time.
enum class linearizability : std::uint8_t {
  yes,
  no,
  unknown  // the budget was spent before the search had ended
};
[[nodiscard]] const char* to_string(linearizability verdict) noexcept;

namespace detail {

/// A position behind every event: of a response that never came.
inline constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

/// One operation of a history, as the search sees it.
struct interval {
  std::uint32_t call = 0;           // what `checked_object` knows it by
  std::uint64_t invoked = 0;        // position of its invocation among all events
  std::uint64_t responded = never;  // and of its response; `never`: it may have happened or not
  std::uint64_t process = 0;        // whose it is; only `find_sequential_order` asks
  bool answered = true;             // whether the answer is known, and has to be the right one
  bool pure = false;                // no state is changed by it
  bool skippable = false;           // it may have happened in its time or not, though it responded
  std::uint32_t kind = no_kind;     // equal for operations that can stand in for one another

  static constexpr std::uint32_t no_kind = ~std::uint32_t{0};
};

/// The object and its calls, as a machine whose states have numbers. `answered`: whether the answer
/// that was recorded has to be given, or any will do.
class checked_object {
public:
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  virtual ~checked_object() = default;
  virtual std::uint32_t initial() = 0;
  /// The state that `call` leads to from `state`; `none` when it can't give its answer there.
  virtual std::uint32_t step(std::uint32_t state, std::uint32_t call, bool answered) = 0;
  /// Whether `call` never changes a state.
  [[nodiscard]] virtual bool pure(std::uint32_t call, bool answered) const = 0;
  /// Whether the read `call` can't give its answer after `state`, unless a call that `overwrites`
  /// for it comes first.
  [[nodiscard]] virtual bool never_again(std::uint32_t state, std::uint32_t call) const = 0;
  /// Also of a call and itself: whether it overwrites anything.
  [[nodiscard]] virtual bool overwrites(std::uint32_t call, std::uint32_t read) const = 0;
  /// Whether `never_again` is ever true.
  [[nodiscard]] virtual bool foresees() const = 0;
  /// Whether two calls do the same operation; false where the model can't compare them.
  [[nodiscard]] virtual bool same_operation(std::uint32_t a, std::uint32_t b) const = 0;
  [[nodiscard]] virtual std::string call_text(std::uint32_t call, bool answered) const = 0;
  /// Empty when there are no words for it.
  [[nodiscard]] virtual std::string state_text(std::uint32_t state) const = 0;
};

/// What a search came to.
struct found_order {
  linearizability verdict = linearizability::no;
  std::uint64_t configurations = 0;  // different ones that were looked at
  /// Indices of intervals: the order that explains them all, or the attempt that got furthest.
  std::vector<std::uint32_t> order;
  std::uint32_t state = checked_object::none;  // after `order`
};

/// An order of the intervals, from one of the states `starts`, in which each operation takes effect
/// between its invocation and its response and gives its answer.
///
/// `finals`: every state that such an order may end in, instead of the first that is found; exact
/// only where every interval has a response. `budget`: configurations, 0 for no limit.
/// Cost: exponential in the number of operations that are open at one time, in the worst case;
/// linear in the length for a fixed number. Memory: 24 bytes a configuration and what its state
/// takes; more where more than 64 operations are open, or some have no response. Source: Wing and
/// Gong, "Testing and Verifying Concurrent Objects", 1993, with the memory of configurations of
/// Lowe, "Testing for Linearizability", 2017. A configuration is kept whole, yet in few words: all
/// that has responded before the first response that is still to be explained is done, all that was
/// invoked after it is not, so a bit for each operation open there is enough.
[[nodiscard]] found_order find_order(std::span<const interval> intervals, checked_object& object,
                                     std::span<const std::uint32_t> starts, std::uint64_t budget,
                                     std::vector<std::uint32_t>* finals = nullptr);

/// The same, where only the order within each process counts, and no time.
///
/// Source: Lamport, "How to Make a Multiprocessor Computer That Correctly Executes Multiprocess
/// Programs", 1979.
[[nodiscard]] found_order find_sequential_order(std::span<const interval> intervals,
                                                checked_object& object,
                                                std::span<const std::uint32_t> starts,
                                                std::uint64_t budget);

}  // namespace detail
}  // namespace reprise
