// What a campaign's child processes cost beside a search in one process, and what a second job
// gains.
//
//   campaigns [--rounds N] [--runs N]
//
// The body is of some twenty microseconds. Real time, since that is what more jobs are for; each
// ratio is taken within a round, so other work on the machine moves it less.

#include <reprise/core.hpp>
#include <reprise/replay.hpp>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace {

using namespace std::chrono_literals;

void body() {
  const auto worker = [] {
    for (int i = 0; i < 40; ++i) reprise::sleep_for(1ms);
  };
  reprise::gather(worker, worker, worker);
}

template <class F>
double seconds(F f) {
  const auto start = std::chrono::steady_clock::now();
  if (!f()) {
    fmt::print(stderr, "campaigns: a run failed.\n");
    std::exit(1);
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double campaign(const reprise::search& what, unsigned jobs) {
  return seconds([&] {
    reprise::campaign_plan plan;
    plan.what = what;
    plan.jobs = jobs;
    return static_cast<bool>(reprise::run_campaign(plan, body));
  });
}

double median(std::vector<double> some) {
  std::ranges::sort(some);
  const std::size_t half = some.size() / 2;
  return some.size() % 2 == 1 ? some[half] : (some[half - 1] + some[half]) / 2;
}

void print_row(std::string_view what, const std::vector<double>& rounds, std::string_view goal,
               bool met) {
  const auto [least, most] = std::ranges::minmax(rounds);
  fmt::print("  {:<34} {:>6.2f}×   {:.2f} to {:.2f}   {}   {}\n", what, median(rounds), least, most,
             goal, met ? "met" : "missed");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("What a campaign's child processes cost, and what a second job gains.");
  std::uint64_t rounds = 5, runs = 100'000;
  app.add_option("--rounds", rounds, "each measures all three (5)")->check(CLI::Range(1, 1000));
  app.add_option("--runs", runs, "of a campaign (100,000)")->check(CLI::Range(1, 100'000'000));
  CLI11_PARSE(app, argc, argv);
  const reprise::search what{.schedule = reprise::random_walk(), .runs = runs, .keep_going = true};
  std::vector<double> isolation, second_job;
  double in_process = 0;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    const double alone = seconds([&] { return static_cast<bool>(reprise::explore(what, body)); });
    const double one = campaign(what, 1), two = campaign(what, 2);
    isolation.push_back(one / alone);
    second_job.push_back(one / two);
    in_process += alone / static_cast<double>(rounds);
  }
  fmt::print("{} runs of {:.1f} µs, {} rounds: the median, and from the least to the most\n", runs,
             in_process / static_cast<double>(runs) * 1e6, rounds);
  print_row("one job ÷ the same in one process", isolation, "≤ 1.20×", median(isolation) <= 1.2);
  print_row("one job ÷ two jobs", second_job, "≥ 1.70×", median(second_job) >= 1.7);
}
