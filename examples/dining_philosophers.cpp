// Five philosophers, five forks. Each takes the left fork, then the right one, and eats. In
// asyncio's order nobody comes between the two, and dinner ends well. Under another schedule each
// holds a left fork and waits for the right one for ever: a deadlock, which a search finds and the
// report explains.

#include <reprise/reprise.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <vector>

REPRISE_SCENARIO("dining_philosophers",
                 "five philosophers and five forks; a deadlock under some schedules") {
  std::array<reprise::mutex, 5> forks{reprise::mutex{"fork 0"}, reprise::mutex{"fork 1"},
                                      reprise::mutex{"fork 2"}, reprise::mutex{"fork 3"},
                                      reprise::mutex{"fork 4"}};
  int meals = 0;

  auto philosopher = [&](std::size_t i) {
    const std::scoped_lock left(forks.at(i));
    const std::scoped_lock right(forks.at((i + 1) % forks.size()));
    const auto minutes = reprise::rng().randint(10, 30);
    reprise::log("philosopher {} eats for {} minutes", i, minutes);
    reprise::sleep_for(std::chrono::minutes(minutes));
    ++meals;
  };

  std::vector<std::function<void()>> tasks;
  for (std::size_t i = 0; i < forks.size(); ++i) tasks.emplace_back([&, i] { philosopher(i); });
  reprise::gather(tasks);
  reprise::expect(meals == 5, "{} meals", meals);
}
