// Locks, permits and queues are first in, first out; and nothing is lost, whoever is cancelled and
// when.

#include "properties/program.hpp"

#include <numeric>
#include <optional>

using namespace reprise;
using namespace support;

namespace {

duration ms(std::int64_t n) { return std::chrono::milliseconds(n); }

/// Arrives when its number says, and holds for a while.
struct visitor {
  std::int64_t arrives;
  std::int64_t holds;
};

std::vector<visitor> random_visitors() {
  const auto n = *rc::gen::inRange(0, 12);
  std::vector<visitor> all;
  for (int i = 0; i < n; ++i)
    all.push_back({*rc::gen::inRange<std::int64_t>(0, 10), *rc::gen::inRange<std::int64_t>(0, 5)});
  return all;
}

/// In the order in which they ask: by time, then by number.
std::vector<std::size_t> by_arrival(const std::vector<visitor>& all) {
  std::vector<std::size_t> order(all.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return all[a].arrives < all[b].arrives; });
  return order;
}

template <class Enter, class Leave>
std::vector<std::size_t> visit(const std::vector<visitor>& all, std::vector<std::size_t>& asked,
                               Enter enter, Leave leave) {
  std::vector<std::size_t> served;
  std::vector<std::function<void()>> tasks;
  for (std::size_t i = 0; i < all.size(); ++i)
    tasks.emplace_back([&, i] {
      sleep_for(ms(1 + all[i].arrives));
      asked.push_back(i);
      enter();
      served.push_back(i);
      sleep_for(ms(all[i].holds));
      leave();
    });
  gather(tasks);
  return served;
}

}  // namespace

TEST_CASE("first in, first out") {
  rc::prop("a mutex serves in the order of asking", [] {
    const auto all = random_visitors();
    std::vector<std::size_t> asked, served;
    rc_passes({}, [&] {
      mutex m;
      served = visit(
          all, asked, [&] { m.lock(); }, [&] { m.unlock(); });
    });
    RC_ASSERT(asked == by_arrival(all));
    RC_ASSERT(served == asked);
  });
  rc::prop(
      "a task that waits for a mutex has it before any that asks later, under random_walk, too",
      [](std::uint64_t seed) {
        const auto n = *rc::gen::inRange(2, 8);
        rc_passes({.seed = seed, .schedule = random_walk()}, [&] {
          mutex m;
          std::vector<int> waiting, served;
          m.lock();
          std::vector<task<>> tasks;
          for (int i = 0; i < n; ++i) {
            tasks.push_back(spawn([&, i] {
              waiting.push_back(i);
              m.lock();
              served.push_back(i);
              yield();
              m.unlock();
            }));
            sleep_for(1ms);  // now it waits
          }
          m.unlock();
          for (auto& t : tasks) t.get();
          RC_ASSERT(served == waiting);
        });
      });
  rc::prop("a semaphore of n serves in the order of asking", [] {
    const auto all = random_visitors();
    const auto permits = *rc::gen::inRange(1, 4);
    std::vector<std::size_t> asked, served;
    rc_passes({}, [&] {
      semaphore s(permits);
      served = visit(
          all, asked, [&] { s.acquire(); }, [&] { s.release(); });
      RC_ASSERT(s.permits() == permits);
    });
    RC_ASSERT(asked == by_arrival(all));
    RC_ASSERT(served == asked);
  });
  refuted("a lock that is polled serves in the order of asking", [] {
    const auto all = random_visitors();
    std::vector<std::size_t> asked, served;
    run(0, [&] {
      bool taken = false;
      served = visit(
          all, asked,
          [&] {
            while (taken) sleep_for(ms(rng().randint(1, 3)));
            taken = true;
          },
          [&] { taken = false; });
    });
    RC_ASSERT(served == asked);
  });
  rc::prop("a queue gives items in put order, and each once, to getters in order", [] {
    const auto puts = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 4));
    const auto getters = *rc::gen::inRange<std::size_t>(1, 4);
    const auto capacity = *rc::gen::inRange<std::size_t>(0, 3);
    std::vector<int> got;
    rc_passes({}, [&] {
      queue<int> q(capacity);
      std::vector<std::function<void()>> all;
      all.emplace_back([&] {
        for (std::size_t i = 0; i < puts.size(); ++i) {
          sleep_for(ms(puts[i]));
          q.put(static_cast<int>(i));
        }
        q.close();
      });
      for (std::size_t g = 0; g < getters; ++g)
        all.emplace_back([&] {
          while (const auto v = q.get()) {
            got.push_back(*v);
            sleep_for(ms(rng().randint(0, 3)));
          }
        });
      gather(all);
    });
    std::vector<int> expected(puts.size());
    std::iota(expected.begin(), expected.end(), 0);
    RC_ASSERT(got == expected);
  });
  refuted("a lifo queue gives items in put order", [] {
    const auto n = *rc::gen::inRange(0, 5);
    std::vector<int> got;
    run(0, [&] {
      lifo_queue<int> q;
      for (int i = 0; i < n; ++i) q.put(i);
      while (const auto v = q.try_get()) got.push_back(*v);
    });
    RC_ASSERT(std::is_sorted(got.begin(), got.end()));
  });
  rc::prop("a priority queue sorts, stably", [](const std::vector<std::uint8_t>& priorities) {
    using item = std::pair<int, std::size_t>;
    struct by_priority {
      bool operator()(const item& a, const item& b) const { return a.first < b.first; }
    };
    std::vector<item> in, out;
    for (std::size_t i = 0; i < priorities.size(); ++i) in.emplace_back(priorities[i] % 4, i);
    rc_passes({}, [&] {
      priority_queue<item, by_priority> q;
      for (const auto& i : in) q.put(i);
      while (const auto i = q.try_get()) out.push_back(*i);
    });
    std::stable_sort(in.begin(), in.end(), by_priority{});
    RC_ASSERT(out == in);
  });
}

