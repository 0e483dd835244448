// What docs/exploring.md shows, compiled and run.

#include <reprise/core.hpp>
#include <reprise/replay/explore.hpp>

#include "support/catch2.hpp"

#include <chrono>
#include <mutex>

using namespace reprise;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

void transfer() {
  atomic<int> balance{100};
  auto withdraw = [&](int amount) {
    return [&balance, amount] {
      if (balance.load() >= amount) balance -= amount;
    };
  };
  gather(withdraw(60), withdraw(60));
  expect(balance.load() >= 0, "the balance is {}", balance.load());
}

void racy() {
  mutex m;
  shared<int> hits{0};
  gather(
      [&] {
        const std::scoped_lock lock(m);
        hits += 1;
      },
      [&] { hits += 1; });
}

void transfers() {
  mutex savings("savings"), current("current");
  const auto move = [](mutex& from, mutex& to) {
    const std::scoped_lock paying(from);
    const std::scoped_lock paid(to);
  };
  gather([&] { move(savings, current); },
         [&] {
           sleep_for(1s);
           move(current, savings);
         });
}

}  // namespace

TEST_CASE("exploring: a search finds the overdraft, and the token repeats it") {
  const exploration found = explore({.runs = 1000}, transfer);
  REQUIRE(found.failure);
  const report again = replay(found.failure->token, transfer);
  CHECK(again.digest == found.failure->digest);
  CHECK_THAT(again.what, ContainsSubstring("the balance is -20"));
}

TEST_CASE("exploring: a strategy of one's own choice") {
  for (const strategy& how : {pct(3), pos(), surw(), delay_bounded(2), preemption_bounded(2)})
    CHECK_FALSE(explore({.schedule = how, .runs = 1000}, transfer));
  CHECK(explore({.schedule = strategy::parse("fifo"), .runs = 1}, transfer));
}

TEST_CASE("exploring: a data race is a failure, unless the detectors are off") {
  const exploration found = explore({.runs = 100}, racy);
  REQUIRE(found.failure);
  CHECK_THAT(found.failure->what, ContainsSubstring("data race on shared 2 of Task-1"));
  CHECK(explore({.runs = 100, .detect = detectors::none()}, racy));
}

TEST_CASE("exploring: locks in two orders are a warning, and what was seen is counted") {
  const exploration found = explore({.runs = 100, .count_coverage = true}, transfers);
  REQUIRE(found.warnings.size() == 1);
  CHECK_THAT(found.warnings.front().seen.what, ContainsSubstring("Task-2 holds savings"));
  CHECK(found.seen.schedules.size() > 1);
}
