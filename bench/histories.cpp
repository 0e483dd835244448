// What it costs to check the histories of a folder: each, all together, and one without its keys.
//
//   ninja -C build bench/histories && build/bench/histories [FOLDER]    (../shared/histories)

#include "support/recorded_histories.hpp"

#include <reprise/properties.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>

namespace {

using reprise::history_verdict;

/// The shortest of some rounds: the others were disturbed.
template <class F>
double milliseconds(F&& f) {
  double best = 1e9;
  for (int round = 0; round < 3; ++round) {
    const auto start = std::chrono::steady_clock::now();
    f();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count());
  }
  return best;
}

/// Checks `h` and prints a line for it; returns the milliseconds.
template <class H>
double measure(const std::string& name, const H& h, const reprise::check_options& options) {
  history_verdict verdict;
  const double took = milliseconds([&] { verdict = reprise::linearizable(h, options); });
  fmt::print("{:<36}{:>6} calls  {:<8}{:>10} configurations{:>10.2f} ms\n", name, h.size(),
             to_string(verdict.result), verdict.configurations, took);
  return took;
}

double measure_file(const std::string& folder, const std::string& name,
                    const reprise::check_options& options) {
  if (name.starts_with("etcd/"))
    return measure(name, support::read_etcd(folder + '/' + name), options);
  return measure(name, support::read_kv(folder + '/' + name), options);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : BENCH_HISTORIES;
  const auto verdicts = support::read_verdicts(folder);
  if (verdicts.empty()) {
    fmt::print(stderr, "{} has no verdicts.tsv. Give the folder with the recorded histories.\n",
               folder);
    return 2;
  }
  double verdict_alone = 0, explained = 0;
  for (const auto& [name, linearizable] : verdicts) {
    verdict_alone += measure_file(folder, name, {.explain = false});
    explained += measure_file(folder, name + "", {});
  }
  fmt::print("all {}: verdicts {:.1f} ms, with the guilty calls and pictures {:.1f} ms\n\n",
             verdicts.size(), verdict_alone, explained);
  for (const char* name : {"kv/c10-ok.txt", "kv/c10-bad.txt"})
    measure(std::string(name) + ", not partitioned", support::read_kv(folder + '/' + name),
            {.partition = false, .explain = false});
}
