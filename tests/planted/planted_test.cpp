// Every planted bug is found by a default search, and every correct twin stays clean.

#include "planted/programs.hpp"

#include "support/catch2.hpp"
#include "support/run.hpp"
#include "support/sanitized.hpp"

#include <reprise/core/token.hpp>
#include <reprise/replay/explore.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

using namespace reprise;

namespace {

constexpr std::uint64_t cap = 10'000;
constexpr std::uint64_t steps = 20'000;  // of a run that spins

const planted::program& named(std::string_view name) {
  static const auto all = planted::programs();
  return *std::ranges::find(all, name, &planted::program::name);
}

void check_twins(std::uint64_t runs) {
  for (const auto& p : planted::programs()) {
    const exploration found =
        explore({.seed = 7'000'000, .runs = runs, .step_limit = steps}, p.correct);
    INFO(p.name << ": " << (found.failure ? found.failure->what : ""));
    CHECK(found);
    for (const auto& w : found.warnings) CHECK(w.seen.what.empty());
  }
}

}  // namespace

TEST_CASE("there are forty planted bugs and more, each under a name of its own") {
  std::set<std::string_view> names;
  for (const auto& p : planted::programs()) {
    names.insert(p.name);
    CHECK_FALSE(p.about.empty());
    CHECK(p.buggy != p.correct);
  }
  CHECK(names.size() == planted::programs().size());
  CHECK(names.size() >= 40);
}

TEST_CASE("the portfolio finds every planted bug, and each repeats from its token alone") {
  for (const auto& p : planted::programs()) {
    const exploration found = explore({.runs = cap, .step_limit = steps}, p.buggy);
    INFO(p.name);
    REQUIRE(found.failure);
    INFO(found.failure->what);
    const report again = replay(found.failure->token, p.buggy);
    CHECK(again.result == found.failure->result);
    CHECK(again.digest == found.failure->digest);
    CHECK(again.what == found.failure->what);
  }
}

TEST_CASE("every correct twin is clean in ten thousand schedules") {
  check_twins(support::sanitized ? 500 : cap);
}

TEST_CASE("every strategy leaves the twins clean, however they spin and wait") {
  for (const strategy& s : {random_walk(), round_robin(), pct(3), pct(10), pos(), surw(),
                            delay_bounded(2), preemption_bounded(2), starvation()}) {
    for (const auto& p : planted::programs()) {
      const exploration found =
          explore({.schedule = s, .runs = 20, .step_limit = steps}, p.correct);
      INFO(p.name << " under " << s.to_string() << ": "
                  << (found.failure ? found.failure->what : ""));
      CHECK(found);
    }
  }
}

TEST_CASE("without the detector of misused mutexes nothing finds one") {
  for (const std::string_view name :
       {"foreign_unlock", "last_reader_unlocks_for_all", "destroyed_too_early"}) {
    const auto& p = named(name);
    INFO(p.name);
    CHECK(explore({.runs = 300, .detect = {.mutexes = false}}, p.buggy));
    const exploration found = explore({.runs = 300}, p.buggy);
    REQUIRE(found.failure);
    CHECK_THAT(found.failure->what, Catch::Matchers::ContainsSubstring(" holds it"));
  }
  const exploration found = explore({.runs = 300}, named("used_after_destruction").buggy);
  REQUIRE(found.failure);
  CHECK_THAT(found.failure->what, Catch::Matchers::ContainsSubstring("destroyed"));
}

TEST_CASE("without the race detector nothing finds a race that changes no value") {
  for (const std::string_view name : {"silent_race", "relaxed_publication"}) {
    const auto& p = named(name);
    INFO(p.name);
    CHECK(explore({.runs = 300, .detect = detectors::none()}, p.buggy));
    const exploration found = explore({.runs = 300}, p.buggy);
    REQUIRE(found.failure);
    CHECK_THAT(found.failure->what, Catch::Matchers::ContainsSubstring("data race"));
  }
}

TEST_CASE("without the detector of lost wake-ups they are deadlocks like others") {
  const auto& p = named("lost_signal");
  const exploration found = explore({.runs = cap}, p.buggy);
  REQUIRE(found.failure);
  CHECK_THAT(found.failure->what, Catch::Matchers::StartsWith("lost wake-up"));
  const exploration off = explore({.runs = cap, .detect = {.lost_wakeups = false}}, p.buggy);
  REQUIRE(off.failure);
  CHECK_THAT(off.failure->what, Catch::Matchers::StartsWith("deadlock"));
}

