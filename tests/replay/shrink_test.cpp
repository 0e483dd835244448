#include "support/catch2.hpp"
#include "support/sanitized.hpp"

#include "planted/programs.hpp"

#include <reprise/core/token.hpp>
#include <reprise/replay/case_file.hpp>
#include <reprise/replay/explore.hpp>
#include <reprise/replay/shrink.hpp>

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

using namespace reprise;
using namespace std::chrono_literals;

namespace {

/// A deposit that reads, is overtaken, and writes; and fifty tasks that have nothing to do with it.
void lost_update_in_noise() {
  atomic<int> balance{0};
  std::vector<atomic<int>> others(5);
  std::vector<std::function<void()>> all;
  for (int i = 0; i < 50; ++i)
    all.emplace_back([&, i] {
      auto& mine = others.at(static_cast<std::size_t>(i % 5));
      ++mine;
      yield();
      mine = mine + 1;
    });
  for (const std::ptrdiff_t at : {13, 37})
    all.emplace(all.begin() + at, [&] { balance = balance + 1; });
  gather(all);
  expect(balance == 2, "balance is {}", balance.load());
}

report failure_of(void (*body)(), const search& what = {}) {
  const exploration found = explore(what, body);
  REQUIRE(found.failure);
  return *found.failure;
}

/// The shrunk run of `body`'s first failure, after it was checked against that.
shrinking shrunk(void (*body)(), const search& what = {}, const shrink_options& options = {}) {
  const report failure = failure_of(body, what);
  shrinking s = shrink_run(decode_token(failure.token), body, options);
  CHECK(s.from == failure.token);
  CHECK(s.signature == failure_signature(failure));
  CHECK(failure_signature(s.result) == s.signature);
  CHECK(s.choices <= s.choices_before);
  // The token alone repeats it.
  const report again = replay(s.result.token, body);
  CHECK(again.digest == s.result.digest);
  CHECK(again.what == s.result.what);
  CHECK(encode_token(s.run) == s.result.token);
  return s;
}

}  // namespace

TEST_CASE("a lost update among fifty tasks comes down to one preemption, from whatever seed") {
  for (const strategy& how : {portfolio(), random_walk(), pos(), pct(3)}) {
    for (const std::uint64_t seed : {0u, 1000u, 2000u}) {
      if (support::sanitized && seed > 0) break;
      INFO(how.to_string() << ", seed " << seed);
      const shrinking s =
          shrunk(lost_update_in_noise, {.seed = seed, .schedule = how, .runs = 5000});
      CHECK(s.choices == 1);
      CHECK(s.result.preemptions == 1);
      CHECK(s.complete);
      CHECK(s.result.token.size() < 120);
    }
  }
}

TEST_CASE("draws are shrunk with the schedule: a user's, and those of the workload") {
  const auto body = [] {
    const auto first = choose("first", 1000);
    const auto second = choose("second", 1000);
    const auto noise = rng().randint(0, 1'000'000);
    log("{}", noise);
    sleep_for(std::chrono::milliseconds(rng().randint(0, 100)));
    expect(first < 300 || second >= 900, "{} and {}", first, second);
  };
  const exploration found = explore({}, body);
  REQUIRE(found.failure);
  const report r = shrink(*found.failure, body);
  CHECK_THAT(r.what, Catch::Matchers::StartsWith("300 and 0\n"));
  CHECK(r.events.at(0).text == "0");
  CHECK(r.elapsed == 0s);
  // A draw of the workload that matters stays, as small as it may be.
  const auto of_workload = [] {
    for (int i = 0; i < 5; ++i) static_cast<void>(rng().random());
    const auto n = rng().getrandbits(16);
    expect(n < 5000, "drew {}", n);
  };
  const exploration found_in_workload = explore({.schedule = fifo()}, of_workload);
  REQUIRE(found_in_workload.failure);
  CHECK_THAT(shrink(*found_in_workload.failure, of_workload).what,
             Catch::Matchers::StartsWith("drew 5000\n"));
}

TEST_CASE("a failure that needs no choice shrinks to none") {
  const shrinking s = shrunk(+[] {
    gather([] { yield(); }, [] { yield(); });
    fail("always");
  });
  CHECK(s.choices == 0);
  CHECK(s.result.preemptions == 0);
}

TEST_CASE("a smaller failure of another kind is not taken for it") {
  const auto body = [] {
    atomic<int> a{0}, b{0};
    gather(
        [&] {
          a = 1;
          const int seen = b;
          a = 2;
          expect(seen != 2, "the one that is meant");
        },
        [&] {
          b = 1;
          expect(a != 1, "another one");
        },
        [&] {
          if (a == 1) b = 2;
        });
  };
  exploration found = explore({.runs = 3000, .keep_going = true}, body);
  const auto meant = std::ranges::find_if(
      found.failures, [](const report& r) { return r.what.starts_with("the one that is meant"); });
  REQUIRE(meant != found.failures.end());
  const report r = shrink(*meant, body);
  CHECK(r.what.starts_with("the one that is meant"));
}

TEST_CASE("what has been shrunk shrinks to itself") {
  const shrinking once = shrunk(lost_update_in_noise);
  const shrinking twice = shrink_run(once.run, lost_update_in_noise);
  CHECK(twice.choices == once.choices);
  CHECK(failure_signature(twice.result) == once.signature);
}

