// What the strategies promise, by numbers. All seeds are fixed, so nothing here is left to chance:
// the bounds say how far a right implementation may be from what is expected.

#include <reprise/core/profile.hpp>

#include "support/run.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <compare>
#include <functional>
#include <map>
#include <numeric>
#include <string>
#include <vector>

using namespace reprise;
using namespace support;

namespace {

/// The strategy as a search resolves it for `seed`, by one profile of a run under pos().
class resolver {
public:
  resolver(strategy how, std::function<void()> body)
      : how_(std::move(how)), body_(std::move(body)) {
    for (std::uint64_t i = 0; i < 3; ++i) {
      profiler p(1000 + i, pos());
      static_cast<void>(run({.seed = 1000 + i, .schedule = pos(), .source = &p}, body_));
      seen_.merge(p.learnt());
    }
  }
  [[nodiscard]] report run_of(std::uint64_t seed) const {
    return run({.seed = seed, .schedule = how_.resolved(seen_, seed)}, body_);
  }
  [[nodiscard]] const profile& seen() const { return seen_; }

private:
  strategy how_;
  std::function<void()> body_;
  profile seen_;
};

double chi_square(const std::map<std::string, int>& counts, double expected) {
  double sum = 0;
  for (const auto& [order, n] : counts) sum += (n - expected) * (n - expected) / expected;
  return sum;
}

/// Tasks that each touch one atomic `times` times, and the order in which they did.
std::function<void()> touches(std::vector<int> times) {
  return [times] {
    atomic<int> x{0};
    std::string order;
    std::vector<std::function<void()>> all;
    for (std::size_t i = 0; i < times.size(); ++i)
      all.emplace_back([&, i] {
        for (int k = 0; k < times[i]; ++k) {
          x.fetch_add(1);
          order += static_cast<char>('a' + i);
        }
      });
    gather(all);
    log("{}", order);
  };
}

}  // namespace

TEST_CASE("surw: each order of the operations on one object comes equally often") {
  // Orders, and the 99.9 % quantile of χ² with one degree of freedom less.
  struct experiment {
    std::vector<int> times;
    std::size_t orders;
    double bound;
  };
  for (const auto& e :
       {experiment{{1, 1, 1}, 6, 20.5}, experiment{{2, 2}, 6, 20.5}, experiment{{1, 4}, 5, 18.5},
        experiment{{3, 1, 1}, 20, 43.8}, experiment{{2, 2, 2}, 90, 135.0}}) {
    const resolver r(surw(), touches(e.times));
    REQUIRE(r.seen().targets.size() == 1);
    std::map<std::string, int> orders;
    const int runs = static_cast<int>(e.orders) * 200;
    for (int seed = 0; seed < runs; ++seed)
      ++orders[logged(r.run_of(static_cast<std::uint64_t>(seed)))];
    CHECK(orders.size() == e.orders);
    const double x = chi_square(orders, 200);
    INFO(e.orders << " orders, χ² is " << x);
    CHECK(x < e.bound);
  }
}

TEST_CASE("surw: a parent's turns are its children's until they are spawned") {
  const auto body = [] {
    atomic<int> x{0};
    std::string order;
    const auto touch = [&](char who, int times) {
      for (int k = 0; k < times; ++k) {
        x.fetch_add(1);
        order += who;
      }
    };
    auto a = spawn([&] {
      yield();
      auto b = spawn([&] { touch('b', 2); });
      b.join();
    });
    auto c = spawn([&] { touch('c', 2); });
    a.join();
    c.join();
    log("{}", order);
  };
  const resolver r(surw(), body);
  std::map<std::string, int> orders;
  for (std::uint64_t seed = 0; seed < 1200; ++seed) ++orders[logged(r.run_of(seed))];
  CHECK(orders.size() == 6);
  const double x = chi_square(orders, 200);
  INFO("χ² is " << x);
  CHECK(x < 20.5);
}

