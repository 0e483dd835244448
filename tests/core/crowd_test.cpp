// A gather of a range of coroutines keeps no record for those that sleep. Nobody must be able to
// tell: it is compared with the gather of callables that make the same coroutines, whose children
// are ordinary tasks, digest by digest.

#include "support/run.hpp"

#include <reprise/core.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

// NOLINTBEGIN(readability-static-accessed-through-instance): co_await sets it off

using namespace std::chrono_literals;
using namespace reprise;

namespace {

task_local<int> inherited;

/// What a child does, drawn once for both runs.
struct plan {
  enum class op : std::uint8_t {
    sleep,
    yield,
    log,
    spawn,
    choose,
    fail,
    lock,
    keep_handle,
    cancel_a_sibling,
    catch_cancellation,
    call,
    nested,
    wait_for_ever,
    make_an_object
  };
  struct step {
    op what;
    int n;
  };
  std::vector<step> steps;
};

struct world {
  std::vector<plan> plans;
  std::vector<any_task> handles;
  mutex m;
};

co_task<int> part(int n) {
  co_await co::sleep_for(std::chrono::milliseconds(n));
  co_return n;
}

co_task<int> child(world& w, const plan& p, int id) {
  for (const auto& s : p.steps) {
    switch (s.what) {
      case plan::op::sleep:
        co_await co::sleep_for(std::chrono::milliseconds(s.n % 4));
        break;
      case plan::op::yield:
        co_await co::yield();
        break;
      case plan::op::log:
        log("{} at {} in {}, {}", id, virtual_clock::now().time_since_epoch().count(),
            current_task().name(), inherited.get());
        break;
      case plan::op::spawn: {
        const task<int> t = spawn(part(s.n % 3));
        if (s.n % 2 == 0) static_cast<void>(co_await t);
        break;
      }
      case plan::op::choose:
        log("{}", choose("c", 4));
        break;
      case plan::op::fail:
        if (s.n % 3 == 0) throw std::runtime_error("child " + std::to_string(id));
        break;
      case plan::op::lock:
        co_await co::lock(w.m);
        co_await co::sleep_for(1ms);
        w.m.unlock();
        break;
      case plan::op::keep_handle:
        w.handles.push_back(current_task());
        break;
      case plan::op::cancel_a_sibling:
        if (!w.handles.empty())
          static_cast<void>(
              w.handles[static_cast<std::size_t>(s.n) % w.handles.size()].cancel("by a sibling"));
        break;
      case plan::op::catch_cancellation:
        try {
          co_await co::sleep_for(3ms);
        } catch (const cancelled& c) {
          log("{} heard '{}'", id, c.message());
          if (s.n % 2 == 0) throw;
        }
        break;
      case plan::op::call: {
        auto sleep = [] { sleep_for(2ms); };
        co_await co::call(sleep);
        break;
      }
      case plan::op::nested:
        static_cast<void>(co_await part(s.n % 3));
        break;
      case plan::op::wait_for_ever:
        if (s.n % 8 == 0) co_await co::sleep_for(duration::max());
        break;
      case plan::op::make_an_object: {
        mutex own;  // its number enters the digest
        static_cast<void>(own.try_lock());
        own.unlock();
        break;
      }
    }
  }
  co_return id;
}

struct scene {
  std::vector<plan> plans;
  bool by_a_fiber;
  bool all;                         // gather_all
  std::optional<int> cancelled_at;  // the gatherer, in ms
};

std::string told(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const cancelled& c) {
    return "cancelled: " + c.message();
  } catch (const std::exception& e) {
    return e.what();
  }
}

void tell(const std::vector<int>& values) {
  for (const int v : values) log("value {}", v);
}
void tell(const std::vector<outcome<int>>& outcomes) {
  for (const auto& o : outcomes) {
    if (o)
      log("value {}", o.value());
    else
      log("failure {}", told(o.error()));
  }
}

template <class Range>
co_task<> gather_in_a_coroutine(Range children, bool all) {
  if (all)
    tell(co_await co::gather_all(std::move(children)));
  else
    tell(co_await co::gather(std::move(children)));
}
template <class Range>
void gather_in_a_fiber(Range children, bool all) {
  if (all)
    tell(gather_all(std::move(children)));
  else
    tell(gather(std::move(children)));
}

report play(const scene& s, config how, bool as_coroutines) {
  // Not in the body: what a limit leaves behind goes on after the root has unwound.
  world w{s.plans, {}, {}};
  return run(how, [&] {
    // A member that inherits values keeps its record.
    if (how.seed % 8 == 7) inherited.set(7);
    const auto gatherer = [&] {
      // Made while they are gathered, one after the other.
      const auto one = [&](int i) { return child(w, w.plans[static_cast<std::size_t>(i)], i); };
      const auto indices = std::views::iota(0, static_cast<int>(w.plans.size()));
      const auto gather_them = [&](auto children) {
        if (s.by_a_fiber)
          gather_in_a_fiber(std::move(children), s.all);
        else
          spawn("in a coroutine", gather_in_a_coroutine(std::move(children), s.all)).get();
      };
      if (as_coroutines) {
        gather_them(indices | std::views::transform(one));
      } else {
        gather_them(indices |
                    std::views::transform([&](int i) { return [&one, i] { return one(i); }; }));
      }
    };
    const task<> t = spawn("gatherer", gatherer);
    if (s.cancelled_at) {
      sleep_for(std::chrono::milliseconds(*s.cancelled_at));
      static_cast<void>(t.cancel("enough"));
    }
    t.get();
  });
}

