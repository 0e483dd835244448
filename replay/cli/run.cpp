// `run`: one run, watched; or several scenarios and seeds, a line per scenario.

#include "campaigns.hpp"
#include "numbers.hpp"
#include "options.hpp"
#include "print.hpp"
#include "watch.hpp"

#include <reprise/core/format.hpp>
#include <reprise/core/token.hpp>
#include <reprise/replay/determinism.hpp>
#include <reprise/replay/scenario.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>

namespace reprise::cli {

namespace {

struct request {
  std::vector<std::string> names;
  bool all = false;
  run_options options;
  watch_options watch;
};

// ---------------------------------------------------------------- one run

exit_code run_one(session& s, const request& asked, const scenario& what) {
  const config options = options_for(what, asked.options.read(fifo()));
  output& words = asked.watch.words(s);
  const painter paint(s.colour, words.descriptor());
  const watched_run run = run_watched(s, what, options, asked.watch);
  std::optional<report> second;
  std::optional<nondeterminism_report> why;
  if (asked.watch.twice) {
    second = run_unwatched(what, options).result;
    why = check_determinism(run.result.token);
  }
  const bool differs = why || (second && second->digest != run.result.digest);

  if (s.json) {
    json_object o = json_of(run.result, options);
    o.seconds("real_s", run.real);
    if (second) o.flag("deterministic", !differs);
    if (why) o.raw("nondeterminism", json_of(*why).done());
    words.print("{}\n", o.done());
  } else if (why) {
    print_nondeterminism(s, words, "run " + title_of(what, options), *why);
  } else if (differs) {
    words.print("run {}: two runs of one seed {}. exit {}\n", title_of(what, options),
                paint.bad("differ"), static_cast<int>(nondeterminism));
    print_difference(words, run.result, *second);
    words.print(
        "  both in one process: a global variable may keep something from run to run\n"
        "  replay: {}\n",
        check_command(s.program, options));
  } else {
    words.print("run {}: {}\n", title_of(what, options), summary_of(run, paint));
    print_warnings(s, words, run.result);
    if (!run.result) print_failure(s, words, run.result, !asked.watch.any());
  }
  words.flush();
  if (!run.trace_failure.empty()) throw environment_error(run.trace_failure);
  return differs ? nondeterminism : code_of(run.result);
}

// ---------------------------------------------------------------- many

/// What the runs of one scenario came to.
struct row {
  const scenario* what = nullptr;
  seed_range seeds;
  std::uint64_t runs = 0;
  std::uint64_t failures = 0;
  std::uint64_t differing = 0;  // runs that a second run did not repeat
  std::chrono::nanoseconds least{0}, most{0}, real{0};
  double virtual_ns = 0;
  std::uint64_t digest = 0;  // of the first seed
  bool one_digest = true;
  config failing = {};  // the first
  std::optional<report> failure = {};
  std::optional<config> unsteady = {};  // the first that was not repeated

  void add(const config& options, watched_run run) {
    const report& r = run.result;
    least = runs == 0 ? r.elapsed : std::min(least, r.elapsed);
    most = std::max(most, r.elapsed);
    real += run.real;
    virtual_ns += static_cast<double>(r.elapsed.count());
    if (runs == 0) digest = r.digest;
    one_digest = one_digest && r.digest == digest;
    ++runs;
    if (r) return;
    ++failures;
    if (failure) return;
    failing = options;
    failure = std::move(run.result);
  }
};

class table {
public:
  table(session& s, const request& asked, const std::vector<const scenario*>& chosen)
      : s_(s), asked_(asked), paint_(s.colour, s.out.descriptor()) {
    seeds_ = asked.options.read_seeds();
    range_ = seeds_.first == seeds_.last ? fmt::format("{}", seeds_.first)
                                         : fmt::format("{}..{}", seeds_.first, seeds_.last);
    for (const scenario* one : chosen) widest_ = std::max(widest_, width_of(printable(one->name)));
  }

