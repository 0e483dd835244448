#include "support/run.hpp"

#include <memory>
#include <stdexcept>
#include <string>

using namespace reprise;
using namespace support;

TEST_CASE("what ends in time gives its value") {
  passes([] {
    CHECK(with_timeout(2s, [] {
            sleep_for(1s);
            return 9;
          }) == 9);
    CHECK(now() == 1s);
    with_timeout(1s, [] {});
    CHECK(*with_timeout(1s, [] { return std::make_unique<int>(3); }) == 3);
    int x = 0;
    with_timeout(1s, [&]() -> int& { return x; }) = 4;
    CHECK(x == 4);
    sleep_for(5s);  // and no time-out is left behind
  });
}

TEST_CASE("what does not is cancelled, and timed_out is thrown at that instant") {
  passes([] {
    bool cleaned = false;
    CHECK_THROWS_AS(with_timeout(500ms,
                                 [&] {
                                   try {
                                     sleep_for(1h);
                                   } catch (const cancelled&) {
                                     cleaned = true;
                                     throw;
                                   }
                                 }),
                    timed_out);
    CHECK(now() == 500ms);
    CHECK(cleaned);
    CHECK(current_task().cancelling() == 0);
  });
}

TEST_CASE("a time-out of nothing strikes at the first wait, and not what does not wait") {
  passes([] {
    for (const auto d : {0s, -1s}) {
      CHECK_THROWS_AS(with_timeout(d, [] { sleep_for(1s); }), timed_out);
      CHECK(with_timeout(d, [] { return 1; }) == 1);
    }
    CHECK(now() == 0s);
    sleep_for(1s);
    CHECK_THROWS_AS(with_deadline(virtual_clock::time_point(1s), [] { sleep_for(1s); }), timed_out);
    CHECK_THROWS_AS(with_deadline(virtual_clock::time_point::min(), [] { sleep_for(1s); }),
                    timed_out);
    CHECK(now() == 1s);
    with_deadline(virtual_clock::time_point::max(), [] { sleep_for(1h); });
  });
}

TEST_CASE("a cancellation by somebody else stays one") {
  passes([] {
    auto t = spawn([] { with_timeout(10s, [] { sleep_for(1h); }); });
    sleep_for(1s);
    t.cancel("mine");
    t.join();
    CHECK(t.cancelled());
    auto both = spawn([] { with_timeout(1s, [] { sleep_for(1h); }); });
    yield();
    call_later(1s, [both] { both.cancel(); });
    both.join();
    CHECK(both.cancelled());
  });
}

TEST_CASE("an exception of the body's own passes through, also when the time is up") {
  passes([] {
    CHECK_THROWS_WITH(with_timeout(1s, [] { throw std::runtime_error("own"); }), "own");
    CHECK_THROWS_WITH(with_timeout(1s,
                                   [] {
                                     try {
                                       sleep_for(1h);
                                     } catch (const cancelled&) {
                                       throw std::runtime_error("cleanup");
                                     }
                                   }),
                      "cleanup");
    CHECK(current_task().cancelling() == 0);
    // A body that ignores it ends as it likes.
    CHECK(with_timeout(1s, [] {
            try {
              sleep_for(1h);
            } catch (const cancelled&) {
            }
            return 5;
          }) == 5);
    yield();
  });
}

TEST_CASE("time-outs nest: the one whose time is up is the one that throws") {
  passes([] {
    std::string who;
    try {
      with_timeout(1s, [&] {
        try {
          with_timeout(2s, [] { sleep_for(1h); });
        } catch (const timed_out&) {
          who += "inner";
        }
      });
    } catch (const timed_out&) {
      who += "outer";
    }
    CHECK(who == "outer");
    try {
      with_timeout(5s, [&] {
        try {
          with_timeout(1s, [] { sleep_for(1h); });
        } catch (const timed_out&) {
          who += " inner";
        }
        sleep_for(1s);
      });
    } catch (const timed_out&) {
      who += "outer";
    }
    CHECK(who == "outer inner");
  });
}

