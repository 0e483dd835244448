// The laws of elapsed time and of order, over random delays and shapes.

#include "properties/program.hpp"

#include <map>
#include <numeric>

using namespace reprise;
using namespace support;

namespace {

using delays = std::vector<std::uint16_t>;

duration ms(std::int64_t n) { return std::chrono::milliseconds(n); }

template <class F>
std::vector<std::function<void()>> sleepers(const delays& ds, F then) {
  std::vector<std::function<void()>> all;
  for (std::size_t i = 0; i < ds.size(); ++i)
    all.emplace_back([&ds, i, then] {
      sleep_for(ms(ds[i]));
      then(i);
    });
  return all;
}

}  // namespace

TEST_CASE("the laws of elapsed time") {
  rc::prop("a gather takes as long as its slowest", [](const delays& ds) {
    const std::int64_t slowest = ds.empty() ? 0 : *std::max_element(ds.begin(), ds.end());
    rc_passes({}, [&] {
      RC_ASSERT(elapsed([&] { gather(sleepers(ds, [](std::size_t) {})); }) == ms(slowest));
    });
  });
  refuted("a gather takes the sum", [](const delays& ds) {
    const std::int64_t sum = std::accumulate(ds.begin(), ds.end(), std::int64_t{0});
    const auto r =
        run(0, [&] { expect_elapsed(ms(sum), [&] { gather(sleepers(ds, [](std::size_t) {})); }); });
    RC_ASSERT(r.result == verdict::passed);
  });

  rc::prop("a sequence takes the sum", [](const delays& ds) {
    const std::int64_t sum = std::accumulate(ds.begin(), ds.end(), std::int64_t{0});
    const auto r = rc_passes({}, [&] {
      for (const auto d : ds) sleep_for(ms(d));
    });
    RC_ASSERT(r.elapsed == ms(sum));
  });
  refuted("a sequence takes as long as its slowest", [](const delays& ds) {
    const auto r = run(0, [&] {
      for (const auto d : ds) sleep_for(ms(d));
    });
    RC_ASSERT(r.elapsed == ms(ds.empty() ? 0 : *std::max_element(ds.begin(), ds.end())));
  });

  rc::prop("a tree of sequences and gathers takes what its shape says", [] {
    const program p = random_program();
    const auto r = rc_passes({}, [&] {
      execute(
          p, [](const program&) {}, [](const program&) {});
    });
    RC_ASSERT(r.elapsed == ms(length_ms(p)));
  });
  refuted("… also when one sleep is a millisecond longer than its shape says", [] {
    const program p = random_program();
    const auto r = run(0, [&] {
      execute(
          p, [](const program&) {},
          [](const program& s) {
            if (s.name == 3) sleep_for(1ms);
          });
    });
    RC_ASSERT(r.elapsed == ms(length_ms(p)));
  });

  rc::prop("spend takes the time of all", [](const delays& ds) {
    const std::int64_t sum = std::accumulate(ds.begin(), ds.end(), std::int64_t{0});
    const auto r = rc_passes({}, [&] {
      std::vector<std::function<void()>> all;
      for (const auto d : ds) all.emplace_back([d] { spend(ms(d)); });
      gather(all);
    });
    RC_ASSERT(r.elapsed == ms(sum));
  });
  rc::prop("jobs on n workers take what a list schedule takes", [] {
    const auto ds =
        *rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(0, 50));
    const auto workers = *rc::gen::inRange<std::size_t>(1, 5);
    std::vector<std::int64_t> free_at(workers);
    for (const auto d : ds) *std::min_element(free_at.begin(), free_at.end()) += d;
    const auto r = rc_passes({}, [&] {
      worker_pool pool(workers);
      std::vector<std::function<void()>> all;
      for (const auto d : ds)
        all.emplace_back([&pool, d] { offload(pool, [d] { sleep_for(ms(d)); }); });
      gather(all);
    });
    RC_ASSERT(r.elapsed == ms(*std::max_element(free_at.begin(), free_at.end())));
  });
  refuted("jobs take as long as the longest, however few the workers", [] {
    const auto ds =
        *rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(0, 50));
    const auto r = run(0, [&] {
      worker_pool pool(2);
      std::vector<std::function<void()>> all;
      for (const auto d : ds)
        all.emplace_back([&pool, d] { offload(pool, [d] { sleep_for(ms(d)); }); });
      gather(all);
    });
    RC_ASSERT(r.elapsed == ms(ds.empty() ? 0 : *std::max_element(ds.begin(), ds.end())));
  });
}

