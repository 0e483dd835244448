#include "support/run.hpp"

#include <mutex>
#include <stdexcept>
#include <string>

using namespace reprise;
using namespace support;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("a latch opens when its count is 0, for good") {
  const auto r = passes([] {
    latch l(2);
    for (int i = 0; i < 2; ++i)
      spawn([&, i] {
        l.wait();
        log("{}", i);
      });
    yield();
    l.count_down();
    yield();
    CHECK_FALSE(l.try_wait());
    log("almost");
    l.arrive_and_wait();
    CHECK(l.try_wait());
    l.wait();
    yield();
  });
  CHECK(logged(r) == "almost 0 1");
}

TEST_CASE("a latch of nothing is open, and what makes no sense is refused") {
  passes([] {
    latch open(0);
    open.wait();
    CHECK_THROWS_AS(latch(-1), std::invalid_argument);
    latch l(3);
    l.count_down(2);
    CHECK_THROWS_AS(l.count_down(2), error);
    CHECK_THROWS_AS(l.count_down(-1), error);
    l.count_down();
    l.wait();
  });
}

namespace {
/// The names of the run's own events, in order.
std::string operations(const report& r) {
  std::string all;
  for (const auto& event : r.events)
    if (!event.user) all += (all.empty() ? "" : " ") + event.name;
  return all;
}
}  // namespace

TEST_CASE("a latch announces that it is counted down, and waited for") {
  const report r = run({.record = true}, [] {
    latch l(2);
    l.count_down();
    l.arrive_and_wait();
    l.wait();
  });
  check_passed(r);
  CHECK(operations(r) == "start latch_count latch_count latch_wait latch_wait task_end(ok)");
}

TEST_CASE("others may come between a look at a latch and its counting down") {
  const auto body = [](bool fixed) {
    return [fixed] {
      latch l(1);
      mutex m;
      const auto open = [&] {
        std::unique_lock lock(m, std::defer_lock);
        if (fixed) lock.lock();
        if (!l.try_wait()) l.count_down();
      };
      gather(open, open);
    };
  };
  int found = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    found += !run({.seed = seed, .schedule = random_walk()}, body(false));
    check_passed(run({.seed = seed, .schedule = random_walk()}, body(true)));
  }
  CHECK(found > 0);
}

TEST_CASE("a deadlock names the latch that nobody counts down") {
  const report r = run(0, [] {
    latch l(1);
    latch named(1, "the last word");
    gather([&] { l.wait(); }, [&] { named.wait(); });
  });
  CHECK(r.result == verdict::deadlock);
  CHECK_THAT(r.what, ContainsSubstring("Task-2 waits for latch 1 of Task-1"));
  CHECK_THAT(r.what, ContainsSubstring("Task-3 waits for the last word"));
}

TEST_CASE("a latch is made outside a run and used in it") {
  latch l(2), open(0);
  passes([&] {
    open.wait();
    gather([&] { l.wait(); }, [&] { l.count_down(); }, [&] { l.count_down(); });
    CHECK(l.try_wait());
  });
  latch other(1);
  CHECK_THROWS_AS(other.count_down(), no_simulation);
}

TEST_CASE("a callback counts a latch down, and one who waits is cancelled") {
  passes([] {
    latch l(1);
    auto t = spawn([&] { l.wait(); });
    yield();
    t.cancel();
    t.join();
    CHECK(t.cancelled());
    call_later(1s, [&] { l.count_down(); });
    l.wait();
    CHECK(now() == 1s);
  });
}