scene draw(std::uint64_t seed) {
  stream random(seed, "crowd");
  const auto below = [&](int n) {
    return static_cast<int>(random.below(static_cast<std::uint64_t>(n)));
  };
  scene s;
  s.plans.resize(static_cast<std::size_t>(below(7)));
  for (auto& p : s.plans) {
    p.steps.resize(static_cast<std::size_t>(below(5)));
    // Half of the scenes are of sleepers alone, so that most members have no record.
    for (auto& step : p.steps)
      step = {static_cast<plan::op>(seed % 2 == 0 ? below(3) : below(14)), below(100)};
  }
  s.by_a_fiber = below(2) == 0;
  s.all = below(2) == 0;
  if (below(3) == 0) s.cancelled_at = below(8);
  return s;
}

std::string all_of(const report& r) {
  std::string text = std::to_string(static_cast<int>(r.result)) + " " + r.what + "\nelapsed " +
                     std::to_string(r.elapsed.count()) + " steps " + std::to_string(r.steps) +
                     " preemptions " + std::to_string(r.preemptions) + " digest " +
                     std::to_string(r.digest);
  for (const auto& e : r.events)
    text += "\n" + e.task + ": " + e.name + " " + e.text + " at " + std::to_string(e.at.count());
  return text;
}

}  // namespace

TEST_CASE("a gather of coroutines is a gather of tasks, whatever they do") {
  std::size_t passed = 0, failed = 0;
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    const scene s = draw(seed);
    config how{.seed = seed};
    if (seed % 3 == 1) how.schedule = random_walk();
    if (seed % 5 == 0) how.time_limit = 6ms;
    if (seed % 7 == 0) how.step_limit = 40;
    if (seed % 11 == 0) how.record = true;
    const report expected = play(s, how, false);
    const report got = play(s, how, true);
    if (all_of(got) != all_of(expected)) {
      INFO("seed " << seed);
      CHECK(all_of(got) == all_of(expected));
      if (++failed > 3) break;
    }
    if (expected) ++passed;
  }
  CHECK(passed > 1000);
}

TEST_CASE("a member's value lives in its gather, and its frame only until it ends") {
  struct counted {
    explicit counted(int& alive) : alive_(&alive) { ++alive; }
    counted(const counted& other) : alive_(other.alive_) { ++*alive_; }
    counted& operator=(const counted&) = delete;
    ~counted() { --*alive_; }
    int* alive_;
  };
  int frames = 0, values = 0;
  const auto one = [&](int i) -> co_task<counted> {
    const counted in_frame(frames);
    co_await co::sleep_for(std::chrono::seconds(i));
    co_return counted(values);
  };
  const report r = run(0, [&] {
    auto late = spawn([&] {
      sleep_for(2500ms);
      CHECK(frames == 1);  // of 0 s, 1 s, 2 s, 3 s
      CHECK(values == 3);
    });
    {
      std::vector<co_task<counted>> many;
      for (int i = 0; i < 4; ++i) many.push_back(one(i));
      const auto all = gather(std::move(many));
      CHECK(all.size() == 4);
      CHECK(frames == 0);
      CHECK(values == 4);
    }
    CHECK(values == 0);
    late.get();
  });
  CHECK(r.what.empty());
  CHECK(frames == 0);
  CHECK(values == 0);
}

TEST_CASE("a timer that a cancelled member leaves behind wakes nobody") {
  std::vector<duration> woken;
  const auto nap = [&](duration d) -> co_task<> {
    co_await co::sleep_for(d);
    woken.push_back(virtual_clock::now().time_since_epoch());
  };
  const auto fails = []() -> co_task<> {
    co_await co::sleep_for(1s);
    throw std::runtime_error("no");
  };
  report r;
  // In an OS thread of its own every record is new, and sleeps for the first time. So does the
  // second gather's, because others hold those of the first: only the place of the member is used
  // again, with the very number of a sleep that the timer left behind bears.
  std::thread([&] {
    r = run(0, [&]() -> co_task<> {
      std::vector<co_task<>> first;
      first.push_back(nap(10s));
      first.push_back(fails());
      try {
        co_await co::gather(std::move(first));
      } catch (const std::runtime_error&) {
        log("failed");
      }
      for (int i = 0; i < 4; ++i) spawn([] { sleep_for(15s); });
      std::vector<co_task<>> second;
      second.push_back(nap(20s));
      second.push_back(nap(20s));
      co_await co::gather(std::move(second));
    });
  }).join();
  CHECK(r.what.empty());
  CHECK(woken == std::vector<duration>{21s, 21s});
}

TEST_CASE("members that share an instant, and thousands of them, sleep and wake in their order") {
  std::vector<int> order;
  const auto nap = [&](int i) -> co_task<> {
    co_await co::sleep_for(std::chrono::milliseconds(i % 10));
    order.push_back(i);
    co_await co::sleep_for(1s);
  };
  const report r = run(0, [&]() -> co_task<> {
    co_await co::gather(std::views::iota(0, 5000) | std::views::transform(nap));
  });
  CHECK(r.what.empty());
  CHECK(r.elapsed == 1009ms);
  REQUIRE(order.size() == 5000);
  CHECK(std::ranges::is_sorted(order, {}, [](int i) { return std::pair(i % 10, i); }));
  CHECK(r.tasks == 5001);
}
// NOLINTEND(readability-static-accessed-through-instance)