TEST_CASE("the laws of order") {
  rc::prop(
      "children start in argument order, and end in the order of their delays, ties by argument",
      [](const delays& ds) {
        std::vector<std::size_t> starts, ends;
        rc_passes({}, [&] {
          std::vector<std::function<void()>> all;
          for (std::size_t i = 0; i < ds.size(); ++i)
            all.emplace_back([&, i] {
              starts.push_back(i);
              sleep_for(ms(1 + ds[i] % 16));
              ends.push_back(i);
            });
          gather(all);
        });
        std::vector<std::size_t> expected(ds.size());
        std::iota(expected.begin(), expected.end(), std::size_t{0});
        RC_ASSERT(starts == expected);
        std::stable_sort(expected.begin(), expected.end(),
                         [&](std::size_t a, std::size_t b) { return ds[a] % 16 < ds[b] % 16; });
        RC_ASSERT(ends == expected);
      });
  refuted("children end in argument order", [](const delays& ds) {
    std::vector<std::size_t> ends;
    run(0, [&] { gather(sleepers(ds, [&](std::size_t i) { ends.push_back(i); })); });
    RC_ASSERT(std::is_sorted(ends.begin(), ends.end()));
  });

  rc::prop(
      "each sleep of a tree starts and ends when its shape says, and events are in the order of "
      "time",
      [] {
        const program p = random_program();
        std::vector<expected_sleep> expected;
        expect_sleeps(p, 0, expected);
        std::map<int, std::pair<duration, duration>> seen;
        duration last{0};
        rc_passes({}, [&] {
          execute(
              p,
              [&](const program& s) {
                RC_ASSERT(now() >= last);
                last = now();
                seen[s.name].first = now();
              },
              [&](const program& s) {
                RC_ASSERT(now() >= last);
                last = now();
                seen[s.name].second = now();
              });
        });
        RC_ASSERT(seen.size() == expected.size());
        for (const auto& s : expected) {
          RC_ASSERT(seen[s.name].first == ms(s.start_ms));
          RC_ASSERT(seen[s.name].second == ms(s.end_ms));
        }
      });
  refuted("… also when a CPU-bound task comes between", [] {
    const program p = random_program();
    std::vector<expected_sleep> expected;
    expect_sleeps(p, 0, expected);
    std::map<int, duration> ends;
    run(0, [&] {
      execute(
          p,
          [](const program& s) {
            if (s.name == 2) spend(1ms);
          },
          [&](const program& s) { ends[s.name] = now(); });
    });
    for (const auto& s : expected) RC_ASSERT(ends[s.name] == ms(s.end_ms));
  });

  rc::prop("as_completed gives tasks in the order of their delays", [](const delays& ds) {
    std::vector<std::size_t> order;
    rc_passes({}, [&] {
      std::vector<task<std::size_t>> tasks;
      for (std::size_t i = 0; i < ds.size(); ++i)
        tasks.push_back(spawn([&, i] {
          sleep_for(ms(1 + ds[i]));
          return i;
        }));
      for (auto& t : as_completed(tasks)) order.push_back(t.get());
    });
    RC_ASSERT(order.size() == ds.size());
    for (std::size_t k = 1; k < order.size(); ++k) {
      const auto a = order[k - 1], b = order[k];
      RC_ASSERT(ds[a] < ds[b] || (ds[a] == ds[b] && a < b));
    }
  });

  rc::prop("call_later, call_at and sleeps fire by deadline, ties by creation", [] {
    const auto ds = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 6));
    std::vector<std::size_t> fired;
    rc_passes({}, [&] {
      for (std::size_t i = 0; i < ds.size(); ++i) {
        if (i % 2)
          call_later(ms(ds[i]), [&, i] { fired.push_back(i); });
        else
          call_at(virtual_clock::time_point(ms(ds[i])), [&, i] { fired.push_back(i); });
      }
      sleep_for(10ms);
    });
    std::vector<std::size_t> expected(ds.size());
    std::iota(expected.begin(), expected.end(), std::size_t{0});
    std::stable_sort(expected.begin(), expected.end(),
                     [&](std::size_t a, std::size_t b) { return ds[a] < ds[b]; });
    RC_ASSERT(fired == expected);
  });
  rc::prop("cancelled timers do not fire, and the others fire as before", [] {
    const auto ds = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 50));
    std::vector<std::size_t> fired;
    rc_passes({}, [&] {
      std::vector<timer> timers;
      for (std::size_t i = 0; i < ds.size(); ++i)
        timers.push_back(call_later(ms(ds[i]), [&, i] { fired.push_back(i); }));
      for (std::size_t i = 0; i < ds.size(); ++i)
        if (ds[i] % 3) timers[i].cancel();
      sleep_for(60ms);
    });
    std::vector<std::size_t> expected;
    for (std::size_t i = 0; i < ds.size(); ++i)
      if (ds[i] % 3 == 0) expected.push_back(i);
    std::stable_sort(expected.begin(), expected.end(),
                     [&](std::size_t a, std::size_t b) { return ds[a] < ds[b]; });
    RC_ASSERT(fired == expected);
  });
}

