// Random delays and random choices that come out the same every time.
//
// reprise::rng() is Python's `random` after random.seed(seed), bit for bit, with the seed of the
// run. Each draw is a statement of its own: within one expression C++ leaves the order of two draws
// to the compiler, and then one seed would give two programs.

#include "traced.hpp"

#include <reprise/reprise.hpp>

#include <algorithm>
#include <functional>
#include <ranges>
#include <vector>

using namespace std::chrono_literals;
using reprise::trace_value;

namespace {

constexpr gallery::traced random_sleep("random_sleep", [] {
  const auto sleep_time = reprise::rng().randint(1, 5);
  reprise::note("draw", "fn", "randint", "args", trace_value::list{1, 5}, "value", sleep_time);
  reprise::sleep_for(std::chrono::seconds(sleep_time));
  reprise::log("Slept for {} seconds", sleep_time);
});

constexpr gallery::traced random_delay_task("random_delay_task", [](int name) {
  const double delay = reprise::rng().uniform(0.5, 2.0);
  reprise::note("draw", "fn", "uniform", "args", trace_value::list{0.5, 2.0}, "value", delay);
  reprise::log("Task {} will sleep for {:.2f} seconds.", name, delay);
  reprise::sleep_for(gallery::seconds(delay));
  reprise::log("Task {} is done sleeping.", name);
});

constexpr gallery::traced numbered_task("task", [](int name) {
  reprise::log("Task {} is running.", name);
  reprise::sleep_for(1s);
  reprise::log("Task {} is complete.", name);
});

}  // namespace

REPRISE_SCENARIO("random_sleep_gather3", "three tasks sleep one to five seconds") {
  reprise::note("start", "fn", "main");
  reprise::gather(random_sleep, random_sleep, random_sleep);
  reprise::note("done", "fn", "main");
}

REPRISE_SCENARIO("random_delay_task5", "five tasks sleep half a second to two") {
  reprise::note("start", "fn", "main");
  std::vector<std::function<void()>> tasks;
  for (int i = 0; i < 5; ++i) tasks.emplace_back([i] { random_delay_task(i); });
  reprise::gather(tasks);
  reprise::note("done", "fn", "main");
}

// Python draws among coroutine objects, and five of them are never awaited. Here a task is a
// function until somebody starts it, so one draws among the functions and the other five are simply
// not called.
REPRISE_SCENARIO("sample_5_of_10", "five tasks out of ten, drawn, in the order of drawing") {
  reprise::note("start", "fn", "main");
  const auto selected = reprise::rng().sample(std::views::iota(0, 10), 5);
  reprise::note("draw", "fn", "sample", "args", trace_value::list{10, 5}, "value", selected);

  std::vector<int> unselected;
  for (int i = 0; i < 10; ++i) {
    if (std::ranges::find(selected, i) == selected.end()) unselected.push_back(i);
  }
  reprise::note("unselected", "names", unselected);

  std::vector<std::function<void()>> tasks;
  for (const int i : selected) tasks.emplace_back([i] { numbered_task(i); });
  reprise::expect_elapsed(1s, [&] { reprise::gather(tasks); });
  reprise::note("done", "fn", "main");
}
