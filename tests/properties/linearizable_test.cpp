#include "random_history.hpp"
#include "support/recorded_histories.hpp"
#include "support/run.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

using namespace reprise;
using namespace histories;
using namespace support;
using Catch::Matchers::ContainsSubstring;

namespace {

/// Checks `count` random histories of `most` calls with the clever checker and the naive one;
/// returns how many were linearizable.
template <class M>
int agree(const char* name, const alphabet<M>& letters, int count, std::uint64_t most) {
  stream draw(6, name);
  int yes = 0;
  for (int n = 0; n < count; ++n) {
    const auto h = random_history(draw, letters, most);
    const bool expected = naive(h);
    yes += expected ? 1 : 0;
    const auto verdict = linearizable(h, {.explain = false}).result;
    const auto whole = linearizable(h, {.partition = false, .explain = false}).result;
    const auto wanted = expected ? linearizability::yes : linearizability::no;
    if (verdict != wanted || whole != wanted) {
      INFO(name << " history " << n << '\n' << shown(h));
      CHECK(verdict == wanted);
      CHECK(whole == wanted);
      break;
    }
  }
  return yes;
}

/// The intervals of a history where only `guilty` calls count, and the others may have happened or
/// not while they were open: the definition of what a `no` reports, written once more.
template <class M>
bool explained_without(const history<M>& h, const std::set<std::uint32_t>& guilty) {
  const auto& times = h.log().times();
  std::vector<bool> done(h.size());
  // The first response that nothing explains is the last of the guilty ones'.
  const auto order = [&](auto&& self, const typename M::state& state) -> bool {
    bool complete = true;
    for (const std::uint32_t g : guilty) complete = complete && done[g];
    if (complete) return true;
    for (std::uint32_t i = 0; i < h.size(); ++i) {
      if (done[i]) continue;
      bool next = true;
      for (std::uint32_t other = 0; other < h.size(); ++other)
        if (!done[other] && guilty.count(other) != 0 && times[other].responded < times[i].invoked)
          next = false;
      // A call whose time is over can't happen any more.
      for (std::uint32_t other = 0; other < h.size(); ++other)
        if (done[other] && times[i].responded < times[other].invoked) next = false;
      if (!next) continue;
      const auto& call = h.calls()[i];
      const bool counts = guilty.count(i) != 0;
      auto after = state;
      if (!h.object().step(after, call.what, counts && call.answer ? &*call.answer : nullptr))
        continue;
      done[i] = true;
      if (self(self, after)) return true;
      done[i] = false;
    }
    return false;
  };
  return order(order, h.object().initial());
}

std::string recorded_folder() {
  const char* given = std::getenv("REPRISE_HISTORIES");
  return given ? given : REPRISE_TESTS_DIR "/../../shared/histories";
}

history<models::reg<int>> stale_read() {
  history<models::reg<int>> h;
  const auto w = h.invoke(1, models::write(1));
  const auto r1 = h.invoke(2, models::read());
  h.respond(r1, 0);
  h.respond(w, {});
  const auto r2 = h.invoke(2, models::read());
  h.respond(r2, 0);
  return h;
}

}  // namespace

TEST_CASE("a read after a write has returned sees it") {
  const auto h = stale_read();
  const auto verdict = linearizable(h);
  CHECK(verdict == linearizability::no);
  CHECK_FALSE(verdict);
  const linearizability plain = verdict;
  CHECK(plain == linearizability::no);
  CHECK(verdict.guilty == std::vector<call_id>{call_id{0}, call_id{2}});
}

TEST_CASE("an empty history, and one of pending calls alone, are linearizable") {
  history<models::reg<int>> h;
  CHECK(linearizable(h) == linearizability::yes);
  h.invoke(1, models::write(1));
  h.invoke(2, models::read());
  CHECK(linearizable(h) == linearizability::yes);
}

