// In how few schedules each strategy finds the planted bugs.
//
//   bugs [--trials N] [--cap N] [--strategy S]… [--detectors] [PROGRAM…]
//
// Each trial is a search from a seed of its own, to the first failure or the cap; the seeds are
// fixed, so the figures are the same on every machine, but for schedules per second. A schedule of
// a profile counts like the others. By default the race detector is off, so that a bug is found by
// what it does, as in the published figures.

#include "planted/programs.hpp"

#include <reprise/replay.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace reprise;

struct options {
  std::uint64_t trials = 20;
  std::uint64_t cap = 10'000;
  bool detectors = false;
  std::vector<strategy> strategies;
  std::vector<std::string_view> names;
};

/// The best published mean of schedules to the first failure (20 trials, cap 10,000), by strategy:
/// the tables of the SURW artefact (ASPLOS 2025). 0: not found, or no figure.
struct published_row {
  std::string_view name;
  double random_walk, pct3, pos, surw, best;
};
constexpr std::array published_table{
    published_row{"account", 18, 4, 4, 6, 1},
    published_row{"bluetooth_driver", 215, 112, 36, 70, 9},
    published_row{"carter01", 1, 5, 2, 0, 1},
    published_row{"circular_buffer", 4, 9, 2, 3, 2},
    published_row{"deadlock01", 3, 13, 4, 2, 1},
    published_row{"lazy01", 21, 5, 5, 2, 2},
    published_row{"reorder_3", 0, 185, 86, 7, 6},
    published_row{"reorder_5", 0, 647, 2169, 10, 6},
    published_row{"reorder_20", 0, 3005, 0, 6, 6},
    published_row{"twostage", 464, 13, 15, 8, 3},
    published_row{"twostage_20", 0, 159, 156, 6, 6},
    published_row{"wronglock", 36, 51, 10, 7, 1},
    published_row{"WorkStealQueue", 0, 48, 12, 6, 6},
    published_row{"stringbuffer-jdk1.4", 2243, 281, 23, 8, 8},
    published_row{"CVE-2009-3547", 5, 4, 3, 4, 1},
    published_row{"CVE-2013-1792", 364, 95, 39, 15, 13},
    published_row{"CVE-2016-7911", 3, 20, 11, 8, 1},
    published_row{"CVE-2016-9806", 2209, 7, 7, 3, 3},
};

double published_of(const published_row& row, std::string_view strategy) {
  if (strategy == "random_walk") return row.random_walk;
  if (strategy == "pct(3)") return row.pct3;
  if (strategy == "pos") return row.pos;
  if (strategy == "surw") return row.surw;
  if (strategy == "portfolio") return row.best;
  return 0;
}

struct measured {
  std::vector<std::uint64_t> schedules;  // to the first failure, of the trials that found it
  std::uint64_t executed = 0;
  double seconds = 0;
  [[nodiscard]] std::size_t within(std::uint64_t most) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(schedules, [most](std::uint64_t n) { return n <= most; }));
  }
  /// With a trial that found nothing entered at the cap.
  [[nodiscard]] double mean(const options& o) const {
    double sum = static_cast<double>((o.trials - schedules.size()) * o.cap);
    for (const auto n : schedules) sum += static_cast<double>(n);
    return sum / static_cast<double>(o.trials);
  }
  [[nodiscard]] double deviation() const {
    double sum = 0, squares = 0;
    const auto n = static_cast<double>(schedules.size());
    for (const auto x : schedules) sum += static_cast<double>(x);
    for (const auto x : schedules) squares += std::pow(static_cast<double>(x) - sum / n, 2);
    return n > 1 ? std::sqrt(squares / (n - 1)) : 0;
  }
};

