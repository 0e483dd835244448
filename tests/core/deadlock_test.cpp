// How a deadlock is told: who waits for what, held by whom, where.

#include "support/run.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

using namespace reprise;
using namespace support;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

namespace {

std::string here(int line) {
#if defined(REPRISE_HAVE_BACKTRACE)
  return " (deadlock_test.cpp:" + std::to_string(line) + ")";
#else
  static_cast<void>(line);
  return "";
#endif
}

}  // namespace

TEST_CASE("two tasks that hold what the other wants are named, with their locks and places") {
  int locks_a = 0, locks_b = 0, wants_a = 0, wants_b = 0;
  const report r = run(0, [&] {
    mutex a("left fork"), b("right fork");
    gather(
        [&] {
          locks_a = __LINE__ + 1;
          a.lock();
          sleep_for(1s);
          wants_b = __LINE__ + 1;
          b.lock();
          CHECK(false);
        },
        [&] {
          locks_b = __LINE__ + 1;
          b.lock();
          sleep_for(1s);
          wants_a = __LINE__ + 1;
          a.lock();
          CHECK(false);
        });
  });
  CHECK(r.result == verdict::deadlock);
  INFO(r.what);
  CHECK_THAT(r.what, StartsWith("deadlock at 1 s: 2 tasks wait for each other"));
  CHECK_THAT(r.what, ContainsSubstring("Task-2 holds left fork" + here(locks_a) +
                                       " and waits for right fork" + here(wants_b)));
  CHECK_THAT(r.what, ContainsSubstring("Task-3 holds right fork" + here(locks_b) +
                                       " and waits for left fork" + here(wants_a)));
  CHECK_THAT(r.what, ContainsSubstring("Task-1 waits for its children in gather"));
}

TEST_CASE("a task that locks what it holds is named") {
  const report r = run(0, [] {
    mutex m("door");
    m.lock();
    m.lock();
  });
  CHECK(r.result == verdict::deadlock);
  CHECK_THAT(r.what, StartsWith("deadlock at 0 s: a task waits for itself") &&
                         ContainsSubstring("Task-1") && ContainsSubstring("door"));
#if defined(REPRISE_HAVE_BACKTRACE)
  CHECK_THAT(r.what, ContainsSubstring("deadlock_test.cpp:"));
#endif
}

#if defined(REPRISE_HAVE_BACKTRACE)
TEST_CASE("whatever it waits in, it says where, in a build without optimisation, too") {
  const auto told = [](auto&& wait_for) {
    const report r = run(0, [&] {
      promise<void> never;
      wait_for(never.get_future());
    });
    CHECK(r.result == verdict::deadlock);
    CHECK_THAT(r.what,
               ContainsSubstring("\n  Task-1 waits") && ContainsSubstring(" (deadlock_test.cpp:"));
    // The child's line has a place of its own.
    const auto line = r.what.find("\n  Task-1 waits");
    const auto end = r.what.find('\n', line + 1);
    CHECK_THAT(r.what.substr(line, end - line), ContainsSubstring(" (deadlock_test.cpp:"));
  };
  using never = future<void>;
  told([](const never& f) { f.get(); });
  told([](const never& f) { f.wait(); });
  told([](const never& f) { spawn([f] { f.get(); }).get(); });
  told([](const never& f) { spawn([f] { f.get(); }).join(); });
  told([](const never& f) { gather([f] { f.get(); }); });
  told([](const never& f) { gather_all(spawn([f] { f.get(); })); });
  told([](const never& f) { gather(std::vector{spawn([f] { f.get(); })}); });
  told([](const never& f) { static_cast<void>(wait(std::vector{spawn([f] { f.get(); })})); });
  told([](const never& f) {
    for (auto& t : as_completed(std::vector{spawn([f] { f.get(); })})) static_cast<void>(t);
  });
  told([](const never& f) { with_task_group([f](task_group& g) { g.spawn([f] { f.get(); }); }); });
  told([](const never& f) { shield([f] { f.get(); }); });
}
#endif