TEST_CASE("a call without a response may have happened, at any later time, or not") {
  history<models::reg<int>> h;
  h.invoke(1, models::write(1));
  for (const int seen : {0, 0, 1, 1}) h.respond(h.invoke(2, models::read()), seen);
  CHECK(linearizable(h));
  h.respond(h.invoke(2, models::read()), 0);  // it happens once, and nothing takes it back
  CHECK(linearizable(h) == linearizability::no);
}

TEST_CASE("the checker agrees with a naive one on 20,000 random histories of up to 7 calls") {
  const int registers = agree("register", register_alphabet(), 8000, 7);
  const int stores = agree("kv", kv_alphabet(), 6000, 7);
  const int queues = agree("queue", queue_alphabet(), 4000, 7);
  const int locks = agree("lock", lock_alphabet(), 2000, 7);
  INFO(registers << ' ' << stores << ' ' << queues << ' ' << locks);
  // Both verdicts come often enough to mean something.
  CHECK((registers > 4000 && registers < 7500));
  CHECK((stores > 3000 && stores < 5700));
  CHECK((queues > 2000 && queues < 3800));
  CHECK((locks > 1000 && locks < 1990));
}

TEST_CASE("a checker that forgets time, or pending calls, would be noticed on such histories") {
  const auto noticed = [](const char* name, const auto& letters, const rules& broken) {
    stream draw(6, name);
    int differences = 0;
    for (int n = 0; n < 4000; ++n) {
      const auto h = random_history(draw, letters, 7);
      const bool yes = static_cast<bool>(linearizable(h, {.explain = false}));
      differences += naive(h, broken) != yes ? 1 : 0;
    }
    return differences;
  };
  CHECK(noticed("register", register_alphabet(), {.real_time = false}) > 20);
  CHECK(noticed("register", register_alphabet(), {.pending_may_happen = false}) > 20);
  CHECK(noticed("lock", lock_alphabet(), {.pending_must_happen = true}) > 20);
}

TEST_CASE("names of processes and values do not matter") {
  const auto letters = register_alphabet();
  stream draw(7, "relabel");
  int no = 0;
  for (int n = 0; n < 2000; ++n) {
    const auto h = random_history(draw, letters, 12);
    const auto rename = [](int v) { return v == 0 ? 0 : 3 - v; };
    const auto renamed =
        again(h, [&](std::size_t, std::uint64_t& process, auto& what, auto& answer) {
          process = 1000 - 7 * process;
          if (auto* w = std::get_if<1>(&what)) w->value = rename(w->value);
          if (auto* c = std::get_if<2>(&what)) *c = {rename(c->from), rename(c->to)};
          if (answer) answer->value = rename(answer->value);
        });
    const auto verdict = linearizable(h);
    const auto same = linearizable(renamed);
    no += verdict == linearizability::no ? 1 : 0;
    REQUIRE(verdict.result == same.result);
    REQUIRE(verdict.guilty == same.guilty);
  }
  CHECK(no > 100);
}

TEST_CASE("an answer taken back never makes a history worse, a wrong one never makes it better") {
  const auto letters = register_alphabet();
  stream draw(8, "mutation");
  int broken = 0;
  for (int n = 0; n < 2000; ++n) {
    const auto h = random_history(draw, letters, 12);
    const bool before = static_cast<bool>(linearizable(h, {.explain = false}));
    const auto which = draw.below(h.size());
    const auto pending = again(h, [&](std::size_t i, std::uint64_t&, auto&, auto& answer) {
      if (i == which) answer.reset();
    });
    if (before) REQUIRE(linearizable(pending));
    // A value that nobody writes can't be read.
    const auto impossible = again(h, [&](std::size_t i, std::uint64_t&, auto& what, auto& answer) {
      if (i == which && what.index() == 0 && answer) answer->value = 9;
    });
    const auto& chosen = h.calls()[which];
    if (chosen.what.index() != 0 || !chosen.answer) continue;
    ++broken;
    const auto verdict = linearizable(impossible);
    REQUIRE(verdict == linearizability::no);
    // Where the rest agrees, the mutated call alone is to blame.
    if (before) REQUIRE(verdict.guilty == std::vector<call_id>{static_cast<call_id>(which)});
  }
  CHECK(broken > 500);
}

