#pragma once

// Small programs with a known bug each, and their correct twins: the tests of our tests. Written
// from the literature; those of a published set bear its names, so that figures can be compared.

#include <reprise/core.hpp>

#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace planted {

struct program {
  std::string_view name;
  std::string_view about;  // what is wrong with it
  void (*buggy)();
  void (*correct)();
};

/// All of them, in an order that does not change.
[[nodiscard]] std::vector<program> programs();

[[nodiscard]] std::span<const program> published();   // of SCTBench, Chess, and the kernel's CVEs
[[nodiscard]] std::span<const program> lock_based();  // locks and plain memory
[[nodiscard]] std::span<const program> lock_free();   // atomics
[[nodiscard]] std::span<const program> waiting();     // signals, queues, time-outs, cancellation

/// `n` tasks that do the same, until all have ended. `f` is called with 0, 1, …
template <class F>
void together(int n, F f) {
  std::vector<std::function<void()>> all;
  all.reserve(static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i) all.emplace_back([f, i] { f(i); });
  reprise::gather(all);
}

}  // namespace planted
