#include "support/rapidcheck.hpp"
#include "support/run.hpp"

#include <reprise/properties.hpp>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

using namespace reprise;
using namespace support;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

namespace {

using delays = std::vector<delay>;

/// Sets an environment variable for its scope.
class with_variable {
public:
  with_variable(const char* name, const std::string& value) : name_(name) {
    ::setenv(name, value.c_str(), 1);
  }
  with_variable(const with_variable&) = delete;
  ~with_variable() { ::unsetenv(name_); }

private:
  const char* name_;
};

duration sum_of(const delays& ds) {
  duration sum{0};
  for (const auto& d : ds) sum += d;
  return sum;
}

void nap_together(const delays& ds) {
  std::vector<std::function<void()>> naps;
  for (const auto& d : ds) naps.emplace_back([d] { sleep_for(d); });
  gather(naps);
}

void takes_the_sum(const delays& ds) {
  expect_elapsed(sum_of(ds), [&] { nap_together(ds); });
}

/// Loses an update when both tasks read before either writes, which takes one preemption.
void loses_updates(int tasks, int rounds) {
  atomic<int> n{0};
  std::vector<std::function<void()>> all;
  for (int i = 0; i < tasks; ++i)
    all.emplace_back([&] {
      for (int k = 0; k < rounds; ++k) n.store(n.load() + 1);
    });
  gather(all);
  expect(n.load() == tasks * rounds, "{} updates, {} seen", tasks * rounds, n.load());
}

}  // namespace

TEST_CASE("a property that holds is tried in all its cases and runs") {
  int calls = 0;
  const auto r = property("holds", [&calls](const delays& ds, int n) {
    ++calls;
    static_cast<void>(n);
    duration most{0};
    for (const auto& d : ds) most = std::max<duration>(most, d);
    expect_elapsed(most, [&] { nap_together(ds); });
  });
  INFO(r.message);
  CHECK(r);
  CHECK(r.cases == 100);
  CHECK(r.runs == 400);
  CHECK(calls == 400);
  CHECK_THAT(r.message, StartsWith("property \"holds\": 100 cases and 400 runs passed"));
}

TEST_CASE("a failure is made as small as by hand, and its text shows the arguments") {
  const auto r = property("takes the sum", takes_the_sum);
  REQUIRE_FALSE(r);
  REQUIRE(r.failure);
  CHECK(r.counterexample == "[1ns, 1ns]");
  CHECK(r.failure->preemptions == 0);
  CHECK_THAT(r.failure->what, StartsWith("expected to take 2 ns, took 1 ns"));
  CHECK_THAT(r.message, StartsWith("property \"takes the sum\" failed after ") &&
                            ContainsSubstring("with [1ns, 1ns]") &&
                            ContainsSubstring("property_test.cpp:") &&
                            ContainsSubstring("REPRISE_REPLAY=" + r.failure->token) &&
                            ContainsSubstring("RC_PARAMS=\"seed=0 "));
}

TEST_CASE("arguments and schedule shrink together: two tasks, one round, one preemption") {
  const auto r = property("counts", [] {
    const int tasks = draw(rc::gen::inRange(1, 6));
    const int rounds = draw(rc::gen::inRange(1, 6));
    loses_updates(tasks, rounds);
  });
  REQUIRE_FALSE(r);
  CHECK(r.counterexample == "drew 2\ndrew 1");
  CHECK(r.failure->preemptions <= 1);
}

TEST_CASE("the token holds all of it: arguments, draws, seed and strategy") {
  const auto by_argument = property("sum", takes_the_sum);
  const auto by_draw = property("counts", [] {
    const int tasks = draw(rc::gen::inRange(1, 6));
    loses_updates(tasks, 2);
  });
  REQUIRE_FALSE(by_argument);
  REQUIRE_FALSE(by_draw);
  {
    const with_variable replay("REPRISE_REPLAY", by_argument.failure->token);
    const auto again = property("sum", takes_the_sum);
    REQUIRE_FALSE(again);
    CHECK(again.runs == 1);
    CHECK(again.counterexample == by_argument.counterexample);
    CHECK(again.failure->digest == by_argument.failure->digest);
    CHECK(again.failure->token == by_argument.failure->token);
    const auto other = property("another", takes_the_sum);
    CHECK(other.skipped);
    CHECK(other.runs == 0);
    CHECK(other);
  }
  {
    const with_variable replay("REPRISE_REPLAY", by_draw.failure->token);
    const auto again = property("counts", [] {
      const int tasks = draw(rc::gen::inRange(1, 6));
      loses_updates(tasks, 2);
    });
    REQUIRE_FALSE(again);
    CHECK(again.counterexample == by_draw.counterexample);
    CHECK(again.failure->digest == by_draw.failure->digest);
    CHECK(again.failure->preemptions == by_draw.failure->preemptions);
    // Repaired, it passes.
    CHECK(property("counts", [] { static_cast<void>(draw(rc::gen::inRange(1, 6))); }));
  }
  const with_variable mangled("REPRISE_REPLAY", "rp1_nothing");
  CHECK_THROWS_AS(property("sum", takes_the_sum), bad_token);
}

