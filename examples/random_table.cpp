// The functions of Python's `random`, in the order of its documentation's table, ten rounds on one
// generator. The values are CPython's for the same seed, to the last bit.

#include <reprise/reprise.hpp>

#include <string>
#include <vector>

using reprise::trace_value;

REPRISE_SCENARIO("random_table", "the functions of Python's random module, ten rounds") {
  auto& random = reprise::rng();
  const std::vector<std::string> outcomes{"win", "lose", "draw"};
  const std::vector<std::string> cards{"ace", "two", "three", "four"};
  const std::vector<int> numbers{10, 20, 30, 40, 50};

  for (int round = 0; round < 10; ++round) {
    const double fraction = random.random();
    reprise::note("random", "value", fraction);
    const double between = random.uniform(2.5, 10.0);
    reprise::note("uniform", "args", trace_value::list{2.5, 10.0}, "value", between);
    const double arrival = random.expovariate(1.0 / 5);
    reprise::note("expovariate", "args", trace_value::list{1.0 / 5}, "value", arrival);
    const auto digit = random.randrange(10);
    reprise::note("randrange", "args", trace_value::list{10}, "value", digit);
    const auto even = random.randrange(0, 101, 2);
    reprise::note("randrange", "args", trace_value::list{0, 101, 2}, "value", even);
    const std::string outcome = random.choice(outcomes);
    reprise::note("choice", "args", outcomes, "value", outcome);
    auto deck = cards;
    random.shuffle(deck);
    reprise::note("shuffle", "args", cards, "value", deck);
    const auto drawn = random.sample(numbers, 4);
    reprise::note("sample", "args", trace_value::list{numbers, 4}, "value", drawn);
  }
}
