#pragma once

// Random programs as data: a tree of sleeps, sequences, gathers, spawns and critical sections. What
// a program takes and logs is computed from its shape alone, so that the simulator can be compared
// with it.

#include "support/rapidcheck.hpp"
#include "support/run.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace support {

struct program {
  enum class kind { sleep, sequence, gather, spawn };
  kind what = kind::sleep;
  int name = 0;  // unique in its tree
  std::int64_t ms = 0;
  std::vector<program> parts;
};

inline program random_program(int depth, int& names) {
  program p;
  p.name = names++;
  const int choice = depth == 0 ? 0 : *rc::gen::inRange(0, 5);
  if (choice < 2) {
    // Few different delays, so that there are ties.
    p.ms = *rc::gen::inRange(0, 8);
    return p;
  }
  p.what = choice == 2   ? program::kind::sequence
           : choice == 3 ? program::kind::gather
                         : program::kind::spawn;
  const int parts = *rc::gen::inRange(0, 4);
  for (int i = 0; i < parts; ++i) p.parts.push_back(random_program(depth - 1, names));
  return p;
}
inline program random_program(int depth = 4) {
  int names = 0;
  return random_program(depth, names);
}

/// How long it takes.
inline std::int64_t length_ms(const program& p) {
  std::int64_t total = p.ms;
  for (const auto& part : p.parts)
    total = p.what == program::kind::sequence ? total + length_ms(part)
                                              : std::max(total, length_ms(part));
  return total;
}

/// Runs it, and calls `started` and `ended` around each sleep.
inline void execute(const program& p, const std::function<void(const program&)>& started,
                    const std::function<void(const program&)>& ended) {
  switch (p.what) {
    case program::kind::sleep:
      started(p);
      reprise::sleep_for(std::chrono::milliseconds(p.ms));
      ended(p);
      return;
    case program::kind::sequence:
      for (const auto& part : p.parts) execute(part, started, ended);
      return;
    case program::kind::gather: {
      std::vector<std::function<void()>> children;
      for (const auto& part : p.parts)
        children.emplace_back([&] { execute(part, started, ended); });
      reprise::gather(children);
      return;
    }
    case program::kind::spawn: {
      std::vector<reprise::task<>> children;
      for (const auto& part : p.parts)
        children.push_back(reprise::spawn([&] { execute(part, started, ended); }));
      for (const auto& child : children) child.get();
      return;
    }
  }
}

/// Sleeps with the virtual time at which each must start and end.
struct expected_sleep {
  int name;
  std::int64_t start_ms;
  std::int64_t end_ms;
};
inline std::int64_t expect_sleeps(const program& p, std::int64_t start,
                                  std::vector<expected_sleep>& all) {
  if (p.what == program::kind::sleep) {
    all.push_back({p.name, start, start + p.ms});
    return start + p.ms;
  }
  std::int64_t end = start;
  for (const auto& part : p.parts) {
    const std::int64_t part_end =
        expect_sleeps(part, p.what == program::kind::sequence ? end : start, all);
    end = p.what == program::kind::sequence ? part_end : std::max(end, part_end);
  }
  return end;
}

/// Checks that rapidcheck refutes a law that is wrong, so that it would have found a fault in one
/// that is right.
template <class Testable>
void refuted(const std::string& claim, Testable&& testable) {
  SECTION("refuted: " + claim) {
    rc::detail::TestParams
        params;  // a fixed seed: a search that sometimes finds nothing would be a flaky test
    params.seed = 1;
    params.maxSuccess = 2000;
    const auto result = rc::detail::checkTestable(std::forward<Testable>(testable),
                                                  rc::detail::TestMetadata{}, params);
    CHECK(result.template is<rc::detail::FailureResult>());
  }
}

/// `run`, and its verdict as a rapidcheck assertion.
template <class F>
reprise::report rc_passes(reprise::config options, F&& body) {
  if (options.step_limit == 0) options.step_limit = 1'000'000;
  reprise::report r = reprise::run(options, std::forward<F>(body));
  if (!r) RC_LOG(r.what);
  RC_ASSERT(r.result == reprise::verdict::passed);
  return r;
}

}  // namespace support
