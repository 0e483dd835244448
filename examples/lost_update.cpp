// A read and a write with a pause between them: the classic race, without any thread.

#include <reprise/reprise.hpp>

REPRISE_SCENARIO("lost_update", "two deposits; one is lost under some schedules") {
  int balance = 0;
  // One deposit pauses longer before it begins, so that asyncio's order happens to be right.
  auto deposit = [&](int pauses) {
    return [&balance, pauses] {
      for (int i = 0; i < pauses; ++i) reprise::yield();
      const int seen = balance;
      reprise::log("reads balance {}", seen);
      reprise::yield();
      balance = seen + 1;
      reprise::log("writes balance {}", balance);
    };
  };
  reprise::gather(deposit(0), deposit(2));
  reprise::expect(balance == 2, "balance is {}", balance);
}
