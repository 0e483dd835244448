// The workloads as a user of reprise writes them, with fibers.

#include "simulate.hpp"
#include "workload.hpp"

#include <reprise/core.hpp>
#include <reprise/replay/explore.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <ranges>
#include <vector>

namespace bench {
namespace {

using reprise::config;

const config in_order;  // fifo(): asyncio's order
/// Seeded choices and the digest: the detectors have rows of their own.
config chosen() {
  return {.schedule = reprise::random_walk(), .detect = reprise::detectors::none()};
}
/// As a search replays a failure: seeded choices, every event and choice kept.
config recorded() {
  return {.schedule = reprise::random_walk(), .record = true, .detect = reprise::detectors::none()};
}

/// n tasks of one function. A range of references to it: no list of n closures.
template <class F>
void gather_copies(std::uint64_t n, F& f) {
  reprise::gather(std::views::iota(std::uint64_t{0}, n) |
                  std::views::transform([&f](std::uint64_t) { return std::ref(f); }));
}

measurement w1(const config& how, std::uint64_t n, bool floating_point = false) {
  double took = 0;
  simulate(how, [&] {
    const auto plain = [&] {
      for (std::uint64_t i = 0; i < n / 2; ++i) reprise::yield();
    };
    const auto dividing = [&] {
      volatile double one = 1;
      [[maybe_unused]] volatile double third = 0;
      for (std::uint64_t i = 0; i < n / 2; ++i) {
        third = one / 3;  // inexact: it sets a sticky flag
        reprise::yield();
      }
    };
    const double start = cpu_seconds();
    if (floating_point) {
      reprise::gather(std::cref(plain), std::cref(dividing));
    } else {
      reprise::gather(std::cref(plain), std::cref(plain));
    }
    took = cpu_seconds() - start;
  });
  return {took, n / 2 * 2};
}

measurement w2(std::uint64_t n) {
  double took = 0;
  simulate(in_order, [&] {
    std::vector<reprise::task<>> batch;
    batch.reserve(1000);
    const double start = cpu_seconds();
    for (std::uint64_t i = 0; i < n / 1000; ++i) {
      for (int j = 0; j < 1000; ++j) batch.push_back(reprise::spawn([] {}));
      for (const auto& t : batch) t.join();
      batch.clear();
    }
    took = cpu_seconds() - start;
  });
  return {took, n / 1000 * 1000};
}

void sleepers(std::uint64_t n, std::uint64_t times, std::size_t stack_size) {
  simulate({.stack_size = stack_size}, [&] {
    delays naps;
    const auto sleeper = [&] {
      for (std::uint64_t i = 0; i < times; ++i)
        reprise::sleep_for(std::chrono::nanoseconds(naps.next()));
    };
    gather_copies(n, sleeper);
  });
}

constexpr std::size_t small_stack = std::size_t{16} * 1024;

measurement w4(std::uint64_t n) {
  constexpr std::uint64_t tasks = 10'000;
  const double start = cpu_seconds();
  sleepers(tasks, n / tasks, small_stack);
  return {cpu_seconds() - start, n / tasks * tasks};
}

measurement w5(const config& how, std::uint64_t n) {
  double took = 0;
  simulate(how, [&] {
    reprise::queue<std::uint64_t> messages(64);
    std::uint64_t sum = 0;
    const double start = cpu_seconds();
    reprise::gather(
        [&] {
          for (std::uint64_t i = 0; i < n; ++i) messages.put(i);
        },
        [&] {
          for (std::uint64_t i = 0; i < n; ++i) sum += *messages.get();
        });
    took = cpu_seconds() - start;
    check(sum == n * (n - 1) / 2, "messages were lost");
  });
  return {took, n};
}

measurement w6(const config& how, std::uint64_t n) {
  double took = 0;
  simulate(how, [&] {
    reprise::mutex m;
    std::uint64_t counter = 0;
    const auto sections = [&] {
      for (std::uint64_t i = 0; i < n / 100; ++i) {
        m.lock();
        ++counter;
        reprise::yield();
        m.unlock();
      }
    };
    const double start = cpu_seconds();
    gather_copies(100, sections);
    took = cpu_seconds() - start;
    check(counter == n / 100 * 100, "sections were lost");
  });
  return {took, n / 100 * 100};
}

/// Two tasks, three atomic increments each, a scheduling point before every one.
void two_by_three(std::uint64_t& sum) {
  reprise::atomic<int> counter{0};
  const auto increments = [&] {
    for (int i = 0; i < 3; ++i) sum += counter.fetch_add(1) < 6;
  };
  reprise::gather(std::cref(increments), std::cref(increments));
}
measurement w7(const reprise::search& how) {
  std::uint64_t sum = 0;
  const double start = cpu_seconds();
  const auto came_to = reprise::explore(how, [&sum] { two_by_three(sum); });
  const double took = cpu_seconds() - start;
  check(came_to && sum == came_to.runs * 6, "increments were lost");
  return {took, came_to.runs};
}
/// W7 without something: what each part of a schedule costs.
template <class F>
measurement part_of_w7(std::uint64_t n, F body) {
  const double start = cpu_seconds();
  const auto came_to = reprise::explore(
      {.schedule = reprise::random_walk(), .runs = n, .detect = reprise::detectors::none()}, body);
  const double took = cpu_seconds() - start;
  check(came_to && came_to.runs == n, "a run of nothing failed");
  return {took, n};
}
measurement w7_run(std::uint64_t n) {
  std::uint64_t counter = 0;
  const double start = cpu_seconds();
  for (std::uint64_t seed = 0; seed < n; ++seed)
    simulate(
        {.seed = seed, .schedule = reprise::random_walk(), .detect = reprise::detectors::none()},
        [&counter] { two_by_three(counter); });
  const double took = cpu_seconds() - start;
  check(counter == n * 6, "increments were lost");
  return {took, n};
}

constexpr workload list[] = {
    {"fibers/w1", [](std::uint64_t n) { return w1(in_order, n); }},
    {"fibers/w1_floating_point", [](std::uint64_t n) { return w1(in_order, n, true); }},
    {"fibers/w1_chosen", [](std::uint64_t n) { return w1(chosen(), n); }},
    {"fibers/w1_recorded", [](std::uint64_t n) { return w1(recorded(), n); }},
    {"fibers/w2", w2},
    {"fibers/w3_warm",
     [](std::uint64_t n) { return measure_warm(n, [n] { sleepers(n, 1, small_stack); }); }},
    {"fibers/w3_cold",
     [](std::uint64_t n) { return measure_cold(n, [n] { sleepers(n, 1, small_stack); }); }},
    {"fibers/w3_again",
     [](std::uint64_t n) { return measure_again(n, [n] { sleepers(n, 1, small_stack); }); }},
    {"fibers/w3_cold_256k",
     [](std::uint64_t n) { return measure_cold(n, [n] { sleepers(n, 1, 0); }); }},
    {"fibers/w4", w4},
    {"fibers/w5", [](std::uint64_t n) { return w5(in_order, n); }},
    {"fibers/w5_chosen", [](std::uint64_t n) { return w5(chosen(), n); }},
    {"fibers/w5_recorded", [](std::uint64_t n) { return w5(recorded(), n); }},
    {"fibers/w6", [](std::uint64_t n) { return w6(in_order, n); }},
    {"fibers/w6_chosen", [](std::uint64_t n) { return w6(chosen(), n); }},
    {"fibers/w6_recorded", [](std::uint64_t n) { return w6(recorded(), n); }},
    {"fibers/w7",
     [](std::uint64_t n) {
       return w7(
           {.schedule = reprise::random_walk(), .runs = n, .detect = reprise::detectors::none()});
     }},
    {"fibers/w7_detectors",
     [](std::uint64_t n) { return w7({.schedule = reprise::random_walk(), .runs = n}); }},
    {"fibers/w7_portfolio", [](std::uint64_t n) { return w7({.runs = n}); }},
    {"fibers/w7_run", w7_run},
    {"fibers/w7_nothing", [](std::uint64_t n) { return part_of_w7(n, [] {}); }},
    {"fibers/w7_spawn",
     [](std::uint64_t n) { return part_of_w7(n, [] { reprise::spawn([] {}).join(); }); }},
    {"fibers/w7_gather",
     [](std::uint64_t n) {
       return part_of_w7(n, [] {
         const auto nothing = [] {};
         reprise::gather(std::cref(nothing), std::cref(nothing));
       });
     }},
};

}  // namespace

std::span<const workload> fibers() { return list; }

}  // namespace bench
