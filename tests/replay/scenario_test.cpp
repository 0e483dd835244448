#include <reprise/replay/scenario.hpp>

#include <reprise/core/log.hpp>

#include "support/catch2.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>

using namespace reprise;
using Catch::Matchers::ContainsSubstring;

REPRISE_SCENARIO("zebra", "the last by name") {}
REPRISE_SCENARIO("apple", "has parameters", parameter{"n", "3", "how many"},
                 parameter{"kind", "red", "which", "green"}) {
  log("{} {}", param<int>("n"), param("kind"));
}
REPRISE_SCENARIO("apple_pie", "reads odd parameters", parameter{"x", "", "anything"}) {
  static_cast<void>(param<std::uint8_t>("x"));
}

namespace {

report run_of(const char* name, param_map params = {}) {
  const scenario& s = find_scenario(name);
  return run(options_for(s, {.params = std::move(params)}), s.body);
}

}  // namespace

TEST_CASE("scenarios are sorted by name, whatever the order of their definition") {
  const auto& all = scenarios();
  CHECK(all.size() >= 3);
  CHECK(std::ranges::is_sorted(all, {}, &scenario::name));
  CHECK(find_scenario("zebra").about == "the last by name");
}

TEST_CASE("an unknown scenario is refused with the nearest name") {
  CHECK_THROWS_WITH(find_scenario("aple"),
                    ContainsSubstring("there is no scenario 'aple'. Did you mean 'apple'?"));
  CHECK_THROWS_WITH(find_scenario("zebar"), ContainsSubstring("Did you mean 'zebra'?"));
  CHECK_THROWS_WITH(find_scenario("pie"), ContainsSubstring("Did you mean 'apple_pie'?"));
  CHECK_THROWS_WITH(find_scenario("quite_another_thing"), !ContainsSubstring("Did you mean"));
  CHECK_THROWS_WITH(find_scenario(""), ContainsSubstring("there is no scenario ''."));
  CHECK_THROWS_AS(find_scenario("aple"), std::invalid_argument);
}

TEST_CASE("a run gets every parameter, given or initial") {
  const config c = options_for(find_scenario("apple"), {.params = {{"n", "5"}}});
  CHECK(c.scenario == "apple");
  CHECK(c.params == param_map{{"kind", "red"}, {"n", "5"}});
  CHECK(run_of("apple").events.at(0).text == "3 red");
  CHECK(run_of("apple", {{"n", "-7"}, {"kind", ""}}).events.at(0).text == "-7 ");
  CHECK_THROWS_WITH(options_for(find_scenario("apple"), {.params = {{"m", "5"}}}),
                    ContainsSubstring("'apple' has no parameter 'm'. It has: n, kind."));
  CHECK_THROWS_WITH(options_for(find_scenario("zebra"), {.params = {{"m", "5"}}}),
                    ContainsSubstring("It has none."));
}

TEST_CASE("a parameter is read whole, in its type's range, or is bad") {
  CHECK(run_of("apple_pie", {{"x", "255"}}));
  for (const char* value : {"256", "-1", "", "1e1", " 1", "1 ", "one"}) {
    INFO(value);
    const report r = run_of("apple_pie", {{"x", value}});
    CHECK(r.result == verdict::failed);
    CHECK(r.exception == "reprise::bad_parameter");
    CHECK_THAT(r.what, ContainsSubstring(std::string("parameter 'x': '") + value +
                                         "' is not a whole number from 0 to 255"));
  }
}