TEST_CASE("a lock and a join may close a circle") {
  const report r = run(0, [] {
    mutex m("ledger");
    auto child = spawn("child", [&] { m.lock(); });
    const std::scoped_lock lock(m);
    child.join();
  });
  CHECK(r.result == verdict::deadlock);
  INFO(r.what);
  CHECK_THAT(r.what, ContainsSubstring("2 tasks wait for each other") &&
                         ContainsSubstring("Task-1 holds ledger") &&
                         ContainsSubstring("waits for child") &&
                         ContainsSubstring("child waits for ledger"));
}

TEST_CASE("a named writer of a shared mutex is named as its holder") {
  const report r = run(0, [] {
    shared_mutex m("table");
    m.lock();
    spawn("reader", [&] { m.lock_shared(); }).join();
  });
  CHECK_THAT(r.what, ContainsSubstring("table") && ContainsSubstring("held by Task-1"));
}

TEST_CASE("readers are named as holders, and close circles, where detectors are on") {
  const report r = run({.schedule = round_robin()}, [] {
    shared_mutex table("table");
    mutex log("log");
    gather(
        [&] {
          table.lock_shared();
          sleep_for(1s);
          log.lock();
        },
        [&] {
          log.lock();
          sleep_for(1s);
          table.lock();
        });
  });
  CHECK(r.result == verdict::deadlock);
  INFO(r.what);
  CHECK_THAT(r.what, StartsWith("deadlock at 1 s: 2 tasks wait for each other") &&
                         ContainsSubstring("Task-2 holds table shared") &&
                         ContainsSubstring(" and waits for log") &&
                         ContainsSubstring("Task-3 holds log"));

  const report upgrade = run({.schedule = round_robin()}, [] {
    shared_mutex table("table");
    const auto upgrade_it = [&] {
      table.lock_shared();
      sleep_for(1s);
      table.lock();
    };
    gather(upgrade_it, upgrade_it);
  });
  CHECK(upgrade.result == verdict::deadlock);
  INFO(upgrade.what);
  CHECK_THAT(upgrade.what, StartsWith("deadlock at 1 s: a task waits for itself") &&
                               ContainsSubstring(", which it holds itself as a reader") &&
                               ContainsSubstring(" as well"));
}

TEST_CASE("a wait for a queue's items is told as that") {
  const report r = run(0, [] {
    queue<int> q(0, "jobs");
    q.put(1);
    q.join();
  });
  CHECK_THAT(r.what, ContainsSubstring("Task-1 waits for task_done of every item of jobs" +
                                       here(__LINE__ - 3)));
}

TEST_CASE("without a circle it says that nothing can run, and what each waits for") {
  const report r = run(0, [] {
    event e("bell");
    queue<int> q(1, "inbox");
    queue<int> full(1, "outbox");
    full.put(1);
    semaphore s(0, "permits");
    condition_variable cv("news");
    mutex m;
    promise<> p;
    spawn("listener", [&] { e.wait(); });
    spawn("getter", [&] { static_cast<void>(q.get()); });
    spawn("putter", [&] { full.put(2); });
    spawn("worker", [&] { s.acquire(); });
    spawn("reader", [&] {
      std::unique_lock lock(m);
      cv.wait(lock);
    });
    spawn("future", [&] { p.get_future().get(); });
    spawn("sleeper", [] { sleep_for(std::chrono::duration<double>(1e30)); });
    sleep_for(1s);
    sleep_for(std::chrono::duration<double>(1e30));
  });
  CHECK(r.result == verdict::deadlock);
  INFO(r.what);
  CHECK_THAT(r.what,
             StartsWith("deadlock at 1 s: 8 tasks wait, nothing can run and no timer is pending"));
  CHECK_THAT(r.what, ContainsSubstring("listener waits for bell") &&
                         ContainsSubstring("getter waits for an item of inbox") &&
                         ContainsSubstring("putter waits for room in outbox") &&
                         ContainsSubstring("worker waits for a permit of permits") &&
                         ContainsSubstring("reader waits to be notified by news") &&
                         ContainsSubstring("future waits for a future that nobody has set") &&
                         ContainsSubstring("sleeper sleeps for ever"));
}

