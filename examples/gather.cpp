// Several functions at once, and waiting for all of them: asyncio.gather().

#include "traced.hpp"

#include <reprise/reprise.hpp>

#include <string_view>

using namespace std::chrono_literals;

namespace {

constexpr gallery::traced greet("greet", [](std::string_view name) {
  reprise::log("Hello, {}", name);
  reprise::sleep_for(1s);
  reprise::log("Goodbye, {}", name);
});

constexpr gallery::traced task1("task1", [] {
  reprise::sleep_for(1s);
  reprise::log("Task 1 completed");
});

constexpr gallery::traced task2("task2", [] {
  reprise::sleep_for(2s);
  reprise::log("Task 2 completed");
});

}  // namespace

// In Python greet("Alice") makes a coroutine that starts later; in C++ a lambda says "later".
REPRISE_SCENARIO("greet_gather3", "three greetings at once: one second in all") {
  reprise::note("start", "fn", "main");
  reprise::gather([] { greet("Alice"); }, [] { greet("Bob"); }, [] { greet("Charlie"); });
  reprise::note("done", "fn", "main");
}

// Time is virtual, so how long a thing takes is exact, and a claim about it is an equation.
REPRISE_SCENARIO("task1_task2_gather", "one second and two at once: two seconds") {
  reprise::note("start", "fn", "main");
  reprise::expect_elapsed(2s, [] { reprise::gather(task1, task2); });
  reprise::expect_order({"Task 1 completed", "Task 2 completed"});
  reprise::note("done", "fn", "main");
}
