#include "support/run.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace reprise;
using namespace support;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("tasks are numbered by creation, and named by their number unless they have a name") {
  passes([] {
    CHECK(current_task().name() == "Task-1");
    auto a = spawn([] { CHECK(current_task().name() == "Task-2"); });
    auto b = spawn("bee", [] { CHECK(current_task().name() == "bee"); });
    auto c = spawn([] {});
    CHECK(a.name() == "Task-2");
    CHECK(a.id() == 2);
    CHECK(b.name() == "bee");
    CHECK(b.id() == 3);
    CHECK(c.name() == "Task-4");
    yield();
    CHECK(b.name() == "bee");  // also when it has ended
  });
}

TEST_CASE("get gives a copy, as often as asked") {
  passes([] {
    auto t = spawn([] { return std::vector<int>{1, 2, 3}; });
    auto first = t.get();
    first.push_back(4);
    CHECK(t.get() == std::vector<int>{1, 2, 3});
    CHECK(t.result() == std::vector<int>{1, 2, 3});
  });
}

TEST_CASE("a value that can't be copied is moved out once") {
  passes([] {
    auto t = spawn([] { return std::make_unique<int>(5); });
    CHECK(*t.get() == 5);
    CHECK_THROWS_AS(t.get(), error);
    CHECK_THAT(text_of<error>([&] { t.get(); }), ContainsSubstring("moved out"));
  });
}

TEST_CASE("a reference comes back as a reference") {
  passes([] {
    int x = 1;
    auto t = spawn([&x]() -> int& { return x; });
    t.get() = 2;
    CHECK(x == 2);
  });
}

TEST_CASE("get throws what the task threw, each time") {
  passes([] {
    auto t = spawn([]() -> int { throw std::out_of_range("far"); });
    for (int i = 0; i < 2; ++i) CHECK_THROWS_AS(t.get(), std::out_of_range);
    CHECK(t.done());
    CHECK_FALSE(t.cancelled());
    CHECK(t.exception());
    CHECK_THROWS_AS(t.result(), std::out_of_range);
    CHECK_NOTHROW(t.join());
  });
}

TEST_CASE("several tasks may wait for one, and resume in the order in which they came") {
  const auto r = passes([] {
    auto t = spawn([] {
      sleep_for(1s);
      return 1;
    });
    for (int i = 0; i < 3; ++i) spawn([t, i] { log("{}{}", i, t.get()); });
    sleep_for(2s);
  });
  CHECK(logged(r) == "01 11 21");
}

TEST_CASE("a task that waits for itself gets a logic_error") {
  passes([] {
    task<int> t;
    t = spawn([&] {
      CHECK_THROWS_AS(t.get(), std::logic_error);
      CHECK_THROWS_AS(t.join(), std::logic_error);
      return 1;
    });
    CHECK(t.get() == 1);
  });
}

TEST_CASE("what is asked of a handle before its time is an error") {
  passes([] {
    auto t = spawn([] { return 1; });
    CHECK_FALSE(t.done());
    CHECK_FALSE(t.cancelled());
    CHECK_THROWS_AS(t.result(), invalid_state);
    CHECK_THROWS_AS(t.exception(), invalid_state);
    task<int> none;
    CHECK_FALSE(none);
    CHECK_THROWS_AS(none.get(), invalid_state);
    CHECK_THROWS_AS(none.cancel(), invalid_state);
    CHECK_THROWS_AS(none.name(), invalid_state);
    CHECK(t.get() == 1);
    CHECK_FALSE(t.exception());
  });
}

TEST_CASE("handles of one task are equal, of two are not") {
  passes([] {
    auto a = spawn([] {});
    auto b = spawn([] {});
    const auto copy = a;
    CHECK(copy == a);
    CHECK_FALSE(a == b);
    CHECK(a);
  });
}

TEST_CASE(
    "cancel throws `cancelled` where the task waits, with its message, and not as a "
    "std::exception") {
  passes([] {
    std::string seen;
    auto t = spawn([&] {
      try {
        sleep_for(1h);
      } catch (const std::exception&) {
        seen = "std";
      } catch (const cancelled& c) {
        seen = c.message();
        throw;
      }
    });
    yield();
    CHECK(t.cancel("enough"));
    CHECK_FALSE(t.done());
    t.join();
    CHECK(seen == "enough");
    CHECK(t.cancelled());
    CHECK_FALSE(t.cancel());
    try {
      t.get();
      CHECK(false);
    } catch (const cancelled& c) {
      CHECK(c.message() == "enough");
    }
    CHECK_THROWS_AS(t.exception(), cancelled);
  });
}

