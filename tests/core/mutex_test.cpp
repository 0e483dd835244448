#include "support/run.hpp"

#include <memory>
#include <mutex>
#include <string>

using namespace reprise;
using namespace support;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("one task at a time holds a mutex") {
  passes([] {
    mutex m;
    int inside = 0, most = 0;
    const auto enter = [&] {
      const std::unique_lock lock(m);
      most = std::max(most, ++inside);
      sleep_for(10ms);
      --inside;
    };
    gather(enter, enter, enter);
    CHECK(most == 1);
    CHECK(now() == 30ms);
    CHECK_FALSE(m.locked());
  });
}

TEST_CASE("waiters get a mutex in the order in which they came, and nobody barges in") {
  const auto r = passes([] {
    mutex m;
    m.lock();
    for (int i = 0; i < 3; ++i)
      spawn([&, i] {
        const std::scoped_lock lock(m);
        log("{}", i);
      });
    yield();
    m.unlock();
    // Free, but whoever waits goes first, also before one that only tries.
    CHECK_FALSE(m.try_lock());
    m.lock();
    log("last");
    m.unlock();
  });
  CHECK(logged(r) == "0 1 2 last");
}

TEST_CASE("a waiter that is cancelled passes its turn on") {
  for (const bool woken : {false, true}) {
    passes([woken] {
      mutex m;
      m.lock();
      auto first = spawn([&] {
        m.lock();
        CHECK(false);
      });
      bool got = false;
      auto second = spawn([&] {
        m.lock();
        got = true;
        m.unlock();
      });
      yield();
      if (woken) m.unlock();
      first.cancel();
      if (!woken) m.unlock();
      second.join();
      CHECK(got);
      CHECK(first.cancelled());
      CHECK(m.try_lock());
      m.unlock();
    });
  }
}

TEST_CASE("a try that runs out of time leaves the line, and the lock to the next") {
  passes([] {
    mutex m;
    m.lock();
    bool second = false;
    spawn([&] { CHECK_FALSE(m.try_lock_for(1s)); });
    spawn([&] {
      CHECK(m.try_lock_for(5s));
      CHECK(now() == 2s);
      second = true;
      m.unlock();
    });
    spawn([&] { CHECK_FALSE(m.try_lock_for(0s)); });
    sleep_for(2s);
    m.unlock();
    yield();
    CHECK(second);
    CHECK(m.try_lock_for(1s));
    CHECK_FALSE(m.try_lock_until(virtual_clock::time_point(3s)));
    CHECK(now() == 3s);
    m.unlock();
  });
}

TEST_CASE("a lock given back in the instant in which a try runs out goes to somebody") {
  passes([] {
    mutex m;
    m.lock();
    int holders = 0;
    for (int i = 0; i < 3; ++i)
      spawn([&] {
        if (!m.try_lock_for(1s)) return;
        ++holders;
        m.unlock();
      });
    auto patient = spawn([&] {
      const std::scoped_lock lock(m);
      ++holders;
    });
    sleep_for(1s);
    m.unlock();
    patient.join();
    CHECK(holders >= 1);
    CHECK_FALSE(m.locked());
  });
}

TEST_CASE("std's helpers work: lock, scoped_lock of two, unique_lock") {
  passes([] {
    mutex a, b;
    const auto both = [&] {
      for (int i = 0; i < 5; ++i) {
        const std::scoped_lock lock(a, b);
        yield();
      }
    };
    const auto other = [&] {
      for (int i = 0; i < 5; ++i) {
        const std::scoped_lock lock(b, a);
        yield();
      }
    };
    gather(both, other);
    std::unique_lock lock(a, std::try_to_lock);
    CHECK(lock.owns_lock());
    lock.unlock();
    std::unique_lock timed(a, 1s);
    CHECK(timed.owns_lock());
  });
}

TEST_CASE("to unlock a mutex that nobody holds fails the run, and throws nothing") {
  bool went_on = false;
  const report r = run(0, [&] {
    mutex m("door");
    m.unlock();
    went_on = true;
    yield();
    CHECK(false);
  });
  CHECK(went_on);
  CHECK(r.result == verdict::failed);
  CHECK_THAT(r.what, ContainsSubstring("door") && ContainsSubstring("nobody holds"));
}