TEST_CASE("time-outs are exact") {
  rc::prop("what takes less gives its value, what takes more ends at the instant of the time-out",
           [] {
             const auto takes = *rc::gen::inRange<std::int64_t>(0, 100);
             const auto limit = *rc::gen::inRange<std::int64_t>(1, 100);
             RC_PRE(takes != limit);
             const auto r = rc_passes({}, [&] {
               bool late = false;
               try {
                 with_timeout(ms(limit), [&] { sleep_for(ms(takes)); });
               } catch (const timed_out&) {
                 late = true;
               }
               RC_ASSERT(late == (takes > limit));
               RC_ASSERT(now() == ms(std::min(takes, limit)));
             });
             RC_ASSERT(r.elapsed == ms(std::min(takes, limit)));
           });
  rc::prop("of nested time-outs the shortest strikes, and its own scope throws", [] {
    const auto limits = *rc::gen::suchThat(
        rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(1, 1000)),
        [](const auto& all) { return !all.empty() && all.size() < 8; });
    auto sorted = limits;
    std::sort(sorted.begin(), sorted.end());
    RC_PRE(std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end());
    rc_passes({}, [&] {
      std::size_t struck = limits.size();
      const std::function<void(std::size_t)> nest = [&](std::size_t i) {
        if (i == limits.size()) return sleep_for(1h);
        try {
          with_timeout(ms(limits[i]), [&] { nest(i + 1); });
        } catch (const timed_out&) {
          if (struck == limits.size()) struck = i;
          throw;
        }
      };
      try {
        nest(0);
      } catch (const timed_out&) {
      }
      RC_ASSERT(limits[struck] == sorted[0]);
      RC_ASSERT(now() == ms(sorted[0]));
    });
  });
  refuted("the outermost time-out strikes", [] {
    const auto outer = *rc::gen::inRange<std::int64_t>(1, 100);
    const auto inner = *rc::gen::inRange<std::int64_t>(1, 100);
    const auto r = run(0, [&] {
      try {
        with_timeout(ms(outer), [&] { with_timeout(ms(inner), [] { sleep_for(1h); }); });
      } catch (const timed_out&) {
      }
    });
    RC_ASSERT(r.elapsed == ms(outer));
  });
}
