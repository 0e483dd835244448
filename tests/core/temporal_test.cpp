#include "support/run.hpp"

#include <memory>
#include <string>
#include <vector>

using namespace reprise;
using namespace support;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

namespace {

/// Counts to `to`, one a second.
void count(int& n, int to) {
  for (; n < to; ++n) sleep_for(1s);
}

}  // namespace

TEST_CASE("always: a predicate that holds at every point does nothing; one that fails is told") {
  passes([] {
    int n = 0;
    always("small", [&] { return n <= 5; });
    count(n, 5);
    yield();
  });
  int line = 0;
  const report r = run(0, [&] {
    int n = 0;
    line = __LINE__ + 1;
    always("small", [&] { return n < 3; });
    spawn("counter", [&] {
      log("begin");
      count(n, 5);
    }).get();
  });
  CHECK(r.result == verdict::failed);
  CHECK_THAT(r.what, StartsWith("always \"small\" does not hold\n") &&
                         ContainsSubstring("temporal_test.cpp:" + std::to_string(line)) &&
                         ContainsSubstring("in counter at 3 s") &&
                         ContainsSubstring("claimed by Task-1 at 0 s") &&
                         ContainsSubstring("0 s  counter   begin"));
  CHECK(r.elapsed == 3s);
  CHECK_FALSE(r.token.empty());
}

TEST_CASE("never: the same of what must not be") {
  passes([] {
    int n = 0;
    never("large", [&] { return n > 5; });
    count(n, 5);
  });
  const report r = run(0, [] {
    int n = 0;
    never("large", [&] { return n > 2; });
    count(n, 5);
  });
  CHECK_THAT(r.what, StartsWith("never \"large\" holds"));
  CHECK(r.elapsed == 3s);
}

TEST_CASE("eventually: unmet at the end fails, met at a point does not") {
  passes([] {
    bool done = false;
    eventually("done", [&] { return done; });
    sleep_for(3s);
    done = true;
    yield();
  });
  const report r = run(0, [] {
    bool done = false;
    eventually("done", [&] { return done; });
    sleep_for(3s);
    done = true;  // and no point after it
  });
  CHECK_THAT(r.what, StartsWith("eventually \"done\" did not come true by the end, at 3 s"));
  CHECK(r.result == verdict::failed);
}

TEST_CASE("eventually within: at the deadline is in time, after it is too late") {
  const auto done_at = [](duration at) {
    return run(0, [at] {
      bool done = false;
      sleep_for(1s);
      eventually(
          "done", [&] { return done; }, 5s);
      sleep_for(at);
      done = true;
      yield();
      sleep_for(10s);
    });
  };
  CHECK(done_at(5s));
  const report late = done_at(5s + 1ns);
  CHECK_THAT(late.what, StartsWith("eventually \"done\" did not come true within 5 s of 1 s"));
  CHECK(late.elapsed == 6s + 1ns);  // the deadline itself moved no clock
}

TEST_CASE("a deadline keeps no run alive, and one that is not over is judged at the end") {
  const report r = run(0, [] {
    eventually(
        "never mind", [] { return false; }, 100s);
    sleep_for(1s);
  });
  CHECK(r.result == verdict::failed);
  CHECK(r.elapsed == 1s);
  CHECK_THAT(r.what, ContainsSubstring("by the end, at 1 s"));
}

TEST_CASE("leads_to: each cause has its effect, in time") {
  const auto answers = [](duration after, int times) {
    return run(0, [=] {
      bool asked = false, answered = false;
      leads_to(
          "answered", [&] { return asked; }, [&] { return answered; }, 2s);
      for (int i = 0; i < times; ++i) {
        answered = false;
        asked = true;
        sleep_for(after);
        asked = false;
        answered = true;
        yield();
        sleep_for(10s);
      }
    });
  };
  CHECK(answers(2s, 3));
  CHECK(answers(0s, 1));
  const report late = answers(3s, 1);
  CHECK_THAT(late.what, StartsWith("leads_to \"answered\": its cause held at 0 s, and its effect "
                                   "did not follow within 2 s of 0 s"));
  const report lost = run(0, [] {
    bool asked = false;
    leads_to(
        "answered", [&] { return asked; }, [] { return false; });
    sleep_for(1s);
    asked = true;
    yield();
    asked = false;
    sleep_for(1s);
  });
  CHECK_THAT(lost.what, ContainsSubstring("held at 1 s") &&
                            ContainsSubstring("did not follow by the end, at 2 s"));
  passes([] {
    leads_to(
        "answered", [] { return false; }, [] { return false; });
  });
}

