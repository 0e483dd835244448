// Failures, told by one build and repeated by another.
//
//   replays find             a failing run of each planted bug and of each scenario of the gallery
//   that can fail, and the same shrunk:
//                            name, token and digest, a line each
//   replays repeat [TIMES]   reads such lines, and repeats each token TIMES times (100); exit code
//   3 when one comes out otherwise

#include "planted/programs.hpp"

#include <reprise/core/errors.hpp>
#include <reprise/core/format.hpp>
#include <reprise/core/token.hpp>
#include <reprise/replay/explore.hpp>
#include <reprise/replay/scenario.hpp>
#include <reprise/replay/shrink.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

using namespace reprise;

namespace {

struct program {
  std::string name;
  search what;
  std::function<exploration(const search&)> explore;
  std::function<report(const std::string&)> replay;
  std::function<report(const report&)> shrink;
};

template <class Body>
program program_of(std::string name, search what, Body body) {
  return {std::move(name), std::move(what),
          [body](const search& s) { return reprise::explore(s, body); },
          [body](const std::string& token) { return reprise::replay(token, body); },
          [body](const report& failure) { return reprise::shrink(failure, body); }};
}

std::vector<program> programs() {
  std::vector<program> all;
  for (const auto& p : planted::programs())
    all.push_back(program_of(std::string(p.name), {.runs = 10'000, .step_limit = 20'000}, p.buggy));
  for (const scenario& s : scenarios()) {
    config c;
    for (const auto& p : s.parameters)
      if (!p.quick.empty()) c.params.try_emplace(p.name, p.quick);
    c = options_for(s, std::move(c));
    all.push_back(with_body(s, [&](auto body) {
      return program_of("gallery/" + s.name,
                        {.runs = 50, .scenario = c.scenario, .params = c.params}, body);
    }));
  }
  return all;
}

int find() {
  for (const program& p : programs()) {
    const exploration found = p.explore(p.what);
    if (!found.failure) {
      if (p.name.starts_with("gallery/")) continue;
      std::cerr << p.name << ": no failure is found\n";
      return 1;
    }
    const report small = p.shrink(*found.failure);
    for (const report* r : {&*found.failure, &small})
      std::cout << fmt::format("{} {} {}\n", p.name, r->token, format_digest(r->digest));
  }
  return 0;
}

int repeat(std::uint64_t times) {
  const std::vector<program> all = programs();
  std::uint64_t runs = 0, wrong = 0;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream fields(line);
    std::string name, token, digest;
    fields >> name >> token >> digest;
    const auto p = std::ranges::find(all, name, &program::name);
    if (p == all.end()) {
      std::cerr << "there is no program '" << name << "' here\n";
      return 2;
    }
    for (std::uint64_t i = 0; i < times; ++i) {
      const report r = p->replay(token);
      ++runs;
      if (!r && format_digest(r.digest) == digest) continue;
      if (++wrong <= 10)
        std::cout << fmt::format("{} {}: {} {}, and {} was recorded\n", name, token,
                                 to_string(r.result), format_digest(r.digest), digest);
    }
  }
  std::cout << fmt::format("{} of {} runs are as recorded\n", runs - wrong, runs);
  return wrong == 0 && runs > 0 ? 0 : 3;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "find") return find();
  if (what == "repeat") return repeat(argc > 2 ? std::stoull(argv[2]) : 100);
  std::cerr << "replays find | replays repeat [TIMES]\n";
  return 2;
}
