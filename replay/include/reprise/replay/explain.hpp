#pragma once

#include <reprise/core/choice.hpp>
#include <reprise/core/run.hpp>
#include <reprise/replay/explore.hpp>
#include <reprise/replay/shrink.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace reprise {

struct explain_options {
  std::uint64_t futures = 60;  // runs from each point on
  std::size_t points = 48;     // of the run, at most
  shrink_options shrink = {};  // a run is made small before it is explained
};

/// A choice of the failing run, and what hangs on it.
struct explained_choice {
  choice taken;
  duration at{0};    // virtual time
  std::string task;  // who was about to go on, or had to wait; "-" outside any
  std::string next;  // who ran then; empty for a draw
  /// Of so many random futures from just before it and from just after it, how many fail the same.
  std::uint64_t failed_before = 0;
  std::uint64_t failed_after = 0;
  /// What was taken instead where the rest of the run then passes, or at least does not fail so.
  std::optional<std::uint64_t> cure;
  bool cure_passes = false;
  std::string cured_next;  // who runs then
};

/// Why a run fails: at which choice that became likely, and which choice, reversed, cures it.
struct explanation {
  shrinking simplest;                     // the run that is explained
  std::vector<explained_choice> choices;  // of it, in order; where they are many, some
  std::uint64_t futures = 0;              // from each
  std::uint64_t failed_at_start = 0;      // of as many futures from the very beginning
  /// Of `choices`: by which the share of futures that fail grew most, where what is not the
  /// simplest answers for all up to the next such choice; the last of those when it never grew, and
  /// none when there are none.
  std::optional<std::size_t> deciding;
  /// Of `choices`: the one to reverse; the deciding one if that cures, else the nearest.
  std::optional<std::size_t> curing;
  std::uint64_t runs = 0;  // executed
};

namespace detail {
explanation explain(const config& failing, const explain_options& options, const body_maker& make);
}  // namespace detail

/// Explains the failing run of `failing`.
///
/// The run is shrunk first. From points along it many random futures are run, and from each point
/// the other choice with the rest of the run as it was. Throws: as `shrink`. Cost: shrinking, and
/// some thousands of runs. Source: the difference in the chance of failure over a step is that of
/// "probabilistic causation" in Groce, Chaki, Kroening and Strichman, "Error explanation with
/// distance metrics", STTT 2006; the cure is their nearest passing run.
template <class F>
  requires std::invocable<std::decay_t<F>&>
explanation explain(const config& failing, F&& body, const explain_options& options = {}) {
  return detail::explain(failing, options, detail::maker_of(body));
}

}  // namespace reprise
