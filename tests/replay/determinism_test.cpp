#include <reprise/replay/determinism.hpp>

#include "support/catch2.hpp"

#include <chrono>
#include <vector>

using namespace reprise;
using namespace std::chrono_literals;

namespace {

/// This program is no witness: it lists its tests and ends, so that every run differs.
const witness_options no_witness{.arguments = {"--list-tests"}};
const std::vector<known_run> runs{{"rp1_first", 1}, {"rp1_second", 2}};

}  // namespace

TEST_CASE("making a sample again tells how it stands") {
  std::vector<campaign_progress> told;
  const sample_check done = check_sample(
      runs, {},
      [&](const campaign_progress& p) {
        told.push_back(p);
        return true;
      },
      no_witness);
  CHECK(done.runs == 1);
  REQUIRE(done.differs);
  CHECK(done.differs->token == "rp1_first");
  REQUIRE(told.size() >= 2);
  CHECK(told.front().runs == 0);
  CHECK(told.front().share == 0);
  CHECK(told.back().runs == 1);
  CHECK(told.back().share == 0.5);
  CHECK(told.back().real > 0ns);
  CHECK(told.back().real > told.front().real);
}

TEST_CASE("what there is no time for is not compared") {
  const auto now = std::chrono::steady_clock::now();
  const sample_check done = check_sample(runs, now, {}, no_witness);
  CHECK(done.runs == 0);
  CHECK_FALSE(done.differs);
  CHECK_FALSE(done.stopped);
}

TEST_CASE("who hears how a sample stands may stop it") {
  const sample_check done = check_sample(
      runs, {}, [](const campaign_progress&) { return false; }, no_witness);
  CHECK(done.runs == 0);
  CHECK_FALSE(done.differs);
  CHECK(done.stopped);
}
