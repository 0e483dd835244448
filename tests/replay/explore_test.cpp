#include <reprise/replay/explore.hpp>

#include <reprise/core/claims.hpp>
#include <reprise/core/gather.hpp>
#include <reprise/core/log.hpp>
#include <reprise/core/task.hpp>
#include <reprise/core/token.hpp>

#include "support/catch2.hpp"

#include <algorithm>
#include <memory>
#include <string>

using namespace reprise;

namespace {

/// Fails under some schedules, and passes in asyncio's order.
void lost_update() {
  int balance = 0;
  auto deposit = [&](int pauses) {
    return [&balance, pauses] {
      for (int i = 0; i < pauses; ++i) yield();
      const int seen = balance;
      yield();
      balance = seen + 1;
    };
  };
  gather(deposit(0), deposit(2));
  expect(balance == 2, "balance is {}", balance);
}

}  // namespace

TEST_CASE("explore stops at the first failing seed, which fails again by its token") {
  const exploration found = explore({.seed = 100, .runs = 500}, lost_update);
  REQUIRE_FALSE(found);
  REQUIRE(found.failure);
  CHECK(found.failures.size() == 1);
  CHECK(found.failure->seed == 100 + found.runs - 1);
  for (std::uint64_t seed = 100; seed < found.failure->seed; ++seed)
    CHECK(run({.seed = seed, .schedule = random_walk()}, lost_update));
  for (int i = 0; i < 3; ++i) {
    const report again = replay(found.failure->token, lost_update);
    CHECK(again.result == found.failure->result);
    CHECK(again.digest == found.failure->digest);
    CHECK(again.what == found.failure->what);
  }
}

TEST_CASE("explore passes where no schedule fails") {
  const exploration found = explore({.schedule = fifo(), .runs = 64}, lost_update);
  CHECK(found);
  CHECK(found.runs == 64);
  CHECK_FALSE(found.failure);
  CHECK(found.failures.empty());
}

TEST_CASE("with keep_going every failing seed is found, in order") {
  const exploration found = explore({.runs = 200, .keep_going = true}, lost_update);
  CHECK(found.runs == 200);
  CHECK(found.failures.size() > 10);
  CHECK(std::ranges::is_sorted(found.failures, {}, &report::seed));
  CHECK(found.failure->seed == found.failures.front().seed);
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const bool failed = !run({.seed = seed, .schedule = random_walk()}, lost_update);
    CHECK(failed ==
          (std::ranges::find(found.failures, seed, &report::seed) != found.failures.end()));
  }
}

TEST_CASE("each run gets a fresh copy of the body") {
  const exploration found =
      explore({.runs = 10}, [n = 0]() mutable { expect(++n == 1, "run {} in one copy", n); });
  CHECK(found);
}

TEST_CASE("a body that can't be copied is called by reference") {
  int calls = 0;
  auto body = [&calls, only = std::make_unique<int>(1)] { calls += *only; };
  CHECK(explore({.runs = 5}, body));
  CHECK(calls == 5);
}

TEST_CASE("progress hears of each run, and may stop the search") {
  std::uint64_t heard = 0;
  search s{.runs = 100};
  s.progress = [&](std::uint64_t runs, std::uint64_t failures) {
    CHECK(runs == ++heard);
    CHECK(failures == 0);
    return runs < 7;
  };
  CHECK(explore(s, [] {}).runs == 7);
}

TEST_CASE("limits and parameters of a search hold in its runs and stand in its tokens") {
  const exploration found = explore({.step_limit = 5, .scenario = "x", .params = {{"n", "2"}}}, [] {
    for (;;) yield();
  });
  REQUIRE(found.failure);
  CHECK(found.failure->result == verdict::step_limit);
  const config c = decode_token(found.failure->token);
  CHECK(c.step_limit == 5);
  CHECK(c.scenario == "x");
  CHECK(c.params == param_map{{"n", "2"}});
}

TEST_CASE("explore inside a run is an error, and a bad token is refused") {
  const report r = run(0, [] { static_cast<void>(explore({.runs = 1}, [] {})); });
  CHECK(r.exception == "reprise::error");
  CHECK_THROWS_AS(replay("rp1_nonsense", [] {}), bad_token);
}
