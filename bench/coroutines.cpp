// The workloads as a user of reprise writes them, with coroutines.

#include "simulate.hpp"
#include "workload.hpp"

#include <reprise/core.hpp>

#include <chrono>
#include <cstdint>
#include <ranges>
#include <vector>

// NOLINTBEGIN(readability-static-accessed-through-instance): co_await sets it off
namespace bench {
namespace {

namespace co = reprise::co;
using reprise::co_task;

co_task<> yielding(std::uint64_t n) {
  for (std::uint64_t i = 0; i < n; ++i) co_await co::yield();
}
measurement w1(const reprise::config& how, std::uint64_t n) {
  double took = 0;
  simulate(how, [&]() -> co_task<> {
    const double start = cpu_seconds();
    co_await co::gather(yielding(n / 2), yielding(n / 2));
    took = cpu_seconds() - start;
  });
  return {took, n / 2 * 2};
}

co_task<> nothing() { co_return; }
measurement w2(std::uint64_t n) {
  double took = 0;
  simulate({}, [&]() -> co_task<> {
    std::vector<reprise::task<>> batch;
    batch.reserve(1000);
    const double start = cpu_seconds();
    for (std::uint64_t i = 0; i < n / 1000; ++i) {
      for (int j = 0; j < 1000; ++j) batch.push_back(reprise::spawn(nothing()));
      for (const auto& t : batch) co_await t;
      batch.clear();
    }
    took = cpu_seconds() - start;
  });
  return {took, n / 1000 * 1000};
}

co_task<> sleeper(delays& naps, std::uint64_t times) {
  for (std::uint64_t i = 0; i < times; ++i)
    co_await co::sleep_for(std::chrono::nanoseconds(naps.next()));
}
void sleepers(std::uint64_t n, std::uint64_t times) {
  simulate({}, [&]() -> co_task<> {
    delays naps;
    co_await co::gather(std::views::iota(std::uint64_t{0}, n) |
                        std::views::transform([&](std::uint64_t) { return sleeper(naps, times); }));
  });
}
measurement w4(std::uint64_t n) {
  constexpr std::uint64_t tasks = 10'000;
  const double start = cpu_seconds();
  sleepers(tasks, n / tasks);
  return {cpu_seconds() - start, n / tasks * tasks};
}

co_task<> produce(reprise::queue<std::uint64_t>& messages, std::uint64_t n) {
  for (std::uint64_t i = 0; i < n; ++i) co_await co::put(messages, i);
}
co_task<> consume(reprise::queue<std::uint64_t>& messages, std::uint64_t n, std::uint64_t& sum) {
  for (std::uint64_t i = 0; i < n; ++i) sum += *co_await co::get(messages);
}
measurement w5(std::uint64_t n) {
  double took = 0;
  simulate({}, [&]() -> co_task<> {
    reprise::queue<std::uint64_t> messages(64);
    std::uint64_t sum = 0;
    const double start = cpu_seconds();
    co_await co::gather(produce(messages, n), consume(messages, n, sum));
    took = cpu_seconds() - start;
    check(sum == n * (n - 1) / 2, "messages were lost");
  });
  return {took, n};
}

co_task<> sections(reprise::mutex& m, std::uint64_t n, std::uint64_t& counter) {
  for (std::uint64_t i = 0; i < n; ++i) {
    co_await co::lock(m);
    ++counter;
    co_await co::yield();
    m.unlock();
  }
}
measurement w6(std::uint64_t n) {
  double took = 0;
  simulate({}, [&]() -> co_task<> {
    reprise::mutex m;
    std::uint64_t counter = 0;
    const double start = cpu_seconds();
    co_await co::gather(std::views::iota(0, 100) |
                        std::views::transform([&](int) { return sections(m, n / 100, counter); }));
    took = cpu_seconds() - start;
    check(counter == n / 100 * 100, "sections were lost");
  });
  return {took, n / 100 * 100};
}

constexpr workload list[] = {
    {"coroutines/w1", [](std::uint64_t n) { return w1({}, n); }},
    {"coroutines/w1_chosen",
     [](std::uint64_t n) {
       return w1({.schedule = reprise::random_walk(), .detect = reprise::detectors::none()}, n);
     }},
    {"coroutines/w2", w2},
    {"coroutines/w3_warm",
     [](std::uint64_t n) { return measure_warm(n, [n] { sleepers(n, 1); }); }},
    {"coroutines/w3_cold",
     [](std::uint64_t n) { return measure_cold(n, [n] { sleepers(n, 1); }); }},
    {"coroutines/w3_again",
     [](std::uint64_t n) { return measure_again(n, [n] { sleepers(n, 1); }); }},
    {"coroutines/w4", w4},
    {"coroutines/w5", w5},
    {"coroutines/w6", w6},
};

}  // namespace

std::span<const workload> coroutines() { return list; }

}  // namespace bench
// NOLINTEND(readability-static-accessed-through-instance)
