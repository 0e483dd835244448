#include "options.hpp"

#include <reprise/core/format.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>
#include <utility>

namespace reprise::cli {

namespace {

constexpr const char* what_to_run = "What to run";
constexpr const char* how_to_watch = "How to watch it";
constexpr const char* how_to_print = "How to print";
constexpr const char* how_to_search = "How to search";

constexpr std::uint64_t smallest_stack = std::uint64_t{16} * 1024;
constexpr std::uint64_t largest_stack = std::uint64_t{1024} * 1024 * 1024;

param_map read_params(const std::vector<std::string>& given) {
  param_map params;
  for (const auto& text : given) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      throw usage_error(fmt::format("parameter '{}' is not of the form name=value.", text));
    if (!params.try_emplace(text.substr(0, equals), text.substr(equals + 1)).second)
      throw usage_error(fmt::format("parameter '{}' is given twice.", text.substr(0, equals)));
  }
  return params;
}

constexpr std::array<std::pair<const char*, bool detectors::*>, 6> detector_members = {{
    {"races", &detectors::races},
    {"mutexes", &detectors::mutexes},
    {"lost-wakeups", &detectors::lost_wakeups},
    {"lock-order", &detectors::lock_order},
    {"livelock", &detectors::livelock},
    {"starvation", &detectors::starvation},
}};

/// "none of: text, json. Did you mean 'json'?"
std::string none_of(std::string_view given, const std::vector<std::string_view>& values) {
  return fmt::format("none of: {}.{}", fmt::join(values, ", "), did_you_mean(given, values));
}

detectors read_detectors(const std::vector<std::string>& without) {
  detectors on;
  for (const auto& name : without) {
    const auto* const found = std::ranges::find(
        detector_members, name, [](const auto& n) { return std::string_view(n.first); });
    if (found != detector_members.end()) {
      on.*found->second = false;
    } else if (name == "all") {
      on = detectors::none();
    } else {
      const auto names = detector_names();
      throw usage_error(
          fmt::format("detector '{}' is {}", name, none_of(name, {names.begin(), names.end()})));
    }
  }
  return on;
}

}  // namespace

std::vector<const char*> detector_names() {
  std::vector<const char*> names;
  for (const auto& [name, member] : detector_members) names.push_back(name);
  names.push_back("all");
  return names;
}

std::vector<const char*> detectors_off(const detectors& detect) {
  std::vector<const char*> names;
  for (const auto& [name, member] : detector_members)
    if (!(detect.*member)) names.push_back(name);
  return names;
}

config run_options::read(const reprise::strategy& otherwise) const {
  config options;
  options.schedule = strategy.empty() ? otherwise : reprise::strategy::parse(strategy);
  if (!seed.empty() && !seeds.empty())
    throw usage_error("--seed and --seeds are given both: choose one.");
  if (!seed.empty()) options.seed = read_number("seed", seed);
  if (!time_limit.empty()) options.time_limit = read_duration("time limit", time_limit);
  if (!step_limit.empty()) options.step_limit = read_number("step limit", step_limit, 1);
  if (!stack_size.empty())
    options.stack_size = read_size("stack size", stack_size, smallest_stack, largest_stack);
  options.params = read_params(params);
  options.detect = read_detectors(without);
  return options;
}

seed_range run_options::read_seeds() const {
  if (!seeds.empty()) return cli::read_seeds(seeds);
  const std::uint64_t one = seed.empty() ? 0 : read_number("seed", seed);
  return {one, one};
}

campaign_plan campaign_options::read() const {
  constexpr std::uint64_t most_jobs = 1024, least_memory = std::uint64_t{16} << 20,
                          most_memory = std::uint64_t{1} << 50;
  campaign_plan plan;
  plan.what.keep_going = keep_going;
  if (!budget.empty()) plan.budget = read_duration("budget", budget);
  if (!jobs.empty()) plan.jobs = static_cast<unsigned>(read_number("jobs", jobs, 1, most_jobs));
  if (!shard.empty()) plan.part = shard == "auto" ? shard_of_environment() : parse_shard(shard);
  if (!hang_after.empty()) plan.hang_after = read_duration("hang after", hang_after);
  plan.sample_every = 20;  // 5 %
  if (!check_share.empty()) plan.sample_every = read_share("check determinism", check_share);
  if (!memory.empty()) plan.memory = read_size("memory", memory, least_memory, most_memory);
  return plan;
}