TEST_CASE("the guilty calls contradict one another, and all but one of them never do") {
  const auto letters = register_alphabet();
  stream draw(9, "guilty");
  int checked = 0, several = 0;
  for (int n = 0; n < 3000; ++n) {
    const auto h = random_history(draw, letters, 9);
    const auto verdict = linearizable(h);
    if (verdict != linearizability::no) continue;
    ++checked;
    std::set<std::uint32_t> guilty;
    for (const call_id g : verdict.guilty) guilty.insert(static_cast<std::uint32_t>(g));
    several += guilty.size() > 1 ? 1 : 0;
    INFO(shown(h) << verdict.picture);
    REQUIRE_FALSE(guilty.empty());
    REQUIRE_FALSE(explained_without(h, guilty));
    for (const std::uint32_t g : guilty) {
      auto fewer = guilty;
      fewer.erase(g);
      REQUIRE(explained_without(h, fewer));
    }
  }
  CHECK(checked > 300);
  CHECK(several > 100);
}

TEST_CASE(
    "a no comes with a picture: bars over time, a row for each process, and the furthest order") {
  const auto verdict = linearizable(stale_read());
  CHECK(verdict.picture ==
        "  1  |-- write(1) --|\n"
        "  2                   |-- read() = 0 --|\n"
        "The order that gets furthest: write(1). The state is then 1; next can't be read() = 0.\n");
  CHECK(linearizable(stale_read(), {.explain = false}).picture.empty());
}

TEST_CASE("the picture of a run has its virtual times and the names of its tasks") {
  passes([] {
    history<models::reg<int>> h;
    auto writer = spawn("writer", [&] { h.call(models::write(1), [] { sleep_for(1s); }); });
    auto reader = spawn("reader", [&] {
      sleep_for(2s);
      h.call(models::read(), [] {
        sleep_for(1500ms);
        return 0;
      });
    });
    writer.get();
    reader.get();
    CHECK(
        linearizable(h).picture ==
        "  writer  |-- write(1) --|\n"
        "          0 s            1 s\n"
        "  reader                   |-- read() = 0 --|\n"
        "                           2 s              3.5 s\n"
        "The order that gets furthest: write(1). The state is then 1; next can't be read() = 0.\n");
  });
}

TEST_CASE("calls that overlap lie under one another, also those of one process") {
  history<models::lock> h;
  const auto first = h.invoke(1, models::acquire());
  const auto second = h.invoke(1, models::acquire());
  h.respond(first);
  h.respond(second);
  CHECK(linearizable(h).picture ==
        "  1  |-- acquire() --|\n"
        "  1    |-- acquire() --|\n"
        "The order that gets furthest: acquire(). The state is then held; next can't be "
        "acquire().\n");
}

TEST_CASE("a value that nobody wrote is to blame alone") {
  history<models::reg<int>> h;
  const auto w = h.invoke(1, models::write(1));
  const auto r = h.invoke(2, models::read());
  h.respond(w);
  h.respond(r, 2);
  const auto verdict = linearizable(h);
  CHECK(verdict.guilty == std::vector<call_id>{call_id{1}});
  CHECK(verdict.picture ==
        "  2  |-- read() = 2 --|\n"
        "The order that gets furthest: write(1). The state is then 1; next can't be read() = 2.\n");
}

TEST_CASE("keys are checked alone, and a violation of one is enough") {
  history<models::kv> h;
  for (int n = 0; n < 20; ++n) h.respond(h.invoke(1, models::append("x", "a")));
  h.respond(h.invoke(2, models::get("x")), std::string(20, 'a'));
  CHECK(linearizable(h));
  h.respond(h.invoke(2, models::put("y", "b")));
  h.respond(h.invoke(2, models::get("y")), "");
  const auto verdict = linearizable(h);
  CHECK(verdict == linearizability::no);
  CHECK_THAT(verdict.picture,
             ContainsSubstring("put(\"y\", \"b\")") && !ContainsSubstring("\"x\""));
  CHECK(linearizable(h, {.partition = false}) == linearizability::no);
}

