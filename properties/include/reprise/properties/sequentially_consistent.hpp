#pragma once

#include <reprise/properties/linearizable.hpp>

namespace reprise {

/// Whether one order of all calls, in which those of each process stand as it made them, gives all
/// the answers. Weaker than `linearizable`: a call may take effect long after its response.
///
/// Calls of one process that overlap count in the order of their invocations. Never partitioned:
/// objects that are sequentially consistent each need not be so together. Cost: exponential in the
/// number of processes, in the worst case.
/// Source: Lamport, "How to Make a Multiprocessor Computer That Correctly Executes Multiprocess
/// Programs", 1979.
template <model M>
[[nodiscard]] history_verdict sequentially_consistent(const history<M>& h,
                                                      const check_options& options = {}) {
  detail::numbered_states<M> object(h);
  return detail::check(h.log(), object, detail::parts_of(h, false),
                       detail::order_kind::program_order, options);
}

}  // namespace reprise
