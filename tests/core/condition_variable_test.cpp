#include "support/run.hpp"

#include <mutex>
#include <string>

using namespace reprise;
using namespace support;

TEST_CASE("a wait gives the lock up and has it again when it is notified") {
  const auto r = passes([] {
    mutex m;
    condition_variable cv;
    bool ready = false;
    auto t = spawn([&] {
      std::unique_lock lock(m);
      cv.wait(lock, [&] { return ready; });
      CHECK(m.locked());
      log("woken");
    });
    yield();
    {
      const std::scoped_lock lock(m);  // free while it waits
      ready = true;
      cv.notify_one();
      yield();
      log("notified");
    }
    t.join();
  });
  CHECK(logged(r) == "notified woken");
}

TEST_CASE("notify wakes in the order of the waits, and as many as it says") {
  const auto r = passes([] {
    mutex m;
    condition_variable cv;
    for (int i = 0; i < 6; ++i)
      spawn([&, i] {
        std::unique_lock lock(m);
        cv.wait(lock);
        log("{}", i);
      });
    sleep_for(1s);
    cv.notify_one();
    sleep_for(1s);
    log("one");
    cv.notify(2);
    sleep_for(1s);
    log("two");
    cv.notify_all();
    sleep_for(1s);
    cv.notify_all();
  });
  CHECK(logged(r) == "0 one 1 2 two 3 4 5");
}

TEST_CASE("wait_for says whether it was notified in time, and holds the lock in both cases") {
  passes([] {
    mutex m;
    condition_variable cv;
    std::unique_lock lock(m);
    CHECK(cv.wait_for(lock, 2s) == std::cv_status::timeout);
    CHECK(lock.owns_lock());
    CHECK(now() == 2s);
    call_later(1s, [&] { cv.notify_one(); });
    CHECK(cv.wait_for(lock, 2s) == std::cv_status::no_timeout);
    CHECK(now() == 3s);
    CHECK_FALSE(cv.wait_for(lock, 1s, [] { return false; }));
    CHECK(now() == 4s);
    CHECK(cv.wait_until(lock, virtual_clock::time_point(9s), [] { return true; }));
    CHECK(cv.wait_until(lock, virtual_clock::time_point(5s)) == std::cv_status::timeout);
    CHECK(now() == 5s);
  });
}

TEST_CASE("a cancelled wait has the lock again before `cancelled` is thrown") {
  passes([] {
    mutex m;
    condition_variable cv;
    bool held = false;
    auto t = spawn([&] {
      std::unique_lock lock(m);
      try {
        cv.wait(lock);
      } catch (const cancelled&) {
        held = lock.owns_lock() && now() == 1s;
        throw;
      }
    });
    yield();
    m.lock();
    t.cancel();
    sleep_for(1s);
    t.cancel();  // once more, while it waits for the lock
    yield();
    CHECK_FALSE(held);
    m.unlock();
    t.join();
    CHECK(held);
    CHECK(t.cancelled());
    CHECK_FALSE(m.locked());
  });
}

TEST_CASE("a notification that a cancelled waiter had goes to the next") {
  passes([] {
    mutex m;
    condition_variable cv;
    int woken = 0;
    const auto wait = [&] {
      std::unique_lock lock(m);
      cv.wait(lock);
      ++woken;
    };
    auto first = spawn(wait);
    auto second = spawn(wait);
    yield();
    cv.notify_one();
    first.cancel();
    second.join();
    CHECK(first.cancelled());
    CHECK(woken == 1);
  });
}

TEST_CASE("any lock will do, and one that is not held is refused") {
  passes([] {
    mutex m;
    shared_mutex s;
    condition_variable cv;
    call_later(1s, [&] { cv.notify_all(); });
    m.lock();
    cv.wait(m);
    CHECK(m.locked());
    m.unlock();
    CHECK_THROWS_AS(cv.wait(m), error);
    std::unique_lock lock(m, std::defer_lock);
    CHECK_THROWS_AS(cv.wait(lock), error);
    std::unique_lock writer(s);
    call_later(1s, [&] { cv.notify_all(); });
    cv.wait(writer);
    CHECK(writer.owns_lock());
  });
}

TEST_CASE("a wait that is unwound by force is no misuse of its lock") {
  const report r = run(0, [] {
    spawn("stubborn", [] {
      mutex m;
      condition_variable cv;
      const std::scoped_lock lock(m);
      for (;;) {
        try {
          cv.wait(m);
        } catch (const cancelled&) {
        }
      }
    });
    yield();
  });
  CHECK(r.result == verdict::failed);
  CHECK_THAT(r.what, Catch::Matchers::ContainsSubstring("stubborn") &&
                         !Catch::Matchers::ContainsSubstring("unlocked"));
}
