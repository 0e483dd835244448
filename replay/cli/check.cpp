// `check`: the kept failures again, then every scenario: what CI runs.

#include "campaigns.hpp"
#include "given.hpp"
#include "numbers.hpp"
#include "options.hpp"
#include "print.hpp"
#include "reports.hpp"
#include "trace_file.hpp"

#include <reprise/core/format.hpp>
#include <reprise/replay/check.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>

namespace reprise::cli {

namespace {

struct request {
  std::string folder;
  std::string corpus;
  std::string seed;
  std::string strategy;
  campaign_options how;
  std::string junit, json, sarif;
  bool github = false;

  [[nodiscard]] check_plan read() const {
    if (!folder.empty() && !corpus.empty())
      throw usage_error("a folder and --corpus are given both: choose one.");
    if (!how.budget.empty() && !how.runs.empty())
      throw usage_error("--budget and --runs are given both: choose one.");
    check_plan plan;
    plan.folder = usual_corpus;
    if (asked_for_folder()) plan.folder = folder.empty() ? corpus : folder;
    plan.how = how.read();
    plan.budget = plan.how.budget;
    if (!how.runs.empty()) plan.runs = read_number("runs", how.runs, 1);
    if (!seed.empty()) plan.seed = read_number("seed", seed);
    if (!strategy.empty()) plan.schedule = reprise::strategy::parse(strategy);
    return plan;
  }
  [[nodiscard]] bool asked_for_folder() const { return !folder.empty() || !corpus.empty(); }
};

/// A file that a report goes to: opened before anything runs, so that a bad path costs nothing.
class report_file {
public:
  report_file(session& s, const std::string& path, std::string_view what)
      : on_stdout_(path == "-") {
    if (!path.empty()) file_.emplace(path, s.out, what);
  }
  /// Whether it goes behind the text.
  [[nodiscard]] bool on_stdout() const noexcept { return on_stdout_; }
  /// Why it could not be written; empty when it was.
  [[nodiscard]] std::string write(const std::string& text) {
    try {
      file_->write(text);
      file_->finish();
    } catch (const environment_error& e) {
      return e.what();
    }
    return {};
  }
  explicit operator bool() const noexcept { return file_.has_value(); }

private:
  std::optional<trace_file> file_;
  bool on_stdout_;
};

bool on_github() {
  const char* set = std::getenv("GITHUB_ACTIONS");
  return set && std::string_view(set) == "true";
}

std::string counts_of(const check_result& checked) {
  std::string text;
  const auto add = [&](std::uint64_t n, const char* word) {
    if (n > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", n, word);
  };
  add(checked.count(replay_outcome::fixed), "fixed");
  add(checked.still_failing(), "still failing");
  add(checked.count(replay_outcome::drifted), "drifted");
  add(checked.count(replay_outcome::diverged), "diverged");
  return text;
}

class summary {
public:
  summary(session& s, const check_result& checked)
      : s_(s), checked_(checked), paint_(s.colour, s.out.descriptor()) {}

  void print(const check_plan& plan, exit_code code) {
    print_corpus(plan);
    print_exploration(plan);
    for (const auto& scenario : checked_.scenarios)
      for (const auto& kind : scenario.kinds) print_kind(scenario.name, kind);
    for (const auto& c : checked_.cases) print_case(c);
    for (const auto& scenario : checked_.scenarios) {
      if (!scenario.differs) continue;
      s_.out.write("\n");
      print_nondeterminism(s_, s_.out, printable(scenario.name), *scenario.differs, code);
    }
    print_last();
    s_.out.print(". exit {}\n", static_cast<int>(code));
  }

private:
  void print_corpus(const check_plan& plan) {
    if (checked_.cases.empty())
      s_.out.print("corpus    no case in '{}'\n", printable(plan.folder));
    else
      s_.out.print("corpus    {}: {}\n", counted(checked_.cases.size(), "case"),
                   counts_of(checked_));
    constexpr std::size_t most = 5;
    const std::size_t shown = std::min(most, checked_.passed_over.size());
    for (std::size_t i = 0; i < shown; ++i)
      s_.out.print("          {} {}\n", paint_.unsure("passed over:"),
                   printable(checked_.passed_over[i]));
    if (checked_.passed_over.size() > shown)
      s_.out.print("          and {} more; --json has them all\n",
                   format_count(checked_.passed_over.size() - shown));
  }

  void print_exploration(const check_plan& plan) {
    std::uint64_t runs = 0, failures = 0, kinds = 0;
    for (const auto& s : checked_.scenarios) {
      runs += s.result.runs;
      kinds += s.kinds.size();
      for (const auto& k : s.kinds) failures += k.seeds;
    }
    s_.out.print("explore   {}, {} ... {}, {}", counted(checked_.scenarios.size(), "scenario"),
                 plan.runs > 0 ? counted(plan.runs, "seed") + " each" : short_time(checked_.real),
                 counted(runs, "run"), counted(failures, "failure"));
    if (kinds > 0) s_.out.print(" of {}", counted(kinds, "kind"));
    s_.out.write("\n");
  }

  void print_text(const report& r, const std::string& path) {
    cli::print_text(s_.out, r.what);
    s_.out.print("  replay: {} replay {}\n", shell_word(s_.program), r.token);
    if (!path.empty()) s_.out.print("  case:   {}\n", shell_word(path));
  }

  [[nodiscard]] static std::string since(const std::string& day) {
    return day.empty() ? "" : " since " + printable(day);
  }

  void print_kind(const std::string& scenario, const found_kind& kind) {
    s_.out.print("\n{}  {}   {}, first {}{}\n", paint_.bad("FAILED"), printable(scenario),
                 counted(kind.seeds, "seed"), kind.first.seed,
                 kind.known ? "   known" + since(kind.known_since) : "   new");
    print_text(kind.first, kind.path);
  }

  void print_case(const checked_case& c) {
    const case_file& kept = c.kept.kept;
    const report& now = c.outcome.now;
    switch (c.outcome.outcome) {
      case replay_outcome::fixed:
        break;
      case replay_outcome::same:
      case replay_outcome::found_again:
      case replay_outcome::other_failure:
        if (now || found_again(kept)) break;
        s_.out.print("\n{}  {}   {}\n", paint_.bad("FAILED"), printable(kept.run.scenario),
                     c.outcome.outcome == replay_outcome::other_failure
                         ? "still failing, in another way than it did"
                         : "still failing" + since(kept.kept_since));
        print_text(now, c.kept.path);
        break;
      case replay_outcome::drifted:
        s_.out.print("\n{}  {}   it passes, and hardly anything that was recorded fits any more\n",
                     paint_.unsure("drifted"), printable(kept.run.scenario));
        s_.out.print("  was:    {}\n", printable(kept.what.substr(0, kept.what.find('\n'))));
        s_.out.print("  replay: {} replay {}\n", shell_word(s_.program), shell_word(c.kept.path));
        break;
      case replay_outcome::diverged:
        s_.out.print("\n{}  {}   the same program does not do as it did\n", paint_.bad("DIVERGED"),
                     printable(kept.run.scenario));
        cli::print_text(s_.out, now.what);
        s_.out.print("  replay: {} replay {}\n", shell_word(s_.program), shell_word(c.kept.path));
        break;
    }
  }

  [[nodiscard]] bool found_again(const case_file& kept) const {
    return std::ranges::any_of(checked_.scenarios, [&](const checked_scenario& s) {
      return s.name == kept.run.scenario &&
             std::ranges::find(s.kinds, kept.signature, &found_kind::signature) != s.kinds.end();
    });
  }

  /// Neither exploring it nor its kept failures showed anything.
  [[nodiscard]] bool held(const checked_scenario& s) const {
    return s.kinds.empty() && !s.differs &&
           std::ranges::none_of(checked_.cases, [&](const checked_case& c) {
             return c.kept.kept.run.scenario == s.name &&
                    (c.outcome.fails() || c.outcome.outcome == replay_outcome::diverged);
           });
  }

  void print_last() {
    std::uint64_t held_here = 0;
    double at_most = 0;
    for (const auto& s : checked_.scenarios) {
      held_here += held(s);
      at_most = std::max(at_most, s.result.failure_kinds.at_most());
    }
    if (!checked_.scenarios.empty())
      s_.out.print(
          "\nchance that the next run of any scenario shows a new kind of failure: at most {} % "
          "(95 "
          "%)\n",
          significant(100 * at_most));
    const bool whole = held_here == checked_.scenarios.size();
    s_.out.print("{} of {} {}", format_count(held_here),
                 counted(checked_.scenarios.size(), "scenario"),
                 whole ? paint_.good("held") : "held");
  }

  session& s_;
  const check_result& checked_;
  painter paint_;
};

exit_code code_of(const check_result& checked, bool asked_for_folder) {
  if (!checked.not_stored.empty() && asked_for_folder) return environment;
  if (checked.differs()) return nondeterminism;
  return checked.failed() ? failure_found : held;
}

void append_step_summary(const std::string& text) {
  const char* path = std::getenv("GITHUB_STEP_SUMMARY");
  if (path && *path) std::ofstream(path, std::ios::app) << text;
}

exit_code run(session& s, const request& asked) {
  check_plan plan = asked.read();
  if (scenarios().empty()) throw usage_error("nothing to check: this program has no scenarios.");
  report_file junit(s, asked.junit, "JUnit file"), json(s, asked.json, "JSON file"),
      sarif(s, asked.sarif, "SARIF file");
  watched_work watched(s, "check");
  plan.progress = [&](const std::string& what, const campaign_progress& p) {
    return watched.show(what, p);
  };
  check_result checked;
  try {
    checked = run_check(plan);
  } catch (const cannot_store& e) {
    throw environment_error(e.what());
  } catch (const campaign_error& e) {
    throw environment_error(e.what());
  }
  watched.clear();
  const int signal = watched.signal();
  const std::string program = s.program;
  // Files first, so that the exit code that is told is the one that comes.
  std::string unwritten;
  const auto write_reports = [&](bool on_stdout) {
    const auto write = [&](report_file& file, auto&& text) {
      if (!file || file.on_stdout() != on_stdout) return;
      if (const std::string why = file.write(text()); !why.empty())
        unwritten += (unwritten.empty() ? "" : " ") + why;
    };
    write(junit, [&] { return junit_of(checked, program); });
    write(json, [&] { return json_of(checked) + '\n'; });
    write(sarif, [&] { return sarif_of(checked, program) + '\n'; });
  };
  write_reports(false);
  const exit_code code = !unwritten.empty() ? environment
                         : signal > 0       ? ended_by(signal)
                                            : code_of(checked, asked.asked_for_folder());
  if (s.json) {
    s.out.print("{}\n", json_of(checked));
  } else {
    if (signal > 0) s.out.print("check: stopped by {}\n", signal_name(signal));
    summary(s, checked).print(plan, code);
  }
  for (const auto& text : checked.not_stored) warn_not_stored(s, text);
  write_reports(true);
  if (asked.github || on_github()) {
    (s.json ? s.err : s.out).write(annotations_of(checked, program));
    append_step_summary(step_summary_of(checked, program));
  }
  if (!unwritten.empty()) throw environment_error(unwritten);
  return code;
}

}  // namespace

void add_check(CLI::App& app, session& s, action& chosen) {
  CLI::App* command =
      app.add_subcommand("check", "what CI runs: the kept failures again, then every scenario");
  const auto asked = std::make_shared<request>();
  command->add_option("DIR", asked->folder, "where failures are kept (.reprise)")
      ->option_text(may_be_left_out);
  add_check_options(*command, asked->how, asked->seed, asked->strategy);
  add_process_options(*command, asked->how);
  add_corpus_option(*command, asked->corpus);
  add_report_options(*command, asked->junit, asked->json, asked->sarif, asked->github);
  add_print_options(*command, s);
  command->callback([&s, &chosen, asked] { chosen = [&s, asked] { return run(s, *asked); }; });
}

}  // namespace reprise::cli
