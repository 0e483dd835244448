// Behind a shield, or in wait_for with no time left: when the inner task ended and then, in the
// same turn, the waiter was cancelled, the waiter went back to a node that had been freed.

#include "support/catch2.hpp"

#include <reprise/core.hpp>

using namespace std::chrono_literals;

namespace {

/// Cancels `waiter` right after `inner` has ended, before anybody hears of it.
void end_and_cancel(const reprise::promise<>& ends, const reprise::any_task& waiter) {
  reprise::sleep_for(1s);
  ends.set_value();
  reprise::call_soon([waiter] { waiter.cancel(); });
}

}  // namespace

TEST_CASE("a waiter behind a shield can be cancelled in the turn in which the inner task ends",
          "[semantics]") {
  CHECK(reprise::run(0, [] {
    const reprise::promise<> ends;
    const auto inner = reprise::spawn([ends] { ends.get_future().get(); });
    const auto waiter = reprise::spawn([inner] { reprise::shield(inner); });
    end_and_cancel(ends, waiter);
    CHECK_THROWS_AS(waiter.get(), reprise::cancelled);
    CHECK(!inner.cancelled());
  }));
}

TEST_CASE("wait_for with no time left can be cancelled in the turn in which the task ends",
          "[semantics]") {
  CHECK(reprise::run(0, [] {
    const auto inner = reprise::spawn([] { reprise::sleep_for(1s); });
    const auto waiter = reprise::spawn([inner] {
      reprise::yield();
      reprise::wait_for(inner, 0s);
    });
    reprise::yield();
    reprise::yield();
    reprise::call_soon([waiter] { waiter.cancel(); });
    CHECK_THROWS_AS(waiter.get(), reprise::cancelled);
    CHECK(inner.cancelled());
  }));
}