namespace {

/// Cancels tasks at random instants while `n` of them use something, and tells how many were.
template <class Use>
void with_cancellations(int n, Use use) {
  std::vector<task<>> tasks;
  for (int i = 0; i < n; ++i) tasks.push_back(spawn([i, use] { use(i); }));
  for (auto& t : tasks) {
    const auto when = rng().randint(0, 12);
    if (when < 8) call_later(ms(when), [t] { t.cancel(); });
  }
  for (auto& t : tasks) t.join();
}

std::vector<strategy> strategies_to_try() { return {fifo(), random_walk(), round_robin()}; }

}  // namespace

TEST_CASE("nothing is lost when tasks are cancelled at random instants") {
  rc::prop("a mutex is free at the end, and was one task's at a time", [](std::uint64_t seed) {
    const auto n = *rc::gen::inRange(1, 10);
    for (const auto& s : strategies_to_try())
      rc_passes({.seed = seed, .schedule = s}, [&] {
        mutex m;
        int inside = 0;
        with_cancellations(n, [&](int i) {
          sleep_for(ms(i % 4));
          const std::scoped_lock lock(m);
          RC_ASSERT(++inside == 1);
          const at_exit out([&] { --inside; });
          sleep_for(ms(1 + i % 3));
        });
        RC_ASSERT(inside == 0);
        RC_ASSERT(m.try_lock());
        m.unlock();
      });
  });
  rc::prop("a semaphore has all its permits at the end", [](std::uint64_t seed) {
    const auto n = *rc::gen::inRange(1, 10);
    const auto permits = *rc::gen::inRange(1, 4);
    for (const auto& s : strategies_to_try())
      rc_passes({.seed = seed, .schedule = s}, [&] {
        semaphore sem(permits);
        int inside = 0;
        with_cancellations(n, [&](int i) {
          sleep_for(ms(i % 4));
          if (i % 3 == 0) {
            if (!sem.try_acquire_for(ms(2))) return;
          } else {
            sem.acquire();
          }
          const at_exit out([&] {
            --inside;
            sem.release();
          });
          RC_ASSERT(++inside <= permits);
          sleep_for(ms(1 + i % 3));
        });
        RC_ASSERT(sem.permits() == permits);
        for (int i = 0; i < permits; ++i) RC_ASSERT(sem.try_acquire());
        RC_ASSERT(!sem.try_acquire());
      });
  });
  rc::prop("a shared mutex never has a writer beside anybody, and is free at the end",
           [](std::uint64_t seed) {
             const auto n = *rc::gen::inRange(1, 10);
             for (const auto& s : strategies_to_try())
               rc_passes({.seed = seed, .schedule = s}, [&] {
                 shared_mutex m;
                 int readers = 0, writers = 0;
                 with_cancellations(n, [&](int i) {
                   sleep_for(ms(i % 4));
                   if (i % 3 == 0) {
                     const std::unique_lock lock(m);
                     RC_ASSERT(++writers == 1);
                     RC_ASSERT(readers == 0);
                     const at_exit out([&] { --writers; });
                     sleep_for(ms(2));
                   } else {
                     const std::shared_lock lock(m);
                     ++readers;
                     RC_ASSERT(writers == 0);
                     const at_exit out([&] { --readers; });
                     sleep_for(ms(1 + i % 2));
                   }
                 });
                 RC_ASSERT(m.try_lock());
                 m.unlock();
               });
           });
  rc::prop("every item that was put is got once, or is still there", [](std::uint64_t seed) {
    const auto n = *rc::gen::inRange(1, 10);
    const auto capacity = *rc::gen::inRange<std::size_t>(0, 3);
    for (const auto& s : strategies_to_try())
      rc_passes({.seed = seed, .schedule = s}, [&] {
        queue<int> q(capacity);
        call_later(ms(20), [&] { q.close(); });  // nobody waits for ever
        std::vector<int> put(static_cast<std::size_t>(n)), got(static_cast<std::size_t>(n));
        with_cancellations(n, [&](int i) {
          try {
            for (int k = 0; k < 3; ++k) {
              sleep_for(ms(i % 3));
              if (i % 2 == 0) {
                q.put(i);
                ++put[static_cast<std::size_t>(i)];
              } else if (const auto v = q.get()) {
                ++got[static_cast<std::size_t>(*v)];
              }
            }
          } catch (const queue_closed&) {
          }
        });
        while (const auto v = q.try_get()) ++got[static_cast<std::size_t>(*v)];
        RC_ASSERT(put == got);
      });
  });
  rc::prop("a notification is not lost", [](std::uint64_t seed) {
    const auto n = *rc::gen::inRange(1, 8);
    for (const auto& s : strategies_to_try())
      rc_passes({.seed = seed, .schedule = s}, [&] {
        mutex m;
        condition_variable cv;
        int tokens = 0, taken = 0, given = 0;
        auto giver = spawn([&] {
          for (int k = 0; k < n; ++k) {
            sleep_for(ms(2));
            const std::scoped_lock lock(m);
            ++tokens;
            ++given;
            cv.notify_one();
          }
        });
        with_cancellations(n, [&](int) {
          std::unique_lock lock(m);
          cv.wait(lock, [&] { return tokens > 0; });
          --tokens;
          ++taken;
        });
        giver.join();
        RC_ASSERT(tokens + taken == given);
        RC_ASSERT(m.try_lock());
        m.unlock();
      });
  });
  refuted("… also for a semaphore whose user forgets its permit when it is cancelled",
          [](std::uint64_t seed) {
            int left = 0;
            run({.seed = seed}, [&] {
              semaphore sem(1);
              with_cancellations(3, [&](int) {
                if (!sem.try_acquire_for(ms(20))) return;
                sleep_for(ms(3));
                sem.release();  // not in a destructor
              });
              left = static_cast<int>(sem.permits());
            });
            RC_ASSERT(left == 1);
          });
  rc::prop("groups, gathers and time-outs leave nobody behind", [](std::uint64_t seed) {
    const auto n = *rc::gen::inRange(1, 6);
    for (const auto& s : strategies_to_try())
      rc_passes({.seed = seed, .schedule = s}, [&] {
        int alive = 0;
        const auto child = [&alive](std::int64_t d, bool fails) {
          return [&alive, d, fails] {
            ++alive;
            const at_exit out([&alive] { --alive; });
            sleep_for(ms(d));
            if (fails) throw std::runtime_error("x");
          };
        };
        with_cancellations(n, [&](int i) {
          const int before = alive;
          static_cast<void>(before);
          try {
            switch (i % 4) {
              case 0:
                gather(child(3, false), child(5, i % 8 == 0), child(9, false));
                break;
              case 1:
                with_task_group([&](task_group& g) {
                  g.spawn(child(4, false));
                  g.spawn(child(6, i % 2 == 1));
                  g.spawn(child(11, false));
                });
                break;
              case 2:
                with_timeout(ms(4), [&] { gather(child(3, false), child(8, false)); });
                break;
              default:
                gather_all(child(2, true), child(7, false));
                break;
            }
          } catch (const std::exception&) {
          }
        });
        RC_ASSERT(alive == 0);
      });
  });
}
