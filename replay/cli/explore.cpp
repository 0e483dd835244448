// `explore`: one seed after another in child processes, to the first failure.

#include "campaigns.hpp"
#include "given.hpp"
#include "numbers.hpp"
#include "options.hpp"
#include "print.hpp"
#include "watch.hpp"

#include <reprise/core/format.hpp>
#include <reprise/core/token.hpp>
#include <reprise/replay/campaign.hpp>
#include <reprise/replay/check.hpp>
#include <reprise/replay/scenario.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

namespace reprise::cli {

namespace {

constexpr std::uint64_t usual_runs = 1000;
constexpr std::size_t most_failures_listed = 20;

struct request {
  std::string name;
  run_options options;
  campaign_options how;
  std::vector<std::string> marks;
  bool require_marks = false;
  std::string corpus;

  [[nodiscard]] campaign_plan read(const scenario& what) const {
    if (!options.seeds.empty() && !how.runs.empty())
      throw usage_error("--seeds and --runs are given both: choose one.");
    if (!how.budget.empty() && (!options.seeds.empty() || !how.runs.empty()))
      throw usage_error(fmt::format("--budget and {} are given both: choose one.",
                                    how.runs.empty() ? "--seeds" : "--runs"));
    campaign_plan plan = how.read();
    const seed_range seeds = options.read_seeds();
    std::uint64_t runs = options.seeds.empty() ? usual_runs : seeds.count();
    if (!how.runs.empty()) {
      runs = read_number("runs", how.runs, 1);
      if (const std::uint64_t more = ~std::uint64_t{0} - seeds.first; more < runs - 1)
        throw usage_error(fmt::format("--runs {}: from --seed {} on there {} only {}.", how.runs,
                                      seeds.first, more == 0 ? "is" : "are", more + 1));
    }
    if (plan.budget.count() > 0) runs = ~std::uint64_t{0};
    set_search(plan, options_for(what, options.read(portfolio())), seeds.first, runs);
    plan.what.marks = marks;
    plan.what.count_coverage = true;
    plan.what.require_marks = require_marks || !marks.empty();
    return plan;
  }
};

[[nodiscard]] std::string part_of(const campaign_plan& plan) {
  return plan.part.count == 1 ? "" : fmt::format(", shard {}/{}", plan.part.index, plan.part.count);
}

void print_json(session& s, const campaign_plan& asked, const campaign_result& found, int signal,
                const sample_check& again) {
  const search& what = asked.what;
  std::vector<std::string> failures, kinds;
  config options{.schedule = what.schedule, .scenario = what.scenario, .params = what.params};
  failures.reserve(found.failures.size());
  for (const auto& f : found.failures) {
    options.schedule = decode_token(f.token).schedule;  // what the search's came to for its seed
    failures.push_back(json_of(f, options).done());
  }
  for (const auto& [signature, count] : found.kinds)
    kinds.push_back(json_object().text("signature", signature).number("failures", count).done());
  json_object o;
  o.text("scenario", what.scenario)
      .text("strategy", what.schedule.to_string())
      .number("first_seed", what.seed)
      .number("runs", found.runs)
      .number("profile_runs", found.profile_runs);
  if (asked.part.count > 1)
    o.text("shard", fmt::format("{}/{}", asked.part.index, asked.part.count));
  if (signal > 0) o.number("stopped_by_signal", static_cast<std::uint64_t>(signal));
  o.list("failures", failures)
      .list("kinds", kinds)
      .raw("new_kind_at_most", format_double(found.failure_kinds.at_most()))
      .number("shapes", found.shapes.kinds)
      .raw("new_shape_chance", format_double(found.shapes.chance()))
      .number("checked_again", again.runs)
      .seconds("real_s", found.real);
  if (!found.marks.empty()) {
    std::vector<std::string> marks;
    for (const auto& m : found.marks) {
      json_object mark;
      mark.text("name", m.name).number("times", m.times).number("runs", m.runs);
      if (m.first_seed) mark.number("first_seed", *m.first_seed);
      marks.push_back(mark.done());
    }
    o.list("marks", marks);
  }
  std::vector<std::string> warnings;
  for (const auto& w : found.warnings)
    warnings.push_back(json_object()
                           .text("kind", to_string(w.seen.kind))
                           .text("what", w.seen.what)
                           .number("seed", w.seed)
                           .text("token", w.token)
                           .number("runs", w.runs)
                           .done());
  o.list("warnings", warnings)
      .number("schedules", found.seen.schedules.size())
      .number("reads_from", found.seen.reads_from.size());
  const double seconds = std::chrono::duration<double>(found.real).count();
  if (again.differs) o.raw("nondeterminism", json_of(*again.differs).done());
  o.raw("runs_per_s", format_double(seconds > 0 ? static_cast<double>(found.runs) / seconds : 0));
  s.out.print("{}\n", o.done());
}

/// "at least" where counting has stopped.
std::string count_of(const detail::number_set& numbers, const char* of) {
  return (numbers.full() ? "at least " : "") + counted(numbers.size(), of);
}

void print_coverage(session& s, const campaign_result& found) {
  if (found.seen.schedules.size() == 0) return;
  s.out.print("seen: {}, {} of a read and its write\n",
              count_of(found.seen.schedules, "distinct schedule"),
              count_of(found.seen.reads_from, "pair"));
}

void print_marks(session& s, const campaign_result& found, const painter& paint) {
  for (const auto& m : found.marks) {
    if (m.reached())
      s.out.print("  mark {}: {} in {}, first at seed {}\n", printable(m.name),
                  counted(m.times, "time"), counted(m.runs, "run"), *m.first_seed);
    else
      s.out.print("  mark {}: {}\n", printable(m.name), paint.bad("never reached"));
  }
}

/// "seeds 0..99, shard 1/2".
std::string seeds_of(const campaign_plan& asked, const campaign_result& found) {
  const std::uint64_t done = found.runs - found.profile_runs;
  const bool whole = asked.budget.count() == 0 && !found.stopped;
  if (!whole) return fmt::format("seeds from {} on{}", asked.what.seed, part_of(asked));
  return fmt::format("seeds {}..{}{}", asked.what.seed,
                     asked.what.seed + (asked.part.count > 1 ? asked.what.runs : done) - 1,
                     part_of(asked));
}

/// The profile's seeds are nobody's own choice.
std::string where_failed(const campaign_result& found, const report& failure) {
  const bool in_profile = failure.seed - first_profile_seed < found.profile_runs;
  return fmt::format("at seed {}{}", failure.seed, in_profile ? " of the profile" : "");
}

void print_text(session& s, const campaign_plan& asked, const campaign_result& found, int signal,
                const std::string& first_case) {
  const painter paint(s.colour, s.out.descriptor());
  const std::string name = printable(asked.what.scenario);
  if (signal > 0)
    s.out.print("explore {}: stopped by {} after {} ({}), {}\n", name, signal_name(signal),
                counted(found.runs, "run"), short_time(found.real),
                counted(found.failures.size(), "failure"));
  if (found.failures.empty()) {
    if (signal > 0) return;
    const double seconds = std::chrono::duration<double>(found.real).count();
    s.out.print("explore {}: {}, {}, {}, {} ({}, {} runs/s)\n", name,
                found ? paint.good("passed") : paint.bad("failed"), counted(found.runs, "run"),
                seeds_of(asked, found), asked.what.schedule.to_string(), short_time(found.real),
                significant(seconds > 0 ? static_cast<double>(found.runs) / seconds : 0));
    print_marks(s, found, paint);
    if (found.lacks_marks)
      s.out.print(
          "\n  a mark was never reached, and each is required: more --runs, or another "
          "--strategy, may reach it\n");
    print_coverage(s, found);
    print_unseen(s.out, found.failure_kinds, found.shapes);
    print_warnings(s, s.out, found.warnings);
    return;
  }
  const report& first = found.failures.front();
  if (asked.what.keep_going) {
    s.out.print("explore {}: {} in {} of {}, {}, first {} ({})\n", name, paint.bad("failed"),
                format_count(found.failures.size()), counted(found.runs, "run"),
                counted(found.kinds.size(), "kind"), where_failed(found, first),
                short_time(found.real));
    const std::size_t listed = std::min(found.failures.size(), most_failures_listed);
    for (std::size_t i = 1; i < listed; ++i) {
      const report& f = found.failures[i];
      s.out.print("  seed {}  {}  {}\n", f.seed, f.token,
                  printable(f.what.substr(0, f.what.find('\n'))));
    }
    if (listed < found.failures.size())
      s.out.print("  and {} more; --format json has them all\n",
                  format_count(found.failures.size() - listed));
    print_coverage(s, found);
    print_unseen(s.out, found.failure_kinds, found.shapes);
  } else {
    s.out.print("explore {}: {} {}, after {} ({})\n", name, paint.bad("failed"),
                where_failed(found, first), counted(found.runs, "run"), short_time(found.real));
  }
  print_marks(s, found, paint);
  print_warnings(s, s.out, found.warnings);
  print_failure(s, s.out, first, true, first_case);
}

exit_code run(session& s, const request& asked) {
  if (asked.name.empty())
    throw usage_error("nothing to explore: name a scenario. `list` shows what there is.");
  const scenario& what = find_scenario(asked.name);
  campaign_plan to_do = asked.read(what);
  finding_keeper keeper(asked.corpus.empty() ? usual_corpus : asked.corpus);
  std::string first_case;
  to_do.on_failure = [&, first = true](const report& r) mutable {
    if (is_bad_parameter(r)) return;  // the fault of who typed it
    const corpus::added kept = keeper.keep(r, what);
    if (asked.how.keep_going && !s.json && kept.is_new && !kept.path.empty()) {
      // In a campaign of hours nobody should wait for the end to hear of it.
      s.out.print("found: seed {}  {}  {}\n", r.seed,
                  printable(r.what.substr(0, r.what.find('\n'))), printable(kept.path));
      s.out.flush();
    }
    if (std::exchange(first, false)) first_case = kept.path;
  };
  const std::string title = "explore " + printable(what.name);
  std::optional<std::chrono::steady_clock::time_point> until;
  if (to_do.budget.count() > 0) {
    until = std::chrono::steady_clock::now() + to_do.budget;
    if (to_do.sample_every > 0) to_do.budget = budget_of_search(to_do.budget);
  }
  const watched_campaign done = run_campaign_watched(s, title, what, to_do);
  const campaign_result& found = done.result;
  watched_check again;
  if (done.signal == 0) again = recheck(s, title, to_do, found, until);
  const int signal = done.signal > 0 ? done.signal : again.signal;
  const auto& why = again.result.differs;
  const exit_code code = signal > 0                                            ? ended_by(signal)
                         : !keeper.failures().empty() && !asked.corpus.empty() ? environment
                         : why                                                 ? nondeterminism
                         : found                                               ? held
                                                                               : failure_found;
  // What makes the rest doubtful comes first.
  if (why && !s.json) print_nondeterminism(s, s.out, title, *why, code);
  if (s.json)
    print_json(s, to_do, found, signal, again.result);
  else
    print_text(s, to_do, found, signal, first_case);
  for (const auto& text : keeper.failures()) warn_not_stored(s, text);
  return code;
}

}  // namespace

void add_explore(CLI::App& app, session& s, action& chosen) {
  CLI::App* command =
      app.add_subcommand("explore", "search schedules, a seed each, for one that fails");
  const auto asked = std::make_shared<request>();
  command->add_option("SCENARIO", asked->name, "what to explore; `list` shows what there is");
  add_run_options(*command, asked->options);
  add_search_options(*command, asked->options, asked->how);
  add_process_options(*command, asked->how);
  add_mark_options(*command, asked->marks, asked->require_marks);
  add_corpus_option(*command, asked->corpus);
  add_print_options(*command, s);
  command->callback([&s, &chosen, asked] { chosen = [&s, asked] { return run(s, *asked); }; });
}

}  // namespace reprise::cli