namespace {

/// An empty value would look as if the option were not there.
CLI::Option* text_option(CLI::App& command, const char* name, std::string& to,
                         const std::string& about, const char* value, const char* group) {
  return command
      .add_option_function<std::string>(
          name,
          [&to, name](const std::string& text) {
            if (text.empty()) {
              // Of "-v,--verbose" the long name.
              throw usage_error(
                  fmt::format("{} '' is empty: it wants a value.",
                              std::string_view(name).substr(std::string_view(name).find("--"))));
            }
            to = text;
          },
          about)
      ->option_text(value)
      ->group(group);
}

CLI::Option* choice_option(CLI::App& command, const char* name,
                           const std::vector<std::string>& values,
                           const std::function<void(std::size_t)>& set, const char* about,
                           const char* text, const char* group) {
  return command
      .add_option_function<std::string>(
          name,
          [=](const std::string& given) {
            for (std::size_t i = 0; i < values.size(); ++i)
              if (values[i] == given) return set(i);
            throw usage_error(fmt::format("{} '{}' is {}", name, given,
                                          none_of(given, {values.begin(), values.end()})));
          },
          about)
      ->option_text(text)
      ->group(group);
}

}  // namespace

namespace {

// Seeds may be empty: reading one says what a seed is.

void add_seed(CLI::App& command, std::string& to, const char* about, const char* group) {
  command
      .add_option_function<std::string>(
          "--seed",
          [&to](const std::string& text) { to = fmt::format("{}", read_number("seed", text)); },
          about)
      ->option_text("N")
      ->group(group);
}

void add_seeds(CLI::App& command, run_options& to, const char* group) {
  command
      .add_option_function<std::string>(
          "--seeds",
          [&to](const std::string& text) {
            static_cast<void>(cli::read_seeds(text));
            to.seeds = text;
          },
          "each seed from A to B, both included")
      ->option_text("A..B")
      ->group(group);
}

void add_strategy(CLI::App& command, std::string& to, const char* otherwise, const char* group) {
  // Completion has all of them, and so has the message about one that there is not.
  text_option(command, "--strategy", to,
              fmt::format("who runs next: fifo, portfolio, pos, surw, pct(3), random_walk, … ({})",
                          otherwise),
              "S", group);
}

}  // namespace

void add_seed_options(CLI::App& command, run_options& to) {
  add_seed(command, to.seed, "the run's seed (0)", what_to_run);
  add_seeds(command, to, what_to_run);
}

void add_strategy_option(CLI::App& command, run_options& to, const char* otherwise) {
  add_strategy(command, to.strategy, otherwise, what_to_run);
}

void add_search_options(CLI::App& command, run_options& to, campaign_options& how) {
  text_option(command, "--runs", how.runs, "how many seeds to try at most (1000)", "N",
              how_to_search);
  text_option(command, "--budget", how.budget, "of real time, such as 60s, for as many as it takes",
              "TIME", how_to_search);
  add_seed(command, to.seed, "the first of them (0)", how_to_search);
  add_seeds(command, to, how_to_search);
  add_strategy(command, to.strategy, "portfolio", how_to_search);
  command.add_flag("--keep-going", how.keep_going, "past the first failure")->group(how_to_search);
}

void add_process_options(CLI::App& command, campaign_options& how) {
  constexpr const char* what_it_may_take = "What it may take";
  text_option(command, "--check-determinism", how.check_share,
              "make this share of the runs again in another process, and compare (5%)", "SHARE",
              how_to_search);
  text_option(command, "--shard", how.shard,
              "the I-th of N parts of the seeds; auto: as the CI runner's variables say",
              "I/N|auto", how_to_search);
  text_option(command, "--jobs", how.jobs, "child processes at a time (one for each core)", "J",
              what_it_may_take);
  text_option(command, "--hang-after", how.hang_after, "of real time in one run (1min)", "TIME",
              what_it_may_take);
  text_option(command, "--memory", how.memory,
              "of one child (its share of four fifths of the machine)", "SIZE", what_it_may_take);
}

