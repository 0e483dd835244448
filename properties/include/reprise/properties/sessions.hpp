#pragma once

#include <reprise/properties/linearizable.hpp>

namespace reprise {

// Session guarantees: what a client may count on from an object with replicas, which promises no
// one order for all. Source: Terry, Demers, Petersen, Spreitzer, Theimer and Welch, "Session
// Guarantees for Weakly Consistent Replicated Data", 1994.

namespace detail {
[[nodiscard]] history_verdict check_read_your_writes(const call_log& log, checked_object& object,
                                                     const std::vector<call_part>& parts,
                                                     const check_options& options);
[[nodiscard]] history_verdict check_monotonic_reads(const call_log& log, checked_object& object,
                                                    const std::vector<call_part>& parts,
                                                    const check_options& options);
}  // namespace detail

/// Whether each answer that a process got reflects all that it had changed before: after those
/// changes in its order, and any of the others' that had been called by then, in any order.
///
/// Cost: a search for each call, so at least quadratic.
template <model M>
[[nodiscard]] history_verdict read_your_writes(const history<M>& h,
                                               const check_options& options = {}) {
  detail::numbered_states<M> object(h);
  return detail::check_read_your_writes(h.log(), object, detail::parts_of(h, options.partition),
                                        options);
}

/// Whether no process ever saw less than it had seen before: its reads, in its order, fit one
/// sequence of changes that only grows. Only calls that change nothing count as reads.
///
/// Cost: a search for each process.
template <model M>
[[nodiscard]] history_verdict monotonic_reads(const history<M>& h,
                                              const check_options& options = {}) {
  detail::numbered_states<M> object(h);
  return detail::check_monotonic_reads(h.log(), object, detail::parts_of(h, options.partition),
                                       options);
}

}  // namespace reprise
