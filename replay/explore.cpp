#include <reprise/replay/explore.hpp>

#include "search_order.hpp"

#include <reprise/core/profile.hpp>
#include <reprise/core/token.hpp>
#include <reprise/replay/case_file.hpp>
#include <reprise/replay/tally.hpp>

#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace reprise::detail {

namespace {

/// One search: what it has found, and what it has learnt.
class searcher {
public:
  searcher(const search& what, const body_maker& make)
      : what_(what), make_(make), options_(options_of(what)), tally_(what.marks) {}

  exploration search_all() {
    if (what_.count_coverage) options_.seen = &result_.seen;
    for (std::uint64_t i = 0; i < what_.runs; ++i) {
      const std::uint64_t seed = what_.seed + i;
      if (what_.schedule.wants_profile()) {
        strategy how = what_.schedule.resolved({}, seed);
        if (how.wants_profile()) {
          if (seen_.runs == 0 && !learn()) break;
          how = what_.schedule.resolved(seen_, seed);
        }
        options_.schedule = std::move(how);
      }
      options_.seed = seed;
      if (!run_one()) break;
    }
    result_.lacks_marks = what_.require_marks && !result_.failure && !tally_.all_reached();
    result_.marks = std::move(tally_.marks);
    result_.warnings = std::move(tally_.warnings);
    return std::move(result_);
  }

private:
  /// False when the search is over. Inline, as the way out of a run has no return to spare: see
  /// core/run.cpp.
  [[gnu::always_inline]] bool run_one() {
    std::optional<report> r = run_for_news(options_, make_());
    ++result_.runs;
    if (r) {
      tally_.add(*r);
      if (!*r) {
        if (!result_.failure) result_.failure = *r;
        result_.failures.push_back(*std::move(r));
        if (!what_.keep_going) return false;
      }
    }
    return !what_.progress || what_.progress(result_.runs, result_.failures.size());
  }

  bool learn() {
    for (std::uint64_t i = 0; i < profile_runs; ++i) {
      options_.seed = first_profile_seed + i;
      options_.schedule = pos();
      profiler p(options_.seed, options_.schedule);
      options_.source = &p;
      ++result_.profile_runs;
      const bool goes_on = run_one();
      options_.source = nullptr;
      if (!goes_on) return false;
      seen_.merge(p.learnt());
    }
    return true;
  }

  const search& what_;
  const body_maker& make_;
  config options_;
  profile seen_;
  tally tally_;
  exploration result_;
};

}  // namespace

namespace {

/// The run that REPRISE_REPLAY asks for, a token or a case file, when it is of this scenario.
std::optional<config> asked_for(const std::string& scenario) {
  const char* const text = std::getenv("REPRISE_REPLAY");
  if (!text || !*text) return std::nullopt;
  const std::string_view asked = text;
  config options;
  if (asked.find_first_of("./") != std::string_view::npos) {
    options = read_case(std::string(asked)).run;
  } else {
    options = decode_token(asked);
    if (options.stored_choices != 0)
      if (auto kept = find_stored_case(".reprise", options.stored_choices))
        options = std::move(kept->run);
  }
  if (options.scenario != scenario) return std::nullopt;
  return options;
}

}  // namespace

exploration explore(const search& what, const body_maker& make) {
  if (const auto options = asked_for(what.scenario)) {
    exploration found;
    found.runs = 1;
    report r = run_box(*options, make());
    if (!r) {
      found.failures.push_back(r);
      found.failure = std::move(r);
    }
    return found;
  }
  watch_for_crashes();
  return searcher(what, make).search_all();
}

report replay(std::string_view token, const body_maker& make) {
  const config options = decode_token(token);
  return run_box(options, make());
}

}  // namespace reprise::detail