void add_check_options(CLI::App& command, campaign_options& how, std::string& seed,
                       std::string& strategy) {
  text_option(command, "--budget", how.budget, "of real time for all scenarios together (60s)",
              "TIME", how_to_search);
  text_option(command, "--runs", how.runs, "instead: how many seeds of each scenario", "N",
              how_to_search);
  add_seed(command, seed, "the first seed of each (0)", how_to_search);
  add_strategy(command, strategy, "portfolio", how_to_search);
}

void add_corpus_option(CLI::App& command, std::string& folder) {
  text_option(command, "--corpus", folder, "the folder of kept failures (.reprise)", "DIR",
              "What to keep");
}

void add_report_options(CLI::App& command, std::string& junit, std::string& json,
                        std::string& sarif, bool& github) {
  constexpr const char* whom_to_tell = "Whom to tell";
  text_option(command, "--junit", junit, "write a report there, for most CI servers", "FILE|-",
              whom_to_tell);
  text_option(command, "--json", json, "the same for programs of one's own", "FILE|-",
              whom_to_tell);
  text_option(command, "--sarif", sarif, "the same for code scanners", "FILE|-", whom_to_tell);
  command
      .add_flag("--github", github,
                "annotations and a step summary (on when GITHUB_ACTIONS is true)")
      ->group(whom_to_tell);
}

void add_mark_options(CLI::App& command, std::vector<std::string>& marks, bool& require) {
  command.add_flag("--require-marks", require, "fail if a mark of the runs was never reached")
      ->group(how_to_search);
  command.add_option("--mark", marks, "require this mark, too; may be repeated")
      ->option_text("NAME")
      ->allow_extra_args(false)
      ->group(how_to_search);
}

void add_run_options(CLI::App& command, run_options& to) {
  command.add_option("--param", to.params, "a parameter of the scenario; may be repeated")
      ->option_text("NAME=VALUE")
      ->allow_extra_args(false)
      ->group(what_to_run);
  command
      .add_option("--without", to.without,
                  "a detector that is not to run: races, mutexes, lock-order, … or all")
      ->option_text("DETECTOR")
      ->allow_extra_args(false)
      ->delimiter(',')
      ->group(what_to_run);
  text_option(command, "--time-limit", to.time_limit, "of virtual time, such as 90s (none)", "TIME",
              what_to_run);
  text_option(command, "--step-limit", to.step_limit, "of steps (none)", "N", what_to_run);
  text_option(command, "--stack-size", to.stack_size, "of each task, such as 1M (256K)", "SIZE",
              what_to_run);
}

void add_watch_options(CLI::App& command, watch_options& to) {
  text_option(command, "--trace", to.trace, "write the run's events there, as JSON Lines", "FILE|-",
              how_to_watch);
  choice_option(
      command, "--trace-format", {"jsonl", "oracle"},
      [&to](std::size_t i) { to.trace_format = i == 0 ? "jsonl" : "oracle"; },
      "docs/formats.md has both (jsonl)", "jsonl|oracle", how_to_watch);
  choice_option(
      command, "--clock", {"virtual", "wall"},
      [&to](std::size_t i) { to.clock = i == 0 ? "virtual" : "wall"; },
      "wall: in real time, each event as it happens (virtual)", "virtual|wall", how_to_watch);
  command.add_flag("-v,--verbose", to.events, "show the program's events")->group(how_to_watch);
  command
      .add_flag("--scheduler", to.scheduler,
                "the scheduler's events too, in the trace and in what -v shows")
      ->group(how_to_watch);
}

void add_text_option(CLI::App& command, const char* name, std::string& to, const std::string& about,
                     const char* value, const char* group) {
  text_option(command, name, to, about, value, group);
}

void add_choice_option(CLI::App& command, const char* name, const std::vector<std::string>& values,
                       const std::function<void(std::size_t)>& set, const char* about,
                       const char* value, const char* group) {
  choice_option(command, name, values, set, about, value, group);
}

void add_print_options(CLI::App& command, session& s) {
  choice_option(
      command, "--format", {"text", "json"}, [&s](std::size_t i) { s.json = i == 1; },
      "json is for machines (text)", "text|json", how_to_print);
  add_colour_option(command, s);
}

void add_colour_option(CLI::App& command, session& s) {
  choice_option(
      command, "--color", {"auto", "always", "never"},
      [&s](std::size_t i) { s.colour = static_cast<colours>(i); }, "of the words of status (auto)",
      "auto|always|never", how_to_print);
}

}  // namespace reprise::cli
