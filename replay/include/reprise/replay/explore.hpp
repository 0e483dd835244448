#pragma once

#include <reprise/core/coverage.hpp>
#include <reprise/core/detectors.hpp>
#include <reprise/core/run.hpp>
#include <reprise/core/strategy.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace reprise {

/// What to search: seed, seed + 1, …, each a run of its own.
struct search {
  std::uint64_t seed = 0;
  strategy schedule = portfolio();
  std::uint64_t runs = 1000;  // seeds to try
  bool keep_going = false;    // past the first failure
  duration time_limit = {};   // of each run, as in `config`
  std::uint64_t step_limit = 0;
  std::size_t stack_size = 0;
  detectors detect = {};
  bool count_coverage = false;  // costs some 20 % of the time
  std::string scenario = {};
  param_map params = {};
  /// Names of `sometimes` and `reachable` that are known beforehand, so that one whose line no run
  /// comes to is listed, too.
  std::vector<std::string> marks = {};
  bool require_marks = false;  // each mark must hold in some run, or the search has failed
  /// Called after each run, with the runs so far and the failures among them; false stops the
  /// search.
  std::function<bool(std::uint64_t, std::uint64_t)> progress = {};
};

/// The seed of the first run of a profile; the others follow it. Far from those that people try.
inline constexpr std::uint64_t first_profile_seed = 1'000'000'000;

/// A warning, and the first run that gave it.
struct found_warning {
  warning seen;
  std::uint64_t seed = 0;
  std::string token;
  std::uint64_t runs = 0;  // that gave it
};

/// How often a mark held in a campaign.
struct mark_count {
  std::string name;
  std::uint64_t times = 0;                  // in all runs
  std::uint64_t runs = 0;                   // in how many
  std::optional<std::uint64_t> first_seed;  // of the first of these
  [[nodiscard]] bool reached() const noexcept { return runs > 0; }
};

/// What a search came to.
struct exploration {
  std::uint64_t runs = 0;  // executed, those of the profile too
  std::uint64_t profile_runs = 0;
  std::optional<report> failure;        // the first
  std::vector<report> failures;         // all that were found
  std::vector<mark_count> marks;        // by name
  bool lacks_marks = false;             // no failure, but a mark that was required never held
  std::vector<found_warning> warnings;  // by their first run; each once
  coverage seen;                        // when it was asked for
  explicit operator bool() const noexcept { return !failure && !lacks_marks; }
};

namespace detail {
using body_maker = std::function<box_base*()>;
exploration explore(const search& what, const body_maker& make);
report replay(std::string_view token, const body_maker& make);

/// A fresh copy for each run, so that what one run does to its captures is no input of the next; by
/// reference where a body can't be copied.
template <class F>
body_maker maker_of(F& body) {
  return [&body]() -> box_base* {
    if constexpr (std::is_copy_constructible_v<std::decay_t<F>>) {
      return body_box(std::decay_t<F>(body));
    } else {
      return body_box([&body]() -> decltype(auto) { return std::invoke(body); });
    }
  };
}
}  // namespace detail

/// Runs `body` under one seed after another, to the first failure.
///
/// What the strategy wants to know beforehand (`pct`'s length of a run, `surw`'s counts) is learnt
/// in three runs under `pos()`, of seeds that are always the same, just before the first seed that
/// needs it; a failure in one of them counts. Each failure's token holds what was learnt for it.
///
/// With REPRISE_REPLAY=TOKEN or =FILE in the environment, and a run of this scenario named by it
/// (none of both counts as one), that run alone is made: so a failure is repeated in the test that
/// found it, whatever runs the test.
///
/// `body` is copied for each run. Throws: `error` inside a run; `bad_token`, `bad_case_file`. Cost:
/// that of the runs; nothing is kept of those that pass.
template <class F>
  requires std::invocable<std::decay_t<F>&>
exploration explore(const search& what, F&& body) {
  return detail::explore(what, detail::maker_of(body));
}

/// The run that `token` names, again. Throws: `bad_token`.
template <class F>
  requires std::invocable<std::decay_t<F>&>
report replay(std::string_view token, F&& body) {
  return detail::replay(token, detail::maker_of(body));
}

}  // namespace reprise