TEST_CASE("holds_until: up to the release, which must come") {
  passes([] {
    bool open = false, locked = true;
    holds_until(
        "locked", [&] { return locked; }, [&] { return open; });
    sleep_for(1s);
    open = true;
    locked = false;
    yield();
    open = false;  // it is over: neither matters any more
    sleep_for(1s);
  });
  CHECK_THAT(run(0,
                 [] {
                   bool locked = true;
                   holds_until(
                       "locked", [&] { return locked; }, [] { return false; });
                   sleep_for(1s);
                   locked = false;
                   yield();
                 })
                 .what,
             StartsWith("holds_until \"locked\" does not hold, and was not released"));
  CHECK_THAT(run(0,
                 [] {
                   holds_until(
                       "locked", [] { return true; }, [] { return false; });
                   sleep_for(1s);
                 })
                 .what,
             StartsWith("holds_until \"locked\" was not released by the end"));
}

TEST_CASE("a claim that is withdrawn is looked at no more") {
  passes([] {
    const claim c = [] {
      auto n = std::make_unique<int>(1);
      const claim mine = always("one", [&n] { return *n == 1; });
      yield();
      mine.withdraw();
      return mine;
    }();
    yield();
    c.withdraw();
    const claim due = eventually("nothing", [] { return false; });
    due.withdraw();
  });
}

TEST_CASE("nothing is looked at after the root's frame has returned") {
  for (const strategy& how : {fifo(), random_walk()}) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      int looks = 0, looks_at_return = -1;
      const report r = run({.seed = seed, .schedule = how}, [&] {
        spawn([] {
          for (int i = 0; i < 5; ++i) yield();
        });
        always("counted", [&] { return ++looks > 0; });
        yield();
        looks_at_return = looks;
      });
      CHECK(r);
      CHECK(looks == looks_at_return);
      CHECK(looks > 0);
    }
  }
}

TEST_CASE("claims change neither the schedule nor the digest, the steps or the time") {
  for (const strategy& how : {fifo(), random_walk(), pos(), pct(3)}) {
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
      const auto world = [](bool claiming) {
        return [claiming] {
          atomic<int> n{0};
          mutex m;
          if (claiming) {
            always("not negative", [&] { return n.load() >= 0; });
            eventually(
                "six", [&] { return n.load() == 6; }, 3600s);
            leads_to(
                "on", [&] { return n.load() == 1; }, [&] { return n.load() > 1; });
          }
          const auto work = [&] {
            for (int i = 0; i < 3; ++i) {
              const std::scoped_lock lock(m);
              n.fetch_add(1);
              sleep_for(1ms);
              log("n is {}", n.load());
            }
          };
          call_later(2ms, [] { log("called"); });
          gather(work, work);
          yield();
        };
      };
      const report without = run({.seed = seed, .schedule = how, .record = true}, world(false));
      const report with = run({.seed = seed, .schedule = how, .record = true}, world(true));
      CHECK(without);
      check_passed(with);
      CHECK(with.digest == without.digest);
      CHECK(with.steps == without.steps);
      CHECK(with.elapsed == without.elapsed);
      CHECK(with.preemptions == without.preemptions);
      REQUIRE(with.choices.size() == without.choices.size());
      CHECK(with.events.size() == without.events.size());
    }
  }
}

TEST_CASE("under a strategy that chooses, a claim sees what is between two atomic accesses") {
  const auto world = [] {
    atomic<int> balance{0};
    always("one at most", [&] { return balance.load() <= 1; });
    const auto both = [&] {
      balance.fetch_add(1);
      balance.fetch_sub(1);
    };
    gather(both, both);
  };
  std::uint64_t failed = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const report r = run({.seed = seed, .schedule = random_walk()}, world);
    if (r) continue;
    ++failed;
    CHECK_THAT(r.what, StartsWith("always \"one at most\" does not hold"));
    CHECK(run({.seed = seed, .schedule = random_walk()}, world).digest == r.digest);
  }
  CHECK(failed > 5);
  CHECK(failed < 50);
}

