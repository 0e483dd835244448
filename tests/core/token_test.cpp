#include <reprise/core/token.hpp>

#include "support/catch2.hpp"
#include "support/rapidcheck.hpp"

#include <array>
#include <cctype>
#include <chrono>
#include <map>
#include <string>
#include <vector>

using namespace reprise;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

config drawn_config() {
  config c;
  c.seed = *rc::gen::arbitrary<std::uint64_t>();
  const strategy kind = *rc::gen::elementOf([] {
    std::vector<strategy> all;
    for (const auto* k : strategies()) all.emplace_back(*k);
    return all;
  }());
  c.schedule = strategy(kind.kind(), kind.parameters());
  if (!kind.kind().learnt.empty())
    c.schedule = strategy(kind.kind(), {*rc::gen::arbitrary<std::uint64_t>()},
                          *rc::gen::arbitrary<std::vector<std::uint64_t>>());
  if (kind.kind().parameters == 0) c.schedule = strategy(kind.kind(), {}, c.schedule.learnt());
  c.scenario = *rc::gen::arbitrary<std::string>();
  c.time_limit =
      duration(*rc::gen::inRange<std::int64_t>(0, std::numeric_limits<std::int64_t>::max()));
  c.step_limit = *rc::gen::arbitrary<std::uint64_t>();
  c.stack_size = *rc::gen::arbitrary<std::size_t>();
  for (const auto& [name, value] : *rc::gen::arbitrary<std::map<std::string, std::string>>())
    c.params[name] = value;
  return c;
}

bool same_run(const config& a, const config& b) {
  return a.seed == b.seed && a.schedule == b.schedule && a.scenario == b.scenario &&
         a.time_limit == b.time_limit && a.step_limit == b.step_limit &&
         a.stack_size == b.stack_size && a.params == b.params;
}

bool is_refused(const std::string& token) {
  try {
    static_cast<void>(decode_token(token));
    return false;
  } catch (const bad_token&) {
    return true;
  }
}

}  // namespace

TEST_CASE("tokens of this release stay what they are") {
  // An old token must repeat its run on a new release. Don't change these: make another version of
  // the token.
  CHECK(encode_token({.scenario = "lost_update"}) == "rp1_000022vcdxsq8qvne1j62x35jv69p");
  CHECK(encode_token({.seed = 17, .schedule = random_walk(), .scenario = "lost_update"}) ==
        "rp1_008g42vcdxsq8qvne1j62x3573d6j");
  CHECK(encode_token({.seed = ~std::uint64_t{0},
                      .schedule = round_robin(),
                      .time_limit = 1500ms,
                      .step_limit = 1'000'000,
                      .stack_size = 65536,
                      .scenario = "greet",
                      .params = {{"n", "1000"}, {"who", "Bob"}}}) ==
        "rp1_1zzzzzzzzzzzzzzz041gasvjcnjq906ym35gbg447p08010205q08c9g60r06xv8dw1m4vv2rqk3k");
  CHECK(encode_token({}) == "rp1_00002006rp19");
  for (const auto& [how, token] : std::map<std::string, std::string>{
           {"pct(3)", "rp1_008g80r01dp6ywvmbxtq0s31ehjgs3qkq"},
           {"pct(3,k=41)", "rp1_008g80r1545prvvkehfqaw34c5t6aw9mjq"},
           {"surw(x=1.1.1.1.0.0.2.1.4.3.1.4)",
            "rp1_008gc301040g2000080g80r10g5prvvkehfqaw34c5t6anc9dc"},
           {"portfolio", "rp1_008gm2vcdxsq8qvne1j62x35dkb1h"}}) {
    CHECK(encode_token({.seed = 17, .schedule = strategy::parse(how), .scenario = "lost_update"}) ==
          token);
    CHECK(decode_token(token).schedule.to_string() == how);
  }
}

TEST_CASE("a token says all that a run depends on") {
  rc::prop("it reads back", [] {
    const config c = drawn_config();
    RC_ASSERT(same_run(decode_token(encode_token(c)), c));
  });
  rc::prop("it is one word: letters, digits and underscores", [] {
    for (const char c : encode_token(drawn_config()))
      RC_ASSERT(c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0);
  });
  rc::prop("upper case means the same", [] {
    const config c = drawn_config();
    std::string token = encode_token(c);
    for (char& letter : token)
      letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
    RC_ASSERT(same_run(decode_token(token), c));
  });
}

TEST_CASE("a token with one wrong character is refused") {
  const std::string token = encode_token(
      {.seed = 17, .schedule = random_walk(), .scenario = "lost_update", .params = {{"n", "3"}}});
  SECTION("replaced by any other") {
    for (std::size_t i = 0; i < token.size(); ++i) {
      for (int c = 1; c < 256; ++c) {
        std::string changed = token;
        changed[i] = static_cast<char>(c);
        if (std::tolower(c) == token[i]) continue;
        INFO(changed);
        REQUIRE(is_refused(changed));
      }
    }
  }
  SECTION("left out, doubled, or swapped with the next") {
    for (std::size_t i = 0; i < token.size(); ++i) {
      INFO(i);
      REQUIRE(is_refused(std::string(token).erase(i, 1)));
      REQUIRE(is_refused(std::string(token).insert(i, 1, token[i])));
      std::string swapped = token;
      if (i + 1 < token.size()) std::swap(swapped[i], swapped[i + 1]);
      if (swapped != token) REQUIRE(is_refused(swapped));
    }
  }
  SECTION("cut") {
    for (std::size_t n = 0; n < token.size(); ++n) REQUIRE(is_refused(token.substr(0, n)));
  }
  rc::prop("whatever the token", [] {
    const std::string good = encode_token(drawn_config());
    const auto i = *rc::gen::inRange<std::size_t>(0, good.size());
    const char c = *rc::gen::elementOf(std::string("0123456789abcdefghijklmnopqrstuvwxyz_-"));
    RC_PRE(c != good[i]);
    std::string changed = good;
    changed[i] = c;
    RC_ASSERT(is_refused(changed));
  });
  rc::prop("and what is no token at all",
           [](const std::string& text) { RC_ASSERT(is_refused(text)); });
  rc::prop("or only begins like one",
           [](const std::string& text) { RC_ASSERT(is_refused("rp1_" + text)); });
}

TEST_CASE("a refusal says what is wrong") {
  CHECK_THROWS_WITH(
      decode_token("rp1_000022vcdxsq8qvne1j62x35jv69q"),
      ContainsSubstring("the token 'rp1_000022vcdxsq8qvne1j62x35jv69q' does not check out") &&
          ContainsSubstring("Copy it again."));
  CHECK_THROWS_WITH(decode_token("rp9_000022vcdxsq8qvne1j62x35jv69p"),
                    ContainsSubstring("another version"));
  CHECK_THROWS_WITH(decode_token("hello"), ContainsSubstring("'hello' is not a token"));
}
