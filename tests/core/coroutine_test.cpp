// Coroutines beside fibers: the same order, time, cancellation and digest, and errors that say what
// to write instead. tests/semantics compares the gallery's coroutines with CPython.

#include "support/run.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace reprise;
using namespace support;
using Catch::Matchers::ContainsSubstring;

// A value is awaited outside CHECK: g++ 12 cannot keep the macro's temporary arrays across a wait.

namespace {

co_task<int> leaf(int i) { co_return i; }
co_task<int> chain(int n) {
  if (n == 0) co_return 0;
  co_return 1 + co_await chain(n - 1);
}
co_task<int> after(duration d, int value) {
  co_await co::sleep_for(d);
  co_return value;
}
co_task<> fails_after(duration d, std::string text) {
  co_await co::sleep_for(d);
  throw std::runtime_error(text);
}
co_task<> forever() { co_await co::sleep_for(1e30s); }

/// What a report says when the body is a coroutine that makes one blocking call.
template <class F>
std::string blocked(F call) {
  const auto r = run(0, [call]() -> co_task<> {
    call();
    co_return;
  });
  CHECK(r.result == verdict::failed);
  return r.what;
}

}  // namespace

TEST_CASE("a run's body may be a coroutine, and so may what is spawned") {
  const auto r = passes([]() -> co_task<> {
    const auto t = spawn("worker", [](int i) -> co_task<int> { return after(2s, i); }(7));
    const auto u = spawn([]() -> co_task<std::string> { co_return "u"; });
    log("parent");
    log("{} {} {}", co_await t, co_await u, t.name());
    CHECK(now() == 2s);
  });
  CHECK(logged(r) == "parent 7 u worker");
}

TEST_CASE("an awaited coroutine runs at once, in the awaiting task, and lets nobody go before it") {
  const auto r = passes([]() -> co_task<> {
    spawn([] { log("other"); });
    const auto me = current_task().name();
    const int n = co_await [](std::string awaiting) -> co_task<int> {
      CHECK(current_task().name() == awaiting);
      log("inside");
      co_return 3;
    }(me);
    log("{}", n);
    co_await co::yield();
  });
  CHECK(logged(r) == "inside 3 other");
}

TEST_CASE("a coroutine that nobody awaits yet has not begun") {
  const auto r = passes([]() -> co_task<> {
    auto lazy = [](int i) -> co_task<int> {
      log("begins");
      co_return i;
    }(4);
    log("made");
    log("{}", co_await std::move(lazy));
  });
  CHECK(logged(r) == "made begins 4");
}

TEST_CASE("coroutines and fibers wait for one another") {
  passes([]() -> co_task<> {
    auto t = spawn(after(1s, 5));
    auto fiber = spawn([t] { return t.get() + 1; });
    auto second = spawn([](task<int> f) -> co_task<int> { co_return co_await f + 1; }(fiber));
    const auto third = co_await second;
    CHECK(third == 7);
    promise<int> p;
    auto waits = spawn([](future<int> f) -> co_task<int> { co_return co_await f; }(p.get_future()));
    spawn([&p] {
      sleep_for(1s);
      p.set_value(9);
    });
    const auto set = co_await waits;
    CHECK(set == 9);
    CHECK(now() == 2s);
  });
}

TEST_CASE("a coroutine's result may be a reference, or movable only") {
  passes([]() -> co_task<> {
    int x = 1;
    auto refers = [](int& to) -> co_task<int&> { co_return to; };
    (co_await refers(x)) = 5;
    CHECK(x == 5);
    (co_await spawn(refers(x))) = 6;
    CHECK(x == 6);
    auto owns = []() -> co_task<std::unique_ptr<int>> { co_return std::make_unique<int>(3); };
    const auto awaited = co_await owns();
    CHECK(*awaited == 3);
    const auto spawned = co_await spawn(owns);
    CHECK(*spawned == 3);
  });
}