TEST_CASE("surw: where the operations lie in critical sections, the lock is what is ordered") {
  const auto body = [] {
    mutex m;
    shared<int> n{0};
    std::string order;
    std::vector<std::function<void()>> all;
    for (int i = 0; i < 3; ++i)
      all.emplace_back([&, i] {
        const std::scoped_lock lock(m);
        n = i;
        order += static_cast<char>('a' + i);
      });
    gather(all);
    log("{}", order);
  };
  const resolver r(surw(), body);
  REQUIRE(r.seen().targets.size() == 1);  // the variable and its lock are one
  CHECK(r.seen().targets[0].objects.size() == 1);
  std::map<std::string, int> orders;
  for (std::uint64_t seed = 0; seed < 1200; ++seed) ++orders[logged(r.run_of(seed))];
  CHECK(orders.size() == 6);
  const double x = chi_square(orders, 200);
  INFO("χ² is " << x);
  CHECK(x < 20.5);
}

TEST_CASE("surw: a task of which the profile knows nothing is not shut out") {
  // By what is said was learnt, the second task never touches it.
  const strategy wrong = strategy::parse("surw(x=1.1.1.1.0.0.2.1.3)");
  int first = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed)
    first += logged(run({.seed = seed, .schedule = wrong}, touches({3, 1}))).starts_with('b');
  CHECK(first > 2);
  CHECK(first < 100);
}

TEST_CASE("pct finds its worst case at least as often as it promises") {
  // Depth 3 of n = 2 tasks: the first runs up to one point, the second from its first to its last
  // but one, the first again, then the second. Each task has `length` steps between.
  struct worst {
    int length;
    std::uint64_t runs;
  };
  for (const worst& w : {worst{4, 40'000}, worst{8, 40'000}}) {
    const auto body = [length = w.length] {
      atomic<int> x{0}, filler{0};
      const auto pad = [&] {
        for (int i = 0; i < length; ++i) filler.fetch_add(1);
      };
      bool hit = false;
      gather(
          [&] {
            pad();
            x = 1;
            int two = 2;
            if (x.compare_exchange_strong(two, 3)) hit = true;
            pad();
          },
          [&] {
            pad();
            int one = 1;
            if (x.compare_exchange_strong(one, 2)) {
              const int seen = x;
              hit = hit && seen == 3;
            }
            pad();
          });
      if (hit) log("hit");
    };
    const resolver r(pct(3), body);
    const double k = static_cast<double>(r.seen().choices);
    const double bound = 1.0 / (2.0 * k * k);
    std::uint64_t hits = 0;
    for (std::uint64_t seed = 0; seed < w.runs; ++seed) hits += logged(r.run_of(seed)) == "hit";
    const double expected = bound * static_cast<double>(w.runs);
    INFO("k is " << k << ", " << hits << " hits, promised " << expected);
    CHECK(expected > 10);
    // Three standard deviations below what is promised is what chance can do.
    CHECK(static_cast<double>(hits) > expected - 3 * std::sqrt(expected));
  }
}

TEST_CASE("pct(1) runs one task after the other: each order of n, and nothing else") {
  const resolver r(pct(1), touches({3, 3, 3}));
  std::map<std::string, int> orders;
  for (std::uint64_t seed = 0; seed < 1200; ++seed) ++orders[logged(r.run_of(seed))];
  CHECK(orders.size() == 6);
  for (const auto& [order, n] : orders)
    CHECK((order[0] == order[2] && order[3] == order[5] && order[6] == order[8]));
  CHECK(chi_square(orders, 200) < 20.5);
}

namespace {

/// The exact distribution of outcomes under partial order sampling, by going through everything
/// that can be drawn. Independent of the implementation: events with their conflicts in, chances
/// out.
///
/// What happens is a function of the order of all the priorities drawn so far, those of events that
/// have run included: a state keeps that order, and one more takes each place in it with the same
/// chance.
class exact_pos {
public:
  struct event {
    int object;
    bool write;
    char name;  // 0: does not show in the outcome
  };
  explicit exact_pos(std::vector<std::vector<event>> tasks) : tasks_(std::move(tasks)) {}

  std::map<std::string, double> distribution() {
    std::map<std::string, double> chances;
    std::map<state, double> level{{state{std::vector<std::size_t>(tasks_.size()), {}, {}}, 1.0}};
    while (!level.empty()) {
      std::map<state, double> below;
      for (const auto& [s, chance] : level) go(s, chance, below, chances);
      level = std::move(below);
    }
    return chances;
  }

private:
  static constexpr std::size_t over = ~std::size_t{0};  // of an event that has run, or drew anew
  struct state {
    std::vector<std::size_t> next;   // of each task
    std::vector<std::size_t> order;  // whose priority, the highest first
    std::string outcome;
    auto operator<=>(const state&) const = default;
  };