TEST_CASE("a mutex destroyed under its waiters leaves them waiting, and is not looked at again") {
  const report r = run(0, [] {
    auto m = std::make_unique<mutex>();
    m->lock();
    auto waits = spawn([&m] { m->lock(); });
    auto tries = spawn([&m] { static_cast<void>(m->try_lock_for(1s)); });
    yield();
    m.reset();
    sleep_for(2s);
    waits.cancel();
    waits.join();
    tries.join();
  });
  check_passed(r);
  CHECK(run(0, [] {
          auto m = std::make_unique<mutex>();
          m->lock();
          auto waits = spawn([&m] { m->lock(); });
          yield();
          m.reset();
          waits.join();
        }).result == verdict::deadlock);
}

TEST_CASE("a mutex made outside a run belongs to the first run that uses it") {
  mutex m;
  passes([&] {
    const std::scoped_lock lock(m);
    yield();
  });
  passes([&] { CHECK_THROWS_AS(m.lock(), stale_handle); });
}

TEST_CASE("a time limit may be any instant") {
  using time = virtual_clock::time_point;
  const report r = passes([] {
    sleep_for(1s);
    mutex m;
    condition_variable changed;
    std::unique_lock held(m);
    spawn([&] {
      CHECK_FALSE(m.try_lock_until(time::min()));
      CHECK_FALSE(m.try_lock_until(virtual_clock::now() + 0.5s));
      CHECK(now() == 1500ms);
    }).join();
    const auto never = [] { return false; };
    CHECK(changed.wait_until(held, time::min()) == std::cv_status::timeout);
    CHECK_FALSE(changed.wait_until(held, time::min(), never));
    CHECK(now() == 1500ms);
    CHECK_FALSE(changed.wait_until(held, virtual_clock::now() + 0.25s, never));
    CHECK(now() == 1750ms);
    sleep_until(virtual_clock::now() + 0.25s);
    CHECK_THROWS_AS(with_deadline(virtual_clock::now() + 0.5s, [] { sleep_for(1h); }), timed_out);
    CHECK(now() == 2500ms);
    bool rings = false;
    call_later(1s, [&] {
      rings = true;
      changed.notify_all();
    });
    CHECK(changed.wait_for(held, std::chrono::hours::max(), [&] { return rings; }));
  });
  CHECK(r.elapsed == 3500ms);
}

TEST_CASE("what is of a run that has ended is refused by calls that throw nothing, too") {
  mutex m("m");
  semaphore s(1);
  event e;
  condition_variable c;
  passes([&] {
    const std::scoped_lock lock(m);
    s.acquire();
    e.set();
    c.notify_all();
  });
  const auto refused = [](auto&& use) {
    const report r = run({}, [&] {
      use();
      sleep_for(1s);
    });
    CHECK(r.result == verdict::failed);
    CHECK_THAT(r.what, ContainsSubstring("is of a run that has ended; make it inside the body"));
    CHECK(r.elapsed == 0s);
  };
  refused([&] { m.unlock(); });
  refused([&] { s.release(); });
  refused([&] { static_cast<void>(s.permits()); });
  refused([&] { static_cast<void>(e.is_set()); });
  refused([&] { c.notify_one(); });
  m.unlock();  // outside any run nothing is to be said
}

TEST_CASE("a misuse says where it is, and where the holder took it") {
  int takes = 0, unlocks = 0;
  const report r = run({.schedule = random_walk()}, [&] {
    mutex m("m");
    takes = __LINE__ + 1;
    m.lock();
    spawn([&] {
      unlocks = __LINE__ + 1;
      m.unlock();
    }).join();
  });
  CHECK_THAT(r.what, ContainsSubstring("m was unlocked by Task-2, and Task-1 holds it"));
#if defined(REPRISE_HAVE_BACKTRACE)
  CHECK_THAT(r.what, ContainsSubstring("\n  at mutex_test.cpp:" + std::to_string(unlocks)));
  CHECK_THAT(r.what,
             ContainsSubstring("\n  Task-1 took it at mutex_test.cpp:" + std::to_string(takes)));
#endif
}
