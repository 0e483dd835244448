#include "support/run.hpp"

#include <stdexcept>
#include <string>
#include <vector>

using namespace reprise;
using namespace support;

namespace {

task<int> sleeper(int seconds) {
  return spawn([seconds] {
    sleep_for(std::chrono::seconds(seconds));
    return seconds;
  });
}

std::string ids(const std::vector<task<int>>& tasks) {
  std::string all;
  for (const auto& t : tasks) all += std::to_string(t.id());
  return all;
}

}  // namespace

TEST_CASE("wait for all waits for the last, and gives them in argument order") {
  passes([] {
    std::vector tasks{sleeper(3), sleeper(1), sleeper(2)};
    const auto w = wait(tasks);
    CHECK(ids(w.done) == "234");
    CHECK(w.pending.empty());
    CHECK(now() == 3s);
  });
}

TEST_CASE("wait for the first gives what is done, and the pending, in argument order") {
  passes([] {
    std::vector tasks{sleeper(3), sleeper(1), sleeper(2), sleeper(1)};
    const auto w = wait(tasks, until::first_completed);
    CHECK(ids(w.done) == "35");
    CHECK(ids(w.pending) == "24");
    CHECK(now() == 1s);
    for (const auto& t : w.pending) CHECK_FALSE(t.done());
  });
}

TEST_CASE(
    "wait for the first failure takes a failure, not a cancellation, and all of them otherwise") {
  passes([] {
    auto fails = [](int seconds) {
      return spawn([seconds]() -> int {
        sleep_for(std::chrono::seconds(seconds));
        throw std::runtime_error("x");
      });
    };
    auto stopped = sleeper(100);
    call_later(1s, [stopped] { stopped.cancel(); });
    std::vector tasks{sleeper(9), stopped, fails(2)};
    const auto w = wait(tasks, until::first_failed);
    CHECK(now() == 2s);
    CHECK(ids(w.done) == "24");
    CHECK(w.done[0].cancelled());
  });
}

TEST_CASE("wait for the first failure among none waits for all") {
  passes([] {
    std::vector tasks{sleeper(2), sleeper(1)};
    CHECK(wait(tasks, until::first_failed).done.size() == 2);
    CHECK(now() == 2s);
  });
}

TEST_CASE("wait drops duplicates, and refuses to wait for nothing") {
  passes([] {
    auto t = sleeper(1);
    const auto w = wait(std::vector{t, t, t});
    CHECK(w.done.size() == 1);
    CHECK_THROWS_AS(wait(std::vector<task<int>>{}), std::invalid_argument);
  });
}

TEST_CASE("wait within a time gives what is done by then, and cancels nobody") {
  passes([] {
    std::vector tasks{sleeper(1), sleeper(5)};
    const auto w = wait(tasks, until::all_completed, 2s);
    CHECK(now() == 2s);
    CHECK(ids(w.done) == "2");
    CHECK(ids(w.pending) == "3");
    CHECK(wait(w.pending, until::all_completed, 10s).pending.empty());
    CHECK(now() == 5s);
    CHECK(wait(std::vector{sleeper(1)}, until::all_completed, 0s).done.empty());
    CHECK(now() == 5s);
  });
}

TEST_CASE("a wait that is cancelled leaves its tasks alone") {
  passes([] {
    auto t = sleeper(3);
    auto waits = spawn([t] { wait(std::vector{t}); });
    sleep_for(1s);
    waits.cancel();
    waits.join();
    CHECK(waits.cancelled());
    CHECK(t.get() == 3);
  });
}

TEST_CASE("a wait that ends while its nodes are queued is not looked at again") {
  passes([] {
    // Ended, and cancelled before its node has run; and time up in the same turn.
    for (int i = 0; i < 20; ++i) {
      auto t = sleeper(1);
      auto waits = spawn([t] { wait(std::vector{t}); });
      auto timed =
          spawn([t] { return wait(std::vector{t}, until::all_completed, 1s).done.size(); });
      t.add_done_callback([waits](any_task) { waits.cancel(); });
      waits.join();
      timed.join();
      auto quick = sleeper(0);
      auto late = spawn([quick] { wait(std::vector{quick}); });
      yield();
      late.cancel();
      late.join();
      CHECK(quick.get() == 0);
    }
  });
}

TEST_CASE("as_completed gives tasks in the order of their ends") {
  passes([] {
    std::string order;
    for (auto& t : as_completed(std::vector{sleeper(3), sleeper(1), sleeper(2)}))
      order += std::to_string(t.get());
    CHECK(order == "123");
    CHECK(now() == 3s);
    CHECK(as_completed(std::vector<task<int>>{}).begin() == std::default_sentinel);
  });
}

TEST_CASE("as_completed says when the time is up, once for each that did not make it") {
  passes([] {
    std::vector tasks{sleeper(1), sleeper(5), sleeper(6)};
    auto range = as_completed(tasks, 2s);
    CHECK(range.next().get() == 1);
    CHECK(range.remaining() == 2);
    CHECK_THROWS_AS(range.next(), timed_out);
    CHECK(now() == 2s);
    CHECK_THROWS_AS(range.next(), timed_out);
    CHECK(range.remaining() == 0);
    CHECK(tasks[2].get() == 6);
  });
}

TEST_CASE("a loop over as_completed may be left early") {
  passes([] {
    std::vector tasks{sleeper(1), sleeper(2), sleeper(3)};
    for (auto& t : as_completed(tasks, 10s)) {
      CHECK(t.get() == 1);
      break;
    }
    CHECK(tasks[2].get() == 3);
    // Left while the end of a task is queued for it.
    auto quick = sleeper(0);
    {
      auto range = as_completed(std::vector{quick});
      yield();
    }
    sleep_for(20s);
  });
}

TEST_CASE("an as_completed that is cancelled can be gone on with") {
  passes([] {
    std::vector tasks{sleeper(2), sleeper(4)};
    auto t = spawn([&] {
      auto range = as_completed(tasks);
      try {
        range.next();
        CHECK(false);
      } catch (const cancelled&) {
      }
      CHECK(range.remaining() == 1);
      return range.next().get();
    });
    sleep_for(1s);
    t.cancel();
    CHECK(t.get() == 2);
  });
}
