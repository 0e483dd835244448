#include "support/run.hpp"

#include <stdexcept>

using namespace reprise;
using namespace support;

TEST_CASE("as many as there are permits are in at a time") {
  passes([] {
    semaphore s(2);
    int in = 0, most = 0;
    const auto use = [&] {
      s.acquire();
      most = std::max(most, ++in);
      sleep_for(1s);
      --in;
      s.release();
    };
    gather(use, use, use, use, use);
    CHECK(most == 2);
    CHECK(now() == 3s);
    CHECK(s.permits() == 2);
  });
}

TEST_CASE("permits go to waiters in the order in which they came, and nobody barges in") {
  const auto r = passes([] {
    semaphore s(0);
    for (int i = 0; i < 3; ++i)
      spawn([&, i] {
        s.acquire();
        log("{}", i);
      });
    yield();
    s.release(4);
    CHECK(s.permits() == 1);
    CHECK(s.locked());  // the three are on their way: one is free, and yet whoever comes stands
                        // behind them
    CHECK_FALSE(s.try_acquire());
    s.acquire();
    log("me");
  });
  CHECK(logged(r) == "0 1 2 me");
  const auto line = passes([] {
    semaphore s(1);
    s.acquire();
    spawn([&] {
      s.acquire();
      log("first");
      s.release();
    });
    yield();
    s.release();
    CHECK(s.locked());
    CHECK_FALSE(s.try_acquire());
    s.acquire();
    log("second");
  });
  CHECK(logged(line) == "first second");
}

TEST_CASE("a waiter that is cancelled passes its permit on") {
  for (const bool woken : {true, false})
    passes([woken] {
      semaphore s(0);
      auto first = spawn([&] { s.acquire(); });
      bool got = false;
      auto second = spawn([&] {
        s.acquire();
        got = true;
      });
      yield();
      if (woken) s.release();
      first.cancel();
      if (!woken) s.release();
      second.join();
      CHECK(got);
      CHECK(first.cancelled());
      CHECK(s.permits() == 0);
      CHECK_FALSE(s.try_acquire());
      s.release();
      CHECK(s.try_acquire());
    });
}

TEST_CASE("a try that runs out of time leaves the line") {
  passes([] {
    semaphore s(0);
    CHECK_FALSE(s.try_acquire_for(1s));
    CHECK(now() == 1s);
    call_later(1s, [&] { s.release(); });
    CHECK(s.try_acquire_for(5s));
    CHECK(now() == 2s);
    s.release();
    CHECK(s.permits() == 1);
    CHECK(s.try_acquire_for(0s));
  });
}

TEST_CASE("a permit released in the instant in which a try runs out is not lost") {
  passes([] {
    semaphore s(0);
    int got = 0;
    for (int i = 0; i < 3; ++i) spawn([&] { got += s.try_acquire_for(1s); });
    sleep_for(1s);
    s.release();
    sleep_for(1s);
    CHECK(got + s.permits() == 1);
  });
}

TEST_CASE("what makes no sense is refused, and releasing above the most fails the run") {
  passes([] {
    CHECK_THROWS_AS(semaphore(-1), std::invalid_argument);
    CHECK_THROWS_AS(semaphore(3, 2), std::invalid_argument);
  });
  const report r = run(0, [] {
    semaphore s(1, 1, "gate");
    s.release();
    yield();
  });
  CHECK(r.result == verdict::failed);
  CHECK_THAT(r.what, Catch::Matchers::ContainsSubstring("gate") &&
                         Catch::Matchers::ContainsSubstring("too many times"));
}
