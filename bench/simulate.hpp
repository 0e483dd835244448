#pragma once

#include "workload.hpp"

#include <reprise/core/run.hpp>

#include <utility>

namespace bench {

/// Runs `body` in a simulation, which has to pass.
template <class F>
void simulate(const reprise::config& how, F&& body) {
  const reprise::report came_to = reprise::run(how, std::forward<F>(body));
  check(came_to.result == reprise::verdict::passed, came_to.what);
}

/// Runs a simulation of n sleepers until pools and queues are warm, then measures it. Small ones
/// are repeated, so that each figure is of some 100,000 sleepers at least.
template <class F>
measurement measure_warm(std::uint64_t n, F once) {
  once();
  once();
  const std::uint64_t again = n > 100'000 ? 1 : 200'000 / n;
  const double start = cpu_seconds();
  for (std::uint64_t i = 0; i < again; ++i) once();
  return {cpu_seconds() - start, n * again};
}

/// Measures a simulation in a program that had none before, with the memory that it takes.
template <class F>
measurement measure_cold(std::uint64_t n, F once) {
  const std::uint64_t before = resident_bytes();
  const double start = cpu_seconds();
  once();
  const double took = cpu_seconds() - start;
  return {took, n, static_cast<double>(peak_resident_bytes() - before) / static_cast<double>(n)};
}

/// The same simulation a third time: its bytes are those that it took beyond the second. (From the
/// first to the second malloc changes where it puts arrays of this size.)
template <class F>
measurement measure_again(std::uint64_t n, F once) {
  once();
  once();
  const std::uint64_t before = peak_resident_bytes();
  const double start = cpu_seconds();
  once();
  const double took = cpu_seconds() - start;
  return {took, n, static_cast<double>(peak_resident_bytes() - before) / static_cast<double>(n)};
}

}  // namespace bench
