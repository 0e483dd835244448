#pragma once

#include <reprise/core/run.hpp>
#include <reprise/replay/case_file.hpp>
#include <reprise/replay/explore.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace reprise {

/// What became of a case.
enum class replay_outcome : std::uint8_t {
  same,           // the same run, to the last event
  found_again,    // another run, the same failure: the program has changed
  other_failure,  // it fails, in another way
  fixed,          // it passes, and so does what lies around it
  drifted,        // it passes, but hardly anything of the record fits: that says little
  diverged        // another run of the same build: nondeterminism
};
/// "same", "found again", …
[[nodiscard]] const char* to_string(replay_outcome o) noexcept;

/// The first event in which a run is not the recorded one, from 1; empty text where one has ended.
struct event_difference {
  std::size_t event = 0;
  std::string recorded;  // as `case_event` tells it: seconds, task, what
  std::string happened;
  // "balance.cpp:14": the code that told each; empty where it is not known. What was recorded has a
  // place when it happens again, now and then, in other runs.
  std::string recorded_place = {};
  std::string happened_place = {};
};

namespace detail {
/// One side of it in a line: the event, and its place where there is one.
[[nodiscard]] std::string to_line(const std::string& event, const std::string& place);
}  // namespace detail

/// A case, replayed.
struct case_replay {
  replay_outcome outcome = replay_outcome::same;
  report result;  // of the run that decided; its token repeats it. Diverged: `verdict::diverged`
  config run;     // what that run depends on
  std::optional<event_difference> difference;
  std::vector<std::string> drift;  // a line for each choice of the record that did not fit
  std::size_t fitted = 0;          // choices of the record, other than the simplest, that fitted
  std::size_t recorded = 0;        // of so many
  std::uint64_t runs = 0;          // executed
};

struct replay_options {
  std::uint64_t neighbours = 2000;  // runs around a case of an edited program, at most
  trace_sink* sink = nullptr;       // hears the first run
};

namespace detail {
case_file record_case(const report& failure, const body_maker& make);
case_replay replay_case(const case_file& c, const replay_options& options, const body_maker& make);
}  // namespace detail

/// The case of `failure` in full: its run is made again, with its choices and its events recorded.
///
/// Throws: `bad_token`; `error` when the run comes out as another one, which is nondeterminism.
/// Cost: a run, with its events told.
template <class F>
  requires std::invocable<std::decay_t<F>&>
case_file record_case(const report& failure, F&& body) {
  return detail::record_case(failure, detail::maker_of(body));
}

/// The run of a case, again; of a program that was edited since, what is nearest to it.
///
/// When the build is the one that recorded the case, any difference is nondeterminism. When it is
/// another one and the run no longer fails in that way, the recorded choices that still fit are
/// taken, then runs around them are searched for a failure of the same signature.
/// Cost: one run where nothing has changed, else up to `neighbours` more.
template <class F>
  requires std::invocable<std::decay_t<F>&>
case_replay replay_case(const case_file& c, F&& body, const replay_options& options = {}) {
  return detail::replay_case(c, options, detail::maker_of(body));
}

}  // namespace reprise
