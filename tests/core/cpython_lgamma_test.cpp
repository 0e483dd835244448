#include "../../core/cpython_lgamma.hpp"

#include "support/catch2.hpp"

#include <utility>

TEST_CASE("the gamma function's logarithm has CPython's last bits and not libm's") {
  // From CPython 3.13: x, math.lgamma(x). glibc's lgamma differs in about half of them, and the
  // paths below and above 5 from each other.
  static constexpr std::pair<double, double> golden[] = {
      {1.0, 0.0},
      {2.0, 0.0},
      {3.0, 0.693147180559945},
      {4.0, 1.7917594692280554},
      {4.25, 2.114456927450371},
      {4.5, 2.453736570842443},
      {5.0, 3.178053830347945},
      {6.0, 4.787491742782047},
      {7.0, 6.579251212010102},
      {8.0, 8.525161361065415},
      {9.0, 10.604602902745249},
      {10.0, 12.801827480081467},
      {11.0, 15.104412573075514},
      {12.0, 17.502307845873887},
      {20.0, 39.339884187199495},
      {37.0, 95.7196945421432},
      {49.0, 140.67392364823425},
      {100.0, 359.1342053695754},
      {1001.0, 5912.128178488163},
      {12345.0, 103953.5324720479},
      {1000000.0, 12815504.569147611},
      {999983.0, 12815269.705621127},
      {1000000007.0, 19723265972.566578},
      {1000000000000000.0, 3.353877639491067e+16},
  };
  for (const auto& [x, expected] : golden) {
    INFO("x " << x);
    CHECK(reprise::detail::cpython_lgamma(x) == expected);
  }
}
