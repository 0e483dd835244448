// `explore`: one seed after another, to the first failure.

#include "numbers.hpp"
#include "options.hpp"
#include "print.hpp"
#include "watch.hpp"

#include <reprise/core/format.hpp>
#include <reprise/replay/explore.hpp>
#include <reprise/replay/scenario.hpp>

#include <algorithm>
#include <chrono>
#include <memory>

namespace reprise::cli {

namespace {

constexpr std::uint64_t usual_runs = 1000;
constexpr std::size_t most_failures_listed = 20;

struct request {
  std::string name;
  run_options options;
  std::string runs;
  bool keep_going = false;
  std::vector<std::string> marks;
  bool require_marks = false;

  [[nodiscard]] search read(const scenario& what) const {
    if (!options.seeds.empty() && !runs.empty())
      throw usage_error("--seeds and --runs are given both: choose one.");
    const config c = options_for(what, options.read(portfolio()));
    const seed_range seeds = options.read_seeds();
    search found{.seed = seeds.first,
                 .schedule = c.schedule,
                 .runs = options.seeds.empty() ? usual_runs : seeds.count(),
                 .keep_going = keep_going,
                 .time_limit = c.time_limit,
                 .step_limit = c.step_limit,
                 .stack_size = c.stack_size,
                 .scenario = c.scenario,
                 .params = c.params,
                 .marks = marks,
                 .require_marks = require_marks || !marks.empty()};
    if (!runs.empty()) found.runs = read_number("runs", runs, 1);
    if (const std::uint64_t left = ~std::uint64_t{0} - found.seed; found.runs - 1 > left)
      found.runs = left + 1;  // the last seed there is
    return found;
  }
};

void print_json(session& s, const search& asked, const exploration& found,
                std::chrono::nanoseconds real) {
  std::vector<std::string> failures;
  config options{.schedule = asked.schedule, .scenario = asked.scenario, .params = asked.params};
  failures.reserve(found.failures.size());
  for (const auto& f : found.failures) failures.push_back(json_of(f, options).done());
  json_object o;
  o.text("scenario", asked.scenario)
      .text("strategy", asked.schedule.to_string())
      .number("first_seed", asked.seed)
      .number("runs", found.runs)
      .number("profile_runs", found.profile_runs);
  o.list("failures", failures).seconds("real_s", real);
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
  const double seconds = std::chrono::duration<double>(real).count();
  o.raw("runs_per_s", format_double(seconds > 0 ? static_cast<double>(found.runs) / seconds : 0));
  s.out.print("{}\n", o.done());
}

void print_marks(session& s, const exploration& found, const painter& paint) {
  for (const auto& m : found.marks) {
    if (m.reached())
      s.out.print("  mark {}: {} in {}, first at seed {}\n", printable(m.name),
                  counted(m.times, "time"), counted(m.runs, "run"), *m.first_seed);
    else
      s.out.print("  mark {}: {}\n", printable(m.name), paint.bad("never reached"));
  }
}

void print_text(session& s, const search& asked, const exploration& found,
                std::chrono::nanoseconds real) {
  const painter paint(s.colour, s.out.descriptor());
  const std::string name = printable(asked.scenario);
  if (!found.failure) {
    const double seconds = std::chrono::duration<double>(real).count();
    s.out.print("explore {}: {}, {}, seeds {}..{}, {} ({}, {} runs/s)\n", name,
                found ? paint.good("passed") : paint.bad("failed"), counted(found.runs, "run"),
                asked.seed, asked.seed + (found.runs - found.profile_runs - 1),
                asked.schedule.to_string(), short_time(real),
                significant(seconds > 0 ? static_cast<double>(found.runs) / seconds : 0));
    print_marks(s, found, paint);
    if (found.lacks_marks)
      s.out.print(
          "\n  a mark was never reached, and each is required: more --runs, or another "
          "--strategy, may reach it\n");
    return;
  }
  const report& first = *found.failure;
  if (asked.keep_going) {
    s.out.print("explore {}: {} in {} of {}, first at seed {} ({})\n", name, paint.bad("failed"),
                format_count(found.failures.size()), counted(found.runs, "run"), first.seed,
                short_time(real));
    const std::size_t listed = std::min(found.failures.size(), most_failures_listed);
    for (std::size_t i = 1; i < listed; ++i) {
      const report& f = found.failures[i];
      s.out.print("  seed {}  {}  {}\n", f.seed, f.token,
                  printable(f.what.substr(0, f.what.find('\n'))));
    }
    if (listed < found.failures.size())
      s.out.print("  and {} more; --format json has them all\n",
                  format_count(found.failures.size() - listed));
  } else {
    s.out.print("explore {}: {} at seed {}, after {} ({})\n", name, paint.bad("failed"), first.seed,
                counted(found.runs, "run"), short_time(real));
  }
  print_marks(s, found, paint);
  print_failure(s, s.out, first);
}

exit_code run(session& s, const request& asked) {
  if (asked.name.empty())
    throw usage_error("nothing to explore: name a scenario. `list` shows what there is.");
  const scenario& what = find_scenario(asked.name);
  search to_do = asked.read(what);
  const auto start = std::chrono::steady_clock::now();
  progress_line progress;
  if (progress.on()) {
    to_do.progress = [&](std::uint64_t runs, std::uint64_t failures) {
      if (!progress.due()) return true;
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
      const double per_second = static_cast<double>(runs) / took.count();
      progress.show(fmt::format(
          "explore {}  {:.0f} %  {} of {}  {} runs/s  {}  {} left", printable(what.name),
          std::min(100.0, 100.0 * static_cast<double>(runs) / static_cast<double>(to_do.runs)),
          format_count(runs), counted(to_do.runs, "run"), significant(per_second),
          counted(failures, "failure"),
          short_time(std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(
              9e18,
              static_cast<double>(to_do.runs - std::min(runs, to_do.runs)) / per_second * 1e9))))));
      return true;
    };
  }
  const exploration found = with_body(what, [&](auto body) { return explore(to_do, body); });
  const auto real = std::chrono::steady_clock::now() - start;
  progress.clear();
  if (found.failure) refuse_bad_parameter(*found.failure);
  if (s.json)
    print_json(s, to_do, found, real);
  else
    print_text(s, to_do, found, real);
  return found ? held : failure_found;
}

}  // namespace

void add_explore(CLI::App& app, session& s, action& chosen) {
  CLI::App* command =
      app.add_subcommand("explore", "search schedules, a seed each, for one that fails");
  const auto asked = std::make_shared<request>();
  command->add_option("SCENARIO", asked->name, "what to explore; `list` shows what there is");
  add_run_options(*command, asked->options);
  add_search_options(*command, asked->options, asked->runs, asked->keep_going);
  add_mark_options(*command, asked->marks, asked->require_marks);
  add_print_options(*command, s);
  command->callback([&s, &chosen, asked] { chosen = [&s, asked] { return run(s, *asked); }; });
}

}  // namespace reprise::cli
