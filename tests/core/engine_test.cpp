// The order of things under fifo(): asyncio's, turn by turn. tests/semantics compares whole traces
// with CPython's; here each rule stands alone. `turn()` counts turns: its ticker goes first in
// each.

#include "support/run.hpp"

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace reprise;
using namespace support;

namespace {

/// Counts turns while it lives, from the turn after it was made. The clock stands still meanwhile,
/// unless somebody spends.
class ticker {
public:
  ticker()
      : task_(spawn("ticker", [this] {
          for (;;) {
            ++turn_;
            yield();
          }
        })) {}
  ticker(const ticker&) = delete;
  ~ticker() { task_.cancel(); }
  [[nodiscard]] int turn() const { return turn_; }

private:
  int turn_ = 0;
  task<> task_;
};

}  // namespace

TEST_CASE("a spawned task starts when its creator suspends, not before") {
  const auto r = passes([] {
    spawn([] { log("child"); });
    log("parent");
    yield();
    log("after");
  });
  CHECK(logged(r) == "parent child after");
}

TEST_CASE("spawned tasks start in the order in which they were made") {
  const auto r = passes([] {
    for (int i = 0; i < 5; ++i) spawn([i] { log("{}", i); });
    yield();
  });
  CHECK(logged(r) == "0 1 2 3 4");
}

TEST_CASE("a task that ends wakes its waiter one turn later") {
  const auto r = passes([] {
    ticker t;
    auto child = spawn([&] {
      log("end {}", t.turn());
      spawn([] { log("spawned at the end"); });
    });
    child.get();
    log("got {}", t.turn());
  });
  // The waiter goes behind what the task itself made ready.
  CHECK(logged(r) == "end 1 spawned at the end got 2");
}

TEST_CASE("to get a task that has ended does not suspend") {
  passes([] {
    ticker t;
    auto child = spawn([] { return 3; });
    yield();
    yield();
    const int before = t.turn();
    CHECK(child.get() == 3);
    child.join();
    CHECK(t.turn() == before);
  });
}

TEST_CASE("a sleep of nothing is a yield of one turn, without a timer") {
  for (const auto d : {0ns, -1ns, -1000000000ns}) {
    const auto r = passes([d] {
      auto other = spawn([] { log("other"); });
      log("before");
      sleep_for(d);
      log("after");
      CHECK(now() == 0ns);
    });
    CHECK(logged(r) == "before other after");
  }
  passes([] {
    ticker t;
    yield();
    const int before = t.turn();
    sleep_for(0s);
    CHECK(t.turn() == before + 1);
  });
}

TEST_CASE("a sleep of less than a nanosecond is a timer and not a yield") {
  const auto r = passes([] {
    spawn([] {
      sleep_for(std::chrono::duration<double>(1e-10));
      log("tiny");
    });
    spawn([] {
      sleep_for(0s);
      log("zero");
    });
    sleep_for(1s);
  });
  CHECK(logged(r) == "zero tiny");
}

TEST_CASE("a timer that expires lets its sleeper go on one turn later") {
  const auto r = passes([] {
    spawn([] {
      sleep_for(1s);
      log("sleeper");
    });
    yield();
    // Due at the same instant, made later: they fire in the same turn, before the sleeper's step.
    call_later(1s, [] { log("callback"); });
    sleep_for(2s);
  });
  CHECK(logged(r) == "callback sleeper");
}

TEST_CASE("all timers of an instant fire before any of their tasks goes on") {
  const auto r = passes([] {
    for (int i = 0; i < 3; ++i) {
      spawn([i] {
        sleep_for(1s);
        log("task{}", i);
      });
      spawn([i] { call_later(1s, [i] { log("call{}", i); }); });
    }
    sleep_for(2s);
  });
  CHECK(logged(r) == "call0 call1 call2 task0 task1 task2");
}

TEST_CASE("equal deadlines fire in the order of their making") {
  const auto r = passes([] {
    for (int i = 0; i < 20; ++i) call_later(1s, [i] { log("{}", i); });
    sleep_for(1s);
    yield();
  });
  CHECK(logged(r) == "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19");
}

