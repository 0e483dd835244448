// A program with scenarios that the gallery has no use for: they fail, differ, or say odd things.

#include <reprise/reprise.hpp>

#include <chrono>
#include <stdexcept>
#include <string>

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