TEST_CASE("a time-out can be moved, turned off, and asked about") {
  passes([] {
    CHECK_THROWS_AS(with_timeout(1s,
                                 [](timeout_scope& scope) {
                                   CHECK(scope.deadline() == virtual_clock::time_point(1s));
                                   scope.reschedule(virtual_clock::time_point(3s));
                                   CHECK_FALSE(scope.expired());
                                   try {
                                     sleep_for(1h);
                                   } catch (const cancelled&) {
                                     CHECK(scope.expired());
                                     CHECK_THROWS_AS(
                                         scope.reschedule(virtual_clock::time_point(9s)), error);
                                     throw;
                                   }
                                 }),
                    timed_out);
    CHECK(now() == 3s);
    with_timeout(1s, [](timeout_scope& scope) {
      scope.disable();
      CHECK_FALSE(scope.deadline());
      sleep_for(10s);
    });
    CHECK_THROWS_AS(with_timeout(1h,
                                 [](timeout_scope& scope) {
                                   scope.reschedule(virtual_clock::now());
                                   sleep_for(1h);
                                 }),
                    timed_out);
    CHECK(now() == 13s);
  });
}

TEST_CASE("wait_for takes a task's value in time, or cancels it and waits until it has ended") {
  passes([] {
    auto quick = spawn([] {
      sleep_for(1s);
      return 3;
    });
    CHECK(wait_for(quick, 2s) == 3);
    bool ended = false;
    auto slow = spawn([&] {
      try {
        sleep_for(1h);
      } catch (const cancelled&) {
        sleep_for(1s);
        ended = true;
        throw;
      }
    });
    CHECK_THROWS_AS(wait_for(slow, 1s), timed_out);
    CHECK(ended);
    CHECK(now() == 3s);
    auto ready = spawn([] { return 4; });
    yield();
    CHECK(wait_for(ready, 0s) == 4);
    auto never = spawn([] { sleep_for(1h); });
    CHECK_THROWS_AS(wait_for(never, 0s), timed_out);
    CHECK(never.cancelled());
  });
}

TEST_CASE("a shield keeps a task alive when its waiter is cancelled") {
  passes([] {
    auto inner = spawn([] {
      sleep_for(2s);
      return 4;
    });
    auto outer = spawn([inner] { return shield(inner); });
    sleep_for(1s);
    outer.cancel();
    outer.join();
    CHECK(outer.cancelled());
    CHECK(now() == 1s);
    CHECK(inner.get() == 4);
    CHECK(shield([] { return 5; }) == 5);
    CHECK(shield(inner) == 4);
  });
}

TEST_CASE(
    "a shield whose task ends in the turn in which its waiter is cancelled is safe, whichever is "
    "first") {
  passes([] {
    for (const bool cancel_first : {true, false}) {
      promise<> p;
      auto inner = spawn([f = p.get_future()] { f.get(); });
      auto outer = spawn([inner] { shield(inner); });
      yield();
      yield();
      p.set_value();
      if (cancel_first) {
        spawn([outer] { outer.cancel(); });
        yield();
      } else {
        yield();  // inner ends here, its node is queued
        outer.cancel();
      }
      outer.join();
      CHECK(inner.done());
      // The same with wait_for of nothing, which cancels and waits.
      auto slow = spawn([] { sleep_for(1h); });
      auto waits = spawn([slow] {
        try {
          wait_for(slow, 0s);
        } catch (const timed_out&) {
        }
      });
      yield();
      yield();
      yield();
      waits.cancel();
      waits.join();
    }
    for (int delay = 0; delay < 6; ++delay) {
      auto slow = spawn([] { sleep_for(1h); });
      auto waits = spawn([slow] {
        try {
          wait_for(slow, 0s);
        } catch (const timed_out&) {
        }
      });
      for (int i = 0; i < delay; ++i) yield();
      waits.cancel();
      waits.join();
      auto inner = spawn([] {
        yield();
        yield();
      });
      auto outer = spawn([inner] { shield(inner); });
      for (int i = 0; i < delay; ++i) yield();
      outer.cancel();
      outer.join();
      CHECK((outer.cancelled() || inner.done()));
    }
  });
}

TEST_CASE("the failure of a shielded task whose waiter is gone does not fail the run") {
  passes([] {
    auto inner = spawn([] {
      sleep_for(1s);
      throw std::runtime_error("x");
    });
    auto outer = spawn([inner] { shield(inner); });
    yield();
    yield();
    outer.cancel();
    outer.join();
    sleep_for(2s);
  });
}
