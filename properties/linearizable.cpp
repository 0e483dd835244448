#include <reprise/properties/linearizable.hpp>

#include <reprise/core/claims.hpp>
#include <reprise/core/format.hpp>

#include <fmt/format.h>

#include <span>
#include <string_view>

namespace reprise::detail {

std::vector<interval> intervals_of(const call_log& log, const checked_object& object,
                                   const call_part& calls) {
  std::vector<interval> intervals;
  intervals.reserve(calls.size());
  for (const std::uint32_t call : calls) {
    const call_times& times = log.times()[call];
    const bool answered = times.responded != never;
    const bool pure = object.pure(call, answered);
    if (!answered && pure) continue;
    intervals.push_back({.call = call,
                         .invoked = times.invoked,
                         .responded = times.responded,
                         .process = times.process,
                         .answered = answered,
                         .pure = pure});
  }
  number_kinds(intervals, object);
  return intervals;
}

void number_kinds(std::vector<interval>& intervals, const checked_object& object) {
  std::vector<const interval*> kinds;
  for (interval& i : intervals) {
    if (i.responded != never) continue;
    for (i.kind = 0; i.kind < kinds.size(); ++i.kind)
      if (object.same_operation(kinds[i.kind]->call, i.call)) break;
    if (i.kind == kinds.size()) kinds.push_back(&i);
  }
}

history_verdict check(const call_log& log, checked_object& object,
                      const std::vector<call_part>& parts, order_kind kind,
                      const check_options& options) {
  history_verdict verdict;
  const std::uint32_t start = object.initial();
  for (const call_part& part : parts) {
    const auto intervals = intervals_of(log, object, part);
    const found_order found = search_order(kind, intervals, object, start, options.budget);
    verdict.configurations += found.configurations;
    if (found.verdict == linearizability::yes) continue;
    verdict.result = found.verdict;
    if (found.verdict == linearizability::unknown) continue;
    if (options.explain) explain(verdict, intervals, object, log, kind);
    break;
  }
  return verdict;
}

found_order search_order(order_kind kind, std::span<const interval> intervals,
                         checked_object& object, std::uint32_t start, std::uint64_t budget) {
  return (kind == order_kind::real_time)
             ? find_order(intervals, object, {&start, 1}, budget)
             : find_sequential_order(intervals, object, {&start, 1}, budget);
}

void expect_verdict(const history_verdict& verdict, const char* claim,
                    const std::source_location& place) {
  static_cast<void>(now_ns("expect_linearizable"));
  if (verdict.result == linearizability::no)
    fail_run(fmt::format("the history is not {}\n{}", claim,
                         std::string_view(verdict.picture).substr(0, verdict.picture.rfind('\n'))),
             place);
  else if (verdict.result == linearizability::unknown)
    fail_run(fmt::format("whether the history is {} is unknown after {} configurations: raise the "
                         "budget, or record fewer calls at one time",
                         claim, format_count(verdict.configurations)),
             place);
}

}  // namespace reprise::detail
