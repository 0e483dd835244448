#pragma once

namespace reprise::detail {

/// The logarithm of the gamma function as CPython's `math.lgamma` computes it, for x >= 1.
///
/// libm's differs in the last bits, and with them the outcome of `prng::binomialvariate`.
double cpython_lgamma(double x);

}  // namespace reprise::detail
