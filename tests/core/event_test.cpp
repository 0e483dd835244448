#include "support/run.hpp"

using namespace reprise;
using namespace support;

TEST_CASE("a set event lets everybody through, at once and from then on") {
  const auto r = passes([] {
    event e;
    for (int i = 0; i < 3; ++i)
      spawn([&, i] {
        e.wait();
        log("{}", i);
      });
    yield();
    CHECK_FALSE(e.is_set());
    e.set();
    e.set();
    CHECK(e.is_set());
    e.wait();
    log("me");
    yield();
  });
  CHECK(logged(r) == "me 0 1 2");
}

TEST_CASE("those who waited are woken, even if the event is cleared before they run") {
  passes([] {
    event e;
    bool through = false;
    auto t = spawn([&] {
      e.wait();
      through = true;
      CHECK_FALSE(e.is_set());
    });
    yield();
    e.set();
    e.clear();
    t.join();
    CHECK(through);
    auto late = spawn([&] { e.wait(); });
    yield();
    CHECK_FALSE(late.done());
    late.cancel();
  });
}

TEST_CASE("wait_for says whether it was set in time") {
  passes([] {
    event e;
    CHECK_FALSE(e.wait_for(1s));
    CHECK(now() == 1s);
    call_later(1s, [&] { e.set(); });
    CHECK(e.wait_for(5s));
    CHECK(now() == 2s);
    CHECK(e.wait_for(0s));
    e.clear();
    CHECK_FALSE(e.wait_for(0s));
    CHECK_FALSE(e.wait_for(-1s));
    CHECK(now() == 2s);
  });
}

TEST_CASE("an event may be set from a callback and from a job") {
  passes([] {
    event e;
    call_later(1s, [&] { e.set(); });
    e.wait();
    e.clear();
    auto t = spawn([&] {
      offload([&] {
        spend(1s);
        e.set();
      });
    });
    e.wait();
    CHECK(now() == 2s);
    t.join();
  });
}

TEST_CASE("a waiter that is cancelled leaves the others alone") {
  passes([] {
    event e;
    auto a = spawn([&] { e.wait(); });
    auto b = spawn([&] { e.wait(); });
    yield();
    a.cancel();
    yield();
    e.set();
    b.get();
    CHECK(a.cancelled());
  });
}
