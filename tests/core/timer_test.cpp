#include "support/run.hpp"

#include <memory>
#include <string>

using namespace reprise;
using namespace support;

TEST_CASE("call_later calls once, after its time; call_at at its instant") {
  const auto r = passes([] {
    call_later(2s, [] { log("later at {}", now().count()); });
    call_at(virtual_clock::time_point(1s), [] { log("at"); });
    call_at(virtual_clock::time_point::min(), [] { log("long ago"); });
    sleep_for(10s);
  });
  CHECK(logged(r) == "long ago at later at 2000000000");
}

TEST_CASE("a cancelled timer is not called, and drops what it captured at once") {
  passes([] {
    bool called = false;
    auto later = call_later(1s, [&called, c = counted()] { called = true; });
    auto soon = call_soon([&called, c = counted()] { called = true; });
    CHECK(counted::alive == 2);
    CHECK(later.cancel());
    CHECK(counted::alive == 1);
    CHECK(soon.cancel());
    CHECK(counted::alive == 0);
    CHECK(later.cancelled());
    CHECK_FALSE(later.cancel());
    CHECK(later.cancelled());
    sleep_for(2s);
    CHECK_FALSE(called);
    CHECK_FALSE(timer().cancel());
  });
}

TEST_CASE("a timer that was called can't be cancelled, also not by its own callback") {
  passes([] {
    timer t;
    bool in_time = true;
    t = call_later(1s, [&, c = counted()] {
      in_time = t.cancel();
      CHECK(counted::alive == 1);  // what it captured stands while it runs
    });
    sleep_for(2s);
    CHECK_FALSE(in_time);
    CHECK_FALSE(t.cancel());
    CHECK_FALSE(t.cancelled());
    CHECK(counted::alive == 0);
  });
}

TEST_CASE("a timer that is due and not yet called can be cancelled") {
  passes([] {
    timer second;
    bool called = false;
    call_later(1s, [&] { CHECK(second.cancel()); });
    second = call_later(1s, [&called, c = counted()] { called = true; });
    sleep_for(2s);
    CHECK_FALSE(called);
    CHECK(counted::alive == 0);
  });
}

TEST_CASE("an old handle does not cancel the timer that has its place now") {
  passes([] {
    auto old = call_soon([] {});
    yield();
    int called = 0;
    for (int i = 0; i < 10; ++i) call_soon([&] { ++called; });
    CHECK_FALSE(old.cancel());
    yield();
    CHECK(called == 10);
  });
}

TEST_CASE("a dropped handle leaves its timer be, and a timer left at the run's end is dropped") {
  passes([] {
    bool called = false;
    {
      call_later(1s, [&] { called = true; });
    }
    sleep_for(1s);
    yield();
    CHECK(called);
    call_later(1h, [c = counted()] {});
    call_soon([c = counted()] { call_soon([c2 = counted()] { call_soon([c3 = counted()] {}); }); });
  });
  CHECK(counted::alive == 0);
}

TEST_CASE("the clock does not stop at timers that were cancelled") {
  passes([] {
    for (int i = 0; i < 1000; ++i) call_later(std::chrono::milliseconds(i + 1), [] {}).cancel();
    sleep_for(2s);
    CHECK(now() == 2s);
  });
  const report r = run(0, [] {
    call_later(1h, [] {}).cancel();
    event().wait();
  });
  CHECK(r.result == verdict::deadlock);
  CHECK(r.elapsed == 0s);
}

TEST_CASE(
    "a callback may be move-only, may return something, and may have its callback make others") {
  const auto r = passes([] {
    call_soon([p = std::make_unique<int>(3)] {
      log("{}", *p);
      call_later(1s, [] {
        log("inner");
        return 5;
      });
      return 4;
    });
    sleep_for(2s);
  });
  CHECK(logged(r) == "3 inner");
}

TEST_CASE("a promise wakes whoever waits for its future, in order, and once") {
  const auto r = passes([] {
    promise<int> p;
    const auto f = p.get_future();
    for (int i = 0; i < 3; ++i) spawn([f, i] { log("{}{}", i, f.get()); });
    yield();
    CHECK_FALSE(f.done());
    CHECK_THROWS_AS(f.result(), invalid_state);
    p.set_value(7);
    CHECK_THROWS_AS(p.set_value(8), invalid_state);
    CHECK(f.done());
    CHECK(f.result() == 7);
    yield();
    promise<> broken;
    broken.set_exception(std::make_exception_ptr(std::string("x")));
    CHECK_THROWS_AS(broken.get_future().get(), std::string);
    promise<> stopped;
    auto waits = spawn([f2 = stopped.get_future()] { f2.wait(); });
    yield();
    CHECK(stopped.cancel());
    CHECK(stopped.get_future().cancelled());
    CHECK_THROWS_AS(stopped.get_future().get(), cancelled);
    waits.join();
  });
  CHECK(logged(r) == "07 17 27");
}

TEST_CASE("cancelling whoever waits for a future cancels the future") {
  passes([] {
    promise<> p;
    auto t = spawn([f = p.get_future()] { f.get(); });
    yield();
    t.cancel();
    CHECK(p.done());
    t.join();
    CHECK(t.cancelled());
    CHECK_THROWS_AS(p.set_value(), invalid_state);
  });
}
