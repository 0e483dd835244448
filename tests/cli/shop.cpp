// A program that is checked: as it was (SHOP_FIXED is 0), and with its bug fixed.

#include <reprise/reprise.hpp>

REPRISE_SCENARIO("steady", "two sales and a sum, each in its turn") {
  int total = 0;
  auto sell = [&] { ++total; };
  reprise::gather(sell, sell);
  reprise::expect(total == 2, "total is {}", total);
}

REPRISE_SCENARIO("transfer", "two payments to one account") {
  reprise::shared<int> balance{0};
  reprise::mutex m{"account"};
  auto pay = [&] {
#if SHOP_FIXED
    const std::scoped_lock lock(m);
#endif
    const int before = balance.read();
    reprise::log("reads balance {}", before);
    balance.write(before + 1);
  };
  reprise::gather(pay, pay);
#if SHOP_FIXED
  const std::scoped_lock lock(m);
#endif
  reprise::expect(balance.read() == 2, "balance is {}", balance.read());
}
