#include <reprise/replay/explore.hpp>

#include <reprise/core/atomic.hpp>
#include <reprise/core/claims.hpp>
#include <reprise/core/gather.hpp>
#include <reprise/core/log.hpp>
#include <reprise/core/task.hpp>
#include <reprise/core/token.hpp>

#include "support/catch2.hpp"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <string_view>

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
  const exploration found =
      explore({.seed = 100, .schedule = random_walk(), .runs = 500}, lost_update);
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
  const exploration found =
      explore({.schedule = random_walk(), .runs = 200, .keep_going = true}, lost_update);
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
  const exploration found = explore({.runs = 5}, body);
  CHECK(found);
  CHECK(found.runs == 5 + found.profile_runs);
  CHECK(calls == static_cast<int>(found.runs));
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

TEST_CASE("the portfolio finds it, and each failure fails again by its token alone") {
  const auto body = [] {
    atomic<int> n{0};
    const auto add = [&] { n = n + 1; };
    gather(add, add);
    expect(n == 2, "n is {}", n.load());
  };
  const exploration found = explore({.runs = 200, .keep_going = true}, body);
  CHECK(found.profile_runs == 3);
  CHECK(found.runs == 203);
  CHECK(found.failures.size() > 10);
  std::set<std::string_view> kinds;
  for (const report& f : found.failures) {
    const report again = replay(f.token, body);
    CHECK(again.digest == f.digest);
    CHECK(again.what == f.what);
    kinds.insert(decode_token(f.token).schedule.kind().name);
  }
  CHECK(kinds == std::set<std::string_view>{"pct", "pos", "random_walk", "surw"});
}

TEST_CASE("a seed is the same run in whatever shard it is explored") {
  const auto body = [] {
    atomic<int> a{0}, b{0};
    const auto turn = [&] {
      for (int i = 0; i < 3; ++i) {
        ++a;
        b = a.load();
      }
    };
    gather(turn, turn);
    log("{} {}", a.load(), b.load());
    fail("always, to see the token");
  };
  for (const strategy& s : {pct(3), surw(), portfolio(), delay_bounded(), preemption_bounded()}) {
    const auto all = explore({.schedule = s, .runs = 16, .keep_going = true}, body);
    const auto half = explore({.seed = 8, .schedule = s, .runs = 8, .keep_going = true}, body);
    REQUIRE(all.failures.size() == 16 + all.profile_runs);
    REQUIRE(half.failures.size() == 8 + half.profile_runs);
    for (const report& a : all.failures) {
      if (a.seed < 8) continue;
      const auto found = std::ranges::find(half.failures, a.seed, &report::seed);
      REQUIRE(found != half.failures.end());
      const report& h = *found;
      CHECK(a.token == h.token);
      CHECK(a.digest == h.digest);
      CHECK(replay(a.token, body).digest == a.digest);
    }
  }
}

TEST_CASE("what was learnt stands in the token, and a strategy without it runs all the same") {
  const auto body = [] {
    atomic<int> n{0};
    const auto add = [&] { n = n + 1; };
    gather(add, add);
    expect(n == 2);
  };
  const auto found = explore({.schedule = pct(3), .runs = 1000, .keep_going = true}, body);
  REQUIRE(found.failure);
  const strategy how = decode_token(found.failures.back().token).schedule;
  CHECK(how.to_string().starts_with("pct(3,k="));
  CHECK(how.learnt().size() == 1);
  for (const strategy& s :
       {pct(3), pos(), surw(), delay_bounded(), preemption_bounded(), starvation(), portfolio()}) {
    INFO(s.to_string());
    int failures = 0;
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
      const report r = run({.seed = seed, .schedule = s}, body);
      failures += !r;
      if (!r) CHECK(replay(r.token, body).digest == r.digest);
    }
    CHECK(failures > 3);
  }
}

TEST_CASE("explore inside a run is an error, and a bad token is refused") {
  const report r = run(0, [] { static_cast<void>(explore({.runs = 1}, [] {})); });
  CHECK(r.exception == "reprise::error");
  CHECK_THROWS_AS(replay("rp1_nonsense", [] {}), bad_token);
}

TEST_CASE("a search adds up the marks of its runs, and says which were never reached") {
  const auto body = [] {
    const auto n = rng().randint(0, 3);
    sometimes("zero", n == 0);
    sometimes("never", n > 3);
    if (n == 1) {
      reachable("one");
      reachable("one");
    }
  };
  const auto found = explore({.runs = 100, .marks = {"elsewhere", "zero"}}, body);
  CHECK(found);
  REQUIRE(found.marks.size() == 4);
  CHECK(found.marks[0].name == "elsewhere");
  CHECK_FALSE(found.marks[0].reached());
  CHECK(found.marks[1].name == "never");
  CHECK_FALSE(found.marks[1].first_seed);
  CHECK(found.marks[2].name == "one");
  CHECK(found.marks[2].times == 2 * found.marks[2].runs);
  CHECK(found.marks[3].name == "zero");
  REQUIRE(found.marks[3].first_seed);
  CHECK(found.marks[3].runs > 5);
  CHECK(run({.seed = *found.marks[3].first_seed}, body).marks.front() == mark{"zero", 1});

  const auto required = explore({.runs = 100, .require_marks = true}, body);
  CHECK_FALSE(required);
  CHECK(required.lacks_marks);
  CHECK_FALSE(required.failure);
  CHECK(explore({.runs = 100, .marks = {"zero"}, .require_marks = true},
                [] { sometimes("zero", rng().randint(0, 3) == 0); }));
  CHECK_FALSE(explore({.runs = 10, .require_marks = true}, [] { fail("so"); }).lacks_marks);
}