TEST_CASE("a budget that is too small gives what was found by then, and the original at least") {
  const report failure = failure_of(lost_update_in_noise);
  for (const std::uint64_t runs : {1u, 2u, 3u, 10u, 100u}) {
    std::uint64_t told = 0;
    const shrinking s = shrink_run(decode_token(failure.token), lost_update_in_noise,
                                   {.runs = runs, .progress = [&](const shrink_progress& p) {
                                      told = p.runs;
                                      return true;
                                    }});
    INFO(runs);
    CHECK_FALSE(s.complete);
    CHECK(s.runs <= runs + 2);
    CHECK(told <= s.runs);
    CHECK(failure_signature(s.result) == failure_signature(failure));
    CHECK(run(s.run, lost_update_in_noise).digest == s.result.digest);
    const bool is_the_original = s.result.token == failure.token;
    CHECK(is_the_original != static_cast<bool>(s.run.choices));
  }
  const shrinking stopped =
      shrink_run(decode_token(failure.token), lost_update_in_noise,
                 {.progress = [](const shrink_progress& p) { return p.runs < 5; }});
  CHECK_FALSE(stopped.complete);
  CHECK(stopped.runs < 10);
}

TEST_CASE("a run that does not fail can't be shrunk") {
  const report failure = failure_of(lost_update_in_noise);
  CHECK_THROWS_AS(shrink(failure, [] {}), error);
}

TEST_CASE("spinning tasks are shrunk too") {
  const shrinking s = shrunk(
      +[] {
        atomic<bool> ready{false};
        atomic<int> value{0};
        gather(
            [&] {
              while (!ready) {
              }
              expect(value == 1, "value is {}", value.load());
            },
            [&] {
              ready = true;
              value = 1;
            });
      },
      {.step_limit = 20'000});
  CHECK(s.choices <= 2);
}

// ---------------------------------------------------------------- planted bugs

namespace {

struct minimum {
  std::string_view name;
  std::size_t choices;
};

// By hand: how many times a task must be left that could go on, or another than the first in the
// queue be chosen.
constexpr minimum minima[] = {
    // Fails in asyncio's order already.
    {"lazy01", 0},
    {"phase01", 0},
    {"wronglock", 0},
    {"one_lock_each", 0},
    {"silent_race", 0},
    {"lost_signal", 0},
    {"queue_closed_early", 0},
    // One task is left between its look and its deed, and all the others run to their end.
    {"reorder_3", 1},
    {"twostage", 1},
    {"stringbuffer-jdk1.4", 1},
    {"token_ring", 1},
    {"stack", 1},
    {"lost_update", 1},
    {"check_then_act", 1},
    {"put_if_absent", 1},
    {"double_checked_locking", 1},
    {"racy_publication", 1},
    {"transfer_and_audit", 1},
    {"reader_writer_upgrade", 1},
    {"once", 1},
    {"semaphore_of_two", 1},
    {"early_unlock", 1},
    {"aba", 1},
    {"treiber_pop", 1},
    {"michael_scott", 1},
    {"reference_count", 1},
    {"hazard_pointer", 1},
    {"bit_flags", 1},
    {"if_instead_of_while", 1},
    {"stop_flag", 1},
    {"future_set_twice", 1},
    // One holds its first lock while the other takes both of its.
    {"deadlock01", 1},
    // The second begins before the first has prepared anything.
    {"latch_too_small", 1},
    {"atomic_wait_without_notify", 1},
    {"semaphore_signal_lost", 1},
    // Left between look and deed, and the other one left in turn while it is inside.
    {"dekker", 2},
    {"peterson", 2},
    {"spinlock", 2},
    {"ticket_lock", 2},
    {"lamport_bakery", 2},
    // The reader begins first, and is left between its two reads.
    {"seqlock", 2},
    // Two of three hold their fork; the third needs no help.
    {"din_phil", 2},
    // The thief is left with its index, the owner before it looks at the thief's.
    {"WorkStealQueue", 2},
};

}  // namespace

TEST_CASE("planted bugs shrink to what is the least by hand") {
  std::vector<std::size_t> excess;
  for (const auto& p : planted::programs()) {
    const auto by_hand = std::ranges::find(minima, p.name, &minimum::name);
    if (by_hand == std::end(minima)) continue;
    const shrinking s = shrunk(p.buggy, {.runs = 10'000, .step_limit = 20'000});
    INFO(p.name << ": " << s.choices_before << " choices, shrunk to " << s.choices << ", by hand "
                << by_hand->choices);
    CHECK(s.choices >= by_hand->choices);
    CHECK(s.choices <= by_hand->choices + 1);
    excess.push_back(s.choices - by_hand->choices);
  }
  REQUIRE(excess.size() == std::size(minima));
  CHECK(excess.size() >= 20);
  std::ranges::sort(excess);
  CHECK(excess[excess.size() / 2] == 0);
}

TEST_CASE("every planted bug shrinks to the same failure, in three choices at most") {
  for (const auto& p : planted::programs()) {
    INFO(p.name);
    CHECK(shrunk(p.buggy, {.seed = 500'000, .runs = 10'000, .step_limit = 20'000}).choices <= 3);
  }
}