TEST_CASE("a failure goes through every co_await to who catches it") {
  passes([]() -> co_task<> {
    auto middle = [](bool& unwound) -> co_task<> {
      at_exit mark([&] { unwound = true; });
      co_await fails_after(1s, "no");
    };
    bool unwound = false;
    std::string caught;
    try {
      co_await middle(unwound);
    } catch (const std::runtime_error& e) {
      caught = e.what();
    }
    CHECK(caught == "no");
    CHECK(unwound);
    caught.clear();
    try {
      co_await spawn(fails_after(1s, "spawned"));
    } catch (const std::runtime_error& e) {
      caught = e.what();
    }
    CHECK(caught == "spawned");
  });
}

TEST_CASE("a chain of a million co_awaits needs no stack, deep or long") {
  passes([]() -> co_task<> {
    const auto depth = co_await chain(1'000'000);
    CHECK(depth == 1'000'000);
    long sum = 0;
    for (int i = 0; i < 1'000'000; ++i) sum += co_await leaf(i);
    CHECK(sum == 499'999'500'000);
  });
}

TEST_CASE("a deep chain is torn down from within") {
  const auto before = counted::alive;
  const auto r = run(0, []() -> co_task<> {
    struct deep {
      static co_task<> down(int n) {
        const counted c;
        if (n > 0)
          co_await down(n - 1);
        else
          co_await forever();
      }
    };
    const auto t = spawn(deep::down(10'000));
    co_await co::sleep_for(1s);
  });
  CHECK(r.result == verdict::passed);  // as a fiber that still runs: cancelled when the root ends
  CHECK(counted::alive == before);
}

TEST_CASE("cancellation reaches a coroutine where it waits") {
  SECTION("asleep") {
    passes([]() -> co_task<> {
      auto t = spawn(forever());
      co_await co::yield();
      t.cancel("enough");
      std::string why;
      try {
        co_await t;
      } catch (const cancelled& e) {
        why = e.message();
      }
      CHECK(t.cancelled());
      CHECK(why == "enough");
      CHECK(now() == 0s);
    });
  }
  SECTION("before its first step") {
    const auto r = passes([]() -> co_task<> {
      auto t = spawn([]() -> co_task<> {
        log("never");
        co_return;
      });
      t.cancel();
      try {
        co_await t;
      } catch (const cancelled&) {
        log("cancelled");
      }
    });
    CHECK(logged(r) == "cancelled");
  }
  SECTION("in what it awaits, which is cancelled too") {
    passes([]() -> co_task<> {
      auto inner = spawn(forever());
      auto outer = spawn([](task<> t) -> co_task<> { co_await t; }(inner));
      co_await co::sleep_for(1s);
      outer.cancel();
      try {
        co_await outer;
      } catch (const cancelled&) {
      }
      CHECK(inner.cancelled());
      CHECK(outer.cancelled());
    });
  }
  SECTION("on a borrowed stack") {
    passes([]() -> co_task<> {
      mutex m;
      co_await co::lock(m);
      auto t = spawn([](mutex& held) -> co_task<> { co_await co::lock(held); }(m));
      co_await co::sleep_for(1s);
      t.cancel();
      try {
        co_await t;
      } catch (const cancelled&) {
      }
      CHECK(t.cancelled());
      m.unlock();
    });
  }
  SECTION("it may catch it, and go on to wait in its handler's wake") {
    passes([]() -> co_task<> {
      auto t = spawn([]() -> co_task<int> {
        bool stopped = false;
        try {
          co_await co::sleep_for(10s);
        } catch (const cancelled&) {
          stopped = true;
        }
        if (stopped) co_await co::sleep_for(1s);
        co_return 4;
      });
      co_await co::sleep_for(1s);
      t.cancel();
      const auto value = co_await t;
      CHECK(value == 4);
      CHECK(now() == 2s);
    });
  }
}

TEST_CASE("a blocking call in a coroutine throws and names its twin") {
  mutex m;
  CHECK(blocked([] { sleep_for(1s); }).find("co_await co::sleep_for(d)") != std::string::npos);
  CHECK(blocked([] { yield(); }).find("co_await co::yield()") != std::string::npos);
  CHECK(blocked([] { gather([] {}, [] {}); }).find("co::gather") != std::string::npos);
  CHECK(blocked([] { gather_all([] {}, [] {}); }).find("co::gather_all") != std::string::npos);
  CHECK(blocked([] { with_timeout(1s, [] {}); }).find("co::with_timeout") != std::string::npos);
  CHECK(blocked([] { with_task_group([](task_group&) {}); }).find("co::with_task_group") !=
        std::string::npos);
  CHECK(blocked([] { offload([] {}); }).find("co::offload") != std::string::npos);
  CHECK(blocked([] { spawn([] {}).get(); }).find("co_await t") != std::string::npos);
  CHECK(blocked([] { shield(spawn([] {})); }).find("co::shield") != std::string::npos);
  CHECK(blocked([] {
          mutex held;
          held.lock();
        }).find("co::lock") != std::string::npos);
  CHECK(blocked([] { event().wait(); }).find("co::wait(e)") != std::string::npos);
  CHECK(blocked([] {
          queue<int> q;
          static_cast<void>(q.try_put(1));
          q.join();
        }).find("queue::join: ") != std::string::npos);
  CHECK(blocked([] { semaphore(1).acquire(); }).find("co::acquire") != std::string::npos);
  CHECK(blocked([] { static_cast<void>(queue<int>().get()); }).find("co::get(q)") !=
        std::string::npos);
  CHECK(blocked([] { queue<int>().put(1); }).find("co::put(q, v)") != std::string::npos);
  CHECK(blocked([] { barrier(2).arrive_and_wait(); }).find("co::arrive_and_wait") !=
        std::string::npos);
  CHECK(blocked([] {
          condition_variable cv;
          mutex held;
          std::unique_lock lock(held, std::try_to_lock);
          cv.wait(lock);
        }).find("co::call") != std::string::npos);
}

TEST_CASE("every twin does what its namesake does") {
  const auto r = passes([]() -> co_task<> {
    co_await co::sleep_until(virtual_clock::time_point(1s));
    CHECK(now() == 1s);
    auto [a, b] = co_await co::gather(after(2s, 1), after(1s, 2));
    CHECK(a + b == 3);
    CHECK(now() == 3s);
    std::vector<co_task<int>> many;
    for (int i = 0; i < 5; ++i) many.push_back(after(1s, i));
    const auto gathered = co_await co::gather(std::move(many));
    CHECK(gathered == std::vector{0, 1, 2, 3, 4});
    auto [ok, bad] = co_await co::gather_all(leaf(1), fails_after(1s, "x"));
    CHECK(ok.value() == 1);
    CHECK(!bad.has_value());
    CHECK(now() == 5s);

    std::vector<task<int>> tasks{spawn(after(1s, 1)), spawn(after(3s, 2))};
    auto [done, pending] = co_await co::wait(tasks, until::first_completed);
    CHECK(done.size() == 1);
    CHECK(pending.size() == 1);
    co_await co::wait(tasks);
    CHECK(now() == 8s);
    auto late = spawn(after(10s, 1));
    const std::vector one{late};
    auto timed = co_await co::wait(one, until::all_completed, 1s);
    CHECK(timed.pending.size() == 1);
    const auto waited = co_await late;
    CHECK(waited == 1);
    CHECK(now() == 18s);

    bool timed_out_once = false;
    try {
      co_await co::with_timeout(1s, forever());
    } catch (const timed_out&) {
      timed_out_once = true;
    }
    CHECK(timed_out_once);
    const auto in_time = co_await co::with_timeout(2s, after(1s, 3));
    CHECK(in_time == 3);
    const int moved = co_await co::with_timeout(1s, [](timeout_scope& s) -> co_task<int> {
      s.reschedule(virtual_clock::now() + 5s);
      return after(4s, 6);
    });
    CHECK(moved == 6);
    CHECK(now() == 24s);

    const int n = co_await co::with_task_group([](task_group& g) -> co_task<int> {
      g.spawn(after(2s, 0));
      g.spawn([] { sleep_for(1s); });
      co_return 8;
    });
    CHECK(n == 8);
    CHECK(now() == 26s);

    const auto shielded = co_await co::shield(after(1s, 2));
    CHECK(shielded == 2);
    const int offloaded = co_await co::offload([] {
      sleep_for(2s);
      return 7;
    });
    CHECK(offloaded == 7);
    CHECK(now() == 29s);
  });
}

TEST_CASE("coroutines share locks, queues, events and barriers with fibers") {
  const auto r = passes([]() -> co_task<> {
    mutex m;
    semaphore s(1);
    event e;
    queue<int> q(1);
    barrier b(2);
    auto holder = spawn([&] {
      const std::scoped_lock lock(m);
      sleep_for(1s);
    });
    co_await co::yield();
    co_await co::lock(m);
    CHECK(now() == 1s);
    m.unlock();
    co_await co::acquire(s);
    spawn([&] {
      sleep_for(1s);
      s.release();
      e.set();
    });
    co_await co::acquire(s);
    co_await co::wait(e);
    CHECK(now() == 2s);
    auto producer = spawn([](queue<int>& to) -> co_task<> {
      for (int i = 0; i < 3; ++i) co_await co::put(to, i);
      to.close();
    }(q));
    for (;;) {
      const auto item = co_await co::get(q);
      if (!item) break;
      log("{}", *item);
    }
    spawn([&] { b.arrive_and_wait(); });
    co_await co::arrive_and_wait(b);
  });
  CHECK(logged(r) == "0 1 2");
}

TEST_CASE("co::call makes any blocking call in the coroutine's own task") {
  passes([]() -> co_task<> {
    mutex m;
    condition_variable cv;
    bool ready = false;
    auto setter = spawn([&] {
      sleep_for(1s);
      const std::scoped_lock lock(m);
      ready = true;
      cv.notify_one();
    });
    const auto me = current_task().name();
    const int n = co_await co::call([&] {
      CHECK(current_task().name() == me);
      std::unique_lock lock(m);
      cv.wait(lock, [&] { return ready; });
      return 5;
    });
    CHECK(n == 5);
    CHECK(now() == 1s);
    std::string caught;
    try {
      co_await co::call([] { throw std::runtime_error("thrown there"); });
    } catch (const std::runtime_error& e) {
      caught = e.what();
    }
    CHECK(caught == "thrown there");
  });
}

TEST_CASE("gather of coroutines cancels the siblings of one that fails, and waits for them") {
  const auto r = passes([]() -> co_task<> {
    auto slow = []() -> co_task<> {
      bool stopped = false;
      try {
        co_await co::sleep_for(1h);
      } catch (const cancelled&) {
        stopped = true;
      }
      log("{}", stopped);
    };
    std::string caught;
    try {
      co_await co::gather(slow(), fails_after(1s, "first"), fails_after(2s, "second"));
    } catch (const std::runtime_error& e) {
      caught = e.what();
    }
    log("{}", caught);
    CHECK(now() == 1s);
  });
  CHECK(logged(r) == "true first");
}

TEST_CASE("a fiber gathers coroutines too") {
  passes([] {
    auto [a, b] = gather(after(1s, 1), [] { return 2; });
    CHECK(a + b == 3);
    std::vector<co_task<int>> many;
    many.push_back(after(1s, 1));
    many.push_back(after(2s, 2));
    const std::vector<int> values = gather(std::move(many));
    CHECK(values == std::vector{1, 2});
    CHECK(now() == 3s);
  });
}

TEST_CASE("a coroutine that is never awaited or spawned fails the run, with where it was made") {
  const auto r = run(0, [] { static_cast<void>(leaf(1)); });
  CHECK(r.result == verdict::failed);
  CHECK(r.what.find("never awaited or spawned") != std::string::npos);
#ifdef REPRISE_HAVE_BACKTRACE
  CHECK(r.what.find("coroutine_test.cpp") != std::string::npos);
#endif
}

TEST_CASE("a coroutine made outside a run may be run, and outlives it when it is not") {
  auto made = after(1s, 3);
  CHECK(made);
  int value = 0;
  passes([&]() -> co_task<> { value = co_await std::move(made); });
  CHECK(value == 3);
  { auto dropped = leaf(1); }
}

TEST_CASE("a co_task is awaited once") {
  const auto r = run(0, []() -> co_task<> {
    auto once = leaf(1);
    co_await once;
    co_await once;
  });
  CHECK(r.result == verdict::failed);
  INFO(r.what);
  CHECK(r.what.find("was awaited or spawned before") != std::string::npos);
}

TEST_CASE("claims fail in a coroutine as in a fiber") {
  const auto r = run(0, []() -> co_task<> {
    co_await co::sleep_for(1s);
    expect(1 == 2, "one is not {}", 2);
  });
  CHECK(r.result == verdict::failed);
  CHECK(r.what.find("one is not 2") != std::string::npos);
}

TEST_CASE("a deadlock says where a coroutine waits") {
  const auto r = run(0, []() -> co_task<> {
    event never;
    co_await co::wait(never);
  });
  CHECK(r.result == verdict::deadlock);
  CHECK_THAT(r.what, ContainsSubstring("Task-1 waits for event 1 of Task-1"));
  const auto both = run(0, []() -> co_task<> {
    promise<int> never;
    const auto f = never.get_future();
    co_await f;
  });
  CHECK(both.result == verdict::deadlock);
  CHECK_THAT(both.what, ContainsSubstring("Task-1 waits for a future"));
  const auto locks = run(0, []() -> co_task<> {
    mutex m("m");
    co_await co::lock(m);
    co_await co::lock(m);
  });
#if defined(REPRISE_HAVE_BACKTRACE)
  for (const report& told : {r, both})
    CHECK_THAT(told.what, ContainsSubstring(" (coroutine_test.cpp:"));
  CHECK_THAT(locks.what, ContainsSubstring("waits for m (coroutine_test.cpp:") &&
                             ContainsSubstring("which it holds itself (coroutine_test.cpp:"));
#endif
}

TEST_CASE("the scheduler may choose at a coroutine's points: a lost update is found") {
  int lost = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto body = []() -> co_task<> {
      int n = 0;
      auto add = [&]() -> co_task<> {
        const int read = n;
        co_await co::yield();
        n = read + 1;
      };
      co_await co::gather(add, add);
      expect(n == 2, "one update was lost");
    };
    const config c{.seed = seed, .schedule = random_walk()};
    const auto first = run(c, body);
    const auto second = run(c, body);
    CHECK(first.digest == second.digest);
    if (!first) ++lost;
  }
  CHECK(lost > 0);
  CHECK(lost < 50);
}

TEST_CASE("fibers and coroutines, mixed, have one digest a seed under every strategy") {
  const auto body = []() -> co_task<> {
    queue<int> q(2);
    mutex m;
    auto fiber = [&] {
      for (int i = 0; i < 3; ++i) {
        const std::scoped_lock lock(m);
        q.put(i);
        sleep_for(std::chrono::milliseconds(rng().randbelow(5)));
      }
    };
    auto coroutine = [&]() -> co_task<int> {
      int sum = 0;
      for (int i = 0; i < 3; ++i) {
        sum += *co_await co::get(q);
        co_await co::sleep_for(std::chrono::milliseconds(rng().randbelow(5)));
      }
      co_return sum;
    };
    auto [a, b, c, d] = co_await co::gather_all(fiber, coroutine, fiber, coroutine);
    expect(b.value() + d.value() == 6);
  };
  for (const auto& strategy : {fifo(), random_walk(), round_robin()}) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const config c{.seed = seed, .schedule = strategy};
      const auto first = run(c, body);
      INFO(first.what);
      CHECK(first);
      CHECK(first.digest == run(c, body).digest);
    }
  }
}
