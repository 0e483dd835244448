// Random delays and a random sample. As in Python a coroutine that is made and never awaited is a
// mistake, so one samples the arguments and makes the coroutines that will run.

#include "../traced.hpp"

#include <reprise/reprise.hpp>

#include <algorithm>
#include <ranges>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using reprise::co_task;
using reprise::trace_value;
namespace co = reprise::co;

namespace {

constexpr gallery::traced random_sleep("random_sleep", []() -> co_task<> {
  const auto sleep_time = reprise::rng().randint(1, 5);
  reprise::note("draw", "fn", "randint", "args", trace_value::list{1, 5}, "value", sleep_time);
  co_await co::sleep_for(std::chrono::seconds(sleep_time));
  reprise::log("Slept for {} seconds", sleep_time);
});

constexpr gallery::traced random_delay_task("random_delay_task", [](int name) -> co_task<> {
  const double delay = reprise::rng().uniform(0.5, 2.0);
  reprise::note("draw", "fn", "uniform", "args", trace_value::list{0.5, 2.0}, "value", delay);
  reprise::log("Task {} will sleep for {:.2f} seconds.", name, delay);
  co_await co::sleep_for(gallery::seconds(delay));
  reprise::log("Task {} is done sleeping.", name);
});

constexpr gallery::traced numbered_task("task", [](int name) -> co_task<> {
  reprise::log("Task {} is running.", name);
  co_await co::sleep_for(1s);
  reprise::log("Task {} is complete.", name);
});

}  // namespace

REPRISE_CO_SCENARIO("random_sleep_gather3_async", "one to five seconds; with co_await") {
  reprise::note("start", "fn", "main");
  co_await co::gather(random_sleep(), random_sleep(), random_sleep());
  reprise::note("done", "fn", "main");
}

REPRISE_CO_SCENARIO("random_delay_task5_async", "half a second to two; with co_await") {
  reprise::note("start", "fn", "main");
  std::vector<co_task<>> tasks;
  for (int i = 0; i < 5; ++i) tasks.push_back(random_delay_task(i));
  co_await co::gather(std::move(tasks));
  reprise::note("done", "fn", "main");
}

REPRISE_CO_SCENARIO("sample_5_of_10_async", "five tasks out of ten, drawn; with co_await") {
  reprise::note("start", "fn", "main");
  const auto selected = reprise::rng().sample(std::views::iota(0, 10), 5);
  reprise::note("draw", "fn", "sample", "args", trace_value::list{10, 5}, "value", selected);

  std::vector<int> unselected;
  for (int i = 0; i < 10; ++i) {
    if (std::ranges::find(selected, i) == selected.end()) unselected.push_back(i);
  }
  reprise::note("unselected", "names", unselected);

  std::vector<co_task<>> tasks;
  for (const int i : selected) tasks.push_back(numbered_task(i));
  co_await co::gather(std::move(tasks));
  reprise::note("done", "fn", "main");
}
