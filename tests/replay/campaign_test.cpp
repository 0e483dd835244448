#include <reprise/core.hpp>
#include <reprise/replay.hpp>

#include "support/catch2.hpp"

#include <cstdlib>
#include <string>
#include <vector>

using namespace reprise;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

void lost_update() {
  shared<int> balance{0};
  auto add = [&] { balance.write(balance.read() + 1); };
  gather(add, add);
  expect(balance.read() == 2, "balance is {}", balance.read());
}

campaign_plan plan_of(std::uint64_t runs, const strategy& how, bool keep_going) {
  campaign_plan plan;
  plan.what.runs = runs;
  plan.what.schedule = how;
  plan.what.keep_going = keep_going;
  return plan;
}

}  // namespace

TEST_CASE("a campaign finds what a search in one process finds") {
  for (const strategy& how : {portfolio(), pct(3), surw(), pos(), random_walk()}) {
    for (const bool keep_going : {false, true}) {
      INFO(how.to_string() << ' ' << keep_going);
      campaign_plan plan = plan_of(500, how, keep_going);
      plan.what.detect = detectors::none();
      const exploration here = explore(plan.what, lost_update);
      for (const unsigned jobs : {1u, 3u}) {
        plan.jobs = jobs;
        const campaign_result there = run_campaign(plan, lost_update);
        CHECK(there.runs == here.runs);
        CHECK(there.profile_runs == here.profile_runs);
        REQUIRE(there.failures.size() == here.failures.size());
        for (std::size_t i = 0; i < here.failures.size(); ++i) {
          CHECK(there.failures[i].token == here.failures[i].token);
          CHECK(there.failures[i].digest == here.failures[i].digest);
          CHECK(there.failures[i].what == here.failures[i].what);
        }
      }
    }
  }
}

TEST_CASE("the first failure comes with its events as they were") {
  const auto body = [] {
    log("käse \xff");
    note("sizes", "n", 1, "minus", -1, "x", 2.5, "yes", true, "list", std::vector<int>{1, 2});
    sleep_for(1500ms);
    fail("the end");
  };
  const campaign_plan plan = plan_of(1, fifo(), false);
  const report here = run(config{}, body);
  const campaign_result found = run_campaign(plan, body);
  const report& there = found.failures.at(0);
  REQUIRE(there.events.size() == here.events.size());
  for (std::size_t i = 0; i < here.events.size(); ++i) {
    CHECK(there.events[i].at == here.events[i].at);
    CHECK(there.events[i].task == here.events[i].task);
    CHECK(there.events[i].name == here.events[i].name);
    CHECK(there.events[i].text == here.events[i].text);
    REQUIRE(there.events[i].fields.size() == here.events[i].fields.size());
    for (std::size_t k = 0; k < here.events[i].fields.size(); ++k) {
      std::string a, b;
      append_json(a, here.events[i].fields[k].value);
      append_json(b, there.events[i].fields[k].value);
      CHECK(a == b);
    }
  }
  CHECK(there.elapsed == 1500ms);
  CHECK(there.result == verdict::failed);
}

TEST_CASE("failures are heard once, in the order of their seeds") {
  campaign_plan plan = plan_of(2000, fifo(), true);
  plan.jobs = 4;
  std::vector<std::uint64_t> heard;
  plan.on_failure = [&](const report& r) { heard.push_back(r.seed); };
  const campaign_result found = run_campaign(plan, [] { expect(run_seed() % 7 != 3, "unlucky"); });
  std::vector<std::uint64_t> expected;
  for (std::uint64_t seed = 3; seed < 2000; seed += 7) expected.push_back(seed);
  CHECK(heard == expected);
  CHECK(found.kinds.size() == 1);
  CHECK(found.kinds.begin()->second == expected.size());
}

TEST_CASE("as docs/campaigns.md shows it") {
  std::vector<std::string> tokens;
  campaign_plan plan;
  plan.what = {.runs = 2000, .keep_going = true};
  plan.on_failure = [&](const report& r) { tokens.push_back(r.token); };
  const campaign_result found = run_campaign(plan, lost_update);
  CHECK_FALSE(found);
  CHECK(tokens.size() == found.failures.size());
  CHECK(replay(tokens.front(), lost_update).digest == found.failures.front().digest);
}

TEST_CASE("a campaign that is stopped tells what it has") {
  campaign_plan plan = plan_of(~std::uint64_t{0}, fifo(), true);
  plan.jobs = 2;
  plan.progress = [](const campaign_progress& p) { return p.runs < 1000; };
  const campaign_result found = run_campaign(plan, [] { sleep_for(1s); });
  CHECK(found.stopped);
  CHECK(found);
  CHECK(found.runs >= 1000);
}

TEST_CASE("a profile run that dies is a failure, and the others teach what they can") {
  campaign_plan plan = plan_of(50, pct(3), true);
  const auto body = [] {
    if (run_seed() == 1'000'000'001) std::abort();
    lost_update();
  };
  const campaign_result one = run_campaign(plan, body);
  plan.jobs = 3;
  const campaign_result many = run_campaign(plan, body);
  CHECK(one.profile_runs == 3);
  CHECK(one.runs == 53);
  REQUIRE(one.failures.size() == many.failures.size());
  std::size_t dead = 0;
  for (std::size_t i = 0; i < one.failures.size(); ++i) {
    CHECK(one.failures[i].token == many.failures[i].token);
    dead += one.failures[i].result == verdict::crashed;
  }
  CHECK(dead == 1);
}

TEST_CASE("a campaign inside a run, or of a part that there is not, is refused") {
  CHECK_THAT(run(0, [] { static_cast<void>(run_campaign({}, [] {})); }).what,
             ContainsSubstring("a run inside a run"));
  campaign_plan plan;
  plan.part = {3, 2};
  CHECK_THROWS_AS(run_campaign(plan, [] {}), std::invalid_argument);
}

TEST_CASE("kinds of failure differ in words, not in numbers") {
  const auto kind = [](auto body) { return failure_signature(run(0, body)); };
  const auto say = [](int n) { return [n] { fail("total is {}, expected 1,000", n); }; };
  CHECK(kind(say(990)) == kind(say(7)));
  CHECK(kind(say(1)) != kind([] { fail("the total is off"); }));
  CHECK(kind([] {}).empty());
}
