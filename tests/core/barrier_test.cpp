#include "support/run.hpp"

#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

using namespace reprise;
using namespace support;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("nobody passes a barrier before all have come, and each has its place") {
  passes([] {
    barrier b(3);
    CHECK(b.parties() == 3);
    std::set<std::size_t> places;
    const auto meet = [&](int seconds) {
      return [&, seconds] {
        sleep_for(std::chrono::seconds(seconds));
        places.insert(b.arrive_and_wait());
        CHECK(now() == 3s);
      };
    };
    gather(meet(1), meet(2), meet(3));
    CHECK(places == std::set<std::size_t>{0, 1, 2});
    CHECK(b.waiting() == 0);
  });
}

TEST_CASE("a barrier serves round after round") {
  passes([] {
    barrier b(4);
    std::vector<int> round(4);
    std::vector<std::function<void()>> parties;
    for (std::size_t i = 0; i < 4; ++i)
      parties.push_back([&, i] {
        for (int r = 0; r < 5; ++r) {
          sleep_for(std::chrono::milliseconds(rng().randint(0, 20)));
          ++round[i];
          b.arrive_and_wait();
          for (const int other : round) CHECK(other >= r + 1);
        }
      });
    gather(parties);
  });
}

TEST_CASE("an aborted barrier throws at those who wait and those who come, until it is reset") {
  passes([] {
    barrier b(2);
    auto t = spawn([&] { CHECK_THROWS_AS(b.arrive_and_wait(), broken_barrier); });
    yield();
    CHECK(b.waiting() == 1);
    b.abort();
    CHECK(b.broken());
    CHECK_THROWS_AS(b.arrive_and_wait(), broken_barrier);
    t.join();
    b.reset();
    CHECK_FALSE(b.broken());
    auto [x, y] = gather([&] { return b.arrive_and_wait(); }, [&] { return b.arrive_and_wait(); });
    CHECK(x + y == 1);
  });
}

TEST_CASE("a reset throws at those who wait, and the barrier is as new") {
  passes([] {
    barrier b(2);
    auto t = spawn([&] { CHECK_THROWS_AS(b.arrive_and_wait(), broken_barrier); });
    yield();
    b.reset();
    t.join();
    gather([&] { b.arrive_and_wait(); }, [&] { b.arrive_and_wait(); });
  });
}

TEST_CASE("a party that is cancelled gives up its place") {
  passes([] {
    barrier b(2);
    auto t = spawn([&] { b.arrive_and_wait(); });
    yield();
    t.cancel();
    t.join();
    CHECK(b.waiting() == 0);
    gather([&] { b.arrive_and_wait(); }, [&] { b.arrive_and_wait(); });
  });
}

TEST_CASE("a barrier for nobody is refused, one for one lets everybody through") {
  passes([] {
    CHECK_THROWS_AS(barrier(0), std::invalid_argument);
    barrier b(1);
    for (int i = 0; i < 3; ++i) CHECK(b.arrive_and_wait() == 0);
  });
}

TEST_CASE("a barrier announces its own operations") {
  const report r = run({.record = true}, [] {
    barrier b(1);
    b.arrive_and_wait();
    b.abort();
    b.reset();
  });
  std::string seen;
  for (const auto& event : r.events)
    if (event.name.starts_with("barrier")) seen += event.name + " ";
  CHECK(seen == "barrier_wait barrier_break barrier_break ");
}

TEST_CASE("a barrier that is one party short is no lost wake-up") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const report r = run({.seed = seed, .schedule = random_walk()}, [] {
      barrier b(2);
      gather(
          [&] {
            b.arrive_and_wait();
            b.arrive_and_wait();
          },
          [&] { b.arrive_and_wait(); });
    });
    CHECK(r.result == verdict::deadlock);
    CHECK_THAT(r.what, ContainsSubstring("Task-2 waits for barrier 1 of Task-1"));
    CHECK_THAT(r.what, !ContainsSubstring("lost wake-up"));
  }
}

TEST_CASE("under every order a barrier lets nobody through too early") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    check_passed(run({.seed = seed, .schedule = seed % 2 ? random_walk() : pos()}, [] {
      barrier b(3);
      std::vector<int> round(3);
      const auto meet = [&](std::size_t i) {
        return [&, i] {
          for (int r = 1; r <= 3; ++r) {
            round[i] = r;
            b.arrive_and_wait();
            for (const int other : round) expect(other >= r, "round {} of {}", other, r);
          }
        };
      };
      gather(meet(0), meet(1), meet(2));
    }));
  }
}

TEST_CASE("a barrier dies before those who wait at it when a run that failed is unwound") {
  const report r = run(0, [] {
    auto t = std::make_unique<barrier>(2);
    spawn([&b = *t] { b.arrive_and_wait(); });
    yield();
    fail("over");
  });
  CHECK(r.result == verdict::failed);
  CHECK_THAT(r.what, ContainsSubstring("over"));
}
