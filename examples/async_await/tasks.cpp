// create_task() is spawn(), `await task` is `co_await task`, and `await fetch_data()` is
// `co_await fetch_data()`: that one runs in the caller's own task.

#include "../traced.hpp"

#include <reprise/reprise.hpp>

#include <string>

using namespace std::chrono_literals;
using reprise::co_task;
namespace co = reprise::co;

namespace {

constexpr gallery::traced fetch_in_background("fetch_data", []() -> co_task<std::string> {
  reprise::log("Start fetching data");
  co_await co::sleep_for(2s);
  reprise::log("Done fetching data");
  co_return "{'data': 123}";
});

constexpr gallery::traced my_task("my_task", []() -> co_task<> {
  co_await co::sleep_for(1s);
  reprise::log("Task executed");
});

constexpr gallery::traced fetch_data("fetch_data", []() -> co_task<std::string> {
  reprise::log("Fetching data...");
  co_await co::sleep_for(1s);
  co_return "data";
});

constexpr gallery::traced process_data("process_data",
                                       [](std::string data) -> co_task<std::string> {
                                         reprise::log("Processing {}...", data);
                                         co_await co::sleep_for(1s);
                                         co_return "processed data";
                                       });

}  // namespace

REPRISE_CO_SCENARIO("fetch_data_create_task_async", "fetch in the background; with co_await") {
  reprise::note("start", "fn", "main");
  const reprise::task<std::string> task = reprise::spawn(fetch_in_background());
  reprise::log("Performing other operations");
  co_await co::sleep_for(1s);
  reprise::log("Still working...");
  const std::string result = co_await task;
  reprise::log("Result: {}", result);
  reprise::note("done", "fn", "main");
}

REPRISE_CO_SCENARIO("my_task_create_task_async", "start a task and await it; with co_await") {
  reprise::note("start", "fn", "main");
  const auto task = reprise::spawn(my_task());
  co_await task;
  reprise::note("done", "fn", "main");
}

REPRISE_CO_SCENARIO("fetch_process_pipeline_async", "fetch, then process; with co_await") {
  reprise::note("start", "fn", "main");
  const std::string data = co_await fetch_data();
  const std::string processed = co_await process_data(data);
  reprise::log("Final result: {}", processed);
  reprise::note("done", "fn", "main");
}