  exit_code run(const std::vector<const scenario*>& chosen) {
    // All of them are checked before any runs.
    std::vector<config> options;
    options.reserve(chosen.size());
    for (const scenario* one : chosen) options.push_back(options_of(*one));
    if (!s_.json) print_head(chosen, options);
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      rows_.push_back(run_scenario(*chosen[i], options[i]));
      if (!s_.json) print_row(rows_.back());
      s_.out.flush();
    }
    if (s_.json)
      s_.out.print("{}\n", as_json());
    else
      print_sum();
    if (std::ranges::any_of(rows_, [](const row& r) { return r.differing > 0; }))
      return nondeterminism;
    return std::ranges::any_of(rows_, [](const row& r) { return r.failures > 0; }) ? failure_found
                                                                                   : held;
  }

private:
  [[nodiscard]] config options_of(const scenario& one) const {
    config options = asked_.options.read(fifo());
    if (asked_.all)
      for (const auto& p : one.parameters)
        if (!p.quick.empty()) options.params.try_emplace(p.name, p.quick);
    return options_for(one, std::move(options));
  }

  row run_scenario(const scenario& one, config options) {
    row r{.what = &one, .seeds = seeds_};
    std::vector<known_run> again;
    const std::uint64_t count = seeds_.count();
    for (std::uint64_t i = 0; i < count; ++i) {
      options.seed = seeds_.first + i;
      if (progress_.due())
        progress_.show(fmt::format("run {}, seed {}", printable(one.name), options.seed));
      watched_run run = run_unwatched(one, options);
      if (asked_.watch.twice) {
        if (run_unwatched(one, options).result.digest != run.result.digest) {
          ++r.differing;
          if (!r.unsteady) r.unsteady = options;
        }
        if (run.result) again.push_back({encode_token(options), run.result.digest});
      }
      if (!run.result && s_.json) failures_.push_back(json_of(run.result, options).done());
      r.add(options, std::move(run));
    }
    progress_.clear();
    // In another process, too, where all differs that may.
    if (r.differing > 0) return r;
    if (const known_run* const differing = find_difference(again).differing) {
      ++r.differing;
      r.unsteady = decode_token(differing->token);
    }
    return r;
  }

  void print_head(const std::vector<const scenario*>& chosen, const std::vector<config>& options) {
    std::string small;
    for (std::size_t i = 0; i < chosen.size(); ++i)
      for (const auto& p : chosen[i]->parameters)
        if (!asked_.all || p.quick.empty() || options[i].params.at(p.name) != p.quick)
          continue;
        else
          small += fmt::format("{}{} {}={}", small.empty() ? "" : ", ", chosen[i]->name, p.name,
                               p.quick);
    if (!small.empty())
      s_.out.print("small here, and at full size by `{} run NAME`: {}\n", shell_word(s_.program),
                   printable(small));
    s_.out.print("  {}  {}  {}  {}   digest\n", std::string(widest_, ' '),
                 pad_left("seeds", seeds_width()), pad_left("virtual", virtual_width),
                 pad_left("real", real_width));
  }

  void print_row(const row& r) {
    const std::string status = r.differing > 0  ? paint_.bad("differs")
                               : r.failures > 0 ? paint_.bad("failed ")
                                                : paint_.good("passed ");
    s_.out.print("  {}  {}  {}  {}   {} {}{}\n", pad_right(printable(r.what->name), widest_),
                 pad_left(range_, seeds_width()),
                 pad_left(short_times(r.least, r.most), virtual_width),
                 pad_left(short_time(r.real), real_width), status, format_digest(r.digest),
                 r.one_digest ? "" : " …");
  }

  void print_sum() {
    std::uint64_t runs = 0, failures = 0, differing = 0;
    double virtual_ns = 0;
    std::chrono::nanoseconds real{0};
    for (const auto& r : rows_) {
      runs += r.runs;
      failures += r.failures;
      differing += r.differing;
      virtual_ns += r.virtual_ns;
      real += r.real;
    }
    std::string verdict = failures > 0 ? format_count(failures) + " failed"
                          : runs == 1  ? "passed"
                                       : "all passed";
    if (differing > 0)
      verdict += fmt::format(", {} {} when repeated", format_count(differing),
                             differing == 1 ? "differs" : "differ");
    constexpr double longest = 9e18;
    s_.out.print("{}, {}, {}: {} of virtual time in {}.\n", counted(rows_.size(), "scenario"),
                 counted(runs, "run"), verdict,
                 short_time(std::chrono::nanoseconds(
                     static_cast<std::int64_t>(std::min(virtual_ns, longest)))),
                 short_time(real));
    for (const auto& r : rows_) {
      if (!r.failure) continue;
      s_.out.print("\nrun {}: {}\n", title_of(*r.what, r.failing),
                   paint_.bad(to_string(r.failure->result)));
      print_failure(s_, s_.out, *r.failure);
    }
    for (const auto& r : rows_) {
      if (!r.unsteady) continue;
      s_.out.print("\nrun {}: two runs of one seed {}\n  replay: {}\n",
                   title_of(*r.what, *r.unsteady), paint_.bad("differ"),
                   check_command(s_.program, *r.unsteady));
    }
  }

