#include <reprise/properties/sessions.hpp>

#include <set>

namespace reprise::detail {

namespace {

std::set<process_id> processes_of(const call_log& log, const call_part& part) {
  std::set<process_id> all;
  for (const std::uint32_t call : part) all.insert(log.times()[call].process);
  return all;
}

/// A change that may have reached the replica or not.
interval optional_change(std::uint32_t call, const call_times& times, std::uint64_t from) {
  return {.call = call, .invoked = from, .process = times.process, .answered = false};
}

/// Adds the check of one session to `verdict`. False when there is no more to find out.
bool add(history_verdict& verdict, std::vector<interval> intervals, checked_object& object,
         const call_log& log, const check_options& options) {
  number_kinds(intervals, object);
  const found_order found =
      search_order(order_kind::real_time, intervals, object, object.initial(), options.budget);
  verdict.configurations += found.configurations;
  if (found.verdict == linearizability::yes) return true;
  verdict.result = found.verdict;
  if (found.verdict == linearizability::unknown) return true;
  if (options.explain) explain(verdict, std::move(intervals), object, log, order_kind::real_time);
  return false;
}

}  // namespace

history_verdict check_read_your_writes(const call_log& log, checked_object& object,
                                       const std::vector<call_part>& parts,
                                       const check_options& options) {
  history_verdict verdict;
  for (const call_part& part : parts) {
    for (const std::uint32_t observer : part) {
      const call_times& seen = log.times()[observer];
      if (seen.responded == never) continue;
      std::vector<interval> intervals;
      for (const std::uint32_t call : part) {
        const call_times& times = log.times()[call];
        const bool answered = times.responded != never;
        if (call == observer || times.invoked > seen.responded || object.pure(call, answered))
          continue;
        // The process's own come one after another; those of others anywhere between.
        if (times.process == seen.process && times.responded < seen.invoked)
          intervals.push_back({.call = call,
                               .invoked = times.invoked + 1,
                               .responded = times.responded + 1,
                               .process = times.process,
                               .answered = false});
        else
          intervals.push_back(optional_change(call, times, 0));
      }
      intervals.push_back({.call = observer,
                           .invoked = seen.invoked + 1,
                           .responded = seen.responded + 1,
                           .process = seen.process,
                           .pure = object.pure(observer, true)});
      if (!add(verdict, std::move(intervals), object, log, options)) return verdict;
    }
  }
  return verdict;
}

history_verdict check_monotonic_reads(const call_log& log, checked_object& object,
                                      const std::vector<call_part>& parts,
                                      const check_options& options) {
  history_verdict verdict;
  for (const call_part& part : parts) {
    for (const process_id process : processes_of(log, part)) {
      std::vector<interval> intervals;
      for (const std::uint32_t call : part) {
        const call_times& times = log.times()[call];
        const bool answered = times.responded != never;
        if (!object.pure(call, answered))
          intervals.push_back(optional_change(call, times, times.invoked));
        else if (answered && times.process == process)
          intervals.push_back({.call = call,
                               .invoked = times.invoked,
                               .responded = times.responded,
                               .process = process,
                               .pure = true});
      }
      if (!add(verdict, std::move(intervals), object, log, options)) return verdict;
    }
  }
  return verdict;
}

}  // namespace reprise::detail
