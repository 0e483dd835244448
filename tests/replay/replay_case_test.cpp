#include "support/catch2.hpp"

#include <reprise/core.hpp>
#include <reprise/core/choice_log.hpp>
#include <reprise/core/token.hpp>
#include <reprise/replay/explore.hpp>
#include <reprise/replay/recorded_choices.hpp>
#include <reprise/replay/replay_case.hpp>
#include <reprise/replay/shrink.hpp>

#include <array>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

using namespace reprise;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;

namespace {

int extra = 0;       // what an edit adds
int extra_lock = 0;  // its line

void lost_update() {
  int balance = 0;
  mutex m{"m"};
  const auto deposit = [&] {
    for (int i = 0; i < extra; ++i) {
      extra_lock = __LINE__ + 1;
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

TEST_CASE("a case of the same build is the same run, and another run of it is nondeterminism") {
  const case_file c = record_case(failure(), lost_update);
  const case_replay again = replay_case(c, lost_update);
  CHECK(again.outcome == replay_outcome::same);
  CHECK(again.result.digest == c.digest);
  CHECK(again.runs == 1);

  extra = 1;
  const case_replay other = replay_case(c, lost_update);
  extra = 0;
  CHECK(other.outcome == replay_outcome::diverged);
  CHECK(other.result.result == verdict::diverged);
  REQUIRE(other.difference);
  CHECK(other.difference->event > 1);
  CHECK_THAT(other.difference->happened, ContainsSubstring("lock"));
  CHECK(other.difference->recorded != other.difference->happened);
#if defined(REPRISE_HAVE_BACKTRACE)
  CHECK_THAT(other.difference->happened_place,
             EndsWith(fmt::format("replay_case_test.cpp:{}", extra_lock)));
  CHECK(other.difference->recorded_place.empty());
#endif
  CHECK_THAT(other.result.what, ContainsSubstring("first difference at event"));
  CHECK_THAT(other.result.what, ContainsSubstring("recorded  " + other.difference->recorded));
  // One that passes now, of the same build, is no better.
  CHECK(replay_case(c, [] {}).outcome == replay_outcome::diverged);
}

// ---------------------------------------------------------------- edits

namespace {

enum class edit { none, log_line, task_before, lock_before, other_order, fix };
constexpr std::array edits{edit::log_line, edit::task_before, edit::lock_before, edit::other_order};
edit now = edit::none;

/// What a program does before the part with the bug.
void prologue() {
  if (now == edit::log_line) log("a line more");
  static_cast<void>(spawn([] { yield(); }));
  if (now == edit::task_before) static_cast<void>(spawn([] { yield(); }));
}
/// What a task does before its part in the bug.
void opening(mutex& m) {
  if (now != edit::lock_before) return;
  const std::scoped_lock lock(m);
}
/// Both at once, in the order that is written, or in the other.
void both(const std::function<void()>& a, const std::function<void()>& b) {
  if (now == edit::other_order)
    gather(b, a);
  else
    gather(a, b);
}

void edited_deposits() {
  prologue();
  mutex m;
  atomic<int> balance{0};
  const auto deposit = [&] {
    opening(m);
    if (now == edit::fix)
      ++balance;
    else
      balance = balance + 1;
  };
  both(deposit, deposit);
  expect(balance == 2, "balance is {}", balance.load());
}

void edited_locks() {
  prologue();
  mutex m, a, b;
  both(
      [&] {
        opening(m);
        const std::scoped_lock first(a);
        const std::scoped_lock second(b);
      },
      [&] {
        opening(m);
        if (now == edit::fix) {
          const std::scoped_lock first(a);
          const std::scoped_lock second(b);
        } else {
          const std::scoped_lock second(b);
          const std::scoped_lock first(a);
        }
      });
}

void edited_sale() {
  prologue();
  mutex m, shop;
  int left = 1, sold = 0;
  const auto buy = [&] {
    opening(m);
    std::unique_lock lock(shop);
    const bool there = left > 0;
    if (now != edit::fix) {
      lock.unlock();
      lock.lock();
    }
    if (!there) return;
    --left;
    ++sold;
  };
  both(buy, buy);
  expect(sold == 1, "sold {}", sold);
}

void edited_publication() {
  prologue();
  mutex m;
  atomic<bool> ready{false};
  atomic<int> value{0};
  both(
      [&] {
        opening(m);
        if (now == edit::fix) value = 7;
        ready = true;
        value = 7;
      },
      [&] {
        opening(m);
        if (ready) expect(value == 7, "value is {}", value.load());
      });
}

void edited_draw() {
  prologue();
  mutex m;
  const auto roll = [&] {
    opening(m);
    const auto n = choose("dice", 6) + choose("dice", 6);
    expect(now == edit::fix || n < 10, "rolled {}", n);
  };
  both(roll, roll);
}

struct edited_program {
  std::string_view name;
  void (*body)();
};
constexpr edited_program programs[] = {{"deposits", edited_deposits},
                                       {"locks", edited_locks},
                                       {"sale", edited_sale},
                                       {"publication", edited_publication},
                                       {"draw", edited_draw}};

case_file case_of(void (*body)(), bool small) {
  now = edit::none;
  const exploration found = explore({}, body);
  REQUIRE(found.failure);
  const report r = small ? shrink(*found.failure, body) : *found.failure;
  case_file c = record_case(r, body);
  c.build_id = "another";
  return c;
}

}  // namespace

TEST_CASE("five case files survive four edits each, and a fix is seen") {
  for (const auto& p : programs) {
    for (const bool small : {true, false}) {
      const case_file c = case_of(p.body, small);
      CHECK(replay_case(c, p.body).outcome == replay_outcome::same);
      for (const edit e : edits) {
        now = e;
        const case_replay r = replay_case(c, p.body);
        INFO(p.name << ", edit " << static_cast<int>(e) << ", shrunk " << small << ": "
                    << to_string(r.outcome) << " after " << r.runs << " runs, fitted " << r.fitted
                    << " of " << r.recorded);
        // Two that do the same may change places unnoticed.
        CHECK((r.outcome == replay_outcome::found_again ||
               (e == edit::other_order && r.outcome == replay_outcome::same)));
        CHECK(failure_signature(r.result) == c.signature);
        // What it says repeats it.
        CHECK(run(r.run, p.body).digest == r.result.digest);
        CHECK(replay(r.result.token, p.body).digest == r.result.digest);
        CHECK(r.fitted + r.drift.size() == r.recorded);
      }
      now = edit::fix;
      const case_replay r = replay_case(c, p.body);
      INFO(p.name << ", fixed: " << to_string(r.outcome));
      CHECK((r.outcome == replay_outcome::fixed || r.outcome == replay_outcome::drifted));
      CHECK(r.result);
      now = edit::none;
    }
  }
}

TEST_CASE("an edited program that fails in another way is told from one that fails as before") {
  const case_file c = case_of(edited_deposits, true);
  const case_replay r = replay_case(c, [] { fail("something else"); });
  CHECK(r.outcome == replay_outcome::other_failure);
  CHECK_THAT(r.result.what, ContainsSubstring("something else"));
}

TEST_CASE("a record that fits nowhere says little, and that is said") {
  const case_file c = case_of(edited_deposits, true);
  const case_replay r = replay_case(c, [] {});
  CHECK(r.outcome == replay_outcome::drifted);
  CHECK(r.fitted == 0);
  REQUIRE(r.drift.size() == r.recorded);
  CHECK_THAT(r.drift.at(0), ContainsSubstring("Task-"));
}

// ---------------------------------------------------------------- REPRISE_REPLAY

TEST_CASE("REPRISE_REPLAY makes explore repeat one run of the scenario that it names") {
  struct in_environment {
    explicit in_environment(const std::string& text) {
      ::setenv("REPRISE_REPLAY", text.c_str(), 1);
    }
    in_environment(const in_environment&) = delete;
    ~in_environment() { ::unsetenv("REPRISE_REPLAY"); }
  };
  extra = 0;
  const exploration found = explore({.seed = 3, .scenario = "deposits"}, lost_update);
  REQUIRE(found.failure);
  const in_environment asked(found.failure->token);
  const exploration again = explore({.scenario = "deposits"}, lost_update);
  CHECK(again.runs == 1);
  REQUIRE(again.failure);
  CHECK(again.failure->digest == found.failure->digest);
  // Another scenario is explored as ever.
  CHECK(explore({.runs = 50, .scenario = "others"}, [] {}).runs >= 50);
  const in_environment mangled("rp1_zzz");
  CHECK_THROWS_AS(explore({.scenario = "deposits"}, lost_update), bad_token);
  const in_environment missing("./none.reprise");
  CHECK_THROWS_AS(explore({.scenario = "deposits"}, lost_update), bad_case_file);
}