TEST_CASE("timers that have expired go behind what is ready") {
  const auto r = passes([] {
    spawn([] {
      for (int i = 0; i < 3; ++i) {
        log("spin{}", i);
        yield();
      }
    });
    call_later(1s, [] { log("timer"); });
    spend(2s);
    yield();
    log("root");
    sleep_for(1s);
  });
  // Turn 2 holds spin0 and the root, put there before the timer was looked at.
  CHECK(logged(r) == "spin0 root timer spin1 spin2");
}

TEST_CASE(
    "call_later of nothing goes through the timers, behind everything ready; call_soon does not") {
  const auto r = passes([] {
    call_later(0s, [] { log("later"); });
    call_soon([] { log("soon"); });
    spawn([] { log("task"); });
    yield();
    log("root");
    yield();
  });
  CHECK(logged(r) == "soon task root later");
}

TEST_CASE("what becomes ready during a turn waits for the next one") {
  const auto r = passes([] {
    call_soon([] {
      log("a");
      call_soon([] { log("c"); });
    });
    call_soon([] { log("b"); });
    yield();
    log("root");
    yield();
  });
  CHECK(logged(r) == "a b root c");
}

TEST_CASE("the clock stands while anything is ready") {
  passes([] {
    bool late = false;
    call_later(1ns, [&] { late = true; });
    for (int i = 0; i < 1000; ++i) yield();
    CHECK_FALSE(late);
    CHECK(now() == 0ns);
  });
}

TEST_CASE("the clock jumps to the next timer when nothing is ready") {
  passes([] {
    sleep_for(5s);
    CHECK(now() == 5s);
    sleep_for(1ns);
    CHECK(now() == 5s + 1ns);
    sleep_until(virtual_clock::time_point(7s));
    CHECK(now() == 7s);
    sleep_until(virtual_clock::time_point(6s));
    CHECK(now() == 7s);
  });
}

TEST_CASE("sleep_until of any instant of the past is a yield") {
  passes([] {
    sleep_for(1s);
    sleep_until(virtual_clock::time_point::min());
    CHECK(now() == 1s);
  });
}

TEST_CASE("a sleep is rounded to the nearest nanosecond") {
  passes([] {
    sleep_for(std::chrono::duration<double>(0.1));
    CHECK(now() == 100ms);
    sleep_for(std::chrono::duration<double, std::nano>(2.6));
    CHECK(now() == 100ms + 3ns);
    sleep_for(std::chrono::duration<int, std::pico>(1499));
    CHECK(now() == 100ms + 4ns);
    sleep_for(std::chrono::duration<int, std::pico>(1500));
    CHECK(now() == 100ms + 6ns);
  });
}

TEST_CASE("a sleep of NaN is refused, a sleep longer than the clock waits for ever") {
  passes([] {
    CHECK_THROWS_AS(
        sleep_for(std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN())),
        std::invalid_argument);
    CHECK_THROWS_AS(spend(std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN())),
                    std::invalid_argument);
  });
  CHECK(run(0, [] { sleep_for(std::chrono::duration<double>(1e30)); }).result == verdict::deadlock);
  CHECK(run(0, [] { sleep_for(std::chrono::hours::max()); }).result == verdict::deadlock);
  CHECK(run(0, [] { sleep_until(virtual_clock::time_point::max()); }).result == verdict::deadlock);
}

TEST_CASE("spend moves the clock and makes everything else late") {
  const auto r = passes([] {
    spawn([] {
      sleep_for(1s);
      log("sleeper at {}", now().count());
    });
    yield();
    spend(3s);
    CHECK(now() == 3s);
    log("spent");
    sleep_for(1s);
  });
  CHECK(logged(r) == "spent sleeper at 3000000000");
}

TEST_CASE("the last child of a gather resumes its caller two turns later") {
  passes([] {
    ticker t;
    int ended = 0;
    gather([&] { yield(); },
           [&] {
             yield();
             yield();
             ended = t.turn();
           });
    CHECK(t.turn() == ended + 2);
  });
}

TEST_CASE("the first failure of a gather of tasks is thrown two turns later") {
  passes([] {
    ticker t;
    int failed = 0;
    auto bad = spawn([&] {
      yield();
      failed = t.turn();
      throw std::runtime_error("x");
    });
    auto other = spawn([] { sleep_for(1h); });
    CHECK_THROWS_AS(gather(bad, other), std::runtime_error);
    CHECK(t.turn() == failed + 2);
    other.cancel();
  });
}

