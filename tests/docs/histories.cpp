// What docs/histories.md shows, compiled and run.

#include "support/run.hpp"

#include <reprise/properties.hpp>

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>

using namespace reprise;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

/// A cache in front of a store: a write goes to the store at once, and to the cache a little later.
struct cached_value {
  int stored = 0, cached = 0;
  void write(int value) {
    stored = value;
    call_soon([this, value] { cached = value; });
    yield();
  }
  [[nodiscard]] int read() const {
    yield();
    return cached;
  }
};

void clients_of_a_cache() {
  cached_value value;
  history<models::reg<int>> h;
  gather(
      [&] {
        for (int n = 1; n <= 3; ++n) h.call(models::write(n), [&] { value.write(n); });
      },
      [&] {
        for (int n = 0; n < 3; ++n) h.call(models::read(), [&] { return value.read(); });
      });
  expect_linearizable(h);
}

/// A queue of at most two items: `try_put` says whether there was room, `try_get` gives an item if
/// there is one.
struct small_queue {
  struct op {
    std::optional<int> put = {};  // nothing: a get
  };
  struct result {
    bool took = false;              // of a put
    std::optional<int> given = {};  // of a get
  };
  using state = std::deque<int>;

  [[nodiscard]] state initial() const { return {}; }
  bool step(state& s, const op& what, const result* answer) const {
    if (what.put) {
      const bool room = s.size() < 2;
      if (answer && answer->took != room) return false;
      if (room) s.push_back(*what.put);
      return true;
    }
    if (s.empty()) return !answer || !answer->given;
    if (answer && answer->given != s.front()) return false;
    s.pop_front();
    return true;
  }
  [[nodiscard]] std::string describe(const op& what, const result* answer) const {
    if (what.put)
      return "put " + std::to_string(*what.put) + (answer && !answer->took ? ": full" : "");
    if (!answer) return "get";
    return answer->given ? "get: " + std::to_string(*answer->given) : "get: empty";
  }
};

}  // namespace

TEST_CASE("docs: a cache that lags is found by a search") {
  const auto found = explore({.schedule = random_walk(), .runs = 1000}, clients_of_a_cache);
  REQUIRE(found.failure);
  CHECK_THAT(found.failure->what, ContainsSubstring("the history is not linearizable"));
}

TEST_CASE("docs: by hand") {
  history<models::reg<int>> h;
  const auto w = h.invoke(1, models::write(1));
  const auto r = h.invoke(2, models::read());
  h.respond(r, 0);
  h.respond(w, {});
  h.respond(h.invoke(2, models::read()), 0);

  const auto verdict = linearizable(h);
  CHECK(verdict == linearizability::no);
  CHECK(verdict.picture ==
        "  1  |-- write(1) --|\n"
        "  2                   |-- read() = 0 --|\n"
        "The order that gets furthest: write(1). The state is then 1; next can't be read() = 0.\n");
}

TEST_CASE("docs: a call that got lost") {
  const report r = run(0, [] {
    history<models::kv> h;
    try {
      h.call(models::put("k", "v"), [] { with_timeout(1s, [] { sleep_for(2s); }); });
    } catch (const timed_out&) {
      // The store may have got it, now or later, or not: the call stays pending.
    }
    h.call(models::get("k"), [] { return std::string(); });
    h.call(models::get("k"), [] { return std::string("v"); });
    expect_linearizable(h);
  });
  CHECK(r);
}

TEST_CASE("docs: while the run goes on") {
  const report r = run(0, [] {
    cached_value value;
    checked_history<models::reg<int>> h;
    h.call(models::write(1), [&] { value.stored = 1; });
    h.call(models::read(), [&] { return value.cached; });
    log("never comes here");
  });
  CHECK_THAT(r.what, ContainsSubstring("not linearizable"));
  CHECK(r.events.empty());
}

TEST_CASE("docs: a model of your own") {
  history<small_queue> h;
  h.respond(h.invoke(1, {.put = 1}), {.took = true});
  h.respond(h.invoke(1, {.put = 2}), {.took = true});
  h.respond(h.invoke(2, {.put = 3}), {.took = true});
  CHECK_THAT(linearizable(h).picture, ContainsSubstring("next can't be put 3"));
}

TEST_CASE("docs: weaker promises") {
  history<models::reg<int>> h;
  h.respond(h.invoke(1, models::write(1)));
  h.respond(h.invoke(2, models::read()), 0);
  CHECK(linearizable(h) == linearizability::no);
  CHECK(sequentially_consistent(h));
  CHECK(read_your_writes(h));
  CHECK(monotonic_reads(h));
}