TEST_CASE("a task cancelled before its start never runs") {
  bool ran = false;
  passes([&] {
    auto t = spawn([&ran, c = counted()] { ran = true; });
    CHECK(t.cancel());
    t.join();
    CHECK(t.cancelled());
    CHECK(counted::alive == 0);
  });
  CHECK_FALSE(ran);
}

TEST_CASE("two cancellations before the task's turn are one exception, and count two") {
  passes([] {
    int seen = 0;
    auto t = spawn([&] {
      for (int i = 0; i < 3; ++i) {
        try {
          sleep_for(1s);
        } catch (const cancelled&) {
          ++seen;
        }
      }
    });
    yield();
    t.cancel();
    t.cancel();
    CHECK(t.cancelling() == 2);
    CHECK(t.uncancel() == 1);
    CHECK(t.uncancel() == 0);
    CHECK(t.uncancel() == 0);
    t.join();
    CHECK(seen == 1);
    CHECK_FALSE(t.cancelled());
    CHECK(t.cancelling() == 0);
  });
}

TEST_CASE("a cancellation that comes with the wake-up wins, and the result is lost") {
  passes([] {
    event e;
    bool woken = false, stopped = false;
    auto t = spawn([&] {
      try {
        e.wait();
        woken = true;
      } catch (const cancelled&) {
        stopped = true;
        throw;
      }
    });
    yield();
    e.set();
    t.cancel();
    t.join();
    CHECK(stopped);
    CHECK_FALSE(woken);
  });
}

TEST_CASE("a task cancelled after its last wait ends cancelled, and its value is lost") {
  passes([] {
    auto t = spawn([] {
      current_task().cancel();
      return 7;
    });
    t.join();
    CHECK(t.cancelled());
    CHECK_THROWS_AS(t.get(), cancelled);
  });
}

TEST_CASE("uncancel to nothing takes back a cancellation that has not struck") {
  passes([] {
    auto t = spawn([] {
      current_task().cancel();
      current_task().uncancel();
      yield();
      return 7;
    });
    CHECK(t.get() == 7);
  });
}

TEST_CASE("cancelling whoever gets a task cancels the task first") {
  const auto r = passes([] {
    auto inner = spawn([] {
      try {
        sleep_for(1h);
      } catch (const cancelled&) {
        log("inner");
        throw;
      }
    });
    auto outer = spawn([inner] {
      try {
        inner.get();
      } catch (const cancelled&) {
        log("outer");
        throw;
      }
    });
    yield();
    yield();
    outer.cancel();
    outer.join();
    CHECK(inner.cancelled());
    CHECK(outer.cancelled());
  });
  CHECK(logged(r) == "inner outer");
}

TEST_CASE("an inner task that ignores its cancellation saves the outer one") {
  passes([] {
    auto inner = spawn([] {
      try {
        sleep_for(1h);
      } catch (const cancelled&) {
      }
      return 4;
    });
    auto outer = spawn([inner] { return inner.get() + 1; });
    auto joiner = spawn([inner] {
      inner.join();
      return 9;
    });
    yield();
    yield();
    outer.cancel();
    CHECK(outer.get() == 5);
    CHECK(joiner.get() == 9);
  });
}

TEST_CASE("done-callbacks run a turn after the end, in order, outside any task") {
  const auto r = passes([] {
    auto t = spawn([] { log("end"); });
    t.add_done_callback([](any_task) {
      CHECK_FALSE(current_task());
      log("first");
    });
    t.add_done_callback([](const any_task& done) {
      CHECK(done.done());
      log("second {}", done.name());
    });
    const auto never = t.add_done_callback([](any_task) { log("never"); });
    CHECK(t.remove_done_callback(never) == 1);
    CHECK(t.remove_done_callback(never) == 0);
    t.join();
    log("joined");
    t.add_done_callback([](any_task) { log("late"); });
    log("listed");
    yield();
  });
  CHECK(logged(r) == "end first second Task-2 joined listed late");
}

TEST_CASE("a done-callback that is never called is dropped with the run") {
  passes([] {
    auto t = spawn([] {
      try {
        sleep_for(1h);
      } catch (const cancelled&) {
      }
    });
    t.add_done_callback([c = counted()](any_task) {});
  });
  CHECK(counted::alive == 0);
  // Ended in the last turn of all: queued, and never called.
  passes([] { current_task().add_done_callback([c = counted()](any_task) {}); });
  CHECK(counted::alive == 0);
}