  void go(const state& s, double chance, std::map<state, double>& below,
          std::map<std::string, double>& chances) const {
    for (std::size_t t = 0; t < tasks_.size(); ++t) {
      if (s.next[t] == tasks_[t].size() || std::ranges::find(s.order, t) != s.order.end()) continue;
      for (std::size_t place = 0; place <= s.order.size(); ++place) {
        state drawn = s;
        drawn.order.insert(drawn.order.begin() + static_cast<std::ptrdiff_t>(place), t);
        below[drawn] += chance / static_cast<double>(s.order.size() + 1);
      }
      return;
    }
    const auto first = std::ranges::find_if(s.order, [](std::size_t t) { return t != over; });
    if (first == s.order.end()) {
      chances[s.outcome] += chance;
      return;
    }
    state after = s;
    const std::size_t t = *first;
    const event& e = tasks_[t][s.next[t]];
    if (e.name) after.outcome += e.name;
    ++after.next[t];
    for (std::size_t& other : after.order) {
      if (other == over) continue;
      const event& pending = tasks_[other][s.next[other]];
      if (other == t || (e.object != 0 && pending.object == e.object && (e.write || pending.write)))
        other = over;
    }
    below[after] += chance;
  }

  std::vector<std::vector<event>> tasks_;
};

/// Runs the same events as tasks, each with its start before and its end behind.
std::map<std::string, int> sampled_pos(const std::vector<std::vector<exact_pos::event>>& tasks,
                                       std::uint64_t runs) {
  std::map<std::string, int> counts;
  for (std::uint64_t seed = 0; seed < runs; ++seed) {
    ++counts[logged(run({.seed = seed, .schedule = pos()}, [&] {
      std::array<atomic<int>, 4> objects;
      std::string outcome;
      std::vector<std::function<void()>> all;
      for (const auto& events : tasks)
        all.emplace_back([&] {
          for (const auto& e : events) {
            auto& x = objects.at(static_cast<std::size_t>(e.object));
            if (e.write)
              x.store(1);
            else
              static_cast<void>(x.load());
            if (e.name) outcome += e.name;
          }
        });
      gather(all);
      log("{}", outcome);
    }))];
  }
  return counts;
}

}  // namespace

TEST_CASE("pos has its exact chances on three small programs") {
  using event = exact_pos::event;
  const event none{0, true, 0};
  const std::vector<std::vector<std::vector<event>>> programs{
      // Two writers of one object, of two writes each.
      {{{1, true, 'a'}, {1, true, 'b'}}, {{1, true, 'c'}, {1, true, 'd'}}},
      // A reader behind three steps of its own, against one write: the delay is not inherited.
      {{{2, true, 0}, {2, true, 0}, {1, false, 'r'}}, {{1, true, 'w'}}},
      // Three tasks over two objects, reads and writes.
      {{{1, true, 'a'}, {2, false, 'b'}}, {{2, true, 'c'}}, {{1, false, 'd'}, {2, true, 'e'}}}};
  for (const auto& program : programs) {
    // A task begins with its start, which conflicts with nothing, and ends with an end like that.
    auto with_ends = program;
    for (auto& events : with_ends) {
      events.insert(events.begin(), none);
      events.push_back(none);
    }
    const auto exact = exact_pos(with_ends).distribution();
    double sum = 0;
    for (const auto& [outcome, chance] : exact) sum += chance;
    CHECK(std::abs(sum - 1) < 1e-9);
    constexpr std::uint64_t runs = 6000;
    const auto counts = sampled_pos(program, runs);
    double x = 0;
    for (const auto& [outcome, chance] : exact) {
      const double expected = chance * static_cast<double>(runs);
      const auto found = counts.find(outcome);
      const double n = found == counts.end() ? 0 : found->second;
      INFO(outcome << ": expected " << expected << ", came " << n);
      CHECK(std::abs(n - expected) < 5 * std::sqrt(expected) + 5);
      x += (n - expected) * (n - expected) / expected;
    }
    for (const auto& [outcome, n] : counts) CHECK(exact.contains(outcome));
    const double degrees = static_cast<double>(exact.size()) - 1;
    INFO("χ² is " << x << " with " << degrees << " degrees of freedom");
    CHECK(x < degrees + 4 * std::sqrt(2 * degrees) + 4);
  }
}