TEST_CASE("coroutines, callbacks and jobs are watched, too") {
  const report in_coroutine = run(0, []() -> co_task<> {
    int n = 0;
    always("small", [&] { return n < 2; });
    for (; n < 5; ++n) co_await co::sleep_for(1s);
  });
  CHECK_THAT(in_coroutine.what, StartsWith("always \"small\" does not hold"));
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const report chosen = run({.seed = seed, .schedule = random_walk()}, []() -> co_task<> {
      atomic<int> n{0};
      always("small", [&] { return n.load() < 2; });
      const auto add = [&]() -> co_task<> {
        n.fetch_add(1);
        co_await co::yield();
        n.fetch_sub(1);
      };
      co_await co::gather(add, add);
    });
    if (!chosen) CHECK_THAT(chosen.what, StartsWith("always \"small\" does not hold"));
  }
  const report in_callback = run(0, [] {
    int n = 0;
    never("called", [&] { return n == 1; });
    call_later(1s, [&] { n = 1; });
    sleep_for(2s);
  });
  CHECK_THAT(in_callback.what, ContainsSubstring("in a callback at 1 s"));
  const report in_job = run(0, [] {
    int n = 0;
    never("done", [&] { return n == 1; });
    offload([&] {
      sleep_for(1s);
      n = 1;
      sleep_for(1s);
    });
  });
  CHECK_THAT(in_job.what, ContainsSubstring("in an offloaded job at 1 s"));
}

TEST_CASE("a predicate only looks: what it must not do is an error that names the claim") {
  const auto what_of = [](auto predicate) {
    return run(0,
               [&] {
                 always("quiet", predicate);
                 yield();
               })
        .what;
  };
  CHECK_THAT(
      what_of([] {
        sleep_for(1s);
        return true;
      }),
      StartsWith("the predicate of always \"quiet\" threw reprise::cannot_wait: sleep_for: a "
                 "claim's predicate can't wait"));
  CHECK_THAT(what_of([] {
               mutex m;
               m.lock();
               return true;
             }),
             ContainsSubstring("always \"quiet\""));
  CHECK_THAT(what_of([] {
               spawn([] {});
               return true;
             }),
             StartsWith("the predicate of always \"quiet\" made a task; it may only look"));
  CHECK_THAT(what_of([] {
               log("seen");
               return true;
             }),
             StartsWith("the predicate of always \"quiet\" logged"));
  CHECK_THAT(what_of([] {
               always("more", [] { return true; });
               return true;
             }),
             ContainsSubstring("a claim can't be made by the predicate of another"));
  CHECK_THAT(what_of([]() -> bool { throw std::runtime_error("boom"); }),
             StartsWith("the predicate of always \"quiet\" threw std::runtime_error: boom"));
  CHECK_THAT(what_of([] {
               expect(1 > 2, "one is not more than two");
               return true;
             }),
             StartsWith("the predicate of always \"quiet\" failed: one is not more than two\n"));
}

TEST_CASE("a failed claim unwinds the run as any failure does, and the next run knows nothing") {
  const int before = counted::alive;
  for (int i = 0; i < 3; ++i) {
    const report r = run(0, [] {
      const counted mine;
      const auto held = std::make_shared<counted>();
      bool bad = false;
      never("bad", [&bad, held] { return bad; });
      spawn([] {
        const counted other;
        sleep_for(100s);
      });
      sleep_for(1s);
      bad = true;
      sleep_for(1s);
    });
    CHECK(r.result == verdict::failed);
    CHECK(counted::alive == before);
  }
  passes([] { sleep_for(1s); });
}

TEST_CASE("the exception that ends the root comes before what was still due") {
  const report r = run(0, [] {
    eventually("done", [] { return false; });
    throw std::runtime_error("boom");
  });
  CHECK_THAT(r.what, StartsWith("std::runtime_error: boom"));
}

TEST_CASE("marks: how often each held, and those that never did") {
  const report r = passes([] {
    for (int i = 0; i < 4; ++i) sometimes("odd", i % 2 == 1);
    sometimes("never", false);
    reachable("here");
    if (rng().random() > 2) reachable("nowhere");
  });
  CHECK(r.marks == std::vector<mark>{{"odd", 2}, {"never", 0}, {"here", 1}});
  CHECK(passes([] {}).marks.empty());
  CHECK(passes([] { reachable("x"); }).digest == passes([] {}).digest);
  CHECK_THROWS_AS(reachable("outside"), no_simulation);
  CHECK_THROWS_AS(always("outside", [] { return true; }), no_simulation);
}
