#include "support/run.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace reprise;
using namespace support;

TEST_CASE("a job's time is its worker's: it holds up nobody else") {
  passes([] {
    auto [value, other] = gather(
        [] {
          return offload([] {
            spend(5s);
            return 1;
          });
        },
        [] {
          sleep_for(1s);
          return now();
        });
    CHECK(value == 1);
    CHECK(other == 1s);
    CHECK(now() == 5s);
  });
}

TEST_CASE("a job starts at the call when a worker is idle") {
  const auto r = passes([] {
    worker_pool pool(1);
    spawn([] { log("other"); });
    offload(pool, [] { log("job"); });
    log("after");
  });
  CHECK(logged(r) == "job other after");
}

TEST_CASE("a job's result reaches its task two turns after it ends") {
  passes([] {
    int turn = 0;
    auto ticker = spawn([&] {
      for (;;) {
        ++turn;
        yield();
      }
    });
    yield();
    const int before = turn;
    offload([] {});
    CHECK(turn == before + 2);
    ticker.cancel();
  });
}

TEST_CASE("jobs wait in line for a worker, first in, first out") {
  const auto r = passes([] {
    worker_pool pool(2);
    std::vector<std::function<void()>> jobs;
    for (int i = 0; i < 5; ++i)
      jobs.push_back([&, i] {
        offload(pool, [i] {
          log("{}", i);
          spend(1s);
        });
      });
    gather(jobs);
    CHECK(now() == 3s);
    CHECK_THROWS_AS(worker_pool(0), std::invalid_argument);
  });
  CHECK(logged(r) == "0 1 2 3 4");
}

TEST_CASE("a job may sleep, spend and log, and its exception comes to its task") {
  const auto r = passes([] {
    CHECK_THROWS_WITH(offload([] {
                        log("a {}", 1.5);
                        sleep_for(1s);
                        sleep_for(0s);
                        spend(1s);
                        throw std::runtime_error("broke");
                      }),
                      "broke");
    CHECK(now() == 2s);
    CHECK(*offload([] { return std::make_unique<int>(3); }) == 3);
  });
  CHECK(logged(r) == "a 1.5");
  CHECK(r.events[0].task == "-");
}

TEST_CASE(
    "a job cancelled while it queues never runs, and drops what it captured; while it runs, it "
    "runs on") {
  bool ran = false, finished = false;
  const auto r = passes([&] {
    worker_pool pool(1);
    auto running = spawn([&] {
      offload(pool, [&] {
        spend(5s);
        finished = true;
      });
    });
    auto queued = spawn([&] { offload(pool, [&ran, c = counted()] { ran = true; }); });
    sleep_for(1s);
    running.cancel();
    queued.cancel();
    running.join();
    queued.join();
    CHECK(now() == 1s);
    CHECK(running.cancelled());
    CHECK(counted::alive == 0);
    CHECK_FALSE(finished);
  });
  CHECK_FALSE(ran);
  CHECK(finished);  // the run's teardown waits for it
  CHECK(r.elapsed == 5s);
}

TEST_CASE("a job that throws when its task is gone is nobody's failure") {
  passes([] {
    auto t = spawn([] {
      offload([] {
        spend(2s);
        throw std::runtime_error("x");
      });
    });
    sleep_for(1s);
    t.cancel();
    t.join();
    sleep_for(5s);
  });
}

TEST_CASE("a job that never ends is unwound at the end of the run") {
  bool unwound = false;
  const auto r = run(0, [&] {
    spawn([&] {
      offload([&, c = counted()] {
        const at_exit out([&] {
          unwound = true;
          log("unwound {}", 2.5);
        });
        sleep_for(std::chrono::duration<double>(1e30));
      });
    });
    sleep_for(1s);
  });
  check_passed(r);
  CHECK(unwound);
  CHECK(logged(r) == "unwound 2.5");
  CHECK(counted::alive == 0);
}

TEST_CASE("a pool that is destroyed with jobs running waits for them in the teardown") {
  int finished = 0;
  passes([&] {
    {
      worker_pool pool(1);
      for (int i = 0; i < 2; ++i)
        spawn([&] {
          offload(pool, [&] {
            spend(1s);
            ++finished;
          });
        });
      yield();
    }
    yield();
  });
  // The second queued, and its task was cancelled with the rest.
  CHECK(finished == 1);
}

TEST_CASE("a job may set what its task waits for, spawn, and make callbacks") {
  const auto r = passes([] {
    event e;
    offload([&] {
      spawn([&] {
        log("spawned");
        e.set();
      });
      call_soon([] { log("soon"); });
    });
    e.wait();
  });
  CHECK(logged(r) == "spawned soon");
}

TEST_CASE("jobs end in the order that their times say, whatever the strategy") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto r = run({.seed = seed, .schedule = random_walk()}, [] {
      auto [a, b, c] = gather(
          [] {
            return offload([] {
              spend(3s);
              return now();
            });
          },
          [] {
            return offload([] {
              spend(1s);
              return now();
            });
          },
          [] {
            return offload([] {
              spend(2s);
              return now();
            });
          });
      CHECK(a == 3s);
      CHECK(b == 1s);
      CHECK(c == 2s);
    });
    check_passed(r);
  }
}
