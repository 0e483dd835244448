#include "support/run.hpp"

#include <array>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace reprise;
using namespace support;
using Catch::Matchers::ContainsSubstring;

namespace {

/// Two tasks read, then write: one of the updates may be lost.
void lost_update() {
  int balance = 0;
  const auto add = [&] {
    const int read = balance;
    mutex m;  // any announced operation is a scheduling point
    m.lock();
    balance = read + 1;
    m.unlock();
  };
  gather(add, add);
  expect(balance == 2, "lost an update: {}", balance);
}

}  // namespace

TEST_CASE("strategies are printed and parsed as they are spelled in C++") {
  for (const auto& s : {fifo(), random_walk(), round_robin(), pct(5), pos(), surw(),
                        delay_bounded(1), preemption_bounded(4), starvation(), portfolio(),
                        strategy::parse("pct(3,k=41)"), strategy::parse("surw(x=1.1.2.2.1.3)")})
    CHECK((strategy::parse(s.to_string()) == s));
  CHECK(pct(4).to_string() == "pct(4)");
  CHECK((strategy::parse("pct") == pct(3)));
  CHECK((strategy::parse("pct()") == pct(3)));
  CHECK(strategy::parse("pct(3,k=41)").learnt() == std::vector<std::uint64_t>{41});
  CHECK_FALSE((strategy::parse("pct(3,k=41)") == pct(3)));
  CHECK(fifo().to_string() == "fifo");
  CHECK((strategy() == fifo()));
  CHECK_FALSE((fifo() == random_walk()));
  CHECK((strategy::parse("random_walk()") == random_walk()));
  CHECK_THAT(text_of<std::invalid_argument>([] { static_cast<void>(strategy::parse("fifoo")); }),
             ContainsSubstring("'fifoo'") && ContainsSubstring("round_robin"));
  for (const char* bad : {"", "fifo(1)", "fifo(", "random_walk(1,2)", "random_walk(x)",
                          "random_walk(,)", "(", "fifo)", "pct(3,41)", "pct(3,j=41)", "pct(3,k=)",
                          "pct(k=1,3)", "pos(k=1)", "pct(3,k=1.)"}) {
    INFO(bad);
    CHECK_THROWS_AS(strategy::parse(bad), std::invalid_argument);
  }
}

TEST_CASE("what is wrong with a strategy's text is said") {
  const auto told = [](const char* text) {
    return text_of<std::invalid_argument>([&] { static_cast<void>(strategy::parse(text)); });
  };
  CHECK(told("pct(1e6)") ==
        "strategy 'pct(1e6)' is not of the form pct(depth), with whole numbers.");
  CHECK(told("pct(3") == "strategy 'pct(3' is not of the form pct(depth), with whole numbers.");
  CHECK(told("fifo(") == "strategy 'fifo(' is not of the form fifo.");
  CHECK(told("pct(0)") == "strategy 'pct(0)' is out of range: its depth is 1 or more.");
  CHECK(strategy::parse("delay_bounded(0)") == delay_bounded(0));
  CHECK_THAT(told("Random_walk"), ContainsSubstring("'Random_walk'. Did you mean 'random_walk'?"));
  CHECK_THAT(told("pctt(3)"), ContainsSubstring("'pctt(3)'. Did you mean 'pct'?"));
  CHECK_THAT(told("luck"), !ContainsSubstring("Did you mean"));
}

