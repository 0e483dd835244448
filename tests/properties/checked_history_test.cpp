#include "random_history.hpp"
#include "support/run.hpp"
#include "support/sanitized.hpp"

#include <reprise/properties.hpp>
#include <reprise/replay.hpp>

#include <string>

using namespace reprise;
using namespace histories;
using namespace support;
using Catch::Matchers::ContainsSubstring;

namespace {

/// A register with a replica that answers reads: its update comes a moment after the write has
/// returned, unless `broken` is false.
struct replicated_register {
  int primary = 0, replica = 0;
  bool broken = true;
  void write(int value) {
    primary = value;
    if (!broken) replica = value;
    yield();
    if (broken) call_soon([this, value] { replica = value; });
  }
  int read() const {
    yield();
    return replica;
  }
};

template <class History>
void use(History& h, replicated_register& shared) {
  gather(
      [&] {
        for (int n = 1; n <= 3; ++n) h.call(models::write(n), [&] { shared.write(n); });
      },
      [&] {
        for (int n = 0; n < 4; ++n) h.call(models::read(), [&] { return shared.read(); });
      });
}

/// Feeds `h`, event by event, in a run; returns how many events were taken before it failed.
template <class M>
std::uint64_t taken(const history<M>& h, bool partition) {
  std::uint64_t events = 0;
  static_cast<void>(run(0, [&] {
    checked_history<M> checked(h.object(), {.partition = partition});
    const auto& times = h.log().times();
    for (std::uint64_t at = 0; at < 2 * h.size(); ++at) {
      for (std::uint32_t i = 0; i < h.size(); ++i) {
        if (times[i].invoked == at)
          checked.invoke(times[i].process, h.calls()[i].what);
        else if (times[i].responded == at)
          checked.respond(static_cast<call_id>(i), *h.calls()[i].answer);
      }
      ++events;
    }
  }));
  return events;
}

/// The first `events` events of `h`.
template <class M>
history<M> beginning(const history<M>& h, std::uint64_t events) {
  history<M> copy(h.object());
  const auto& times = h.log().times();
  for (std::uint64_t at = 0; at < events; ++at)
    for (std::uint32_t i = 0; i < h.size(); ++i) {
      if (times[i].invoked == at)
        copy.invoke(times[i].process, h.calls()[i].what);
      else if (times[i].responded == at)
        copy.respond(static_cast<call_id>(i), *h.calls()[i].answer);
    }
  return copy;
}

constexpr int share = support::sanitized ? 5 : 1;

template <class M>
int stops_at_the_first(const char* name, const alphabet<M>& letters, std::uint64_t most) {
  stream draw(12, name);
  int stopped = 0;
  for (int n = 0; n < 300 / share; ++n) {
    const auto h = random_history(draw, letters, most);
    std::uint64_t first = 0;
    while (first < 2 * h.size() && linearizable(beginning(h, first + 1), {.explain = false}))
      ++first;
    INFO(name << ' ' << n << '\n' << shown(h));
    REQUIRE(taken(h, true) == first);
    REQUIRE(taken(h, false) == first);
    stopped += first < 2 * h.size() ? 1 : 0;
  }
  return stopped;
}

}  // namespace

TEST_CASE("a checked history stops the run at the response that nothing explains") {
  duration stopped{0};
  const report r = run(0, [&] {
    checked_history<models::reg<int>> h;
    const auto w = h.invoke(1, models::write(1));
    sleep_for(1s);
    h.respond(w);
    const auto read = h.invoke(2, models::read());
    sleep_for(1s);
    stopped = now();
    CHECK(h.verdict() == linearizability::yes);
    h.respond(read, 0);
    FAIL("the run goes on");
  });
  CHECK(r.result == verdict::failed);
  CHECK(stopped == 2s);
  CHECK_THAT(r.what, ContainsSubstring("the history is not linearizable") &&
                         ContainsSubstring("|-- read() = 0 --|") &&
                         ContainsSubstring("checked_history_test.cpp:"));
}

TEST_CASE("it stops exactly where the check of the whole says no for the first time") {
  CHECK(stops_at_the_first("register", register_alphabet(), 60) > 30 / share);
  CHECK(stops_at_the_first("kv", kv_alphabet(), 60) > 30 / share);
  CHECK(stops_at_the_first("queue", queue_alphabet(), 40) > 30 / share);
}

TEST_CASE("a long history costs little for each response, as long as calls end") {
  passes([] {
    checked_history<models::counter> h;
    std::int64_t value = 0;
    for (int n = 0; n < 20'000; ++n) {
      const auto a = h.invoke(1, models::fetch_add(1));
      const auto b = h.invoke(2, models::fetch_add(1));
      h.respond(b, value++);
      h.respond(a, value++);
    }
    CHECK(h.verdict() == linearizability::yes);
    CHECK(h.recorded().size() == 40'000);
  });
}

TEST_CASE("a spent budget stops the checking, not the run") {
  passes([] {
    checked_history<models::reg<int>> h({}, {.budget = 1});
    for (std::uint64_t n = 0; n < 9; ++n) h.invoke(n, models::write(static_cast<int>(n)));
    h.respond(h.invoke(9, models::read()), 99);
    CHECK(h.verdict() == linearizability::unknown);
    h.respond(h.invoke(9, models::read()), 98);
    CHECK(h.verdict() == linearizability::unknown);
  });
}

TEST_CASE("a search finds the schedule that breaks a register, and its token repeats it") {
  const auto body = [] {
    checked_history<models::reg<int>> h;
    replicated_register shared;
    use(h, shared);
  };
  const exploration found = explore({.schedule = random_walk(), .runs = 200}, body);
  REQUIRE_FALSE(found);
  REQUIRE(found.failure);
  CHECK_THAT(found.failure->what, ContainsSubstring("the history is not linearizable") &&
                                      ContainsSubstring("|-- write("));
  CHECK(found.failure->token.find("rp1_") == 0);
  const report again = replay(found.failure->token, body);
  CHECK(again.what == found.failure->what);
  CHECK(again.digest == found.failure->digest);

  // The same at the end of the run, and the fixed twin, which passes.
  const auto at_the_end = [](bool broken) {
    return [broken] {
      history<models::reg<int>> h;
      replicated_register shared{.broken = broken};
      use(h, shared);
      expect_linearizable(h);
    };
  };
  CHECK_FALSE(explore({.schedule = random_walk(), .runs = 200}, at_the_end(true)));
  CHECK(explore({.schedule = random_walk(), .runs = 1000}, at_the_end(false)));
}