TEST_CASE("what a property draws after its first wait is an error") {
  const auto r = property("draws late", [] {
    sleep_for(1s);
    static_cast<void>(draw<int>());
  });
  REQUIRE_FALSE(r);
  CHECK_THAT(r.failure->what, ContainsSubstring("draw: a property's body draws values before its "
                                                "first wait, and not after"));
  const auto elsewhere =
      property("draws elsewhere", [] { spawn([] { static_cast<void>(draw<int>()); }).get(); });
  CHECK_FALSE(elsewhere);
}

TEST_CASE("preconditions discard, and too many discards give up") {
  int odd = 0;
  const auto r = property("even", [&odd](int n) {
    RC_PRE(n % 2 == 0);
    odd += n % 2 != 0 ? 1 : 0;
  });
  CHECK(r);
  CHECK(odd == 0);
  CHECK(r.cases == 100);
  CHECK(r.discarded > 10);
  const auto none = property("impossible", [](int) { RC_PRE(false); });
  CHECK_FALSE(none);
  CHECK(none.gave_up);
  CHECK_FALSE(none.failure);
  CHECK_THAT(none.message, ContainsSubstring("gave up"));
}

TEST_CASE("rapidcheck's assertions, false and exceptions fail the run, in their place") {
  const auto by_assertion = property("asserts", [](int n) {
    yield();
    RC_ASSERT(n < 5);
  });
  REQUIRE_FALSE(by_assertion);
  CHECK(by_assertion.counterexample == "5");
  CHECK_THAT(by_assertion.failure->what,
             ContainsSubstring("RC_ASSERT(n < 5)") && ContainsSubstring("property_test.cpp:"));
  const auto by_value = property("false", [](int n) { return n < 5; });
  REQUIRE_FALSE(by_value);
  CHECK(by_value.counterexample == "5");
  const auto by_exception = property("throws", [](const std::string& text) {
    if (text.size() > 2) throw std::runtime_error("too long");
  });
  REQUIRE_FALSE(by_exception);
  CHECK(by_exception.counterexample == "\"aaa\"");
}

TEST_CASE("another failure than the one found is no smaller one of it") {
  // Below 5 it deadlocks; what was found is what is told.
  const auto r = property("two bugs",
                          [](int n) {
                            if (n > 0 && n < 5) {
                              event never;
                              never.wait();
                            }
                            expect(n < 20, "{} is too much", n);
                          },
                          {.seed = 3, .cases = 200});
  REQUIRE_FALSE(r);
  const bool deadlocked = r.failure->result == verdict::deadlock;
  CHECK(r.counterexample == (deadlocked ? "1" : "20"));
}

TEST_CASE("RC_PARAMS says which cases, and noshrink leaves a failure as it was found") {
  const with_variable params("RC_PARAMS", "seed=7 max_success=13 max_size=20 noshrink=1");
  const auto r = property("holds", [](const delays&) {});
  CHECK(r.cases == 13);
  const auto failed = property("fails", takes_the_sum);
  REQUIRE_FALSE(failed);
  CHECK(failed.shrink_runs == 0);
  CHECK_THAT(failed.message, ContainsSubstring("RC_PARAMS=\"seed=7 max_success=13 max_size=20\""));
}

TEST_CASE("a property is a function of its seed") {
  const auto a = property("sum", takes_the_sum, {.seed = 5});
  const auto b = property("sum", takes_the_sum, {.seed = 5});
  CHECK(a.message == b.message);
  CHECK(a.runs == b.runs);
  CHECK(a.failure->digest == b.failure->digest);
}

