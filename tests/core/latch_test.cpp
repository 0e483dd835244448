#include "support/run.hpp"

#include <stdexcept>

using namespace reprise;
using namespace support;

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
