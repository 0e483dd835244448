// Prints what every gallery scenario comes to under each seed and strategy:
//
//   digests FIRST LAST        name strategy seed digest verdict, a line a run, tabs between
//
// The digest gate (digest_gate.sh) compares the output of differently built and differently loaded
// processes; tests/golden/digests.tsv is the output of `digests 0 4`.

#include <reprise/core/format.hpp>
#include <reprise/core/strategy.hpp>
#include <reprise/replay/scenario.hpp>

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string_view>

namespace {

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t n = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return n;
}

/// With the parameters that a scenario has where it is one of many.
reprise::config quick_options(const reprise::scenario& s, reprise::config options) {
  for (const auto& p : s.parameters) {
    if (!p.quick.empty()) options.params.try_emplace(p.name, p.quick);
  }
  return reprise::options_for(s, options);
}

}  // namespace

int main(int argc, char** argv) {
  const auto first = argc == 3 ? number(argv[1]) : std::nullopt;
  const auto last = argc == 3 ? number(argv[2]) : std::nullopt;
  if (!first || !last || *first > *last) {
    fmt::print(stderr, "usage: digests FIRST LAST, two seeds\n");
    return 2;
  }
  for (const auto& s : reprise::scenarios()) {
    for (const auto& strategy : {reprise::fifo(), reprise::random_walk()}) {
      for (std::uint64_t seed = *first; seed <= *last; ++seed) {
        const auto report = reprise::with_body(s, [&](auto body) {
          return reprise::run(quick_options(s, {.seed = seed, .schedule = strategy}), body);
        });
        fmt::print("{}\t{}\t{}\t{}\t{}\n", s.name, strategy.to_string(), seed,
                   reprise::format_digest(report.digest), reprise::to_string(report.result));
      }
    }
  }
  return std::fflush(stdout) == 0 ? 0 : 4;
}
