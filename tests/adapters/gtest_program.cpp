// Tests as a user writes them, some of which fail: run by adapters/adapters_test.cpp.

#include <reprise/gtest.hpp>
#include <reprise/properties.hpp>

#include <functional>
#include <vector>

using namespace reprise;

namespace {
int count_twice() {
  atomic<int> n{0};
  const auto add = [&] { n.store(n.load() + 1); };
  gather(add, add);
  return n.load();
}
}  // namespace

REPRISE_TEST(counter, holds) {
  atomic<int> n{0};
  const auto add = [&] { n.fetch_add(1); };
  gather(add, add);
  ASSERT_EQ(n.load(), 2);
  EXPECT_NE(n.load(), 3);
}

REPRISE_TEST(counter, asserts) { ASSERT_EQ(count_twice(), 2); }
REPRISE_TEST(counter, expects) { EXPECT_EQ(count_twice(), 2); }

REPRISE_GTEST_PROPERTY(gather, sum, (const std::vector<delay>& ds)) {
  duration sum{0};
  std::vector<std::function<void()>> naps;
  for (const auto& d : ds) {
    sum += d;
    naps.emplace_back([d] { sleep_for(d); });
  }
  EXPECT_EQ(elapsed([&] { gather(naps); }).count(), sum.count());
}
