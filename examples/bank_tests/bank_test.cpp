// `build/bank_tests "[careful]"` passes. `build/bank_tests` finds the bug of the careless bank,
// makes it small, and says on stderr how to repeat it.

#include "bank.hpp"

#include <reprise/catch2.hpp>
#include <reprise/properties.hpp>

#include <functional>
#include <vector>

namespace {

/// Each amount goes from the first account to the second, all at once.
void transfer_at_once(bank& b, const std::vector<int>& amounts) {
  std::vector<std::function<void()>> transfers;
  for (const int amount : amounts)
    transfers.emplace_back([&b, amount] { b.transfer(0, 1, amount); });
  reprise::gather(transfers);
}

std::vector<int> draw_amounts() {
  return *rc::gen::container<std::vector<int>>(rc::gen::inRange(50, 101)).as("amounts");
}

}  // namespace

REPRISE_TEST_CASE("a transfer moves money, and makes none", "[careful]") {
  bank b(2);
  transfer_at_once(b, {60, 60});
  CHECK(b.balance(0) + b.balance(1) == 200);
  CHECK(b.balance(0) == 40);
}

REPRISE_PROPERTY("no account is overdrawn", (), "[careful]") {
  bank b(2);
  transfer_at_once(b, draw_amounts());
  REQUIRE(b.balance(0) >= 0);
}

REPRISE_PROPERTY("no account of a careless bank is overdrawn", ()) {
  bank b(2, false);
  transfer_at_once(b, draw_amounts());
  REQUIRE(b.balance(0) >= 0);
}
