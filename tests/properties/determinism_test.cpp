// One seed, one run; another seed, another; and for programs that no order can change, one outcome
// under every strategy.

#include "properties/program.hpp"

#include <set>

using namespace reprise;
using namespace support;

namespace {

/// Sleeps, draws and logs as `p` says.
auto drawing(const program& p) {
  return [&p] {
    execute(
        p,
        [](const program& s) {
          const auto d = rng().randint(0, 1000);
          log("start {} {}", s.name, d);
        },
        [](const program& s) {
          const auto x = rng().random();
          log("end {} {}", s.name, x);
        });
    log("{}", rng().getrandbits(64));
  };
}

const std::vector<strategy>& all_strategies() {
  static const std::vector<strategy> all{fifo(), random_walk(), round_robin()};
  return all;
}

}  // namespace

TEST_CASE("runs are functions of their seeds") {
  rc::prop("the same seed, the same digest, events, steps and time, under every strategy",
           [](std::uint64_t seed) {
             const program p = random_program();
             for (const auto& s : all_strategies()) {
               const auto a = rc_passes({.seed = seed, .schedule = s}, drawing(p));
               const auto b = rc_passes({.seed = seed, .schedule = s}, drawing(p));
               RC_ASSERT(a.digest == b.digest);
               RC_ASSERT(logged(a) == logged(b));
               RC_ASSERT(a.steps == b.steps);
               RC_ASSERT(a.elapsed == b.elapsed);
               RC_ASSERT(a.preemptions == b.preemptions);
             }
           });
  rc::prop("another seed, other draws and another digest", [](std::uint64_t a, std::uint64_t b) {
    RC_PRE(a != b);
    const program p = random_program();
    const auto x = rc_passes({.seed = a}, drawing(p));
    const auto y = rc_passes({.seed = b}, drawing(p));
    RC_ASSERT(x.digest != y.digest);
    RC_ASSERT(logged(x) != logged(y));
  });
  refuted("… also when the program draws from somewhere else", [](std::uint64_t seed) {
    static std::uint64_t elsewhere = 0;
    const auto body = [] { log("{}", elsewhere++); };
    RC_ASSERT(run(seed, body).digest == run(seed, body).digest);
  });
  refuted("another seed, another digest, also when the seed is rounded",
          [](std::uint8_t a, std::uint8_t b) {
            RC_PRE(a != b);
            RC_ASSERT(run(a / 2, [] {}).digest != run(b / 2, [] {}).digest);
          });
  rc::prop("a run in between changes nothing", [](std::uint64_t seed, std::uint64_t other) {
    const program p = random_program();
    const program q = random_program();
    const auto a = rc_passes({.seed = seed, .schedule = random_walk()}, drawing(p));
    run({.seed = other, .schedule = random_walk()}, [&] {
      drawing(q)();
      if (other % 2) fail("half the time");
    });
    RC_ASSERT(rc_passes({.seed = seed, .schedule = random_walk()}, drawing(p)).digest == a.digest);
  });
  rc::prop("a name of a stream has its own draws, whatever the others draw",
           [](std::uint64_t seed) {
             const auto draws = *rc::gen::container<std::vector<bool>>(rc::gen::arbitrary<bool>());
             std::vector<std::uint64_t> alone, mixed;
             rc_passes({.seed = seed}, [&] {
               for (const bool mine : draws)
                 if (mine) alone.push_back(choose("mine", 1'000'000));
             });
             rc_passes({.seed = seed}, [&] {
               for (const bool mine : draws) {
                 if (mine)
                   mixed.push_back(choose("mine", 1'000'000));
                 else
                   static_cast<void>(choose("theirs", 1'000'000));
               }
             });
             RC_ASSERT(alone == mixed);
           });
}

TEST_CASE("programs that no order can change have one outcome") {
  rc::prop("a tree of sleeps takes its time under every strategy", [](std::uint64_t seed) {
    const program p = random_program();
    for (const auto& s : all_strategies()) {
      int ended = 0;
      const auto r = rc_passes({.seed = seed, .schedule = s}, [&] {
        execute(
            p, [](const program&) {}, [&](const program&) { ++ended; });
      });
      std::vector<expected_sleep> expected;
      expect_sleeps(p, 0, expected);
      RC_ASSERT(ended == static_cast<int>(expected.size()));
      RC_ASSERT(r.elapsed == std::chrono::milliseconds(length_ms(p)));
    }
  });
  rc::prop("a pipeline of queues passes everything on, in order, under every strategy",
           [](std::uint64_t seed) {
             const auto items = *rc::gen::inRange(0, 30);
             const auto stages = *rc::gen::inRange(1, 4);
             const auto capacity = *rc::gen::inRange<std::size_t>(0, 4);
             for (const auto& s : all_strategies()) {
               std::vector<int> out;
               rc_passes({.seed = seed, .schedule = s}, [&] {
                 std::vector<std::unique_ptr<queue<int>>> queues;
                 for (int i = 0; i <= stages; ++i)
                   queues.push_back(std::make_unique<queue<int>>(capacity));
                 std::vector<std::function<void()>> all;
                 all.emplace_back([&] {
                   for (int i = 0; i < items; ++i) queues[0]->put(i);
                   queues[0]->close();
                 });
                 for (std::size_t i = 0; i < static_cast<std::size_t>(stages); ++i)
                   all.emplace_back([&, i] {
                     while (const auto v = queues[i]->get()) {
                       sleep_for(std::chrono::milliseconds(rng().randint(0, 3)));
                       queues[i + 1]->put(*v);
                     }
                     queues[i + 1]->close();
                   });
                 all.emplace_back([&] {
                   while (const auto v = queues.back()->get()) out.push_back(*v);
                 });
                 gather(all);
               });
               RC_ASSERT(out.size() == static_cast<std::size_t>(items));
               RC_ASSERT(std::is_sorted(out.begin(), out.end()));
             }
           });
  rc::prop("a counter behind a mutex counts everything under every strategy",
           [](std::uint64_t seed) {
             const auto tasks = *rc::gen::inRange(0, 6);
             const auto rounds = *rc::gen::inRange(0, 6);
             for (const auto& s : all_strategies()) {
               int count = 0;
               rc_passes({.seed = seed, .schedule = s}, [&] {
                 mutex m;
                 std::vector<std::function<void()>> all;
                 for (int i = 0; i < tasks; ++i)
                   all.emplace_back([&] {
                     for (int k = 0; k < rounds; ++k) {
                       const std::scoped_lock lock(m);
                       const int read = count;
                       if (k % 2) yield();
                       count = read + 1;
                     }
                   });
                 gather(all);
               });
               RC_ASSERT(count == tasks * rounds);
             }
           });
  refuted("… also without the mutex", [](std::uint64_t seed) {
    int count = 0;
    run({.seed = seed, .schedule = random_walk()}, [&] {
      const auto add = [&] {
        const int read = count;
        yield();
        count = read + 1;
      };
      gather(add, add);
    });
    RC_ASSERT(count == 2);
  });
}