TEST_CASE("a gather of nothing, or of tasks that have ended, does not suspend") {
  passes([] {
    ticker t;
    auto a = spawn([] { return 1; });
    auto b = spawn([] { return 2; });
    yield();
    yield();
    const int before = t.turn();
    gather();
    CHECK(gather(std::vector<task<int>>{}).empty());
    CHECK(gather(a, b) == std::tuple(1, 2));
    CHECK(gather(a, b) == std::tuple(1, 2));
    CHECK(t.turn() == before);
  });
}

TEST_CASE(
    "wait resumes its caller two turns after the end that decided, one after its time is up") {
  passes([] {
    ticker t;
    int ended = 0;
    std::vector<task<>> tasks{spawn([&] {
      yield();
      ended = t.turn();
    })};
    wait(tasks);
    CHECK(t.turn() == ended + 2);
    const int before = t.turn();
    wait(tasks);
    CHECK(t.turn() == before + 2);  // also when all have ended
    const int then = t.turn();
    std::vector<task<>> sleepers{spawn([] { sleep_for(1h); })};
    const auto result = wait(sleepers, until::all_completed, 0s);
    CHECK(result.pending.size() == 1);
    CHECK(t.turn() == then + 2);  // through the timers: one turn until it fires, one until we go on
    sleepers[0].cancel();
  });
}

TEST_CASE("a task group lets its parent go on two turns after its last child") {
  passes([] {
    ticker t;
    int ended = 0;
    with_task_group([&](task_group& g) {
      g.spawn([&] {
        yield();
        ended = t.turn();
      });
    });
    CHECK(t.turn() == ended + 2);
  });
}

TEST_CASE("a failed child of a group cancels its siblings two turns later") {
  passes([] {
    ticker t;
    int failed = 0, seen = 0;
    CHECK_THROWS_AS(with_task_group([&](task_group& g) {
                      g.spawn([&] {
                        try {
                          sleep_for(1h);
                        } catch (const cancelled&) {
                          seen = t.turn();
                          throw;
                        }
                      });
                      g.spawn([&] {
                        yield();
                        failed = t.turn();
                        throw std::runtime_error("x");
                      });
                    }),
                    exception_group);
    CHECK(seen == failed + 2);
  });
}

TEST_CASE("a cancelled task gets its turn at the back, one turn later") {
  const auto r = passes([] {
    ticker t;
    int seen = 0;
    auto victim = spawn([&] {
      try {
        sleep_for(1h);
      } catch (const cancelled&) {
        seen = t.turn();
        log("cancelled");
        throw;
      }
    });
    yield();
    yield();
    spawn([] { log("ready before"); });
    const int before = t.turn();
    victim.cancel();
    spawn([] { log("ready after"); });
    yield();
    yield();
    CHECK(seen == before + 1);
  });
  CHECK(logged(r) == "ready before cancelled ready after");
}

TEST_CASE("cancelling one that gets a task takes two turns, one that gathers three") {
  passes([] {
    ticker t;
    int seen_get = 0, seen_gather = 0;
    auto inner = spawn([] { sleep_for(1h); });
    auto getter = spawn([&] {
      try {
        inner.get();
      } catch (const cancelled&) {
        seen_get = t.turn();
        throw;
      }
    });
    auto gatherer = spawn([&] {
      try {
        gather([] { sleep_for(1h); });
      } catch (const cancelled&) {
        seen_gather = t.turn();
        throw;
      }
    });
    for (int i = 0; i < 4; ++i) yield();
    const int before = t.turn();
    getter.cancel();
    gatherer.cancel();
    for (int i = 0; i < 5; ++i) yield();
    CHECK(seen_get == before + 2);
    CHECK(seen_gather == before + 3);
  });
}

TEST_CASE("a time-out that strikes is thrown one turn later") {
  const auto r = passes([] {
    spawn([] {
      try {
        with_timeout(1s, [] { sleep_for(1h); });
      } catch (const timed_out&) {
        log("timed out");
      }
    });
    yield();
    call_later(1s, [] {
      log("call");
      call_soon([] { log("next turn"); });
    });
    sleep_for(2s);
  });
  CHECK(logged(r) == "call timed out next turn");
}

