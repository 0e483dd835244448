// call_later with a negative delay counted as due now, and so went behind a timer that had been due
// for less long.

#include "support/catch2.hpp"

#include <reprise/core.hpp>

#include <string>

using namespace std::chrono_literals;

TEST_CASE("what is overdue for longer comes first", "[semantics]") {
  std::string order;
  CHECK(reprise::run(0, [&] {
    reprise::call_later(1s, [&] { order += "b"; });
    reprise::spend(1s);
    reprise::call_later(-1ms, [&] { order += "a"; });
    reprise::call_later(reprise::duration::min(), [&] { order += "first, "; });
    reprise::sleep_for(1s);
  }));
  CHECK(order == "first, ab");
}