TEST_CASE("an object without a name is named by its kind and maker") {
  const report r = run(0, [] {
    event first;
    event second;
    second.wait();
  });
  CHECK_THAT(r.what, StartsWith("deadlock at 0 s: 1 task waits,") &&
                         ContainsSubstring("event 2 of Task-1"));
}

TEST_CASE("of many tasks some are shown, and the others counted") {
  const report r = run(0, [] {
    event e;
    for (int i = 0; i < 3000; ++i) spawn([&] { e.wait(); });
    e.wait();
  });
  CHECK(r.result == verdict::deadlock);
  CHECK_THAT(r.what, ContainsSubstring("3001 tasks") || ContainsSubstring("3,001 tasks"));
  CHECK_THAT(r.what, ContainsSubstring("more"));
  CHECK(std::count(r.what.begin(), r.what.end(), '\n') < 30);
}

TEST_CASE("a long line before a lock is told in time") {
  const report r = run(0, [] {
    mutex m("door");
    m.lock();
    std::vector<task<>> all;
    for (int i = 0; i < 3000; ++i)
      all.push_back(spawn(spawn_options{.stack_size = 16 * 1024}, [&] { m.lock(); }));
    m.lock();
  });
  CHECK(r.result == verdict::deadlock);
  CHECK_THAT(r.what, ContainsSubstring("a task waits for itself"));
}

TEST_CASE(
    "a notification that came before its waiter is a lost wake-up, and who gave it is named") {
  int waits = 0, notifies = 0;
  const auto body = [&] {
    mutex m;
    condition_variable ready("ready");
    gather(
        [&] {
          sleep_for(1s);
          std::unique_lock lock(m);
          waits = __LINE__ + 1;
          ready.wait(lock);
        },
        [&] {
          notifies = __LINE__ + 1;
          ready.notify_one();
        });
  };
  const report r = run(0, body);
  CHECK(r.result == verdict::deadlock);
  INFO(r.what);
  CHECK_THAT(r.what,
             StartsWith("lost wake-up at 1 s: Task-2 waits to be notified by ready" + here(waits)));
  CHECK_THAT(r.what,
             ContainsSubstring(", and was notified before it waited, by Task-3" + here(notifies)));
  CHECK_THAT(r.what, ContainsSubstring("Task-1 waits for its children in gather"));
  const report off = run({.detect = {.lost_wakeups = false}}, body);
  CHECK_THAT(off.what, StartsWith("deadlock at 1 s: 2 tasks wait"));
}

TEST_CASE("who was never notified, or has been notified since, has lost no wake-up") {
  CHECK_THAT(run(0,
                 [] {
                   mutex m;
                   condition_variable ready;
                   std::unique_lock lock(m);
                   ready.wait(lock);
                 })
                 .what,
             StartsWith("deadlock at 0 s: 1 task waits"));
  CHECK_THAT(run(0,
                 [] {
                   mutex m;
                   condition_variable ready;
                   ready.notify_all();
                   gather(
                       [&] {
                         std::unique_lock lock(m);
                         ready.wait(lock);
                         ready.wait(lock);
                       },
                       [&] {
                         sleep_for(1s);
                         ready.notify_one();
                       });
                 })
                 .what,
             StartsWith("deadlock at 1 s: 2 tasks wait"));
}

