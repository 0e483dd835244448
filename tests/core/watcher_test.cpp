// Data races: what is one, what is none, and how it is told.

#include "support/run.hpp"

#include <functional>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

using namespace reprise;
using namespace support;
using Catch::Matchers::ContainsSubstring;

namespace {

/// Of forty schedules, how many end in a data race; any other failure is a failure.
int races(const std::function<void()>& body) {
  int count = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const report r = run(
        {.seed = seed, .schedule = seed % 2 ? random_walk() : pos(), .step_limit = 10'000}, body);
    INFO(r.what);
    if (r.what.find("data race") != std::string::npos)
      ++count;
    else
      CHECK(r.result == verdict::passed);
  }
  return count;
}

std::string here(int line) {
#if defined(REPRISE_HAVE_BACKTRACE)
  return " at watcher_test.cpp:" + std::to_string(line);
#else
  static_cast<void>(line);
  return "";
#endif
}

}  // namespace

TEST_CASE("a race is told with both tasks, both places, and what would order them") {
  int writes = 0, reads = 0;
  const report r = run({.schedule = random_walk()}, [&] {
    mutex m;
    shared<int> n{0, "hits"};
    auto a = spawn("writer", [&] {
      const std::scoped_lock lock(m);
      writes = __LINE__ + 1;
      n.write(1);
    });
    auto b = spawn("reader", [&] {
      reads = __LINE__ + 1;
      static_cast<void>(n.read());
    });
    a.join();
    b.join();
  });
  CHECK(r.result == verdict::failed);
  CHECK_THAT(r.what, ContainsSubstring("data race on hits"));
  CHECK_THAT(r.what,
             ContainsSubstring(" writes it" + here(writes) + ", holding mutex 1 of Task-1"));
  CHECK_THAT(r.what, ContainsSubstring(" reads it" + here(reads)));
  CHECK_THAT(r.what, ContainsSubstring("Hold mutex 1 of Task-1 where "));
}

TEST_CASE("a race names the locks by their names, and one that both hold as readers") {
  const report named = run({.schedule = round_robin()}, [] {
    mutex m("ledger lock");
    shared<int> n{0};
    gather(
        [&] {
          const std::scoped_lock lock(m);
          n = 1;
        },
        [&] { n = 2; });
  });
  CHECK_THAT(named.what, ContainsSubstring(", holding ledger lock\n") &&
                             ContainsSubstring("Hold ledger lock where Task-3 writes it, too."));
  const report read = run({.schedule = round_robin()}, [] {
    shared_mutex m("table");
    shared<int> n{0};
    const auto add = [&] {
      const std::shared_lock lock(m);
      ++n;
    };
    gather(add, add);
  });
  CHECK_THAT(read.what,
             ContainsSubstring(", holding table shared\n") &&
                 ContainsSubstring(
                     "Readers hold table together: hold it exclusively where it is written."));
  // A try that ran out of time took nothing.
  const report in_vain = run({.schedule = round_robin()}, [] {
    mutex m("ledger lock");
    shared<int> n{0};
    m.lock();
    gather(
        [&] {
          if (m.try_lock_for(1s)) m.unlock();
          n = 1;
        },
        [&] { n = 2; });
    m.unlock();
  });
  CHECK_THAT(in_vain.what, ContainsSubstring("Hold one mutex at both"));
}

TEST_CASE("accesses that nothing orders race, in whatever order they come") {
  CHECK(races([] {
          shared<int> n{0};
          gather([&] { n = 1; }, [&] { n = 2; });
        }) == 40);
  CHECK(races([] {  // time is no synchronisation
          shared<int> n{0};
          gather([&] { n = 1; },
                 [&] {
                   sleep_for(1s);
                   static_cast<void>(n.read());
                 });
        }) == 40);
  CHECK(races([] {  // two locks are none
          mutex a, b;
          shared<int> n{0};
          gather(
              [&] {
                const std::scoped_lock lock(a);
                ++n;
              },
              [&] {
                const std::scoped_lock lock(b);
                ++n;
              });
        }) == 40);
  CHECK(races([] {  // a parent does not wait for its child
          shared<int> n{0};
          auto t = spawn([&] { n = 1; });
          n = 2;
          t.join();
        }) == 40);
  CHECK(races([] {  // readers exclude no readers
          shared_mutex m;
          shared<int> n{0};
          const auto add = [&] {
            const std::shared_lock lock(m);
            ++n;
          };
          gather(add, add);
        }) == 40);
  CHECK(races([] {  // a relaxed store publishes nothing
          shared<int> n{0};
          atomic<bool> ready{false};
          gather(
              [&] {
                n = 1;
                ready.store(true, std::memory_order_relaxed);
              },
              [&] {
                while (!ready.load(std::memory_order_acquire)) yield();
                static_cast<void>(n.read());
              });
        }) == 40);
}

TEST_CASE("what orders two accesses makes them no race") {
  CHECK(races([] {  // reads alone
          shared<int> n{0};
          const auto read = [&] { static_cast<void>(n.read()); };
          gather(read, read, read);
        }) == 0);
  CHECK(races([] {  // spawn, join, gather
          shared<int> n{0};
          n = 1;
          auto t = spawn([&] { ++n; });
          t.join();
          ++n;
          gather([&] { ++n; }, [] {});
          gather([] {}, [&] { ++n; });
          ++n;
          auto a = spawn([&] { ++n; });
          auto b = spawn([] {});
          sleep_for(1s);
          gather(a, b);  // ended before
          ++n;
          with_task_group([&](task_group& g) { g.spawn([&] { ++n; }); });
          ++n;
          with_task_group([&](task_group& g) {
            g.spawn([&] { ++n; });
            g.spawn([] {});
            sleep_for(1s);
          });
          ++n;
          auto c = spawn([&] { ++n; });
          while (!c.done()) yield();
          ++n;
          auto d = spawn([&] { ++n; });
          static_cast<void>(wait(std::vector{d}, until::all_completed));
          ++n;
        }) == 0);
  CHECK(races([] {  // mutexes of both kinds, try_lock, condition variables
          mutex m;
          shared_mutex s;
          condition_variable changed;
          shared<int> n{0}, k{0}, turn{0};
          const auto play = [&](int mine) {
            {
              const std::scoped_lock lock(m);
              ++n;
            }
            if (m.try_lock()) {
              ++n;
              m.unlock();
            }
            {
              const std::shared_lock lock(s);
              static_cast<void>(k.read());
            }
            {
              const std::scoped_lock lock(s);
              ++k;
            }
            std::unique_lock lock(m);
            changed.wait(lock, [&] { return turn == mine; });
            ++turn;
            changed.notify_all();
          };
          gather([&] { play(0); }, [&] { play(1); }, [&] { play(2); });
        }) == 0);
  CHECK(races([] {  // semaphores, events, latches, barriers
          semaphore s{1}, signal{0};
          event e;
          latch l{2};
          barrier b{2};
          shared<int> n{0}, before{0}, left{0}, right{0};
          const auto count = [&](shared<int>& mine, shared<int>& other) {
            s.acquire();
            ++n;
            s.release();
            mine = 1;
            b.arrive_and_wait();
            static_cast<void>(other.read());
            l.count_down();
          };
          gather([&] { count(left, right); }, [&] { count(right, left); },
                 [&] {
                   before = 1;
                   e.set();
                   signal.release();
                 },
                 [&] {
                   signal.acquire();
                   static_cast<void>(before.read());
                 },
                 [&] {
                   while (!e.is_set()) yield();
                   static_cast<void>(before.read());
                 },
                 [&] {
                   l.wait();
                   ++left;
                   ++right;
                 });
        }) == 0);
  CHECK(races([] {  // queues with a bound and without, futures, cancellation
          queue<int> q, bounded{1};
          promise<int> p;
          shared<int> a{0}, b{0}, c{0}, d{0}, slot{0};
          auto sleeper = spawn([&] {
            try {
              sleep_for(1h);
            } catch (const cancelled&) {
              ++d;
              throw;
            }
          });
          gather(
              [&] {
                a = 1;
                q.put(1);
                for (int i = 0; i < 3; ++i) {
                  bounded.put(i);
                }
                b = 1;
                p.set_value(1);
                d = 1;
                sleeper.cancel();
              },
              [&] {
                static_cast<void>(q.get());
                static_cast<void>(a.read());
                for (int i = 0; i < 3; ++i) static_cast<void>(bounded.get());
                static_cast<void>(p.get_future().get());
                static_cast<void>(b.read());
              },
              [&] { c = 1; });
          sleeper.join();
          ++d;
          queue<int> work;
          for (int i = 0; i < 2; ++i) {
            work.put(i);
            spawn([&, i] {
              static_cast<void>(work.get());
              (i == 0 ? a : b) = 2;
              work.task_done();
            });
          }
          work.join();
          static_cast<void>(a.read() + b.read());
        }) == 0);
  CHECK(races([] {  // atomics by their orders, and fences
          shared<int> a{0}, b{0}, c{0};
          atomic<int> flag{0}, fenced{0}, chain{0}, gate{0};
          gather(
              [&] {
                a = 1;
                flag.store(1, std::memory_order_release);
                b = 1;
                reprise::atomic_thread_fence(std::memory_order_release);
                fenced.store(1, std::memory_order_relaxed);
                c = 1;
                chain.store(1, std::memory_order_release);
                gate = 1;
                gate.notify_all();
              },
              [&] { chain.fetch_add(1, std::memory_order_relaxed); },  // goes on with the release
              [&] {
                while (flag.load(std::memory_order_acquire) == 0) yield();
                static_cast<void>(a.read());
                while (fenced.load(std::memory_order_relaxed) == 0) yield();
                reprise::atomic_thread_fence(std::memory_order_acquire);
                static_cast<void>(b.read());
                gate.wait(0);
                static_cast<void>(c.read());
              });
          static_cast<void>(c.read());
        }) == 0);
  CHECK(races([] {  // callbacks and jobs, coroutines
          shared<int> n{0}, k{0};
          event done;
          n = 1;
          call_soon([&] {
            ++n;
            done.set();
          });
          done.wait();
          ++n;
          offload([&] { ++n; });
          ++n;
          gather([&]() -> co_task<void> {
            ++k;
            co_await co::sleep_for(1s);
            ++k;
          });
          ++k;
        }) == 0);
}

TEST_CASE("who has asked how things stand comes after what made them so") {
  CHECK(races([] {
          latch l{1};
          shared<int> n{0};
          gather(
              [&] {
                n = 1;
                l.count_down();
              },
              [&] {
                while (!l.try_wait()) yield();
                ++n;
              });
        }) == 0);
  CHECK(races([] {
          promise<int> p;
          shared<int> n{0};
          gather(
              [&] {
                n = 1;
                p.set_value(1);
              },
              [&] {
                while (!p.done()) yield();
                ++n;
              });
        }) == 0);
  CHECK(races([] {
          promise<int> p;
          shared<int> n{0};
          gather(
              [&] {
                n = 1;
                p.set_value(1);
              },
              [&] {
                while (!p.get_future().done()) yield();
                ++n;
              });
        }) == 0);
  CHECK(races([] {
          promise<int> p;
          shared<int> n{0};
          gather(
              [&] {
                n = 1;
                p.cancel();
              },
              [&] {
                while (!p.get_future().cancelled()) yield();
                ++n;
              });
        }) == 0);
  CHECK(races([] {
          queue<int> q;
          shared<int> n{0};
          gather(
              [&] {
                n = 1;
                q.put(1);
              },
              [&] {
                while (q.size() == 0) yield();
                ++n;
              });
        }) == 0);
  CHECK(races([] {
          queue<int> q;
          shared<int> n{0};
          gather(
              [&] {
                n = 1;
                q.put(1);
              },
              [&] {
                while (q.empty()) yield();
                ++n;
              });
        }) == 0);
  CHECK(races([] {
          queue<int> q{1};
          shared<int> n{0};
          gather(
              [&] {
                n = 1;
                q.put(1);
              },
              [&] {
                while (!q.full()) yield();
                ++n;
              });
        }) == 0);
  CHECK(races([] {
          queue<int> q;
          shared<int> n{0};
          gather(
              [&] {
                n = 1;
                q.close();
              },
              [&] {
                while (!q.closed()) yield();
                ++n;
              });
        }) == 0);
  CHECK(races([] {
          semaphore s{0};
          shared<int> n{0};
          gather(
              [&] {
                n = 1;
                s.release();
              },
              [&] {
                while (s.permits() == 0) yield();
                ++n;
              });
        }) == 0);
  CHECK(races([] {
          semaphore s{0};
          shared<int> n{0};
          gather(
              [&] {
                n = 1;
                s.release();
              },
              [&] {
                while (s.locked()) yield();
                ++n;
              });
        }) == 0);
  CHECK(races([] {
          barrier b{2};
          shared<int> n{0};
          gather(
              [&] {
                n = 1;
                b.abort();
              },
              [&] {
                while (!b.broken()) yield();
                ++n;
              });
        }) == 0);
  CHECK(races([] {  // the first to come has done what the second may see
          barrier b{2};
          shared<int> n{0};
          gather(
              [&] {
                n = 1;
                b.arrive_and_wait();
              },
              [&] {
                while (b.waiting() == 0) yield();
                ++n;
                b.arrive_and_wait();
              });
        }) == 0);
}

TEST_CASE("who has asked whether something has ended comes after it") {
  CHECK(races([] {
          shared<int> n{0};
          auto t = spawn([&] {
            n = 1;
            return 1;
          });
          for (bool there = false; !there;) {
            try {
              there = t.result() == 1;
            } catch (const invalid_state&) {
              yield();
            }
          }
          ++n;
        }) == 0);
  CHECK(races([] {
          shared<int> n{0};
          promise<int> p;
          gather(
              [&] {
                n = 1;
                p.set_value(1);
              },
              [&] {
                for (bool there = false; !there;) {
                  try {
                    there = p.get_future().result() == 1;
                  } catch (const invalid_state&) {
                    yield();
                  }
                }
                ++n;
              });
        }) == 0);
  CHECK(races([] {
          shared<int> n{0};
          auto t = spawn([&] {
            try {
              sleep_for(1h);
            } catch (const cancelled&) {
              n = 1;
              throw;
            }
          });
          yield();
          t.cancel();
          while (!t.cancelled()) yield();
          n = 2;
        }) == 0);
  CHECK(races([] {  // too late to cancel
          shared<int> n{0};
          auto t = spawn([&] { n = 1; });
          sleep_for(1s);
          CHECK_FALSE(t.cancel());
          ++n;
          promise<int> p;
          gather(
              [&] {
                ++n;
                if (!p.done()) p.set_value(1);
              },
              [&] {
                sleep_for(1s);
                CHECK_FALSE(p.get_future().cancel());
                ++n;
              });
          auto callback = call_later(1s, [&] { ++n; });
          sleep_for(2s);
          CHECK_FALSE(callback.cancel());
          ++n;
        }) == 0);
  CHECK(races([] {  // whom a cancellation reaches comes after who asked for it
          shared<int> n{0};
          auto inner = spawn([&] {
            try {
              for (int i = 0; i < 20; ++i) yield();
            } catch (const cancelled&) {
              ++n;
              throw;
            }
          });
          auto outer = spawn([&] { inner.join(); });
          yield();
          yield();
          n = 1;
          outer.cancel();
          inner.join();
        }) == 0);
}

TEST_CASE("what is made outside the run orders those who use it inside") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    latch l{2};
    queue<int> q;
    shared<int> a{0}, b{0};
    check_passed(run({.seed = seed, .schedule = random_walk()}, [&] {
      gather(
          [&] {
            a = 1;
            l.count_down();
          },
          [&] {
            b = 1;
            l.count_down();
          },
          [&] {
            l.wait();
            static_cast<void>(a.read() + b.read());
          });
      for (int i = 0; i < 2; ++i) q.put(i);
      gather(
          [&] {
            static_cast<void>(q.get());
            a = 2;
            q.task_done();
          },
          [&] {
            static_cast<void>(q.get());
            b = 2;
            q.task_done();
          },
          [&] {
            sleep_for(1s);
            q.join();
            static_cast<void>(a.read() + b.read());
          });
    }));
  }
}

