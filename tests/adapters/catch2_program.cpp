// Tests as a user writes them, some of which fail: run by adapters/catch2_test.cpp, under Catch2
// 2.13 or 3.

#include <reprise/catch2.hpp>
#include <reprise/properties.hpp>

#include <chrono>
#include <stdexcept>
#include <vector>

using namespace reprise;
using namespace std::chrono_literals;

using delays = std::vector<delay>;

namespace {
void count_twice(atomic<int>& n) {
  const auto add = [&] { n.store(n.load() + 1); };
  gather(add, add);
}
}  // namespace

REPRISE_TEST_CASE("holds", "[good]") {
  atomic<int> n{0};
  const auto add = [&] { n.fetch_add(1); };
  gather(add, add);
  INFO("not shown");
  CHECK(n.load() == 2);
  REQUIRE_THROWS_AS(throw std::runtime_error("x"), std::runtime_error);
  CHECK_FALSE(n.load() == 3);
  CHECK_NOFAIL(n.load() == 3);
}

REPRISE_TEST_CASE("requires") {
  atomic<int> n{0};
  spawn([] {
    INFO("of another task");
    sleep_for(1s);
  });
  count_twice(n);
  INFO("n was counted twice");
  REQUIRE(n.load() == 2);
}

REPRISE_TEST_CASE("checks") {
  atomic<int> n{0};
  count_twice(n);
  CHECK(n.load() == 2);
}

REPRISE_TEST_CASE("has sections") {
  SECTION("one") { yield(); }
}

REPRISE_TEST_CASE("requires in an expression that waits") {
  const auto nap = [] {
    sleep_for(1s);
    return true;
  };
  auto other = spawn([&] { REQUIRE(nap()); });
  yield();
  other.cancel();
  sleep_for(5s);
  CHECK(other.cancelled());
}

REPRISE_TEST_CASE("throws in an assertion") {
  const auto boom = []() -> int { throw std::runtime_error("boom"); };
  CHECK(boom() == 1);
}

REPRISE_PROPERTY("slowest", (const delays& ds), "[good]") {
  duration most{0};
  std::vector<std::function<void()>> naps;
  for (const auto& d : ds) {
    most = std::max<duration>(most, d);
    naps.emplace_back([d] { sleep_for(d); });
  }
  CHECK(elapsed([&] { gather(naps); }) == most);
}

REPRISE_PROPERTY("sum", (const delays& ds)) {
  duration sum{0};
  std::vector<std::function<void()>> naps;
  for (const auto& d : ds) {
    sum += d;
    naps.emplace_back([d] { sleep_for(d); });
  }
  REQUIRE(elapsed([&] { gather(naps); }).count() == sum.count());
}

TEST_CASE("plain", "[good]") {
  CHECK(explore({.runs = 10}, [] { sleep_for(1s); }));
  catch2_assertions in_runs;
  const auto found = explore({.runs = 100}, [] {
    atomic<int> n{0};
    count_twice(n);
    REQUIRE(n.load() == 2);
  });
  static_cast<void>(found);
}

TEST_CASE("plain and failing") {
  CHECK(explore({.runs = 100}, [] { expect(rng().randint(0, 9) != 7, "a seven"); }));
}
