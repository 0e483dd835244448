#include <reprise/replay/check.hpp>

#include <reprise/core/errors.hpp>
#include <reprise/core/token.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

namespace reprise {

namespace {

using real_clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto usual_budget = 60s;
constexpr auto least_budget = 100ms;  // of one scenario

class checker {
public:
  explicit checker(const check_plan& plan)
      : plan_(plan), kept_(plan.folder), keeper_(plan.folder), start_(real_clock::now()) {}

  check_result run() {
    const corpus::listing all = kept_.read();
    result_.passed_over = all.unreadable;
    try_again(all);
    explore_all();
    result_.not_stored = keeper_.failures();
    result_.real = real_clock::now() - start_;
    return std::move(result_);
  }

private:
  void try_again(const corpus::listing& all) {
    std::uint64_t number = 0;
    for (const auto& entry : all.entries) {
      if (number++ % plan_.how.part.count + 1 != plan_.how.part.index) continue;
      const scenario* const what = scenario_of(entry);
      if (!what) continue;
      const auto goes_on = [&, title = fmt::format("corpus {} of {}", number, all.entries.size())] {
        return tell(title, {});
      };
      if (!goes_on()) return;
      case_file c = entry.kept;
      c.run = options_for(*what, std::move(c.run));
      case_outcome outcome = with_body(*what, [&](auto body) {
        return retry_in_child(c, body, plan_.how.hang_after, goes_on, plan_.how.memory);
      });
      // The signal that ends us may have ended the child, too.
      if (!goes_on()) return;
      result_.cases.push_back({entry, std::move(outcome)});
    }
  }

  /// Null for a case of no scenario of ours, or of other parameters than it has now.
  const scenario* scenario_of(const corpus::entry& entry) {
    const auto& all = scenarios();
    const auto found = std::ranges::find(all, entry.kept.run.scenario, &scenario::name);
    if (found == all.end()) {
      result_.passed_over.push_back(
          fmt::format("'{}' is of scenario '{}', which this program does not have.", entry.path,
                      entry.kept.run.scenario));
      return nullptr;
    }
    try {
      static_cast<void>(options_for(*found, entry.kept.run));
    } catch (const std::invalid_argument& e) {
      result_.passed_over.push_back(fmt::format("'{}': {}", entry.path, e.what()));
      return nullptr;
    }
    return &*found;
  }

  void explore_all() {
    const auto& all = scenarios();
    const auto budget = plan_.budget > 0ns || plan_.runs > 0 ? plan_.budget : usual_budget;
    const auto end = real_clock::now() + budget;
    for (std::size_t i = 0; i < all.size() && !result_.stopped; ++i) {
      campaign_plan plan = plan_.how;
      if (plan_.runs == 0) {
        // What one leaves over the others have; and each has enough for some runs, however slow the
        // machine is.
        const auto left = end - real_clock::now();
        plan.budget = std::max<std::chrono::nanoseconds>(
            least_budget, left / static_cast<std::int64_t>(all.size() - i));
      }
      explore(all[i], plan);
    }
  }

  void explore(const scenario& what, campaign_plan& plan) {
    std::optional<real_clock::time_point> until;
    if (plan_.runs == 0) {
      until = real_clock::now() + plan.budget;
      if (plan.sample_every > 0) plan.budget = budget_of_search(plan.budget);
    }
    config options;
    options.schedule = plan_.schedule;
    for (const auto& p : what.parameters)
      if (!p.quick.empty()) options.params.try_emplace(p.name, p.quick);
    options = options_for(what, std::move(options));
    checked_scenario checked{.name = what.name, .options = options, .result = {}, .kinds = {}};
    plan.what.seed = plan_.seed;
    plan.what.runs = plan_.runs > 0 ? plan_.runs : ~std::uint64_t{0} - plan_.seed;
    plan.what.schedule = plan_.schedule;
    plan.what.keep_going = true;
    plan.what.scenario = what.name;
    plan.what.params = options.params;
    plan.on_failure = [&](const report& r) {
      const std::string signature = failure_signature(r);
      auto found = std::ranges::find(checked.kinds, signature, &found_kind::signature);
      if (found == checked.kinds.end()) {
        auto [path, is_new, since] = keeper_.keep(r, what);
        checked.kinds.push_back({signature, r, 0, std::move(path), !is_new, std::move(since)});
        found = std::prev(checked.kinds.end());
      }
      ++found->seeds;
    };
    plan.progress = [&](const campaign_progress& p) { return tell(what.name, p); };
    checked.result = with_body(what, [&](auto body) { return run_campaign(plan, body); });
    if (!result_.stopped) {
      sample_check again =
          check_sample(checked.result.sample, until,
                       [&, title = what.name + " checked for determinism"](
                           const campaign_progress& p) { return tell(title, p); },
                       {.hang_after = std::max(witness_options().hang_after, plan.hang_after)});
      checked.checked_again = again.runs;
      checked.differs = std::move(again.differs);
    }
    checked.result.sample.clear();
    // Each kind keeps its first; a million more of them are of no use here.
    checked.result.failures.clear();
    result_.scenarios.push_back(std::move(checked));
  }

  bool tell(const std::string& what, const campaign_progress& p) {
    if (plan_.progress && !plan_.progress(what, p)) result_.stopped = true;
    return !result_.stopped;
  }

  const check_plan& plan_;
  corpus kept_;
  finding_keeper keeper_;
  real_clock::time_point start_;
  check_result result_;
};

}  // namespace

std::uint64_t check_result::count(replay_outcome outcome) const {
  return static_cast<std::uint64_t>(std::ranges::count_if(
      cases, [&](const checked_case& c) { return c.outcome.outcome == outcome; }));
}

std::uint64_t check_result::still_failing() const {
  return static_cast<std::uint64_t>(
      std::ranges::count_if(cases, [](const checked_case& c) { return c.outcome.fails(); }));
}

bool check_result::differs() const {
  return count(replay_outcome::diverged) > 0 ||
         std::ranges::any_of(scenarios, [](const auto& s) { return s.differs.has_value(); });
}

bool check_result::failed() const {
  return still_failing() > 0 ||
         std::ranges::any_of(scenarios, [](const auto& s) { return !s.kinds.empty(); });
}

check_result run_check(const check_plan& plan) { return checker(plan).run(); }

corpus::added finding_keeper::keep(const report& failure, const scenario& of) {
  const std::string signature = failure_signature(failure);
  std::string& path = paths_[of.name + '\n' + signature];
  if (!path.empty()) return {path, false};
  try {
    if (auto there = kept_in_.find(of.name, signature)) {
      path = there->path;
      return {path, false, std::move(there->kept.kept_since)};
    }
    corpus::added kept =
        kept_in_.add(with_body(of, [&](auto body) { return record_in_child(failure, body); }));
    path = kept.path;
    return kept;
  } catch (const cannot_store& e) {
    if (std::ranges::find(failures_, e.what()) == failures_.end()) failures_.emplace_back(e.what());
    return {{}, true};
  }
}

}  // namespace reprise
