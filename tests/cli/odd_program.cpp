// A program with scenarios that the gallery has no use for: they fail, differ, or say odd things.

#include <reprise/reprise.hpp>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

using namespace std::chrono_literals;

REPRISE_SCENARIO("differs", "what it does depends on how often it was run") {
  static int runs = 0;
  reprise::log("run {}", ++runs);
}

REPRISE_SCENARIO("throws", "an exception leaves the root task") {
  reprise::sleep_for(1500ms);
  throw std::out_of_range("far away");
}

REPRISE_SCENARIO("waits_for_ever", "a deadlock, and a cleanup after it") {
  reprise::event never;
  auto other = reprise::spawn([&] {
    try {
      never.wait();
    } catch (const reprise::cancelled&) {
      reprise::log("cleans up");
      throw;
    }
  });
  reprise::sleep_for(1s);
  other.join();
}

REPRISE_SCENARIO("says_odd_things", "text that needs escapes") {
  reprise::log("käse \"\\\n\x01 \xff € 😀");
  reprise::note("sizes", "i", 1, "task", "x", "text_", 2.5, "list", std::vector<int>{1, 2},
                "nothing", nullptr);
}

REPRISE_SCENARIO("sized", "has parameters of several kinds",
                 reprise::parameter{"n", "7", "how many", "3"},
                 reprise::parameter{"loud", "false", "whether to shout"}) {
  reprise::log("{} {}", reprise::param<int>("n"), reprise::param<bool>("loud"));
}

REPRISE_SCENARIO("inverts", "two locks in two orders, an hour apart") {
  reprise::mutex a("left"), b("right");
  const auto both = [](reprise::mutex& first, reprise::mutex& second) {
    const std::scoped_lock outer(first);
    const std::scoped_lock inner(second);
  };
  reprise::gather([&] { both(a, b); },
                  [&] {
                    reprise::sleep_for(1h);
                    both(b, a);
                  });
}

REPRISE_SCENARIO("long_story", "many events, then a failure") {
  for (int i = 0; i < 30; ++i) reprise::log("chapter {}", i);
  reprise::fail("the end");
}

REPRISE_SCENARIO("overflows", "a stack that has no end",
                 reprise::parameter{"deep", "1000000", "frames"}) {
  struct hole {
    static int fall(int depth) {
      volatile char room[512] = {};
      room[0] = static_cast<char>(depth);
      return depth == 0 ? 0 : fall(depth - 1) + room[0];
    }
  };
  reprise::log("{}", hole::fall(reprise::param<int>("deep")));
}

REPRISE_SCENARIO("crowd", "a hundred thousand tasks") {
  for (int i = 0; i < 100'000; ++i) reprise::spawn([] { reprise::yield(); });
}

REPRISE_SCENARIO("fails_by_count", "fails in every second run of a process") {
  static int runs = 0;
  reprise::log("run {}", ++runs);
  if (runs % 2 == 0) reprise::fail("run {} of this process", runs);
}

REPRISE_SCENARIO("canary", "fails for each hundredth seed") {
  reprise::log("{}", reprise::choose("work", 1000));
  reprise::expect(reprise::run_seed() % 100 != 0, "seed {} is one of them", reprise::run_seed());
}

REPRISE_SCENARIO("many_kinds", "fails in a hundred ways") {
  const std::uint64_t kind = reprise::run_seed() % 100;
  reprise::expect(kind % 2 == 0, "failure of the kind {}{}", static_cast<char>('a' + kind / 10),
                  static_cast<char>('a' + kind % 10));
}

REPRISE_SCENARIO("work", "some twenty microseconds of it") {
  auto worker = [] {
    for (int i = 0; i < 40; ++i) reprise::sleep_for(1ms);
  };
  reprise::gather(worker, worker, worker);
}

namespace {

/// Whether this is the seed that is to come to grief.
bool strikes() {
  reprise::sleep_for(1ms);
  return reprise::run_seed() == reprise::param<std::uint64_t>("seed");
}
const reprise::parameter striking{"seed", "13", "which seed it strikes"};

[[gnu::noinline]] void write_to_nowhere() {
  volatile int* volatile nowhere = nullptr;
  *nowhere = 1;
}

}  // namespace

REPRISE_SCENARIO("segfaults", "writes to nowhere", striking) {
  if (strikes()) write_to_nowhere();
}

REPRISE_SCENARIO("aborts", "calls abort", striking) {
  if (strikes()) std::abort();
}

REPRISE_SCENARIO("speaks_and_dies", "says something before") {
  reprise::log("the last words");
  std::abort();
}

REPRISE_SCENARIO("exits", "calls exit(0)", striking) {
  if (strikes()) std::exit(0);
}

REPRISE_SCENARIO("exits_at_once", "calls _exit(0)", striking) {
  if (strikes()) ::_exit(0);
}

REPRISE_SCENARIO("spins", "never comes back", striking) {
  for (volatile bool on = strikes(); on;) {
  }
}

REPRISE_SCENARIO("dawdles", "says something now and then, in real time, for long", striking) {
  for (int i = 0; strikes() && i < 10'000; ++i) {
    reprise::log("still here, {}", i);
    ::usleep(50'000);
  }
}

REPRISE_SCENARIO("eats", "takes all the memory there is", striking) {
  std::vector<std::vector<char>> all;
  while (strikes()) all.emplace_back(std::size_t{4} << 20, 'x');
}

REPRISE_SCENARIO("throws_42", "throws what is no exception", striking) {
  if (strikes()) throw 42;
}

REPRISE_SCENARIO("forks", "leaves a child behind, which goes on with the run", striking) {
  if (strikes() && ::fork() < 0) std::abort();
}

REPRISE_SCENARIO("falls_deep", "a stack that has no end", striking) {
  struct hole {
    static int fall(int depth) {
      volatile char room[512] = {};
      room[0] = static_cast<char>(depth);
      return depth == 0 ? 0 : fall(depth - 1) + room[0];
    }
  };
  if (strikes()) reprise::log("{}", hole::fall(1'000'000));
}

REPRISE_SCENARIO("remembers", "dies of what an earlier run left behind") {
  static bool poisoned = false;
  if (reprise::run_seed() % 8 == 0) poisoned = true;
  if (poisoned && reprise::run_seed() % 8 == 7) std::abort();
}

REPRISE_SCENARIO("prints", "to standard output") { std::cout << "here\n"; }
REPRISE_SCENARIO("marked", "some of its marks are reached in some runs") {
  reprise::sometimes("low", reprise::rng().random() < 0.5);
  reprise::sometimes("beyond", false);
}
