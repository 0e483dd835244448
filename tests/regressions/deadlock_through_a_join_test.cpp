// The report of a deadlock read the lock that a task waits for, though the task, which held one,
// waited for another task.

#include "support/catch2.hpp"

#include <reprise/core.hpp>

TEST_CASE("a deadlock through a mutex and a join is described", "[semantics]") {
  const auto report = reprise::run(0, [] {
    reprise::mutex m;
    const auto wants = reprise::spawn([&m] { const std::scoped_lock lock(m); });
    const std::scoped_lock lock(m);
    wants.get();
  });
  CHECK(report.result == reprise::verdict::deadlock);
  CHECK_THAT(report.what, Catch::Matchers::ContainsSubstring("2 tasks wait for each other"));
  CHECK_THAT(report.what, Catch::Matchers::ContainsSubstring("Task-1 holds mutex 1 of Task-1"));
  CHECK_THAT(report.what, Catch::Matchers::ContainsSubstring("waits for Task-2"));
}
