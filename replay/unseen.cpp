#include "unseen.hpp"

#include <algorithm>
#include <cmath>

namespace reprise {

namespace {

/// The chance of at most `k` events where `mean` are expected, of a Poisson distribution.
double poisson_at_most(std::uint64_t k, double mean) {
  double term = std::exp(-mean), sum = term;
  for (std::uint64_t i = 1; i <= k; ++i) sum += term *= mean / static_cast<double>(i);
  return sum;
}

/// The largest mean with which `k` events or fewer are seen in 5 % of all cases.
double poisson_limit(std::uint64_t k) {
  double low = 0, high = 10 + 3 * static_cast<double>(k);
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (poisson_at_most(k, middle) > 0.05 ? low : high) = middle;
  }
  return high;
}

}  // namespace

double unseen::chance() const noexcept {
  return runs == 0 ? 1 : static_cast<double>(once) / static_cast<double>(runs);
}

double unseen::at_most() const noexcept {
  if (runs == 0) return 1;
  const auto n = static_cast<double>(runs), f1 = static_cast<double>(once),
             f2 = static_cast<double>(twice);
  constexpr double one_sided = 1.6449;  // of the normal distribution, 95 %
  double limit = f1 + one_sided * std::sqrt(f1 * (1 - f1 / n) + 2 * f2);
  constexpr std::uint64_t few = 200;  // beyond, the two agree
  if (once <= few) limit = std::max(limit, poisson_limit(once));
  return std::min(1.0, limit / n);
}

double unseen::missing() const noexcept {
  const auto f1 = static_cast<double>(once), f2 = static_cast<double>(twice);
  return f1 > 1 ? f1 * (f1 - 1) / (2 * (f2 + 1)) : 0;
}

}  // namespace reprise
