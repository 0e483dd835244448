// The estimates of what was not seen, against draws whose truth is known.

#include <reprise/core/stream.hpp>
#include <reprise/replay/campaign.hpp>

#include "support/catch2.hpp"

#include <cmath>
#include <map>
#include <vector>

using namespace reprise;

namespace {

unseen seen_in(const std::map<std::size_t, std::uint64_t>& counts, std::uint64_t runs) {
  unseen u{.runs = runs};
  for (const auto& [kind, n] : counts) {
    ++u.kinds;
    u.once += n == 1;
    u.twice += n == 2;
  }
  return u;
}

}  // namespace

TEST_CASE("without anything rare the limit is the rule of three") {
  for (const std::uint64_t n : {100u, 1000u, 1'000'000u}) {
    const unseen u{.runs = n, .kinds = 3};
    CHECK(u.chance() == 0);
    CHECK(std::abs(u.at_most() * static_cast<double>(n) - 2.9957) < 0.001);
    CHECK(u.missing() == 0);
  }
  CHECK(unseen{}.at_most() == 1);
  CHECK(unseen{.runs = 1, .kinds = 1, .once = 1}.at_most() == 1);
}

TEST_CASE("the limit holds for at least 95 of 100 samples, of kinds common and rare") {
  // 300 kinds, the k-th with weight 1/k.
  constexpr std::size_t kinds = 300;
  std::vector<double> share(kinds);
  double sum = 0;
  for (std::size_t k = 0; k < kinds; ++k) sum += share[k] = 1 / static_cast<double>(k + 1);
  for (auto& s : share) s /= sum;
  for (const std::uint64_t runs : {50u, 500u, 3000u}) {
    int holds = 0;
    double error = 0;
    constexpr int samples = 400;
    for (int sample = 0; sample < samples; ++sample) {
      stream random(static_cast<std::uint64_t>(sample), runs);
      std::map<std::size_t, std::uint64_t> counts;
      for (std::uint64_t i = 0; i < runs; ++i) {
        double x = static_cast<double>(random() >> 11) * 0x1p-53;
        std::size_t k = 0;
        while (k + 1 < kinds && x >= share[k]) x -= share[k++];
        ++counts[k];
      }
      double truth = 0;
      for (std::size_t k = 0; k < kinds; ++k)
        if (!counts.contains(k)) truth += share[k];
      const unseen u = seen_in(counts, runs);
      holds += u.at_most() >= truth;
      error += u.chance() - truth;
      CHECK(u.missing() >= 0);
    }
    INFO(runs);
    CHECK(holds >= samples * 93 / 100);
    CHECK(std::abs(error / samples) < 0.02);
  }
}