namespace {
/// The signal comes between look and wait, and nothing shows it but an hour that passes.
template <bool Fixed>
void signal_hidden_by_a_time_limit() {
  mutex m;
  condition_variable changed;
  atomic<bool> ready{false};
  gather(
      [&] {
        {
          std::unique_lock lock(m, std::defer_lock);
          if (Fixed) lock.lock();
          ready = true;
        }
        changed.notify_one();
      },
      [&] {
        std::unique_lock lock(m);
        expect(changed.wait_for(lock, std::chrono::hours(1), [&] { return ready.load(); }));
      });
}
}  // namespace

TEST_CASE("without the detector of lost wake-ups nothing finds one that a time limit hides") {
  const exploration found = explore({.runs = 300}, signal_hidden_by_a_time_limit<false>);
  CHECK(found);
  REQUIRE(found.warnings.size() == 1);
  const found_warning& w = found.warnings.front();
  CHECK(w.seen.kind == warning_kind::lost_wakeup);
  CHECK_THAT(w.seen.what,
             Catch::Matchers::StartsWith("lost wake-up: Task-3 waited for condition_variable 2 of "
                                         "Task-1 (planted_test.cpp:"));
  CHECK_THAT(w.seen.what,
             Catch::Matchers::ContainsSubstring("before it waited, by Task-2 (planted_test.cpp:"));
  // Its token repeats it.
  const report again = replay(w.token, signal_hidden_by_a_time_limit<false>);
  REQUIRE(again.warnings.size() == 1);
  CHECK(again.warnings.front().what == w.seen.what);
  CHECK(explore({.runs = cap, .detect = {.lost_wakeups = false}},
                signal_hidden_by_a_time_limit<false>)
            .warnings.empty());
  CHECK(explore({.runs = support::sanitized ? 500 : cap}, signal_hidden_by_a_time_limit<true>)
            .warnings.empty());
}

TEST_CASE("a wake-up is not lost where its notification is still to come") {
  // Each has one notification too early, of something else, so that it may fall before the wait.
  const auto set_as_the_limit_strikes = [] {
    mutex m;
    condition_variable changed;
    atomic<bool> ready{false};
    gather([&] { changed.notify_one(); },
           [&] {
             sleep_for(std::chrono::hours(1));
             ready = true;
             m.lock();
             m.unlock();
             changed.notify_one();
           },
           [&] {
             std::unique_lock lock(m);
             static_cast<void>(
                 changed.wait_for(lock, std::chrono::hours(1), [&] { return ready.load(); }));
           });
  };
  const auto set_under_the_lock_and_told_late = [] {
    mutex m;
    condition_variable changed;
    atomic<bool> ready{false};
    gather([&] { changed.notify_one(); },
           [&] {
             sleep_for(std::chrono::minutes(1));
             m.lock();
             ready = true;
             m.unlock();
             sleep_for(std::chrono::hours(2));
             changed.notify_one();
           },
           [&] {
             std::unique_lock lock(m);
             expect(changed.wait_for(lock, std::chrono::hours(1), [&] { return ready.load(); }));
           });
  };
  const auto looked_for_again_and_again = [] {
    mutex m;
    condition_variable changed;
    atomic<bool> stop{false};
    gather(
        [&] {
          std::unique_lock lock(m);
          while (
              !changed.wait_for(lock, std::chrono::milliseconds(10), [&] { return stop.load(); })) {
          }
        },
        [&] {
          changed.notify_all();
          sleep_for(std::chrono::milliseconds(5));
          stop = true;
        });
  };
  constexpr std::uint64_t runs = support::sanitized ? 500 : 2000;
  CHECK(explore({.runs = runs}, set_as_the_limit_strikes).warnings.empty());
  CHECK(explore({.runs = runs}, set_under_the_lock_and_told_late).warnings.empty());
  CHECK(explore({.runs = runs}, looked_for_again_and_again).warnings.empty());
}

TEST_CASE("without the detector of lock orders nothing finds an inversion that time hides") {
  // No run deadlocks, since the second comes an hour later; nothing but the hour keeps them apart.
  const auto hidden = [] {
    mutex a, b;
    gather(
        [&] {
          const std::scoped_lock outer(a);
          const std::scoped_lock inner(b);
        },
        [&] {
          sleep_for(std::chrono::hours(1));
          const std::scoped_lock outer(b);
          const std::scoped_lock inner(a);
        });
  };
  const exploration found = explore({.runs = 100}, hidden);
  CHECK(found);
  CHECK(found.warnings.size() == 1);
  CHECK(explore({.runs = 1000, .detect = {.lock_order = false}}, hidden).warnings.empty());
}