  [[nodiscard]] std::string as_json() const {
    std::vector<std::string> list;
    std::uint64_t runs = 0;
    for (const auto& r : rows_) {
      runs += r.runs;
      json_object o;
      o.text("scenario", r.what->name).number("runs", r.runs).number("failed", r.failures);
      if (asked_.watch.twice) o.flag("deterministic", r.differing == 0);
      if (r.unsteady) o.number("first_differing_seed", r.unsteady->seed);
      o.text("digest", format_digest(r.digest))
          .seconds("virtual_min_s", r.least)
          .seconds("virtual_max_s", r.most)
          .seconds("real_s", r.real);
      list.push_back(o.done());
    }
    json_object o;
    o.number("first_seed", seeds_.first).number("last_seed", seeds_.last).number("runs", runs);
    return o.list("scenarios", list).list("failures", failures_).done();
  }

  [[nodiscard]] std::size_t seeds_width() const { return std::max<std::size_t>(5, range_.size()); }
  static constexpr std::size_t virtual_width = 12, real_width = 8;

  session& s_;
  const request& asked_;
  painter paint_;
  progress_line progress_;
  seed_range seeds_;
  std::string range_;
  std::size_t widest_ = 20;
  std::vector<row> rows_;
  std::vector<std::string> failures_;  // as JSON
};

exit_code run(session& s, const request& asked) {
  if (asked.all && !asked.names.empty())
    throw usage_error("scenarios are named and --all is given: choose one.");
  if (!asked.all && asked.names.empty())
    throw usage_error(fmt::format("nothing to run: name a scenario, or --all. `list` shows all {}.",
                                  format_count(scenarios().size())));
  if (asked.all && scenarios().empty())
    throw usage_error("nothing to run: this program has no scenarios.");
  std::vector<const scenario*> chosen;
  if (asked.all)
    for (const auto& one : scenarios()) chosen.push_back(&one);
  for (const auto& name : asked.names) {
    const scenario* one = &find_scenario(name);
    if (std::ranges::find(chosen, one) != chosen.end())
      throw usage_error(fmt::format("scenario '{}' is named twice.", name));
    chosen.push_back(one);
  }
  if (chosen.size() == 1 && !asked.all && asked.options.seeds.empty())
    return run_one(s, asked, *chosen[0]);
  if (asked.watch.any())
    throw usage_error(
        "--trace, --clock wall and -v watch one run: give one scenario, and --seed for --seeds.");
  return table(s, asked, chosen).run(chosen);
}

}  // namespace

void add_run(CLI::App& app, session& s, action& chosen) {
  CLI::App* command =
      app.add_subcommand("run", "run scenarios: one watched closely, or many with a line each");
  const auto asked = std::make_shared<request>();
  command->add_option("SCENARIO", asked->names, "what to run; `list` shows what there is");
  command->add_flag("--all", asked->all, "every scenario, the large ones at their small size")
      ->group("What to run");
  add_seed_options(*command, asked->options);
  add_strategy_option(*command, asked->options, "fifo");
  add_run_options(*command, asked->options);
  add_watch_options(*command, asked->watch);
  command
      ->add_flag("--check-determinism", asked->watch.twice,
                 "run each seed again, here and in another process; exit code 3 when they differ")
      ->group("How to watch it");
  add_print_options(*command, s);
  command->callback([&s, &chosen, asked] {
    s.attended = attention{.words_to_stderr = asked->watch.trace == "-"};
    chosen = [&s, asked] { return run(s, *asked); };
  });
}

}  // namespace reprise::cli