TEST_CASE("current_task is false in a condition outside a task, and throws nowhere") {
  CHECK_FALSE(current_task());
  passes([] {
    CHECK(current_task());
    call_soon([] { CHECK_FALSE(current_task()); });
    yield();
    offload([] { CHECK_FALSE(current_task()); });
    for (int i : generator<int>([](auto give) {
           CHECK(current_task().id() == 1);
           give(1);
         }))
      CHECK(i == 1);
    log("logging leaves it: {}", 1);
    CHECK(current_task().id() == 1);
  });
}

TEST_CASE("a task's callable is destroyed at its end, before its waiters resume") {
  passes([] {
    auto t = spawn([c = counted()] {
      CHECK(counted::alive == 1);
      yield();
      return 3;
    });
    t.add_done_callback([](any_task) { CHECK(counted::alive == 0); });
    CHECK(t.get() == 3);
    CHECK(counted::alive == 0);
    auto failing = spawn([c = counted()] { throw 1; });
    CHECK_THROWS(failing.get());
    CHECK(counted::alive == 0);
    auto stopped = spawn([c = counted()] { sleep_for(1h); });
    yield();
    stopped.cancel();
    stopped.join();
    CHECK(counted::alive == 0);
  });
}

TEST_CASE("a task's value lives as long as its handles, and not beyond the run") {
  passes([] {
    {
      auto t = spawn([] { return counted(); });
      t.join();
      CHECK(counted::alive == 1);
    }
    CHECK(counted::alive == 0);
    spawn([] { return counted(); });
    yield();
    yield();
    CHECK(counted::alive == 0);
  });
  task<counted> kept;
  passes([&] {
    kept = spawn([] { return counted(); });
    kept.join();
  });
  CHECK(counted::alive == 0);
}

TEST_CASE("callables may be move-only, and may be called through a const or a mutable operator") {
  passes([] {
    auto p = std::make_unique<int>(6);
    auto t = spawn([p = std::move(p)] { return *p; });
    CHECK(t.get() == 6);
    struct changes {
      int n = 0;
      int operator()() { return ++n; }
    } f;
    CHECK(spawn(f).get() == 1);
    CHECK(f.n == 0);
    struct once {
      int operator()() && { return 8; }
    };
    CHECK(spawn(once{}).get() == 8);
    CHECK(spawn([] { return current_task().name(); }).get() == "Task-5");
  });
}

TEST_CASE("a task may spawn from a destructor, a callback, a job and a generator") {
  const auto r = passes([] {
    {
      const at_exit out([] { spawn([] { log("destructor"); }); });
    }
    call_soon([] { spawn([] { log("callback"); }); });
    yield();
    yield();
    yield();
    for (int i : generator<int>([](auto give) {
           spawn([] { log("generator"); });
           give(1);
         }))
      CHECK(i == 1);
    yield();
    offload([] { spawn([] { log("job"); }); });
    yield();
  });
  CHECK(logged(r) == "destructor callback generator job");
}

TEST_CASE("a slot is used again only when nobody can mistake its new task for the old one") {
  passes([] {
    auto old = spawn([] { return 1; });
    CHECK(old.get() == 1);
    std::vector<task<int>> many;
    for (int i = 0; i < 500; ++i) {
      for (int k = 0; k < 3; ++k) spawn([] {});
      many.push_back(spawn([i] {
        sleep_for(std::chrono::milliseconds(500 - i));
        return i;
      }));
      yield();
    }
    for (int i = 0; i < 500; ++i) CHECK(many[static_cast<std::size_t>(i)].get() == i);
    CHECK(old.get() == 1);
  });
}

TEST_CASE("a sleeper that is cancelled is not woken by its old timer in its next sleep") {
  passes([] {
    auto t = spawn([] {
      try {
        sleep_for(2s);
      } catch (const cancelled&) {
      }
      const auto start = now();
      sleep_for(5s);
      return now() - start;
    });
    sleep_for(1s);
    t.cancel();
    CHECK(t.get() == 5s);
  });
}

TEST_CASE("a timer that struck for a task that is gone leaves the next one in its slot alone") {
  passes([] {
    for (int i = 0; i < 300; ++i) {
      auto gone = spawn([] { sleep_for(10ms); });
      yield();
      gone.cancel();
      gone.join();
      gone = {};
      auto next = spawn([] {
        const auto start = now();
        sleep_for(20ms);
        return now() - start;
      });
      CHECK(next.get() == 20ms);
    }
  });
}
