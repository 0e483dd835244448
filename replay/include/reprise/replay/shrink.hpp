#pragma once

#include <reprise/core/choice.hpp>
#include <reprise/core/run.hpp>
#include <reprise/replay/explore.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>

namespace reprise {

/// How far a shrinking has come.
struct shrink_progress {
  std::uint64_t runs = 0;
  std::uint64_t most_runs = 0;
  std::size_t choices_before = 0;  // that were not the simplest
  std::size_t choices = 0;         // that are left
};

struct shrink_options {
  std::uint64_t runs = 20'000;  // the budget
  /// Called after each run; false ends the search, with what has been found by then.
  std::function<bool(const shrink_progress&)> progress = {};
};

/// What a shrinking came to.
struct shrinking {
  report result;                   // of the simplest run that was found; its token repeats it
  config run;                      // what that run depends on, `choices` among it
  std::string signature;           // of both runs
  std::string from;                // the token that it began with
  std::size_t choices_before = 0;  // of the run that it began with, that were not the simplest
  std::size_t choices = 0;         // that are left
  std::uint64_t preemptions_before = 0;
  std::uint64_t runs = 0;  // executed
  bool complete = false;   // false when the budget ran out first
};

namespace detail {
shrinking shrink(const config& failing, const shrink_options& options, const body_maker& make);
report shrink_report(const report& failure, const body_maker& make);
}  // namespace detail

/// The simplest run that fails as `failure` did: fewest choices that are not the simplest (tasks
/// switched against first in, first out; draws above their low end), of those the fewest
/// preemptions, of those the smallest values. Its failure has the same signature
/// (`failure_signature`), and its token repeats it.
///
/// Each step is verified by a run of what its token would hold. A failure that nothing makes
/// simpler comes back as it is. Throws: `bad_token`; `error` when the run of `failure`'s token does
/// not fail in that way: nondeterminism, or another program. Cost: up to 20,000 runs. Source: delta
/// debugging (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", IEEE TSE
/// 2002) over the choices, as Hypothesis does it (MacIver and Donaldson, "Test-case reduction via
/// test-case generation", ECOOP 2020); then every schedule of one and of two switches, as in
/// Musuvathi and Qadeer, "Iterative context bounding", PLDI 2007.
template <class F>
  requires std::invocable<std::decay_t<F>&>
report shrink(const report& failure, F&& body) {
  return detail::shrink_report(failure, detail::maker_of(body));
}

/// The same of the run that `failing` describes, and all that is to be said about it.
template <class F>
  requires std::invocable<std::decay_t<F>&>
shrinking shrink_run(const config& failing, F&& body, const shrink_options& options = {}) {
  return detail::shrink(failing, options, detail::maker_of(body));
}

}  // namespace reprise
