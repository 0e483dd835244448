// Something in the background: asyncio.create_task() is spawn(), `await task` is task.get().

#include "traced.hpp"

#include <reprise/reprise.hpp>

#include <string>

using namespace std::chrono_literals;

namespace {

constexpr gallery::traced fetch_data("fetch_data", [] {
  reprise::log("Start fetching data");
  reprise::sleep_for(2s);
  reprise::log("Done fetching data");
  return std::string("{'data': 123}");
});

constexpr gallery::traced my_task("my_task", [] {
  reprise::sleep_for(1s);
  reprise::log("Task executed");
});

}  // namespace

// A spawned task starts when its creator first waits: "Performing other operations" comes first.
REPRISE_SCENARIO("fetch_data_create_task",
                 "fetch in the background, and do other things meanwhile") {
  reprise::note("start", "fn", "main");
  const auto task = reprise::spawn(fetch_data);
  reprise::log("Performing other operations");
  reprise::sleep_for(1s);
  reprise::log("Still working...");
  const std::string result = task.get();
  reprise::log("Result: {}", result);
  reprise::note("done", "fn", "main");
}

REPRISE_SCENARIO("my_task_create_task", "start a task and wait for it") {
  reprise::note("start", "fn", "main");
  const auto task = reprise::spawn(my_task);
  task.get();
  reprise::note("done", "fn", "main");
}
