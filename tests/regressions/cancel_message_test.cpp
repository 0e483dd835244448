// A task that was cancelled twice before it ran heard what the second said, and one that was
// cancelled at its end said nothing.

#include "support/catch2.hpp"

#include <reprise/core.hpp>

#include <string>

using namespace std::chrono_literals;

namespace {

std::string message_of(const reprise::task<>& t) {
  try {
    t.get();
  } catch (const reprise::cancelled& c) {
    return c.message();
  }
  return "not cancelled";
}

}  // namespace

TEST_CASE("a task hears the first of two cancellations in one turn", "[semantics]") {
  CHECK(reprise::run(0, [] {
    const auto sleeper = reprise::spawn([] { reprise::sleep_for(9s); });
    const reprise::promise<> never;
    const auto waiter = reprise::spawn([never] { never.get_future().get(); });
    reprise::yield();
    for (const auto& t : {sleeper, waiter}) {
      t.cancel("first");
      t.cancel("second");
      CHECK(message_of(t) == "first");
    }
  }));
}

TEST_CASE("a task that is cancelled before it starts, or at its end, says why", "[semantics]") {
  CHECK(reprise::run(0, [] {
    const auto early = reprise::spawn([] {});
    early.cancel("early");
    CHECK(message_of(early) == "early");
    CHECK(message_of(reprise::spawn([] { reprise::current_task().cancel("late"); })) == "late");
  }));
}

TEST_CASE("a gather that is cancelled says what its children were told", "[semantics]") {
  CHECK(reprise::run(0, [] {
    const auto t = reprise::spawn([] {
      reprise::gather_all([] { reprise::sleep_for(9s); }, [] { reprise::sleep_for(9s); });
    });
    reprise::sleep_for(1s);
    t.cancel("why");
    CHECK(message_of(t) == "why");
  }));
}