TEST_CASE("a notification whose condition was found to hold is not the one that is missing") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const report r = run({.seed = seed, .schedule = random_walk()}, [] {
      mutex m;
      condition_variable changed;
      int items = 0;
      gather(
          [&] {
            {
              const std::scoped_lock lock(m);
              ++items;
            }
            changed.notify_one();
          },
          [&] {
            sleep_for(1ms);
            for (int i = 0; i < 2; ++i) {  // the second never comes
              std::unique_lock lock(m);
              changed.wait(lock, [&] { return items > 0; });
              --items;
            }
          });
    });
    CHECK_THAT(r.what, StartsWith("deadlock at 1 ms: 2 tasks wait"));
  }
}

TEST_CASE("who has notified does not wait for that notification") {
  CHECK_THAT(run(0,
                 [] {
                   mutex m;
                   condition_variable changed;
                   std::unique_lock lock(m);
                   changed.notify_all();
                   changed.wait(lock);
                 })
                 .what,
             StartsWith("deadlock at 0 s: 1 task waits"));
}

TEST_CASE("one who looked before the notification has lost it, whoever has made use of it since") {
  int lost = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const report r = run({.seed = seed, .schedule = random_walk()}, [] {
      mutex m;
      condition_variable changed;
      atomic<bool> ready{false};
      const auto wait = [&] {
        std::unique_lock lock(m);
        changed.wait(lock, [&] { return ready.load(); });
      };
      gather(
          wait,
          [&] {
            ready = true;
            changed.notify_all();
          },
          [&] {
            sleep_for(1s);
            wait();
          });
    });
    if (r) continue;
    ++lost;
    CHECK_THAT(r.what, StartsWith("lost wake-up at 1 s: Task-2 waits to be notified by "));
  }
  CHECK(lost > 0);
}

TEST_CASE("a waiter that is stopped has notified nobody") {
  for (const strategy& how : {fifo(), random_walk(), pos()}) {
    const report r = run({.schedule = how}, [] {
      mutex m;
      condition_variable ready;
      const auto given_up = [&] {
        std::unique_lock lock(m);
        ready.wait(lock);
      };
      spawn([&] {
        try {
          with_timeout(1s, given_up);
        } catch (const timed_out&) {
        }
      }).join();
      std::unique_lock lock(m);
      ready.wait(lock);
    });
    CHECK_THAT(r.what, StartsWith("deadlock at 1 s: 1 task waits"));
  }
}

TEST_CASE("who finds its condition to hold at its time limit has lost no wake-up") {
  int deadlocks = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const report r = run({.seed = seed, .schedule = random_walk()}, [] {
      mutex m;
      condition_variable ready;
      int items = 0;
      gather(
          [&] {
            std::unique_lock lock(m);
            if (ready.wait_for(lock, 1s, [&] { return items > 0; })) --items;
          },
          [&] {
            sleep_for(1s);
            {
              const std::scoped_lock lock(m);
              ++items;
            }
            ready.notify_one();
          },
          [&] {
            sleep_for(2s);
            std::unique_lock lock(m);
            ready.wait(lock, [&] { return items > 0; });
          });
    });
    if (r) continue;
    ++deadlocks;
    CHECK_THAT(r.what, StartsWith("deadlock at 2 s"));
  }
  CHECK(deadlocks > 0);
}

TEST_CASE("an atomic that was changed without a notification is a lost wake-up") {
  const report r = run(0, [] {
    atomic<int> n{0, "turn"};
    gather([&] { n.wait(0); },
           [&] {
             sleep_for(1s);
             n.store(1);
           });
  });
  CHECK(r.result == verdict::deadlock);
  INFO(r.what);
  CHECK_THAT(r.what, StartsWith("lost wake-up at 1 s: Task-2 waits for turn to change"));
  CHECK_THAT(r.what, ContainsSubstring("; it has changed, and nobody notified"));
  CHECK_THAT(run(0,
                 [] {
                   atomic<int> n{0};
                   n.wait(0);
                 })
                 .what,
             StartsWith("deadlock at 0 s: 1 task waits"));
}
