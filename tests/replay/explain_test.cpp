#include "support/catch2.hpp"
#include "support/sanitized.hpp"

#include "planted/programs.hpp"

#include <reprise/core/token.hpp>
#include <reprise/replay/explain.hpp>
#include <reprise/replay/explore.hpp>

#include <algorithm>
#include <string>
#include <string_view>

using namespace reprise;

namespace {

explanation explained(void (*body)(), const search& what = {}) {
  const exploration found = explore(what, body);
  REQUIRE(found.failure);
  return explain(decode_token(found.failure->token), body);
}

}  // namespace

TEST_CASE("a lost update is explained by the one who is left between its read and its write") {
  const explanation e = explained(+[] {
    atomic<int> balance{0}, other{0};
    gather([&] { balance = balance + 1; }, [&] { balance = balance + 1; },
           [&] {
             ++other;
             ++other;
           });
    expect(balance == 2, "balance is {}", balance.load());
  });
  REQUIRE(e.deciding);
  const explained_choice& c = e.choices.at(*e.deciding);
  CHECK(c.taken.value != 0);
  CHECK(c.taken.label.operation == operation_kind::atomic_store);
  CHECK(c.task == "Task-2");
  CHECK(c.next == "Task-3");
  CHECK(c.failed_after > c.failed_before);
  CHECK(e.failed_at_start < e.futures);
  REQUIRE(e.curing == e.deciding);
  CHECK(c.cure == 0);
  CHECK(c.cured_next == "Task-2");
}

TEST_CASE("a draw that decides is named, with the value that cures") {
  const auto body = [] {
    gather([] { yield(); }, [] { yield(); });
    const auto n = choose("size", 100);
    gather([] { yield(); }, [] { yield(); });
    expect(n < 90, "size is {}", n);
  };
  const exploration found = explore({}, body);
  REQUIRE(found.failure);
  const explanation e = explain(decode_token(found.failure->token), body);
  REQUIRE(e.deciding);
  const explained_choice& c = e.choices.at(*e.deciding);
  CHECK(c.taken.kind == choice_kind::user);
  CHECK(c.taken.value == 90);
  CHECK(c.failed_after == e.futures);
  CHECK(e.curing == e.deciding);
}

TEST_CASE("what always fails has no deciding choice and no cure") {
  const explanation e = explained(+[] {
    gather([] { yield(); }, [] { yield(); });
    fail("always");
  });
  CHECK_FALSE(e.deciding);
  CHECK_FALSE(e.curing);
  CHECK(e.failed_at_start == e.futures);
}

TEST_CASE("an explanation is a pure function of the run") {
  const auto make = [] {
    const planted::program p = planted::programs().at(0);
    return explained(p.buggy, {.step_limit = 20'000});
  };
  const explanation a = make(), b = make();
  CHECK(a.runs == b.runs);
  CHECK(a.deciding == b.deciding);
  REQUIRE(a.choices.size() == b.choices.size());
  for (std::size_t i = 0; i < a.choices.size(); ++i) {
    CHECK(a.choices[i].failed_after == b.choices[i].failed_after);
    CHECK(a.choices[i].cure == b.choices[i].cure);
  }
}

TEST_CASE("of every planted bug that a switch makes, the deciding choice and a cure are named") {
  std::size_t with_switch = 0, cures = 0, number = 0;
  const std::size_t share = support::sanitized ? 4 : 1;
  for (const auto& p : planted::programs()) {
    if (number++ % share != 0) continue;
    const explanation e = explained(p.buggy, {.runs = 10'000, .step_limit = 20'000});
    if (e.simplest.choices == 0) continue;
    INFO(p.name);
    ++with_switch;
    REQUIRE(e.deciding);
    const explained_choice& d = e.choices.at(*e.deciding);
    REQUIRE(e.curing);
    CHECK(e.choices.at(*e.curing).cure);
    // One of the switches that the shrinker could not do without.
    CHECK(d.taken.value != 0);
    if (e.curing == e.deciding) ++cures;
  }
  CHECK(with_switch >= 40 / share);
  INFO(cures << " of " << with_switch);
  CHECK(cures * 10 >= with_switch * 9);
}
