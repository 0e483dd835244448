#pragma once

#include <reprise/properties/history.hpp>
#include <reprise/properties/order_search.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <source_location>
#include <span>
#include <string>
#include <vector>

namespace reprise {

/// How a history is checked.
struct check_options {
  bool partition = true;              // each key alone, where the model has keys
  std::uint64_t budget = 10'000'000;  // configurations until the verdict is `unknown`; 0: no limit
  bool explain = true;                // of a `no`: the guilty calls and the picture
};

/// What a check came to.
struct history_verdict {
  linearizability result = linearizability::yes;
  /// True for yes alone.
  explicit operator bool() const noexcept { return result == linearizability::yes; }
  operator linearizability() const noexcept { return result; }

  /// Of a `no`: calls that contradict one another, by number, up to the first response that nothing
  /// explains. *Forgetting* a call means that while it was open it may have happened or not,
  /// whatever it answered: all other calls of the history are forgotten, and still there is no
  /// order; forget one of these too, and there is. The fewest when they are three or less. In a
  /// history so hard that looking for them was given up, there may be more than needed.
  std::vector<call_id> guilty;
  /// Of a `no`: the guilty calls as bars over time, a row for each process, and the order that gets
  /// furthest.
  std::string picture;
  std::uint64_t configurations = 0;  // how many were looked at

  friend bool operator==(const history_verdict& v, linearizability r) noexcept {
    return v.result == r;
  }
};

namespace detail {

enum class order_kind : std::uint8_t { real_time, program_order };

/// Calls that are checked alone, by number.
using call_part = std::vector<std::uint32_t>;

/// The calls of each key, by their first call; all in one without keys.
template <model M>
std::vector<call_part> parts_of(const history<M>& h, bool partition) {
  std::vector<call_part> parts;
  std::map<typename key_of<M>::type, std::size_t> numbers;
  if (!partition) parts.emplace_back();
  for (std::uint32_t i = 0; i < h.size(); ++i) {
    std::size_t part = 0;
    if (partition) {
      part = numbers.try_emplace(partition_key(h.object(), h.calls()[i].what), parts.size())
                 .first->second;
      if (part == parts.size()) parts.emplace_back();
    }
    parts[part].push_back(i);
  }
  return parts;
}

/// The calls as intervals. Pending ones that change nothing are left out.
[[nodiscard]] std::vector<interval> intervals_of(const call_log& log, const checked_object& object,
                                                 const call_part& calls);
/// Numbers the operations of those without a response, equal for equal ones.
void number_kinds(std::vector<interval>& intervals, const checked_object& object);
[[nodiscard]] found_order search_order(order_kind kind, std::span<const interval> intervals,
                                       checked_object& object, std::uint32_t start,
                                       std::uint64_t budget);
/// Fills in `guilty` and `picture` of a `no` on `intervals`.
void explain(history_verdict& verdict, std::vector<interval> intervals, checked_object& object,
             const call_log& log, order_kind kind);
[[nodiscard]] history_verdict check(const call_log& log, checked_object& object,
                                    const std::vector<call_part>& parts, order_kind kind,
                                    const check_options& options);
/// Ends the run as failed when `verdict` is not `yes`.
void expect_verdict(const history_verdict& verdict, const char* claim,
                    const std::source_location& place);

}  // namespace detail

/// Whether each call can have taken effect at one moment between its invocation and its response,
/// so that one object, doing one operation at a time, gives all the answers.
///
/// `no` and `yes` are exact; `unknown` when `options.budget` was spent. Cost: exponential in the
/// number of calls that are open at one time, in the worst case; near linear in most histories. The
/// result is a function of history and options alone.
/// Source: Wing and Gong, "Testing and Verifying Concurrent Objects", 1993; Lowe, "Testing for
/// Linearizability", 2017; the partition: Horn and Kroening, "Faster Linearizability Checking via
/// P-Compositionality", 2015.
template <model M>
[[nodiscard]] history_verdict linearizable(const history<M>& h, const check_options& options = {}) {
  detail::numbered_states<M> object(h);
  return detail::check(h.log(), object, detail::parts_of(h, options.partition),
                       detail::order_kind::real_time, options);
}

/// Ends the run as failed, with the picture, unless `h` is linearizable. An `unknown` fails too.
///
/// Throws: `no_simulation` outside a run.
template <model M>
void expect_linearizable(const history<M>& h, const check_options& options = {},
                         std::source_location place = std::source_location::current()) {
  detail::expect_verdict(linearizable(h, options), "linearizable", place);
}

}  // namespace reprise
