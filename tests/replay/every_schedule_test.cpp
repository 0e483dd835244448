// What the primitives promise, under every strategy: a task may be left at each of their points.

#include "support/catch2.hpp"

#include <reprise/core.hpp>
#include <reprise/replay/explore.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

using namespace reprise;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

namespace {

const std::vector<strategy> chooses{random_walk(), pct(3),           pos(),       surw(),
                                    portfolio(),   delay_bounded(2), starvation()};

/// It holds in some hundred schedules of each strategy.
void holds(const std::function<void()>& body) {
  for (const auto& how : chooses) {
    INFO(how.to_string());
    const auto found = explore({.schedule = how, .runs = 300}, body);
    CHECK((found ? "" : found.failure->what) == "");
  }
}

/// Some strategy finds the failure.
bool is_found(const std::function<void()>& body, const std::string& what) {
  const auto found = explore({.runs = 1000}, body);
  return !found && found.failure->what.find(what) != std::string::npos;
}

/// A lock as one writes it with C++20.
class flag_lock {
public:
  void lock() {
    while (taken_.test_and_set(std::memory_order_acquire)) taken_.wait(true);
  }
  void unlock() {
    taken_.clear(std::memory_order_release);
    taken_.notify_one();
  }

private:
  reprise::atomic_flag taken_;
};

}  // namespace

TEST_CASE("every schedule: join waits for all that was put before it") {
  holds([] {
    queue<int> q;
    int done = 0;
    auto consumer = spawn([&] {
      for (int i = 0; i < 3; ++i) {
        yield();
        static_cast<void>(q.get());
        ++done;
        q.task_done();
      }
    });
    for (int i = 0; i < 3; ++i) q.put(i);
    q.join();
    expect(done == 3, "done {} of 3", done);
    consumer.join();
  });
}

TEST_CASE("every schedule: of two who set a promise one is refused") {
  const auto set_twice = [](bool cancels) {
    return [cancels] {
      promise<int> p;
      auto f = p.get_future();
      int set = 0, refused = 0;
      const auto setter = [&] {
        try {
          p.set_value(1);
          ++set;
        } catch (const invalid_state&) {
          ++refused;
        }
      };
      gather(setter, [&] {
        if (!cancels) return setter();
        if (f.cancel())
          ++set;
        else
          ++refused;
      });
      expect(set == 1 && refused == 1, "set {}, refused {}", set, refused);
    };
  };
  holds(set_twice(false));
  holds(set_twice(true));
  CHECK(is_found(
      [] {
        promise<int> p;
        auto f = p.get_future();
        const auto setter = [&] {
          if (!p.done()) p.set_value(1);
        };
        gather(setter, setter);
        static_cast<void>(f.done());
      },
      "it was set or cancelled before"));
}

TEST_CASE("every schedule: a condition variable loses nothing with a lock of the user's") {
  holds([] {
    flag_lock lock;
    condition_variable changed;
    bool ready = false;
    gather(
        [&] {
          lock.lock();
          while (!ready) changed.wait(lock);
          lock.unlock();
        },
        [&] {
          lock.lock();
          ready = true;
          changed.notify_one();
          lock.unlock();
        });
  });
}

TEST_CASE("every schedule: who spins alone comes to the limit of steps") {
  const std::vector<std::function<void()>> spins{
      [] {
        atomic<bool> flag{false};
        while (!flag.load()) {
        }
      },
      [] {  // its own lock
        mutex m;
        m.lock();
        while (!m.try_lock()) {
        }
      },
      [] {  // nobody else can run until time passes, and it does not
        atomic<bool> flag{false};
        gather(
            [&] {
              while (!flag.load()) {
              }
            },
            [&] {
              sleep_for(1ms);
              flag = true;
            });
      },
  };
  for (const auto& body : spins) {
    for (const char* how : {"fifo", "pos", "random_walk", "simplest", "round_robin"}) {
      INFO(how);
      const report r =
          run({.schedule = strategy::parse(how), .step_limit = 1000, .detect = detectors::none()},
              body);
      CHECK(r.result == verdict::step_limit);
      CHECK(r.steps < 1000);
      CHECK_THAT(r.what, ContainsSubstring("went on and on at 0 s"));
    }
    // Without a limit the detector ends it.
    const report r = run({.schedule = random_walk()}, body);
    CHECK_THAT(r.what, StartsWith("livelock: in 5,000,000 operations"));
  }
}

TEST_CASE("every schedule: a failure that was recorded is delivered to one who spins") {
  for (const strategy& how : {fifo(), random_walk()}) {
    const report r = run({.schedule = how, .detect = {.livelock = false}}, [] {
      mutex m;
      m.unlock();
      atomic<bool> flag{false};
      while (!flag.load()) {
      }
    });
    CHECK(r.result == verdict::failed);
    CHECK_THAT(r.what, ContainsSubstring("was unlocked, and nobody holds it"));
  }
}

TEST_CASE("every schedule: a join throws the cancellation that came before it, too") {
  holds([] {
    auto slow = spawn([] { sleep_for(1s); });
    bool went_on = false;
    auto joins = spawn([&] {
      slow.join();
      went_on = true;
    });
    auto cancels = spawn([&] {
      yield();
      expect(joins.cancel());
    });
    cancels.join();
    joins.join();
    expect(!went_on && joins.cancelled());
  });
}

TEST_CASE("every schedule: whose cancellation was taken ends cancelled, even at its end") {
  const auto ends_cancelled = [](auto&& begin) {
    return [begin] {
      auto quick = begin();
      const bool taken = quick.cancel();
      quick.join();
      expect(quick.cancelled() == taken, "taken: {}", taken);
    };
  };
  holds(ends_cancelled([] { return spawn([] { return 1; }); }));
  holds(ends_cancelled([] { return spawn([]() -> co_task<int> { co_return 1; }); }));
}

TEST_CASE("every schedule: who was cancelled passes an atomic's notification on") {
  holds([] {
    atomic<int> turn{0};
    bool heard = false;
    auto first = spawn([&] {
      turn.wait(0);
      heard = true;
    });
    auto second = spawn([&] { turn.wait(0); });
    sleep_for(1s);
    turn.store(1);
    turn.notify_one();
    first.cancel();
    first.join();
    if (heard) turn.notify_one();
    second.join();
  });
}
