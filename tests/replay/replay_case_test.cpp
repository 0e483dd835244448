#include "support/catch2.hpp"

#include <reprise/core.hpp>
#include <reprise/core/choice_log.hpp>
#include <reprise/core/token.hpp>
#include <reprise/replay/explore.hpp>
#include <reprise/replay/recorded_choices.hpp>
#include <reprise/replay/replay_case.hpp>

#include <string>
#include <vector>

using namespace reprise;
using Catch::Matchers::ContainsSubstring;

namespace {

int extra = 0;  // what an edit adds

void lost_update() {
  int balance = 0;
  mutex m{"m"};
  const auto deposit = [&] {
    for (int i = 0; i < extra; ++i) {
      m.lock();
      m.unlock();
    }
    const int seen = balance;
    yield();
    balance = seen + 1;
  };
  yield();
  gather(deposit, deposit);
  expect(balance == 2, "balance is {}", balance);
}

report failure() {
  extra = 0;
  const exploration found = explore({.seed = 3}, lost_update);
  REQUIRE(found.failure);
  return *found.failure;
}

}  // namespace

TEST_CASE("a record of choices is taken exactly, and the first that differs is named") {
  const case_file c = record_case(failure(), lost_update);
  const auto run_with = [&](recorded_choices& source) {
    config options = c.run;
    options.source = &source;
    return run(options, lost_update);
  };
  {
    recorded_choices source(c.log);
    CHECK(run_with(source).digest == c.digest);
    CHECK_FALSE(source.divergence());
  }
  {
    extra = 1;
    recorded_choices source(c.log);
    static_cast<void>(run_with(source));
    extra = 0;
    REQUIRE(source.divergence());
    const choice_divergence& d = *source.divergence();
    REQUIRE(d.taken);
    CHECK(d.taken->label.operation == operation_kind::lock);
    REQUIRE(d.recorded);
    CHECK(d.recorded->label.operation != operation_kind::lock);
    CHECK(d.task != "-");
    CHECK(d.index > 0);
  }
  {
    std::vector<choice> more = c.log;
    more.push_back(more.back());
    recorded_choices source(more);
    static_cast<void>(run_with(source));
    REQUIRE(source.divergence());
    CHECK_FALSE(source.divergence()->taken);
    CHECK(source.divergence()->index == c.log.size());
  }
}

TEST_CASE("recording a case of another program than the failure's is an error") {
  const report f = failure();
  extra = 1;
  CHECK_THROWS_WITH(record_case(f, lost_update), ContainsSubstring("differ"));
  extra = 0;
}
