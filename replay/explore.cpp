#include <reprise/replay/explore.hpp>

#include <reprise/core/token.hpp>

namespace reprise::detail {

exploration explore(const search& what, const body_maker& make) {
  exploration result;
  watch_for_crashes();
  config options{.seed = what.seed,
                 .schedule = what.schedule,
                 .time_limit = what.time_limit,
                 .step_limit = what.step_limit,
                 .stack_size = what.stack_size,
                 .scenario = what.scenario,
                 .params = what.params};
  for (; result.runs < what.runs; ++options.seed) {
    report r = run_briefly(options, make());
    ++result.runs;
    if (!r) {
      if (!result.failure) result.failure = r;
      result.failures.push_back(std::move(r));
      if (!what.keep_going) break;
    }
    if (what.progress && !what.progress(result.runs, result.failures.size())) break;
  }
  return result;
}

report replay(std::string_view token, const body_maker& make) {
  const config options = decode_token(token);
  return run_box(options, make());
}

}  // namespace reprise::detail