namespace {

/// `random_walk`, but for saying where it draws.
class asked_walk final : public scheduling_policy {
public:
  void begin(const stream& s, const strategy&) override { stream_ = s; }
  std::size_t pick(const candidate_list& candidates) override {
    return stream_.below(candidates.size());
  }

private:
  stream stream_;
};
constexpr strategy_kind asked_walk_kind{
    .id = 200,
    .name = "asked_walk",
    .about = "random_walk by the long way",
    .parameters = 0,
    .make = []() -> std::unique_ptr<scheduling_policy> { return std::make_unique<asked_walk>(); }};

/// Looks at the last candidate first, and notes all of them.
class looking_policy final : public scheduling_policy {
public:
  static inline std::vector<std::vector<std::uint32_t>> seen;
  void begin(const stream&, const strategy&) override { seen.clear(); }
  std::size_t pick(const candidate_list& candidates) override {
    std::vector<std::uint32_t> tasks(candidates.size());
    for (std::size_t i = tasks.size(); i-- > 0;) tasks[i] = candidates[i].task;
    bool same = true;
    for (std::size_t i = 0; i < tasks.size(); ++i) same = same && candidates[i].task == tasks[i];
    if (!same) tasks.clear();
    seen.push_back(std::move(tasks));
    return 0;
  }
};
constexpr strategy_kind looking_kind{.id = 201,
                                     .name = "looking",
                                     .about = "looks at all",
                                     .parameters = 0,
                                     .make = []() -> std::unique_ptr<scheduling_policy> {
                                       return std::make_unique<looking_policy>();
                                     }};

}  // namespace

TEST_CASE("a policy that says where it draws has the runs that it had when it was asked") {
  const auto program = [] {
    atomic<int> a = 0;
    mutex m;
    const auto work = [&] {
      for (int i = 0; i < 3; ++i) {
        a.fetch_add(1);
        const std::scoped_lock lock(m);
        yield();
      }
      sleep_for(1ms);
    };
    gather(work, work, [&] { call_later(500us, [&] { a.store(0); }); });
  };
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const report drawn = run({.seed = seed, .schedule = random_walk()}, program);
    const report asked = run({.seed = seed, .schedule = strategy(asked_walk_kind)}, program);
    const report kept = run({.seed = seed, .schedule = random_walk(), .record = true}, program);
    REQUIRE(drawn);
    REQUIRE(drawn.digest == asked.digest);
    REQUIRE(drawn.digest == kept.digest);
    REQUIRE(drawn.preemptions == asked.preemptions);
    REQUIRE(drawn.steps == asked.steps);
  }
}

TEST_CASE("candidates stand in the order of the queue, in whatever order they are looked at") {
  constexpr std::uint32_t tasks = 50;
  REQUIRE(run({.schedule = strategy(looking_kind)}, [] {
    std::vector<task<void>> all;
    for (std::uint32_t i = 0; i < tasks; ++i) all.push_back(spawn([] {}));
    yield();  // behind them all
    for (auto& t : all) t.join();
  }));
  REQUIRE_FALSE(looking_policy::seen.empty());
  std::vector<std::uint32_t> expected;
  for (std::uint32_t i = 2; i < tasks + 2; ++i) expected.push_back(i);
  expected.push_back(1);  // who yields
  CHECK(looking_policy::seen.front() == expected);
  // The first of them comes to its end, where it could be left, and ends.
  REQUIRE(looking_policy::seen.size() > 2);
  CHECK(looking_policy::seen[1] == expected);
  expected.erase(expected.begin());
  CHECK(looking_policy::seen[2] == expected);
  for (const auto& one : looking_policy::seen) REQUIRE_FALSE(one.empty());
}

TEST_CASE("a strategy's name and number can be taken once") {
  const auto& all = strategies();
  CHECK(all.size() >= 3);
  CHECK_THROWS_AS(register_strategy(*all[0]), error);
}

TEST_CASE("random_walk finds the lost update, fifo does not, and the seed repeats it") {
  CHECK(run({.schedule = fifo()}, lost_update));
  std::vector<std::uint64_t> failing;
  for (std::uint64_t seed = 0; seed < 50; ++seed)
    if (!run({.seed = seed, .schedule = random_walk()}, lost_update)) failing.push_back(seed);
  CHECK(failing.size() > 5);
  CHECK(failing.size() < 45);
  for (const auto seed : failing) {
    const report r = run({.seed = seed, .schedule = random_walk()}, lost_update);
    CHECK_THAT(r.what, ContainsSubstring("lost an update: 1"));
    CHECK(r.preemptions > 0);
  }
}

