// A gather told duplicates by a mark in each task, its own address; the next gather often stood at
// that address, and waited for ever.

#include "support/catch2.hpp"

#include <reprise/core.hpp>

using namespace std::chrono_literals;

TEST_CASE("tasks that were gathered can be gathered again", "[semantics]") {
  CHECK(reprise::run(0, [] {
    const std::vector tasks{reprise::spawn([] { return 1; }), reprise::spawn([] { return 2; })};
    for (int i = 0; i < 10; ++i) CHECK(reprise::gather(tasks) == std::vector{1, 2});
  }));
}