TEST_CASE("a question whose answer tells nothing orders nothing") {
  CHECK(races([] {
          latch l{2};
          shared<int> n{0};
          gather(
              [&] {
                n = 1;
                l.count_down();
              },
              [&] {
                static_cast<void>(l.try_wait());
                static_cast<void>(n.read());
              });
        }) == 40);
  CHECK(races([] {  // counting down is no waiting
          latch l{2};
          shared<int> n{0};
          const auto count = [&] {
            ++n;
            l.count_down();
          };
          gather(count, count);
        }) == 40);
  CHECK(races([] {  // nor is putting, with room for all
          queue<int> q;
          shared<int> n{0};
          const auto put = [&] {
            ++n;
            q.put(1);
            static_cast<void>(q.try_put(1));
          };
          gather(put, put);
        }) == 40);
  CHECK(races([] {  // a barrier orders what was before it, not what comes after
          barrier b{2};
          shared<int> n{0};
          const auto meet = [&] {
            b.arrive_and_wait();
            ++n;
          };
          gather(meet, meet);
        }) == 40);
}

TEST_CASE("the detector is off under fifo, and when it is told so, and the token says it") {
  const auto body = [] {
    shared<int> n{0};
    gather([&] { n = 1; }, [&] { n = 2; });
  };
  check_passed(run(0, body));
  const config off{.schedule = random_walk(), .detect = detectors::none()};
  check_passed(run(off, body));
  CHECK(decode_token(encode_token(off)).detect == detectors::none());
  const config on{.schedule = random_walk()};
  CHECK(decode_token(encode_token(on)).detect == detectors{});
  CHECK_FALSE(run(on, body));
  // What a run does does not depend on whether it is watched.
  const auto sound = [] {
    mutex m;
    shared<int> n{0};
    const auto add = [&] {
      const std::scoped_lock lock(m);
      ++n;
    };
    gather(add, add, add);
  };
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    for (const strategy& s : {random_walk(), pos(), pct(3), surw()})
      CHECK(run({.seed = seed, .schedule = s}, sound).digest ==
            run({.seed = seed, .schedule = s, .detect = detectors::none()}, sound).digest);
  }
}