TEST_CASE("one seed has one digest, another has another, under every strategy") {
  for (const auto& s : {fifo(), random_walk(), round_robin()}) {
    std::set<std::uint64_t> digests;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const auto first = run({.seed = seed, .schedule = s}, lost_update);
      CHECK(first.digest == run({.seed = seed, .schedule = s}, lost_update).digest);
      CHECK(first.digest == run({.seed = seed, .schedule = s, .record = true}, lost_update).digest);
      digests.insert(first.digest);
    }
    CHECK(digests.size() == 20);
  }
}

TEST_CASE(
    "fifo takes no choices, and a preemption is a choice that leaves a task that could have gone "
    "on") {
  const auto plain = run({.record = true}, lost_update);
  CHECK(plain.choices.empty());
  CHECK(plain.preemptions == 0);
  // A task that waits leaves by itself: no preemption.
  std::uint64_t preempted = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto waits = run({.seed = seed, .schedule = random_walk()}, [] {
      const auto sleeps = [] { sleep_for(1s); };
      gather(sleeps, sleeps);
    });
    const auto locks = run({.seed = seed, .schedule = random_walk(), .record = true}, lost_update);
    preempted += locks.preemptions;
    // Choices at which the running task could go on have it as value 0.
    CHECK(locks.preemptions <= locks.choices.size());
    CHECK(waits.preemptions <=
          3);  // only at the ends and the spawns, which the task could go on from
  }
  CHECK(preempted > 0);
}

TEST_CASE("choices are recorded with their label, bound and value, and give the same run again") {
  struct recorded final : choice_source {
    std::vector<choice> choices;
    std::size_t at = 0;
    bool fits = true;
    std::uint64_t take(choice_kind kind, const choice_label& label, std::uint64_t bound) override {
      return next(kind, label, bound);
    }
    std::size_t take_schedule(const choice_label& label, const candidate_list& c) override {
      for (std::size_t i = 0; i < c.size(); ++i) static_cast<void>(c[i]);
      return static_cast<std::size_t>(next(choice_kind::schedule, label, c.size()));
    }
    std::uint64_t next(choice_kind kind, const choice_label& label, std::uint64_t bound) {
      if (at == choices.size()) {
        fits = false;
        return 0;
      }
      const choice& c = choices[at++];
      fits = fits && c.kind == kind && c.label == label && c.bound == bound;
      return c.value;
    }
  };
  const auto body = [] {
    lost_update();
    log("{}", choose("dice", 6));
    log("{}", choose("dice", 6));
    sleep_for(std::chrono::milliseconds(choose("delay", 100)));
  };
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto r = run({.seed = seed, .schedule = random_walk(), .record = true}, body);
    CHECK_FALSE(r.choices.empty());
    std::set<std::tuple<int, std::uint64_t, std::uint32_t, int>> labels;
    for (const auto& c : r.choices) {
      CHECK(c.bound >= 2);
      CHECK(c.value < c.bound);
      labels.insert({static_cast<int>(c.kind), c.label.path, c.label.count,
                     static_cast<int>(c.label.operation)});
    }
    CHECK(labels.size() == r.choices.size());  // a label names one choice
    recorded source;
    source.choices = r.choices;
    const auto again = run({.seed = seed, .schedule = random_walk(), .source = &source}, body);
    CHECK(again.digest == r.digest);
    CHECK(source.fits);
    CHECK(source.at == source.choices.size());
  }
}

TEST_CASE("value 0 at every choice is what fifo would do, while no task waits") {
  struct zero final : choice_source {
    std::uint64_t take(choice_kind, const choice_label&, std::uint64_t) override { return 0; }
    std::size_t take_schedule(const choice_label&, const candidate_list&) override { return 0; }
  } source;
  const auto body = [] {
    mutex m;
    std::vector<std::function<void()>> all;
    for (int i = 0; i < 4; ++i)
      all.emplace_back([&m, i] {
        const std::scoped_lock lock(m);
        log("{}", i);
      });
    gather(all);
  };
  const auto zeros = run({.schedule = random_walk(), .source = &source}, body);
  CHECK(zeros.preemptions == 0);
  CHECK(logged(zeros) == logged(run(0, body)));
}

