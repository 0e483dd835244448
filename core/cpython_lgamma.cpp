#include "cpython_lgamma.hpp"

#include <array>
#include <cmath>
#include <cstddef>

#ifdef __FAST_MATH__
#error "This file must compute exactly what it says: build it without -ffast-math."
#endif

namespace reprise::detail {
namespace {

// C. Lanczos, "A Precision Approximation of the Gamma Function", SIAM J. Numer. Anal. B 1, 1964,
// with the 13 terms and the g that Boost.Math found best for doubles (lanczos13m53) and CPython
// took over. The sum is a quotient of two polynomials, whose coefficients stand here from the
// constant term up; the lower one is x (x + 1) ... (x + 11).
constexpr double g = 6.024680040776729583740234375;

constexpr std::array<double, 13> numerator{
    23531376880.41076,  42919803642.6491,   35711959237.35567,  17921034426.03721,
    6039542586.352028,  1439720407.3117216, 248874557.86205417, 31426415.585400194,
    2876370.6289353725, 186056.26539522348, 8071.672002365816,  210.82427775157936,
    2.5066282746310002,
};
constexpr std::array<double, 13> denominator{
    0,       39916800, 120543840, 150917976, 105258076, 45995730, 13339535,
    2637558, 357423,   32670,     1925,      66,        1,
};

/// Horner's rule in x where x is small, in 1/x where its powers would lose bits: each side rounds
/// in its own way, so the limit of 5 is part of the result.
double lanczos_sum(double x) {
  double above = 0.0;
  double below = 0.0;
  if (x < 5.0) {
    for (std::size_t i = numerator.size(); i-- > 0;) {
      above = above * x + numerator[i];
      below = below * x + denominator[i];
    }
  } else {
    for (std::size_t i = 0; i < numerator.size(); ++i) {
      above = above / x + numerator[i];
      below = below / x + denominator[i];
    }
  }
  return above / below;
}

}  // namespace

double cpython_lgamma(double x) {
  if (x == 1.0 || x == 2.0) return 0.0;
  const double scale = std::log(lanczos_sum(x)) - g;
  return scale + (x - 0.5) * (std::log(x + g - 0.5) - 1.0);
}

}  // namespace reprise::detail