TEST_CASE("a spent budget is an unknown, and says nothing of guilt") {
  history<models::queue<int>> h;
  std::vector<call_id> open;
  for (int n = 0; n < 12; ++n)
    open.push_back(h.invoke(static_cast<std::uint64_t>(n), models::enqueue(n)));
  for (const auto call : open) h.respond(call);
  h.respond(h.invoke(0, models::dequeue()), 99);
  const auto verdict = linearizable(h, {.budget = 1000});
  CHECK(verdict == linearizability::unknown);
  CHECK_FALSE(verdict);
  CHECK(verdict.guilty.empty());
  CHECK(verdict.picture.empty());
  CHECK(std::string(to_string(verdict.result)) == "unknown");
}

TEST_CASE("a hundred calls without a response cost little: equal ones stand in for one another") {
  history<models::cas_reg<int>> h;
  for (std::uint64_t n = 0; n < 100; ++n) h.invoke(n, models::write(static_cast<int>(n % 5)));
  for (int n = 0; n < 200; ++n) h.respond(h.invoke(200, models::read()), n < 100 ? n / 20 : 4);
  CHECK(linearizable(h, {.budget = 10'000}));
  h.respond(h.invoke(200, models::read()), 7);
  CHECK(linearizable(h, {.budget = 10'000}) == linearizability::no);
}

TEST_CASE("more calls than a word has bits may be open at one time") {
  history<models::counter> h;
  std::vector<call_id> open;
  for (std::uint64_t n = 0; n < 200; ++n) open.push_back(h.invoke(n, models::fetch_add(1)));
  for (std::size_t n = 0; n < 200; ++n) h.respond(open[n], static_cast<std::int64_t>(199 - n));
  h.respond(h.invoke(0, models::read()), 200);
  CHECK(linearizable(h, {.budget = 100'000}));
}

TEST_CASE("the recorded histories have the verdicts that others gave them") {
  const auto verdicts = support::read_verdicts(recorded_folder());
  if (verdicts.empty()) {
    WARN("there are no recorded histories in " << recorded_folder());
    return;
  }
  for (const auto& [name, expected] : verdicts) {
    INFO(name);
    const auto path = recorded_folder() + '/' + name;
    const auto wanted = expected ? linearizability::yes : linearizability::no;
    const auto check = [&](const auto& h) {
      CHECK(linearizable(h).result == wanted);
      CHECK(linearizable(h, {.partition = false, .explain = false}).result == wanted);
    };
    if (name.find("etcd") == 0)
      check(support::read_etcd(path));
    else
      check(support::read_kv(path));
  }
}

TEST_CASE("expect_linearizable ends a run with the picture") {
  const report r = run(0, [] { expect_linearizable(stale_read()); });
  CHECK(r.result == verdict::failed);
  CHECK_THAT(r.what, ContainsSubstring("the history is not linearizable") &&
                         ContainsSubstring("|-- write(1) --|") &&
                         ContainsSubstring("linearizable_test.cpp:"));
  const report unknown = run(0, [] {
    history<models::reg<int>> h;
    for (std::uint64_t n = 0; n < 9; ++n) h.invoke(n, models::write(static_cast<int>(n)));
    h.respond(h.invoke(9, models::read()), 99);
    expect_linearizable(h, {.budget = 5});
  });
  CHECK_THAT(unknown.what, ContainsSubstring("unknown after 6 configurations"));
  passes([] { expect_linearizable(history<models::reg<int>>()); });
  CHECK_THROWS_AS(expect_linearizable(history<models::reg<int>>()), no_simulation);
}
