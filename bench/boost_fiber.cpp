// The workloads that Boost.Fiber knows: it has no virtual clock and no choices.

#include "workload.hpp"

#if defined(BENCH_BOOST_FIBER)
#include <boost/fiber/all.hpp>

#include <cstdint>
#include <vector>
#endif

namespace bench {

#if defined(BENCH_BOOST_FIBER)
namespace {

namespace fibers = boost::fibers;
using boost::this_fiber::yield;

measurement w1(std::uint64_t n) {
  const auto yielding = [n] {
    for (std::uint64_t i = 0; i < n / 2; ++i) yield();
  };
  fibers::fiber one(yielding);
  fibers::fiber other(yielding);
  const double start = cpu_seconds();
  one.join();
  other.join();
  return {cpu_seconds() - start, n / 2 * 2};
}

measurement w2(std::uint64_t n) {
  fibers::pooled_fixedsize_stack stacks(std::size_t{16} * 1024);
  std::vector<fibers::fiber> batch;
  batch.reserve(1000);
  std::uint64_t ended = 0;
  const double start = cpu_seconds();
  for (std::uint64_t i = 0; i < n / 1000; ++i) {
    for (int j = 0; j < 1000; ++j)
      batch.emplace_back(std::allocator_arg, stacks, [&ended] { ++ended; });
    for (auto& f : batch) f.join();
    batch.clear();
  }
  check(ended == n / 1000 * 1000, "fibers were lost");
  return {cpu_seconds() - start, ended};
}

measurement w5(std::uint64_t n) {
  fibers::buffered_channel<std::uint64_t> messages(64);
  std::uint64_t sum = 0;
  const double start = cpu_seconds();
  fibers::fiber producer([&] {
    for (std::uint64_t i = 0; i < n; ++i) messages.push(i);
    messages.close();
  });
  fibers::fiber consumer([&] {
    for (std::uint64_t x = 0; messages.pop(x) == fibers::channel_op_status::success;) sum += x;
  });
  producer.join();
  consumer.join();
  check(sum == n * (n - 1) / 2, "messages were lost");
  return {cpu_seconds() - start, n};
}

measurement w6(std::uint64_t n) {
  fibers::mutex m;
  std::uint64_t counter = 0;
  std::vector<fibers::fiber> all;
  const double start = cpu_seconds();
  for (int i = 0; i < 100; ++i)
    all.emplace_back([&] {
      for (std::uint64_t j = 0; j < n / 100; ++j) {
        m.lock();
        ++counter;
        yield();
        m.unlock();
      }
    });
  for (auto& f : all) f.join();
  check(counter == n / 100 * 100, "sections were lost");
  return {cpu_seconds() - start, counter};
}

constexpr workload list[] = {
    {"boost_fiber/w1", w1},
    {"boost_fiber/w2", w2},
    {"boost_fiber/w5", w5},
    {"boost_fiber/w6", w6},
};

}  // namespace

std::span<const workload> boost_fiber() { return list; }
#else
std::span<const workload> boost_fiber() { return {}; }
#endif

}  // namespace bench
