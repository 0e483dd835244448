// Laws of the library itself, as properties of random programs: what cancellation leaves behind,
// when timeouts fire, and what no schedule can change.

#include "support/rapidcheck.hpp"
#include "support/run.hpp"

#include <reprise/properties.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace reprise;
using namespace support;

namespace {

const property_options five_hundred{.cases = 500, .runs_per_case = 1, .schedule = fifo()};

bool sleeps_only(const program& p) {
  return (p.what == program::kind::sleep || p.what == program::kind::sequence ||
          p.what == program::kind::gather || p.what == program::kind::spawn) &&
         std::ranges::all_of(p.parts, sleeps_only);
}

/// How long it takes when it waits for nothing but time.
int length_ms(const program& p) {
  int total = p.ms;
  for (const auto& part : p.parts)
    total = p.what == program::kind::sequence ? total + length_ms(part)
                                              : std::max(total, length_ms(part));
  return total;
}

/// What is left of a program's world must be as new: nothing held, nobody counted as waiting, and
/// each item handed over.
void expect_as_new(program_world& world) {
  for (std::size_t i = 0; i < world.mutexes.size(); ++i) {
    expect(world.mutexes.at(i).try_lock(), "mutex {} is still held", i);
    world.mutexes.at(i).unlock();
  }
  expect(world.permits.try_acquire() && world.permits.try_acquire(), "a permit is lost");
  expect(!world.permits.try_acquire(), "a permit was released twice");
  world.permits.release();
  world.permits.release();
  for (std::size_t i = 0; i < world.queues.size(); ++i) {
    auto& q = world.queues.at(i);
    while (q.try_get()) {
    }
    // A getter that is woken is one that waits now, not one that was cancelled.
    auto getter = spawn([&] { return q.get(); });
    yield();
    q.put(7);
    const auto got = with_timeout(1s, [&] { return getter.get(); });
    expect(got == 7, "an item put in queue {} did not arrive", i);
  }
}

/// Runs `p`, cancels it after `turns` turns at `at`, and checks what is left. Whether it was still
/// at work then.
bool cancelled_at(const program& p, std::chrono::milliseconds at, int turns, const strategy& how,
                  std::uint64_t seed, std::string& what) {
  bool cancelled_it = false;
  const int before = counted::alive;
  const report r = run({.seed = seed, .schedule = how, .step_limit = 100'000}, [&] {
    program_world world;
    int tasks_inside = 0;
    world.step = [&](const program&) { ++tasks_inside; };
    const auto victim = spawn([&] {
      const counted mine;
      perform(p, world);
    });
    sleep_until(virtual_clock::time_point(at));
    for (int i = 0; i < turns; ++i) yield();
    cancelled_it = victim.cancel();
    victim.join();
    expect(!cancelled_it || victim.cancelled() || victim.done(), "it did not end");
    sleep_for(1s);  // what it did not wait for ends by itself
    expect_as_new(world);
  });
  if (!r) what = r.what;
  if (counted::alive != before) what = "something it made is still alive";
  return cancelled_it;
}

}  // namespace

