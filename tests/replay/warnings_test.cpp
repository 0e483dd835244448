// What the detectors say of runs that did not fail: locks in two orders, runs and tasks that get
// no further. And that they are silent where nothing is wrong.

#include "support/run.hpp"

#include <reprise/core/token.hpp>
#include <reprise/replay/explore.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <utility>
#include <vector>

using namespace reprise;
using namespace support;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

namespace {

/// The warnings of all of a search's runs that did not fail otherwise.
template <class F>
std::vector<found_warning> warnings(F body, std::uint64_t runs = 200, detectors on = {}) {
  return explore({.schedule = random_walk(), .runs = runs, .keep_going = true, .detect = on}, body)
      .warnings;
}

/// Takes the first, then the second, and gives both back. By hand: without optimisation the place
/// of a scoped_lock's lock() is in the standard library.
void take(mutex& first, mutex& second) {
  first.lock();
  second.lock();
  second.unlock();
  first.unlock();
}

void inversion() {
  mutex a("a"), b("b");
  gather([&] { take(a, b); }, [&] { take(b, a); });
}

/// The holder works on with the lock in hand, and the other only tries.
void starve() {
  mutex m;
  shared<int> n{0};
  gather(
      [&] {
        const std::scoped_lock lock(m);
        for (int i = 0; i < 30'000; ++i) n += 1;
      },
      [&] {
        while (!m.try_lock()) yield();
        m.unlock();
      });
}

}  // namespace

TEST_CASE("locks in two orders are warned of in a run that did not deadlock") {
  const auto found =
      explore({.schedule = random_walk(), .runs = 200, .keep_going = true}, inversion);
  REQUIRE(found.warnings.size() == 1);
  const found_warning& w = found.warnings.front();
  CHECK(w.seen.kind == warning_kind::lock_order);
  CHECK_THAT(w.seen.what, StartsWith("lock order: "));
  CHECK_THAT(w.seen.what, ContainsSubstring("Task-2 holds a"));
  CHECK_THAT(w.seen.what, ContainsSubstring("Task-3 holds b"));
#if defined(REPRISE_HAVE_BACKTRACE)
  CHECK_THAT(w.seen.what, ContainsSubstring("warnings_test.cpp:"));
#endif
  CHECK(w.runs > 1);
  // Its run is repeated by its token, and passes.
  const report again = replay(w.token, inversion);
  CHECK(again.result == verdict::passed);
  REQUIRE(again.warnings.size() == 1);
  CHECK(again.warnings.front().what == w.seen.what);
}

TEST_CASE("a circle of three locks is one inversion") {
  const auto found = warnings([] {
    mutex a("a"), b("b"), c("c");
    gather([&] { take(a, b); }, [&] { take(b, c); }, [&] { take(c, a); });
  });
  REQUIRE(found.size() == 1);
  CHECK_THAT(found.front().seen.what, ContainsSubstring("holds c"));
}

TEST_CASE("a shared lock and an exclusive one may be inverted, two shared ones may not") {
  const auto read = [](shared_mutex& first, mutex& second) {
    const std::shared_lock outer(first);
    const std::scoped_lock inner(second);
  };
  const auto written = [](shared_mutex& first, mutex& second) {
    const std::scoped_lock inner(second);
    const std::scoped_lock outer(first);
  };
  const auto looked = [](shared_mutex& first, mutex& second) {
    const std::scoped_lock inner(second);
    const std::shared_lock outer(first);
  };
  CHECK(warnings([=] {
          shared_mutex s;
          mutex m;
          gather([&] { read(s, m); }, [&] { written(s, m); });
        }).size() == 1);
  CHECK(warnings([=] {
          shared_mutex s;
          mutex m;
          gather([&] { read(s, m); }, [&] { looked(s, m); });
        }).empty());
}

TEST_CASE("no inversion: one order, a gate, a try_lock, tasks that something keeps apart") {
  const std::vector<std::function<void()>> correct = {
      [] {
        mutex a, b;
        gather([&] { take(a, b); }, [&] { take(a, b); });
      },
      [] {
        mutex gate, a, b;
        const auto guarded = [&](mutex& first, mutex& second) {
          const std::scoped_lock lock(gate);
          take(first, second);
        };
        gather([&] { guarded(a, b); }, [&] { guarded(b, a); });
      },
      [] {
        mutex a, b;
        gather([&] { take(a, b); },
               [&] {
                 const std::scoped_lock outer(b);
                 if (a.try_lock()) a.unlock();
               });
      },
      [] {  // std::lock backs off
        mutex a, b;
        gather([&] { const std::scoped_lock both(a, b); },
               [&] { const std::scoped_lock both(b, a); });
      },
      [] {  // the same task
        mutex a, b;
        take(a, b);
        take(b, a);
      },
      [] {  // before the other begins
        mutex a, b;
        take(a, b);
        gather([&] { take(b, a); }, [] {});
      },
      [] {  // after the other has ended
        mutex a, b;
        spawn([&] { take(a, b); }).join();
        take(b, a);
      },
      [] {  // after the other has said so
        mutex a, b;
        event done;
        gather(
            [&] {
              take(a, b);
              done.set();
            },
            [&] {
              done.wait();
              take(b, a);
            });
      },
      [] {  // handed over in a queue
        mutex a, b;
        queue<int> q;
        gather(
            [&] {
              take(a, b);
              q.put(1);
            },
            [&] {
              static_cast<void>(q.get());
              take(b, a);
            });
      },
      [] {  // by an atomic
        mutex a, b;
        atomic<bool> done{false};
        gather(
            [&] {
              take(a, b);
              done.store(true);
            },
            [&] {
              while (!done.load()) yield();
              take(b, a);
            });
      },
      [] {  // a try that gives up makes no order
        mutex a, b;
        const auto backs_off = [](mutex& first, mutex& second, duration patience) {
          for (;;) {
            first.lock();
            const bool both = second.try_lock_for(patience);
            if (both) second.unlock();
            first.unlock();
            if (both) return;
            sleep_for(patience);
          }
        };
        gather([&] { backs_off(a, b, 1ms); }, [&] { backs_off(b, a, 3ms); });
      },
      [] {  // a gate that readers pass, and one alone
        shared_mutex gate;
        mutex a, b;
        gather(
            [&] {
              const std::unique_lock lock(gate);
              take(a, b);
            },
            [&] {
              const std::shared_lock lock(gate);
              take(b, a);
            });
      },
      [] {  // a flag under a lock
        mutex a, b, m;
        bool done = false;
        gather(
            [&] {
              take(a, b);
              const std::scoped_lock lock(m);
              done = true;
            },
            [&] {
              const auto is_done = [&] {
                const std::scoped_lock lock(m);
                return done;
              };
              if (is_done()) take(b, a);
            });
      },
      [] {  // the same, and a third hands it on under another
        mutex a, b, m, n;
        bool done = false, told = false;
        gather(
            [&] {
              take(a, b);
              const std::scoped_lock lock(m);
              done = true;
            },
            [&] {
              const std::scoped_lock outer(m);
              const std::scoped_lock inner(n);
              told = done;
            },
            [&] {
              n.lock();
              const bool go = told;
              n.unlock();
              if (go) take(b, a);
            });
      },
      [] {  // a condition that holds already
        mutex a, b, m;
        condition_variable changed;
        bool done = false;
        gather(
            [&] {
              take(a, b);
              {
                const std::scoped_lock lock(m);
                done = true;
              }
              changed.notify_one();
            },
            [&] {
              {
                std::unique_lock lock(m);
                changed.wait(lock, [&] { return done; });
              }
              take(b, a);
            });
      },
      [] {  // an event that is looked at
        mutex a, b;
        event done;
        gather(
            [&] {
              take(a, b);
              done.set();
            },
            [&] {
              while (!done.is_set()) yield();
              take(b, a);
            });
      },
  };
  for (std::size_t i = 0; i < correct.size(); ++i) {
    INFO("program " << i);
    const auto found = explore({.runs = 300, .keep_going = true}, correct[i]);
    CHECK(found);
    for (const auto& w : found.warnings) CHECK(w.seen.what.empty());
  }
}

TEST_CASE("an inversion is told, though both take another lock before and after") {
  const auto with_others = [] {
    mutex a("a"), b("b"), m;
    const auto touch = [&] { const std::scoped_lock lock(m); };
    const auto work = [&](mutex& first, mutex& second) {
      touch();
      take(first, second);
      touch();
    };
    gather([&] { work(a, b); }, [&] { work(b, a); });
  };
  CHECK(warnings(with_others).size() == 1);
}

TEST_CASE("readers of one gate keep nobody apart") {
  CHECK(warnings([] {
          shared_mutex gate;
          mutex a, b;
          const auto guarded = [&](mutex& first, mutex& second) {
            const std::shared_lock lock(gate);
            take(first, second);
          };
          gather([&] { guarded(a, b); }, [&] { guarded(b, a); });
        }).size() == 1);
}

TEST_CASE("a lock that another gave back is no longer held") {
  const auto handed_over = [] {
    mutex m, a;
    gather(
        [&] {
          m.lock();
          sleep_for(2ms);
          const std::scoped_lock lock(a);
        },
        [&] {
          sleep_for(1ms);
          m.unlock();
        },
        [&] {
          sleep_for(3ms);
          const std::scoped_lock outer(a);
          const std::scoped_lock inner(m);
        });
  };
  CHECK(warnings(handed_over, 200, {.mutexes = false}).empty());
}

TEST_CASE("a lock that is destroyed while it is held is forgotten, with its name") {
  const auto destroyed = [](bool shared) {
    return [shared] {
      const std::string name(100, 'x');
      auto m = std::make_unique<shared_mutex>(name);
      shared ? m->lock_shared() : m->lock();
      m.reset();
      mutex other;
      const std::scoped_lock lock(other);
    };
  };
  for (const bool shared : {false, true}) {
    CHECK(explore({.runs = 10, .detect = {.mutexes = false}}, destroyed(shared)));
    CHECK_FALSE(explore({.runs = 10}, destroyed(shared)));
  }
}

TEST_CASE("locks taken in one order cost no search, however many there are") {
  // With a search along every path this did not end.
  const auto found = warnings(
      [] {
        std::vector<std::unique_ptr<mutex>> accounts;
        for (int i = 0; i < 50; ++i) accounts.push_back(std::make_unique<mutex>());
        std::vector<std::function<void()>> tellers;
        for (unsigned teller = 0; teller < 32; ++teller)
          tellers.emplace_back([&accounts, teller] {
            prng random(teller);
            for (int i = 0; i < 40; ++i) {
              auto from = random.randbelow(50), to = random.randbelow(50);
              if (from == to) continue;
              if (to < from) std::swap(from, to);
              take(*accounts[from], *accounts[to]);
            }
          });
        gather(tellers);
      },
      1);
  CHECK(found.empty());
}

TEST_CASE("a run in which nobody gets further is warned of, and ended when it goes on for ever") {
  const auto waits_for_nobody = [](std::uint64_t looks) {
    return [looks] {
      atomic<bool> flag{false};
      for (std::uint64_t i = 0; !flag.load() && i < looks; ++i) yield();
    };
  };
  const auto found = warnings(waits_for_nobody(60'000), 1);
  REQUIRE(found.size() == 1);
  CHECK(found.front().seen.kind == warning_kind::livelock);
  CHECK_THAT(found.front().seen.what, StartsWith("livelock: in 100,000 operations at 0 s"));
  CHECK_THAT(found.front().seen.what, ContainsSubstring("Task-1: "));
  CHECK(warnings(waits_for_nobody(40'000), 1).empty());

  const report r = run({.schedule = random_walk()}, waits_for_nobody(~std::uint64_t{0}));
  CHECK(r.result == verdict::failed);
  CHECK_THAT(r.what, StartsWith("livelock: in 5,000,000 operations at 0 s"));
}

TEST_CASE("two tasks that give way to each other for ever are a livelock") {
  // Each sees that the other wants it, too, and lets go: with turns taken strictly, for ever.
  const auto polite = [] {
    atomic<bool> wants[2];
    const auto enter = [&](int me) {
      for (int i = 0; i < 30'000; ++i) {
        if (!wants[1 - me].load()) return;
        yield();
      }
    };
    wants[0].store(true);
    wants[1].store(true);
    gather([&] { enter(0); }, [&] { enter(1); });
  };
  const auto found = warnings(polite, 1);
  REQUIRE(found.size() == 1);
  CHECK_THAT(found.front().seen.what, ContainsSubstring("Task-2: "));
  CHECK_THAT(found.front().seen.what, ContainsSubstring("Task-3: "));
}

TEST_CASE("two who take one lock and try the other in vain for ever are a livelock") {
  const auto polite = [] {
    mutex a, b;
    b.lock();
    for (int i = 0; i < 60'000; ++i) {
      const std::scoped_lock mine(a);
      if (b.try_lock()) return;
      yield();
    }
  };
  CHECK(warnings(polite, 1).size() == 1);
}

TEST_CASE("work is no livelock, however much of it is done at one instant") {
  const std::vector<std::function<void()>> correct = {
      [] {
        shared<int> n{0};
        for (int i = 0; i < 150'000; ++i) n += 1;
      },
      [] {  // what a section does to the program's own data is not seen
        mutex m;
        int n = 0;
        const auto adds = [&] {
          for (int i = 0; i < 60'000; ++i) {
            const std::scoped_lock section(m);
            ++n;
          }
        };
        gather(adds, adds);
        expect(n == 120'000, "{}", n);
      },
      [] {
        semaphore s(1);
        for (int i = 0; i < 60'000; ++i) {
          s.acquire();
          s.release();
        }
      },
      [] {
        mutex m;
        condition_variable turned;
        int turn = 0;
        const auto plays = [&](int me) {
          for (int i = 0; i < 15'000; ++i) {
            std::unique_lock l(m);
            turned.wait(l, [&] { return turn == me; });
            turn = 1 - me;
            turned.notify_one();
          }
        };
        gather([&] { plays(0); }, [&] { plays(1); });
      },
      [] {  // each variable is looked at once
        const shared<int> n{1};
        std::vector<std::unique_ptr<shared<int>>> all;
        all.reserve(1000);
        for (int i = 0; i < 1000; ++i) all.push_back(std::make_unique<shared<int>>(i));
        int sum = 0;
        for (int round = 0; round < 150; ++round) {
          for (const auto& x : all) sum += *x;
          log("{}", sum);
          yield();
        }
      },
      [] {
        queue<int> q;
        gather(
            [&] {
              for (int i = 0; i < 60'000; ++i) q.put(i);
              q.close();
            },
            [&] {
              while (q.get()) {
              }
            });
      },
      [] {
        for (int i = 0; i < 2000; ++i) sleep_for(1ms);
      },
  };
  for (std::size_t i = 0; i < correct.size(); ++i) {
    INFO("program " << i);
    const report r = run({.schedule = random_walk()}, correct[i]);
    check_passed(r);
    for (const auto& w : r.warnings) CHECK(w.what.empty());
  }
}

TEST_CASE("a task that tries in vain while others get further starves") {
  const auto found = warnings(starve, 20);
  REQUIRE(found.size() == 1);
  CHECK(found.front().seen.kind == warning_kind::starvation);
  CHECK_THAT(found.front().seen.what,
             StartsWith("starvation: Task-3 has tried 10,000 times in vain until 0 s (try_lock of "
                        "object "));
  CHECK_THAT(found.front().seen.what, ContainsSubstring("while others got further"));
}

TEST_CASE("a compare-exchange that fails now and then does not starve") {
  const auto found = warnings(
      [] {
        atomic<int> n{0};
        const auto add = [&] {
          for (int i = 0; i < 5000; ++i) {
            int seen = n.load();
            while (!n.compare_exchange_strong(seen, seen + 1)) {
            }
          }
        };
        gather(add, add);
        expect(n.load() == 10'000);
      },
      3);
  CHECK(found.empty());
}

TEST_CASE("each of these detectors can be turned off, and the token says so") {
  const auto spin = [] {
    const atomic<bool> flag{false};
    for (int i = 0; !flag.load() && i < 60'000; ++i) yield();
  };
  CHECK_FALSE(warnings(inversion).empty());
  CHECK(warnings(inversion, 200, {.lock_order = false}).empty());
  CHECK_FALSE(warnings(starve, 20).empty());
  CHECK(warnings(starve, 20, {.starvation = false}).empty());
  CHECK_FALSE(warnings(spin, 1).empty());
  CHECK(warnings(spin, 1, {.livelock = false}).empty());
  for (std::uint64_t off = 0; off < 64; ++off) {
    const config how{.schedule = pos(), .detect = detectors::without(off)};
    CHECK(how.detect.off() == off);
    CHECK(decode_token(encode_token(how)).detect == how.detect);
  }
}