TEST_CASE("a case is text and reads back") {
  rc::prop("any case", [](std::uint64_t seed, const std::vector<std::vector<std::uint32_t>>& down) {
    const detail::drawn_case c{.seed = seed, .size = 12, .shrinks = down};
    const auto read = detail::drawn_case::parse(c.to_string());
    RC_ASSERT(read.seed == seed);
    RC_ASSERT(read.size == 12);
    if (down.empty() || (down.size() == 1 && down[0].empty())) return;
    RC_ASSERT(read.shrinks == down);
  });
  for (const char* const text :
       {"", "1", "1:2", "1:2:x", "1:2:3..", "-1:2:", "1:2:3 4", "1:2:0*", "1:2:0*99999999999"})
    CHECK_THROWS_AS(detail::drawn_case::parse(text), bad_token);
}

TEST_CASE(
    "a property's body may be a coroutine: it draws, discards, fails and shrinks as another") {
  const auto body = [](delay first, int n) -> co_task<> {
    RC_PRE(n % 2 == 0);
    const auto more = draw<std::uint8_t>();
    const auto start = virtual_clock::now();
    co_await co::sleep_for(first);
    expect(virtual_clock::now() - start == duration(first));
    expect(more < 10, "{} is too much", more);
  };
  const auto r = property("coroutine", body);
  INFO(r.message);
  REQUIRE(r.failure);
  CHECK_THAT(r.failure->what, ContainsSubstring("10 is too much"));
  CHECK_THAT(r.counterexample, ContainsSubstring("drew") && ContainsSubstring("10"));
  CHECK(r.discarded > 0);
  {
    const with_variable replay("REPRISE_REPLAY", r.failure->token);
    const auto again = property("coroutine", body);
    REQUIRE(again.failure);
    CHECK(again.failure->digest == r.failure->digest);
  }

  const auto wrong = property("false", [](int) -> co_task<bool> { co_return false; });
  REQUIRE(wrong.failure);
  CHECK_THAT(wrong.failure->what, ContainsSubstring("returned false"));
  const auto late = property("late", [](int) -> co_task<> {
    co_await co::yield();
    static_cast<void>(draw<int>());
  });
  REQUIRE(late.failure);
  CHECK_THAT(late.failure->what, ContainsSubstring("before its first wait"));
}

TEST_CASE(
    "marks are counted over a property's runs, and one that is required and never held fails it") {
  const auto body = [](std::uint8_t n) {
    sometimes("even", n % 2 == 0);
    sometimes("never", false);
  };
  property_options options;
  options.marks = {"elsewhere"};
  const auto counted = property("marks", body, options);
  CHECK(counted);
  REQUIRE(counted.marks.size() == 3);
  CHECK(counted.marks[0].name == "elsewhere");
  CHECK(counted.marks[1].name == "even");
  CHECK(counted.marks[1].reached());
  CHECK(counted.marks[1].runs < counted.runs);
  CHECK_FALSE(counted.marks[2].reached());
  CHECK_THAT(counted.message, ContainsSubstring("never reached: never") &&
                                  ContainsSubstring("never reached: elsewhere"));
  options.require_marks = true;
  const auto required = property("marks", body, options);
  CHECK_FALSE(required);
  CHECK(required.lacks_marks);
  CHECK_FALSE(required.failure);
  options.marks = {};
  CHECK(property(
      "marks", [](std::uint8_t n) { sometimes("even", n % 2 == 0); }, options));
}

TEST_CASE("a property tells of a warning, and which run gave it") {
  const auto r = property("inverted", [](bool) {
    mutex a("a"), b("b");
    const auto take = [](mutex& first, mutex& second) {
      const std::scoped_lock outer(first);
      const std::scoped_lock inner(second);
    };
    gather([&] { take(a, b); },
           [&] {
             sleep_for(1s);  // which lets the other end first, and orders nothing
             take(b, a);
           });
  });
  CHECK(r);
  REQUIRE(r.warnings.size() == 1);
  CHECK(r.warnings[0].seen.kind == warning_kind::lock_order);
  CHECK_THAT(r.message, ContainsSubstring("warning in ") && ContainsSubstring(r.warnings[0].token));
}
