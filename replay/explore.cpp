#include <reprise/replay/explore.hpp>

#include <reprise/core/profile.hpp>
#include <reprise/core/token.hpp>

#include <algorithm>
#include <utility>

namespace reprise::detail {

namespace {

mark_count& count_of(std::vector<mark_count>& counts, const std::string& name) {
  const auto at = std::ranges::lower_bound(counts, name, {}, &mark_count::name);
  if (at != counts.end() && at->name == name) return *at;
  return *counts.insert(at, {.name = name, .first_seed = {}});
}

void add_marks(std::vector<mark_count>& counts, const report& r) {
  for (const mark& m : r.marks) {
    mark_count& count = count_of(counts, m.name);
    count.times += m.times;
    if (m.times == 0) continue;
    ++count.runs;
    if (!count.first_seed) count.first_seed = r.seed;
  }
}

/// One search: what it has found, and what it has learnt.
class searcher {
public:
  searcher(const search& what, const body_maker& make)
      : what_(what),
        make_(make),
        options_{.seed = what.seed,
                 .schedule = what.schedule,
                 .time_limit = what.time_limit,
                 .step_limit = what.step_limit,
                 .stack_size = what.stack_size,
                 .scenario = what.scenario,
                 .params = what.params,
                 .detect = what.detect} {}

  exploration search_all() {
    if (what_.count_coverage) options_.seen = &result_.seen;
    for (const auto& name : what_.marks) static_cast<void>(count_of(result_.marks, name));
    for (std::uint64_t i = 0; i < what_.runs; ++i) {
      const std::uint64_t seed = what_.seed + i;
      strategy how = what_.schedule.resolved({}, seed);
      if (how.wants_profile()) {
        if (seen_.runs == 0 && !learn()) break;
        how = what_.schedule.resolved(seen_, seed);
      }
      options_.seed = seed;
      options_.schedule = how;
      if (!run_one()) break;
    }
    result_.lacks_marks = what_.require_marks && !result_.failure &&
                          !std::ranges::all_of(result_.marks, &mark_count::reached);
    return std::move(result_);
  }

private:
  /// False when the search is over.
  bool run_one() {
    report r = run_briefly(options_, make_());
    ++result_.runs;
    for (warning& w : r.warnings) note(std::move(w), r);
    add_marks(result_.marks, r);
    if (!r) {
      if (!result_.failure) result_.failure = r;
      result_.failures.push_back(std::move(r));
      if (!what_.keep_going) return false;
    }
    return !what_.progress || what_.progress(result_.runs, result_.failures.size());
  }

  void note(warning w, const report& r) {
    const auto known = std::ranges::find_if(result_.warnings, [&](const found_warning& f) {
      return f.seen.kind == w.kind && f.seen.signature == w.signature;
    });
    if (known != result_.warnings.end())
      ++known->runs;
    else
      result_.warnings.push_back({std::move(w), r.seed, r.token, 1});
  }

  bool learn() {
    // Three, because the first may not enter what another does.
    constexpr std::uint64_t runs = 3;
    for (std::uint64_t i = 0; i < runs; ++i) {
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
  exploration result_;
};

}  // namespace

exploration explore(const search& what, const body_maker& make) {
  watch_for_crashes();
  return searcher(what, make).search_all();
}

report replay(std::string_view token, const body_maker& make) {
  const config options = decode_token(token);
  return run_box(options, make());
}

}  // namespace reprise::detail