TEST_CASE("round_robin goes to the next task by number, around and around") {
  const auto r = run({.schedule = round_robin()}, [] {
    std::vector<std::function<void()>> all;
    for (int i = 0; i < 3; ++i)
      all.emplace_back([i] {
        for (int k = 0; k < 3; ++k) {
          log("{}", i);
          yield();
        }
      });
    gather(all);
  });
  check_passed(r);
  CHECK(logged(r) == "0 1 2 0 1 2 0 1 2");
}

TEST_CASE("random_walk is fair: each order of three equal tasks comes as often as the others") {
  // Six orders, 1,200 fixed seeds, 200 expected of each. χ² with 5 degrees of freedom is above 20.5
  // once in a thousand.
  std::map<std::string, int> orders;
  for (std::uint64_t seed = 0; seed < 1200; ++seed) {
    const auto r = run({.seed = seed, .schedule = random_walk()}, [] {
      event go;
      std::vector<std::function<void()>> all;
      for (int i = 0; i < 3; ++i)
        all.emplace_back([&, i] {
          sleep_for(1s);
          log("{}", i);
          sleep_for(1s);
        });
      gather(all);
    });
    ++orders[logged(r)];
  }
  CHECK(orders.size() == 6);
  double chi_square = 0;
  for (const auto& [order, count] : orders) chi_square += (count - 200.0) * (count - 200.0) / 200.0;
  INFO("χ² is " << chi_square);
  CHECK(chi_square < 20.5);
}

TEST_CASE("each candidate of a scheduling choice is equally likely") {
  std::map<std::uint64_t, std::map<std::uint64_t, int>> values;  // by bound
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const auto r = run({.seed = seed, .schedule = random_walk(), .record = true}, [] {
      std::vector<std::function<void()>> all;
      for (int i = 0; i < 6; ++i)
        all.emplace_back([] {
          yield();
          yield();
        });
      gather(all);
    });
    for (const auto& c : r.choices) ++values[c.bound][c.value];
  }
  CHECK(values.size() >= 5);
  for (const auto& [bound, counts] : values) {
    double total = 0, chi_square = 0;
    for (const auto& [value, n] : counts) total += n;
    const double expected = total / static_cast<double>(bound);
    for (std::uint64_t v = 0; v < bound; ++v) {
      const auto found = counts.find(v);
      const double d = (found == counts.end() ? 0 : found->second) - expected;
      chi_square += d * d / expected;
    }
    INFO("bound " << bound << ", χ² is " << chi_square);
    CHECK(chi_square < 25);  // 1 in 3,000 with 6 degrees of freedom, rarer with fewer
  }
}

TEST_CASE("callbacks are choices like small tasks, and those that were cancelled are none") {
  std::set<std::string> orders;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const auto r = run({.seed = seed, .schedule = random_walk()}, [] {
      call_soon([] { log("a"); });
      call_soon([] { log("b"); });
      auto never = call_soon([] { log("never"); });
      spawn([] { log("t"); });
      never.cancel();
      sleep_for(1s);
    });
    check_passed(r);
    orders.insert(logged(r));
  }
  CHECK(orders.size() == 6);
}

TEST_CASE("timers due at one instant make all their tasks able to run, in any order") {
  std::set<std::string> orders;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const auto r = run({.seed = seed, .schedule = random_walk()}, [] {
      for (const char* name : {"a", "b", "c"})
        spawn([name] {
          sleep_for(1s);
          log("{}", name);
        });
      sleep_for(2s);
    });
    orders.insert(logged(r));
  }
  CHECK(orders.size() == 6);
}

TEST_CASE("a depth of 0 is 1, and is written so") {
  CHECK(pct(0) == pct(1));
  CHECK(strategy::parse(pct(0).to_string()) == pct(1));
}