TEST_CASE("a shield and as_completed resume two turns after the end") {
  passes([] {
    ticker t;
    int ended = 0;
    auto make = [&] {
      return spawn([&] {
        yield();
        ended = t.turn();
      });
    };
    auto inner = make();
    shield(inner);
    CHECK(t.turn() == ended + 2);
    std::vector<task<>> tasks{make()};
    for (auto& done : as_completed(tasks)) {
      CHECK(t.turn() == ended + 2);
      done.get();
    }
  });
}

TEST_CASE(
    "whoever waits for a lock, a permit, an event, an item or a promise goes on one turn later, at "
    "the back") {
  struct primitive {
    const char* name;
    std::function<void(std::function<void()>)>
        use;  // starts a waiter with what to do once woken, and triggers it
  };
  passes([] {
    ticker t;
    int triggered = 0;
    mutex m;
    semaphore s(0);
    event e;
    queue<int> q;
    queue<int> bounded(1);
    promise<int> p;
    barrier b(2);
    const std::vector<primitive> primitives{
        {"mutex",
         [&](auto then) {
           m.lock();
           spawn([&, then] {
             m.lock();
             then();
             m.unlock();
           });
           yield();
           triggered = t.turn();
           m.unlock();
         }},
        {"semaphore",
         [&](auto then) {
           spawn([&, then] {
             s.acquire();
             then();
           });
           yield();
           triggered = t.turn();
           s.release();
         }},
        {"event",
         [&](auto then) {
           spawn([&, then] {
             e.wait();
             then();
           });
           yield();
           triggered = t.turn();
           e.set();
           e.clear();
         }},
        {"queue::get",
         [&](auto then) {
           spawn([&, then] {
             CHECK(q.get() == 1);
             then();
           });
           yield();
           triggered = t.turn();
           q.put(1);
         }},
        {"queue::put",
         [&](auto then) {
           bounded.put(1);
           spawn([&, then] {
             bounded.put(2);
             then();
           });
           yield();
           triggered = t.turn();
           CHECK(bounded.get() == 1);
         }},
        {"promise",
         [&](auto then) {
           spawn([&, then, f = p.get_future()] {
             CHECK(f.get() == 7);
             then();
           });
           yield();
           triggered = t.turn();
           p.set_value(7);
         }},
        {"barrier",
         [&](auto then) {
           spawn([&, then] {
             b.arrive_and_wait();
             then();
           });
           yield();
           triggered = t.turn();
           b.arrive_and_wait();
           CHECK(t.turn() == triggered);  // the last one to arrive does not suspend
         }},
    };
    for (const auto& one : primitives) {
      INFO(one.name);
      int woken = 0;
      std::string order;
      call_soon([] {});
      one.use([&] {
        woken = t.turn();
        order += "waiter ";
      });
      spawn([&] { order += "later "; });
      yield();
      yield();
      CHECK(woken == triggered + 1);
      CHECK(order == "waiter later ");
    }
  });
}

TEST_CASE("a woken waiter goes behind what was ready already") {
  const auto r = passes([] {
    event e;
    spawn([&] {
      e.wait();
      log("waiter");
    });
    yield();
    spawn([] { log("ready"); });
    e.set();
    yield();
  });
  CHECK(logged(r) == "ready waiter");
}

TEST_CASE("an uncontended operation does not suspend") {
  passes([] {
    ticker t;
    yield();
    const int before = t.turn();
    mutex m;
    m.lock();
    m.unlock();
    CHECK(m.try_lock());
    m.unlock();
    semaphore s(2);
    s.acquire();
    s.release();
    event e;
    e.set();
    e.wait();
    queue<int> q(1);
    q.put(1);
    CHECK(q.get() == 1);
    q.task_done();
    q.join();
    CHECK(t.turn() == before);
  });
}

TEST_CASE("the others get one more turn when the root has ended") {
  const auto r = passes([] {
    spawn([] {
      try {
        for (int i = 0;; ++i) {
          log("{}", i);
          yield();
        }
      } catch (const cancelled&) {
        log("cancelled");
        throw;
      }
    });
    yield();
    log("root ends");
  });
  // Turn 2: "0", root ends. Turn 3: "1", and the root's end stops the loop. Then the leftover is
  // cancelled.
  CHECK(logged(r) == "0 root ends 1 cancelled");
}
