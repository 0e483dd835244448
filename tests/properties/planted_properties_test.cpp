// Properties that are false, each with the smallest failure as worked out by hand: the arguments,
// and how many preemptions it takes.

#include "support/run.hpp"

#include <reprise/properties.hpp>
#include <reprise/properties/program.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace reprise;
using namespace support;

namespace {

using tasks = std::vector<std::function<void()>>;

void check_smallest(const property_result& r, std::string_view by_hand, std::uint64_t preemptions) {
  INFO(r.message);
  REQUIRE(r.failure);
  CHECK(r.counterexample == by_hand);
  CHECK(r.failure->preemptions == preemptions);
}

template <class F>
void at_once(std::uint32_t count, F f) {
  tasks all;
  for (std::uint32_t i = 0; i < count; ++i) all.emplace_back(f);
  gather(all);
}

}  // namespace

TEST_CASE("planted: numbers and text") {
  check_smallest(property("below 5", [](int n) { return n < 5; }), "5", 0);
  check_smallest(property("above -7", [](int n) { return n > -7; }), "-7", 0);
  check_smallest(property("at most two letters",
                          [](const std::string& text) { expect(text.size() <= 2, "too long"); }),
                 "\"aaa\"", 0);
}

TEST_CASE("planted: lists") {
  check_smallest(property("no list has two",
                          [](const std::vector<int>& list) { expect(list.size() < 2, "has two"); }),
                 "[0, 0]", 0);
  check_smallest(property("all are below ten",
                          [](const std::vector<int>& list) {
                            for (const int n : list) expect(n < 10, "{} is not", n);
                          }),
                 "[10]", 0);
}

TEST_CASE("planted: time") {
  check_smallest(property("gather takes the sum",
                          [](const std::vector<delay>& ds) {
                            duration sum{0};
                            tasks naps;
                            for (const auto d : ds) {
                              sum += d;
                              naps.emplace_back([d] { sleep_for(d); });
                            }
                            expect_elapsed(sum, [&] { gather(naps); });
                          }),
                 "[1ns, 1ns]", 0);
  check_smallest(property("who sleeps first wakes first",
                          [](const std::vector<delay>& ds) {
                            std::size_t woken = 0;
                            tasks naps;
                            for (std::size_t i = 0; i < ds.size(); ++i)
                              naps.emplace_back([&, i] {
                                sleep_for(ds[i]);
                                expect(woken++ == i, "out of turn");
                              });
                            gather(naps);
                          },
                          {.schedule = fifo()}),
                 "[1ns, 0s]", 0);
  check_smallest(property("done within 5 s",
                          [](delay d) {
                            bool done = false;
                            eventually(
                                "done", [&] { return done; }, 5s);
                            sleep_for(d);
                            done = true;
                            yield();
                          }),
                 "5.000000001s", 0);
}

TEST_CASE("planted: what is watched") {
  check_smallest(property("three at most",
                          [] {
                            const int n = draw(rc::gen::inRange(0, 20));
                            int made = 0;
                            always("three at most", [&] { return made <= 3; });
                            for (int i = 0; i < n; ++i) {
                              ++made;
                              yield();
                            }
                          }),
                 "drew 4", 0);
}

TEST_CASE("planted: deadlocks") {
  check_smallest(property("a queue takes all",
                          [] {
                            const int items = draw(rc::gen::inRange(0, 10));
                            const auto room = draw(rc::gen::inRange<std::size_t>(1, 5));
                            queue<int> q(room);
                            for (int i = 0; i < items; ++i) q.put(i);
                          }),
                 "drew 2\ndrew 1", 0);
  check_smallest(property("permits for all",
                          [] {
                            const int permits = draw(rc::gen::inRange(1, 4));
                            const auto count = draw(rc::gen::inRange<std::uint32_t>(1, 7));
                            semaphore s{permits};
                            at_once(count, [&] { s.acquire(); });
                          }),
                 "drew 1\ndrew 2", 0);
  check_smallest(property("two locks in any order",
                          [](int nothing) {
                            static_cast<void>(nothing);
                            mutex a, b;
                            const auto both = [](mutex& x, mutex& y) {
                              const std::scoped_lock one(x);
                              const std::scoped_lock two(y);
                            };
                            gather([&] { both(a, b); }, [&] { both(b, a); });
                          }),
                 "0", 1);
}

TEST_CASE("planted: races") {
  check_smallest(property("no update is lost",
                          [] {
                            const auto count = draw(rc::gen::inRange<std::uint32_t>(1, 6));
                            const int rounds = draw(rc::gen::inRange(1, 6));
                            atomic<int> n{0};
                            at_once(count, [&] {
                              for (int k = 0; k < rounds; ++k) n.store(n.load() + 1);
                            });
                            expect(n.load() == static_cast<int>(count) * rounds, "lost");
                          }),
                 "drew 2\ndrew 1", 1);
  check_smallest(property("one at a time",
                          [](task_count count) {
                            atomic<bool> busy{false};
                            int inside = 0;
                            at_once(count, [&] {
                              if (busy.load()) return;
                              busy.store(true);
                              expect(++inside == 1, "{} inside", inside);
                              yield();
                              --inside;
                              busy.store(false);
                            });
                          }),
                 "2", 1);
  check_smallest(property("plain memory",
                          [](task_count count) {
                            shared<int> n{0};
                            at_once(count, [&] { n.write(1); });
                          }),
                 "2", 0);
  // Any two amounts that make 101 are as small.
  const auto overdrawn = property("no overdraft", [] {
    const int a = draw(rc::gen::inRange(0, 101));
    const int b = draw(rc::gen::inRange(0, 101));
    atomic<int> balance{100};
    const auto withdraw = [&](int amount) {
      if (balance.load() >= amount) balance -= amount;
    };
    gather([&] { withdraw(a); }, [&] { withdraw(b); });
    expect(balance.load() >= 0, "overdrawn");
  });
  REQUIRE(overdrawn.failure);
  int a = 0, b = 0;
  REQUIRE(std::sscanf(overdrawn.counterexample.c_str(), "drew %d\ndrew %d", &a, &b) == 2);
  CHECK(a + b == 101);
  CHECK(overdrawn.failure->preemptions == 1);
}

TEST_CASE("planted: programs") {
  check_smallest(property("no long sleep",
                          [](const program& p) {
                            program_world world;
                            world.step = [](const program& step) {
                              expect(step.ms < 6, "sleeps for {} ms", step.ms);
                            };
                            perform(p, world);
                          }),
                 "sleep 6ms", 0);
  check_smallest(property("nothing is put",
                          [](const program& p) {
                            program_world world;
                            world.step = [](const program& step) {
                              expect(step.what != program::kind::put, "put");
                            };
                            perform(p, world);
                          }),
                 "put 0", 0);
}