TEST_CASE("law: cancelled at any point, a program leaves nothing held, lost or released twice") {
  std::uint64_t points = 0;
  const auto everywhere = [&points](const program& p, const strategy& how) {
    std::string what;
    for (int ms = 0;; ++ms) {
      // All turns of this instant; at most so many follow one another without time moving.
      bool any = false;
      for (int turns = 0; turns < 12; ++turns) {
        const bool at_work = cancelled_at(p, std::chrono::milliseconds(ms), turns, how,
                                          static_cast<std::uint64_t>(turns), what);
        if (!what.empty())
          return "after " + std::to_string(turns) + " turns at " + std::to_string(ms) +
                 " ms: " + what;
        any = any || at_work;
        points += at_work ? 1 : 0;
        if (!at_work) break;
      }
      if (!any) return what;
    }
  };
  // The programs are drawn by a property, and run for themselves in it: a run has one victim.
  rc::detail::TestParams params;
  params.seed = 1;
  params.maxSuccess = 500;
  params.maxSize = 60;
  const auto result = rc::detail::checkTestable(
      [&](const program& p) {
        const std::string under_fifo = everywhere(p, fifo());
        RC_ASSERT(under_fifo == "");
        const std::string chosen = everywhere(p, random_walk());
        RC_ASSERT(chosen == "");
      },
      rc::detail::TestMetadata{}, params);
  std::ostringstream text;
  rc::detail::printResultMessage(result, text);
  INFO(text.str());
  CHECK(result.template is<rc::detail::SuccessResult>());
  INFO(points);
  CHECK(points > 10'000);
}

TEST_CASE("law: the check of what is left sees a permit too few, one too many, and a held mutex") {
  const auto fails_with = [](auto spoil) {
    const report r = run(0, [&] {
      program_world world;
      spoil(world);
      expect_as_new(world);
    });
    CHECK_FALSE(r);
    return r.what.substr(0, r.what.find('\n'));
  };
  CHECK(fails_with([](program_world& w) { w.permits.acquire(); }) == "a permit is lost");
  CHECK(fails_with([](program_world& w) { w.permits.release(); }) == "a permit was released twice");
  CHECK(fails_with([](program_world& w) { w.mutexes[1].lock(); }) == "mutex 1 is still held");
}

TEST_CASE("law: a program of sleeps takes the maximum of a gather and the sum of a sequence") {
  const auto r = property("elapsed", [](const program& p) {
    RC_PRE(sleeps_only(p));
    program_world world;
    expect_elapsed(std::chrono::milliseconds(length_ms(p)), [&] { perform(p, world); });
  });
  INFO(r.message);
  CHECK(r);
}

TEST_CASE("law: a timeout fires exactly when it is due, and not when its work is done first") {
  const auto r = property("timeouts", [](delay limit, delay work) {
    RC_PRE(limit != work && limit > duration{0});
    bool fired = false;
    const duration took = elapsed([&] {
      try {
        with_timeout(limit, [&] { sleep_for(work); });
      } catch (const timed_out&) {
        fired = true;
      }
    });
    expect(fired == (work > limit), "fired: {}", fired);
    expect(took == std::min<duration>(limit, work), "it took {}", format_duration(took));
  });
  INFO(r.message);
  CHECK(r);
}

TEST_CASE("law: a confluent program comes to the same under every strategy") {
  // Puts are counted, not ordered, and nobody gets: nothing else can tell one order from another.
  const auto puts_of = [](const program& p, const strategy& how, std::uint64_t seed) {
    std::array<std::size_t, program::queues> puts{};
    duration took{0};
    const report r = run({.seed = seed, .schedule = how, .step_limit = 100'000}, [&] {
      program_world world;
      perform(p, world);
      took = virtual_clock::now().time_since_epoch();
      for (std::size_t i = 0; i < puts.size(); ++i)
        while (world.queues.at(i).try_get()) ++puts.at(i);
    });
    if (!r) throw std::runtime_error(r.what);
    return std::pair(puts, took);
  };
  rc::detail::TestParams params;
  params.seed = 2;
  params.maxSuccess = 200;
  params.maxDiscardRatio = 50;
  const auto result = rc::detail::checkTestable(
      [&](const program& p, std::uint64_t seed) {
        const auto confluent = [](const auto& self, const program& q) -> bool {
          return q.what != program::kind::get && q.what != program::kind::hold &&
                 std::ranges::all_of(q.parts,
                                     [&](const program& part) { return self(self, part); });
        };
        RC_PRE(confluent(confluent, p));
        const auto expected = puts_of(p, fifo(), 0);
        for (const strategy& how : {random_walk(), round_robin(), pos(), pct(3), surw(),
                                    delay_bounded(2), preemption_bounded(2), starvation()})
          RC_ASSERT(puts_of(p, how, seed) == expected);
      },
      rc::detail::TestMetadata{}, params);
  std::ostringstream text;
  rc::detail::printResultMessage(result, text);
  INFO(text.str());
  CHECK(result.template is<rc::detail::SuccessResult>());
}

TEST_CASE("law: locks and queues are first come, first served") {
  const auto r = property(
      "fifo",
      [](const std::vector<delay>& arrivals, delay held) {
        mutex m;
        queue<int> q;
        std::vector<std::pair<duration, std::size_t>> came;
        std::vector<std::size_t> served, got(arrivals.size());
        std::vector<std::function<void()>> all;
        for (std::size_t i = 0; i < arrivals.size(); ++i)
          all.emplace_back([&, i] {
            sleep_for(arrivals[i]);
            came.emplace_back(now(), i);
            {
              const std::scoped_lock lock(m);
              served.push_back(i);
              sleep_for(held);
            }
            q.put(static_cast<int>(i));
          });
        gather(all);
        for (std::size_t i = 0; i < served.size(); ++i) {
          expect(served[i] == came[i].second, "turn {} was not that of who came then", i);
          expect(q.try_get() == static_cast<int>(served[i]), "item {} is out of order", i);
        }
      },
      five_hundred);
  INFO(r.message);
  CHECK(r);
}