TEST_CASE("in a run of more tasks than clocks are kept for nothing is watched") {
  const report r = run({.schedule = random_walk()}, [] {
    for (int i = 0; i < 5000; ++i) spawn([] {}).join();
    shared<int> n{0};
    gather([&] { n = 1; }, [&] { n = 2; });
  });
  check_passed(r);
}

TEST_CASE("who has seen that a mutex is free comes after who gave it back") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const report r = run({.seed = seed, .schedule = random_walk()}, [] {
      mutex m;
      shared<int> value{0};
      m.lock();
      auto waits = spawn([&] {
        while (m.locked()) yield();
        expect(value.read() == 1);
      });
      value.write(1);
      m.unlock();
      waits.join();
    });
    CHECK((r ? "" : r.what) == "");
  }
}

TEST_CASE("a race calls a task by its name when that has ended, too") {
  const report r = run({.schedule = random_walk()}, [] {
    shared<int> value{0};
    spawn({.name = "writer"}, [&] { value.write(1); });
    sleep_for(1s);
    spawn({.name = "reader"}, [&] { static_cast<void>(value.read()); });
    sleep_for(1s);
  });
  CHECK_THAT(r.what, Catch::Matchers::StartsWith("data race"));
  CHECK_THAT(r.what, ContainsSubstring("writer writes it"));
  CHECK_THAT(r.what, ContainsSubstring("reader reads it"));
}
