// The first examples of the tutorial as it writes them: `async def` is a function that returns a
// co_task, and every wait says co_await. Beside ../say_hello.cpp and ../gather.cpp one sees what a
// stack for each task saves.

#include "../traced.hpp"

#include <reprise/reprise.hpp>

#include <string>

using namespace std::chrono_literals;
using reprise::co_task;
namespace co = reprise::co;

namespace {

constexpr gallery::traced say_hello("say_hello", []() -> co_task<> {
  co_await co::sleep_for(1s);
  reprise::log("Hello");
});

constexpr gallery::traced say_world("say_world", []() -> co_task<> {
  co_await co::sleep_for(1s);
  reprise::log("World");
});

// A parameter of a coroutine is taken by value: it must last as long as the coroutine does.
constexpr gallery::traced greet("greet", [](std::string name) -> co_task<> {
  reprise::log("Hello, {}", name);
  co_await co::sleep_for(1s);
  reprise::log("Goodbye, {}", name);
});

constexpr gallery::traced task1("task1", []() -> co_task<> {
  co_await co::sleep_for(1s);
  reprise::log("Task 1 completed");
});

constexpr gallery::traced task2("task2", []() -> co_task<> {
  co_await co::sleep_for(2s);
  reprise::log("Task 2 completed");
});

}  // namespace

REPRISE_CO_SCENARIO("say_hello_async", "print, wait a second, print; with co_await") {
  reprise::note("start", "fn", "say_hello");
  reprise::log("Hello");
  co_await co::sleep_for(1s);
  reprise::log("World");
  reprise::note("done", "fn", "say_hello");
}

REPRISE_CO_SCENARIO("hello_world_sequential_async", "one after the other; with co_await") {
  reprise::note("start", "fn", "main");
  co_await say_hello();
  co_await say_world();
  reprise::note("done", "fn", "main");
}

REPRISE_CO_SCENARIO("hello_world_gather_async", "at once; with co_await") {
  reprise::note("start", "fn", "main");
  co_await co::gather(say_hello(), say_world());
  reprise::note("done", "fn", "main");
}

REPRISE_CO_SCENARIO("greet_gather3_async", "three greetings at once; with co_await") {
  reprise::note("start", "fn", "main");
  co_await co::gather(greet("Alice"), greet("Bob"), greet("Charlie"));
  reprise::note("done", "fn", "main");
}

REPRISE_CO_SCENARIO("task1_task2_gather_async", "one second and two at once; with co_await") {
  reprise::note("start", "fn", "main");
  co_await co::gather(task1(), task2());
  reprise::note("done", "fn", "main");
}