measured measure(const planted::program& p, const strategy& s, const options& o) {
  measured result;
  const auto start = std::chrono::steady_clock::now();
  for (std::uint64_t trial = 0; trial < o.trials; ++trial) {
    const exploration found = explore({.seed = trial * 1'000'000,
                                       .schedule = s,
                                       .runs = o.cap,
                                       .step_limit = 20'000,
                                       .detect = o.detectors ? detectors{} : detectors::none()},
                                      p.buggy);
    result.executed += found.runs;
    if (found.failure && found.failure->result != verdict::step_limit)
      result.schedules.push_back(found.runs);
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

options read(int argc, char** argv) {
  options o;
  const auto number = [&](int i) {
    std::uint64_t n = 0;
    const std::string_view text = i < argc ? argv[i] : "";
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (failure != std::errc() || end != text.data() + text.size() || n == 0) {
      std::fprintf(stderr, "bugs: '%s' is not a number above 0\n", i < argc ? argv[i] : "");
      std::exit(2);
    }
    return n;
  };
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--trials") {
      o.trials = number(++i);
    } else if (word == "--cap") {
      o.cap = number(++i);
    } else if (word == "--detectors") {
      o.detectors = true;
    } else if (word == "--strategy") {
      o.strategies.push_back(strategy::parse(++i < argc ? argv[i] : ""));
    } else {
      o.names.push_back(word);
    }
  }
  if (o.strategies.empty()) {
    o.strategies = {
        random_walk(),         pct(3),       pct(10),    pos(), surw(), delay_bounded(2),
        preemption_bounded(2), starvation(), portfolio()};
  }
  return o;
}

}  // namespace

int main(int argc, char** argv) {
  const options o = read(argc, argv);
  std::printf("%llu trials of at most %llu schedules; found: trials within 100, 1,000, the cap\n",
              static_cast<unsigned long long>(o.trials), static_cast<unsigned long long>(o.cap));
  std::printf("%-32s %-22s %5s %5s %5s %9s %9s %10s %9s\n", "program", "strategy", "100", "1000",
              "cap", "mean", "spread", "published", "runs/s");
  std::vector<double> log_sums(o.strategies.size());
  std::vector<std::size_t> always(o.strategies.size());  // programs found in every trial
  double worst = 0;  // of the last strategy, beside the best of them all
  std::string_view worst_at;
  std::size_t rows = 0, found_rows = 0;
  for (const auto& p : planted::programs()) {
    if (!o.names.empty() && std::ranges::find(o.names, p.name) == o.names.end()) continue;
    ++rows;
    const auto* const row = std::ranges::find(published_table, p.name, &published_row::name);
    std::vector<double> means;
    bool found = false;
    for (std::size_t i = 0; i < o.strategies.size(); ++i) {
      const std::string name = o.strategies[i].to_string();
      const measured r = measure(p, o.strategies[i], o);
      means.push_back(r.mean(o));
      found = found || r.within(o.cap) > 0;
      if (r.within(o.cap) == o.trials) ++always[i];
      const double known = row != published_table.end() ? published_of(*row, name) : 0;
      std::printf("%-32s %-22s %5zu %5zu %5zu %9.1f %9.1f %10s %9.0f\n",
                  std::string(p.name).c_str(), name.c_str(), r.within(100), r.within(1000),
                  r.within(o.cap), means.back(), r.deviation(),
                  known > 0 ? std::to_string(static_cast<int>(known)).c_str() : "",
                  static_cast<double>(r.executed) / std::max(r.seconds, 1e-9));
      std::fflush(stdout);
    }
    // What changes no value is found by the detectors alone, which are off.
    if (!found) continue;
    ++found_rows;
    for (std::size_t i = 0; i < means.size(); ++i) log_sums[i] += std::log(means[i]);
    if (const double times = means.back() / *std::ranges::min_element(means); times > worst) {
      worst = times;
      worst_at = p.name;
    }
  }
  if (rows == 0) {
    std::fprintf(stderr, "bugs: no program of that name\n");
    return 2;
  }
  std::printf("\nof the %zu programs that are found with the detectors off:\n", found_rows);
  std::printf("%-32s %15s %15s\n", "strategy", "in every trial", "geometric mean");
  for (std::size_t i = 0; i < o.strategies.size() && found_rows > 0; ++i)
    std::printf("%-32s %15zu %15.1f\n", o.strategies[i].to_string().c_str(), always[i],
                std::exp(log_sums[i] / static_cast<double>(found_rows)));
  std::printf("%s is at worst %.1f times the best of these, at %s\n",
              o.strategies.back().to_string().c_str(), worst, std::string(worst_at).c_str());
  return 0;
}
