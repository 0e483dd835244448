// Tests as a user writes them, some of which fail: run by adapters/adapters_test.cpp.

#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <reprise/doctest.hpp>
#include <reprise/properties.hpp>

#include <functional>
#include <vector>

using namespace reprise;

REPRISE_DOCTEST_CASE("holds") {
  atomic<int> n{0};
  const auto add = [&] { n.fetch_add(1); };
  gather(add, add);
  expect(n.load() == 2);
}

REPRISE_DOCTEST_CASE("loses") {
  atomic<int> n{0};
  const auto add = [&] { n.store(n.load() + 1); };
  gather(add, add);
  expect(n.load() == 2, "{} of 2", n.load());
}

REPRISE_DOCTEST_PROPERTY("sum", (const std::vector<delay>& ds)) {
  duration sum{0};
  std::vector<std::function<void()>> naps;
  for (const auto& d : ds) {
    sum += d;
    naps.emplace_back([d] { sleep_for(d); });
  }
  expect_elapsed(sum, [&] { gather(naps); });
}
