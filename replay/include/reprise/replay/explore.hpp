#pragma once

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
  std::string scenario = {};
  param_map params = {};
  /// Called after each run, with the runs so far and the failures among them; false stops the
  /// search.
  std::function<bool(std::uint64_t, std::uint64_t)> progress = {};
};

/// What a search came to.
struct exploration {
  std::uint64_t runs = 0;  // executed, those of the profile too
  std::uint64_t profile_runs = 0;
  std::optional<report> failure;  // the first
  std::vector<report> failures;   // all that were found
  explicit operator bool() const noexcept { return !failure; }
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
