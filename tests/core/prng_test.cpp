#include <reprise/core/prng.hpp>

#include "support/catch2.hpp"
#include "support/rapidcheck.hpp"
#include "support/sha256.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <random>
#include <ranges>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using nlohmann::json;
using reprise::prng;

namespace {

constexpr auto int64_min = std::numeric_limits<std::int64_t>::min();
constexpr auto int64_max = std::numeric_limits<std::int64_t>::max();

// The encoding of tests/golden/random_vectors.json: integers are decimal strings, of any size;
// {"f": hexadecimal} is a double,
// {"s": text} a string, {"b": hexadecimal} bytes, {"range": n} Python's range(n); a list is a list.

using words = std::vector<std::uint32_t>;

words magnitude_of(const std::string& decimal) {
  words result;
  for (const char digit : decimal) {
    if (digit == '-') continue;
    std::uint64_t carry = static_cast<std::uint64_t>(digit - '0');
    for (std::uint32_t& word : result) {
      carry += std::uint64_t{word} * 10;
      word = static_cast<std::uint32_t>(carry);
      carry >>= 32;
    }
    if (carry != 0) result.push_back(static_cast<std::uint32_t>(carry));
  }
  return result;
}

std::string decimal_of(words magnitude) {
  std::string reversed;
  while (!magnitude.empty()) {
    std::uint64_t rest = 0;
    for (std::size_t i = magnitude.size(); i-- > 0;) {
      rest = rest << 32 | magnitude[i];
      magnitude[i] = static_cast<std::uint32_t>(rest / 10);
      rest %= 10;
    }
    reversed += static_cast<char>('0' + rest);
    while (!magnitude.empty() && magnitude.back() == 0) magnitude.pop_back();
  }
  while (reversed.size() > 1 && reversed.back() == '0') reversed.pop_back();
  return reversed.empty() ? "0" : std::string(reversed.rbegin(), reversed.rend());
}

bool fits_in_64_bits(const std::string& decimal) {
  return std::to_string(std::strtoll(decimal.c_str(), nullptr, 10)) == decimal;
}

std::int64_t integer(const json& encoded) { return std::stoll(encoded.get<std::string>()); }

double real(const json& encoded) {
  if (encoded.is_string()) return static_cast<double>(integer(encoded));
  return std::strtod(encoded.at("f").get<std::string>().c_str(), nullptr);
}

std::string bytes_of(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

json encode(double number) { return {{"f", fmt::format("{:a}", number)}}; }
json encode(std::int64_t number) { return std::to_string(number); }
json encode(int number) { return std::to_string(number); }
json encode(std::uint64_t number) { return std::to_string(number); }
json encode(const words& magnitude) { return decimal_of(magnitude); }
json encode(const std::string& text) { return {{"s", text}}; }
json encode_bytes(const std::string& bytes) {
  std::string hex;
  for (const char byte : bytes) hex += fmt::format("{:02x}", static_cast<std::uint8_t>(byte));
  return {{"b", hex}};
}

template <class T>
json encode_list(const std::vector<T>& values) {
  json list = json::array();
  for (const T& value : values) list.push_back(encode(value));
  return list;
}

/// Doubles in our spelling, so that equal values are equal texts.
json normalised(json value) {
  if (value.is_object() && value.contains("f")) return encode(real(value));
  if (value.is_array()) {
    for (json& element : value) element = normalised(element);
  }
  return value;
}

template <class Use>
json with_population(const json& encoded, Use use) {
  if (encoded.is_object()) return use(std::views::iota(0, encoded.at("range").get<int>()));
  if (encoded.at(0).is_string()) {
    std::vector<std::int64_t> population;
    for (const json& element : encoded) population.push_back(integer(element));
    return use(population);
  }
  std::vector<std::string> population;
  for (const json& element : encoded) population.push_back(element.at("s").get<std::string>());
  return use(population);
}

template <class Use>
json with_weights(const json& encoded, Use use) {
  if (std::ranges::all_of(encoded, [](const json& weight) { return weight.is_string(); })) {
    std::vector<std::int64_t> weights;
    for (const json& weight : encoded) weights.push_back(integer(weight));
    return use(weights);
  }
  std::vector<double> weights;
  for (const json& weight : encoded) weights.push_back(real(weight));
  return use(weights);
}

json call_choices(prng& r, const json& args, const json& kwargs) {
  const std::int64_t k = kwargs.contains("k") ? integer(kwargs.at("k")) : 1;
  return with_population(args.at(0), [&](const auto& population) {
    if (kwargs.contains("weights")) {
      return with_weights(kwargs.at("weights"), [&](const auto& weights) {
        return encode_list(r.choices(population, weights, k));
      });
    }
    if (kwargs.contains("cum_weights")) {
      return with_weights(kwargs.at("cum_weights"), [&](const auto& weights) {
        return encode_list(r.choices(population, weights, k, prng::cumulative));
      });
    }
    return encode_list(r.choices(population, k));
  });
}

json call_sample(prng& r, const json& args, const json& kwargs) {
  const std::int64_t k = integer(args.at(1));
  return with_population(args.at(0), [&](const auto& population) {
    if (!kwargs.contains("counts")) return encode_list(r.sample(population, k));
    std::vector<std::int64_t> counts;
    for (const json& count : kwargs.at("counts")) counts.push_back(integer(count));
    return encode_list(r.sample(population, k, counts));
  });
}

json call_shuffle(prng& r, const json& args) {
  std::vector<int> items(static_cast<std::size_t>(integer(args.at(0))));
  std::iota(items.begin(), items.end(), 0);
  r.shuffle(items);
  return encode_list(items);
}

json call_getrandbits(prng& r, const json& args) {
  const std::int64_t k = integer(args.at(0));
  if (k > 64) return encode(r.getrandbits_words(k));
  return encode(r.getrandbits(static_cast<int>(k)));
}

json call_randint(prng& r, const json& args) {
  const auto& high = args.at(1).get_ref<const std::string&>();
  if (fits_in_64_bits(high)) return encode(r.randint(integer(args.at(0)), integer(args.at(1))));
  REQUIRE(integer(args.at(0)) == 0);
  words size = magnitude_of(high);
  for (std::size_t i = 0; i < size.size() && ++size[i] == 0; ++i) {
  }
  return encode(r.randbelow_words(size));
}

json call_randrange(prng& r, const json& args) {
  if (args.size() == 3) {
    return encode(r.randrange(integer(args.at(0)), integer(args.at(1)), integer(args.at(2))));
  }
  if (args.size() == 2) return encode(r.randrange(integer(args.at(0)), integer(args.at(1))));
  const auto& stop = args.at(0).get_ref<const std::string&>();
  if (fits_in_64_bits(stop)) return encode(r.randrange(integer(args.at(0))));
  return encode(r.randbelow_words(magnitude_of(stop)));
}

json call_triangular(prng& r, const json& args) {
  if (args.empty()) return encode(r.triangular());
  if (args.size() == 2) return encode(r.triangular(real(args.at(0)), real(args.at(1))));
  return encode(r.triangular(real(args.at(0)), real(args.at(1)), real(args.at(2))));
}

json call_binomialvariate(prng& r, const json& args) {
  if (args.empty()) return encode(r.binomialvariate());
  return encode(r.binomialvariate(integer(args.at(0)), real(args.at(1))));
}

json call(prng& r, const std::string& method, const json& args, const json& kwargs) {
  const auto x = [&](std::size_t i) { return real(args.at(i)); };
  const std::map<std::string, std::function<json()>> methods{
      {"random", [&] { return encode(r.random()); }},
      {"uniform", [&] { return encode(r.uniform(x(0), x(1))); }},
      {"triangular", [&] { return call_triangular(r, args); }},
      {"expovariate", [&] { return encode(args.empty() ? r.expovariate() : r.expovariate(x(0))); }},
      {"gauss", [&] { return encode(args.empty() ? r.gauss() : r.gauss(x(0), x(1))); }},
      {"normalvariate",
       [&] { return encode(args.empty() ? r.normalvariate() : r.normalvariate(x(0), x(1))); }},
      {"lognormvariate", [&] { return encode(r.lognormvariate(x(0), x(1))); }},
      {"gammavariate", [&] { return encode(r.gammavariate(x(0), x(1))); }},
      {"betavariate", [&] { return encode(r.betavariate(x(0), x(1))); }},
      {"paretovariate", [&] { return encode(r.paretovariate(x(0))); }},
      {"weibullvariate", [&] { return encode(r.weibullvariate(x(0), x(1))); }},
      {"vonmisesvariate", [&] { return encode(r.vonmisesvariate(x(0), x(1))); }},
      {"binomialvariate", [&] { return call_binomialvariate(r, args); }},
      {"getrandbits", [&] { return call_getrandbits(r, args); }},
      {"randbytes", [&] { return encode_bytes(r.randbytes(integer(args.at(0)))); }},
      {"randint", [&] { return call_randint(r, args); }},
      {"randrange", [&] { return call_randrange(r, args); }},
      {"choice",
       [&] {
         return with_population(args.at(0), [&](const auto& p) { return encode(r.choice(p)); });
       }},
      {"choices", [&] { return call_choices(r, args, kwargs); }},
      {"sample", [&] { return call_sample(r, args, kwargs); }},
      {"shuffle", [&] { return call_shuffle(r, args); }},
  };
  return methods.at(method)();
}

prng seeded(const json& seed) {
  const auto& type = seed.at("type").get_ref<const std::string&>();
  const auto& value = seed.at("value").get_ref<const std::string&>();
  if (type == "str") return prng(value);
  if (type == "bytes") return prng(bytes_of(value));
  if (fits_in_64_bits(value)) return prng(std::stoll(value));
  return prng(magnitude_of(value));
}

/// The position, the first four words, the last two, and the SHA-256 of all words as little-endian
/// bytes.
json summary_of_state(const prng& r) {
  const auto state = r.state();
  json summary = json::array({std::to_string(state.back())});
  for (const std::size_t i : {0u, 1u, 2u, 3u, 622u, 623u})
    summary.push_back(std::to_string(state[i]));
  std::string bytes;
  for (std::size_t i = 0; i < 4 * (state.size() - 1); ++i) {
    bytes.push_back(static_cast<char>(state[i / 4] >> (8 * (i % 4))));
  }
  summary.push_back(reprise::test::sha256_hex(bytes));
  return summary;
}

json replayed(const json& record) {
  prng r = seeded(record.at("seed"));
  const auto& method = record.at("method").get_ref<const std::string&>();
  if (method == "state") return summary_of_state(r);
  json values = json::array();
  if (method == "mixed") {
    for (const json& step : record.at("calls")) {
      const json kwargs = step.size() > 2 ? step.at(2) : json::object();
      values.push_back(call(r, step.at(0).get<std::string>(), step.at(1), kwargs));
    }
    return values;
  }
  for (int i = record.at("n").get<int>(); i > 0; --i) {
    values.push_back(call(r, method, record.at("args"), record.at("kwargs")));
  }
  return values;
}

/// The text of the std::invalid_argument that `action` throws; it must leave the generator alone.
template <class Action>
std::string refusal(Action action) {
  prng r(1);
  try {
    action(r);
  } catch (const std::invalid_argument& error) {
    CHECK(r == prng(1));
    return error.what();
  }
  return "nothing thrown";
}

}  // namespace

TEST_CASE("every recorded CPython call gives the same bits") {
  std::ifstream file(REPRISE_TESTS_DIR "/golden/random_vectors.json");
  REQUIRE(file);
  const json records = json::parse(file).at("records");
  REQUIRE(records.size() >= 649);
  for (const json& record : records) {
    INFO("record " << record.at("id") << ", seed " << record.at("seed") << ", "
                   << record.at("method") << " " << record.value("args", json()) << " "
                   << record.value("kwargs", json()));
    CHECK(replayed(record) == normalised(record.at("values")));
  }
}

TEST_CASE("the first draws of some seeds are golden") {
  // From CPython 3.13: [random.Random(seed).getrandbits(32) ...] and random().
  prng forty_two(42);
  CHECK(forty_two() == 2746317213u);
  CHECK(forty_two() == 478163327u);
  CHECK(forty_two() == 107420369u);
  CHECK(prng(0).random() == 0.8444218515250481);
  CHECK(prng(42).random() == 0.6394267984578837);
  CHECK(prng("reprise").random() == 0.011553304360777727);
  CHECK(prng(42).gauss() == -0.14409032957792836);
  CHECK(prng(42).randint(1, 6) == 6);
}

TEST_CASE("a generator meets the standard's requirements and is a value") {
  STATIC_REQUIRE(std::uniform_random_bit_generator<prng>);
  STATIC_REQUIRE(std::regular<prng>);
  prng one(7);
  one.gauss();
  prng two = one;
  CHECK(one == two);
  CHECK(one.gauss() == two.gauss());
  one.random();
  CHECK_FALSE(one == two);
}

TEST_CASE("every spelling of a seed means what CPython makes of it") {
  const prng seven(7);
  CHECK(prng{7} == seven);
  CHECK(prng(7u) == seven);
  CHECK(prng(-7) == seven);
  CHECK(prng(static_cast<signed char>(-7)) == seven);
  CHECK(prng(std::uint64_t{7}) == seven);
  CHECK(prng(words{7}) == seven);
  CHECK(prng(words{7, 0, 0}) == seven);
  CHECK(prng() == prng(0));
  CHECK(prng(words{}) == prng(0));
  CHECK(prng(false) == prng(0));
  CHECK(prng(int64_min) == prng(std::uint64_t{1} << 63));
  CHECK(prng(words{5, 1}) == prng((std::uint64_t{1} << 32) + 5));
  CHECK(prng{"text"} == prng(std::string("text")));
  CHECK(prng("text") == prng(std::string_view("text")));
  CHECK_FALSE(prng(std::string("text\0", 5)) == prng("text"));
}

TEST_CASE("seeding again starts afresh and drops what gauss kept") {
  prng r(3);
  r.gauss();
  r.seed(3);
  CHECK(r == prng(3));
  r.seed("text");
  CHECK(r == prng("text"));
  r.seed(words{1, 2, 3});
  CHECK(r == prng(words{1, 2, 3}));
  r.seed();
  CHECK(r == prng());
}

TEST_CASE("integer ranges reach the ends of 64 bits") {
  // From CPython 3.13. All 2^64 integers take 65 bits and a rejection, one less takes 64 bits.
  CHECK(prng(0).randint(int64_min, int64_max) == -1465195632138975614);
  CHECK(prng(0).randrange(int64_min, int64_max) == -2116850434379610163);
  CHECK(prng(9).randrange(int64_max, int64_min, int64_min) == -1);
  CHECK(prng(9).randrange(int64_min, int64_max, int64_max) == -1);
}

TEST_CASE("integer weights pick as floating-point weights of the same value do") {
  // From CPython 3.13.
  const std::int64_t big = std::int64_t{1} << 53;
  const std::vector<std::int64_t> weights{big, 1, 1, big};
  CHECK(prng(6).choices(std::views::iota(0, 4), weights, 6) == std::vector{3, 3, 0, 0, 0, 3});
  CHECK(prng(6).choices(std::views::iota(0, 3), std::vector{1, 5, 4}, 50) ==
        prng(6).choices(std::views::iota(0, 3), {1.0, 5.0, 4.0}, 50));
}

TEST_CASE("binomialvariate decides by CPython's lgamma") {
  // From CPython 3.13. The recorded vectors do not notice libm's lgamma; this draw does.
  CHECK(prng(244).binomialvariate(100'000'000'000'000'000, 0.3) == 30000000076263116);
}

TEST_CASE("sequences may be of any random-access kind") {
  CHECK(prng(1).choice({"win", "lose", "draw"}) == std::string("win"));
  CHECK(prng(1).choice(std::string_view("abc")) == 'a');
  CHECK(prng(1).sample({1, 2, 3}, 3) == prng(1).sample(std::views::iota(1, 4), 3u));
  CHECK(prng(1).choices({"a", "b"}, {18, 2}, 4).size() == 4);
  CHECK(prng(1).choices({"a", "b"}, 4).size() == 4);
  CHECK(prng(1).choices(std::vector{1, 2}, {1, 3}, 2, prng::cumulative).size() == 2);
  CHECK(prng(1).sample(std::vector{1, 2}, 3, {2, 1}).size() == 3);
  CHECK(prng(1).choices(std::vector<int>{}, 0).empty());
  std::array<int, 3> items{1, 2, 3};
  prng(1).shuffle(std::span(items));
  CHECK(items == std::array{2, 3, 1});
}

TEST_CASE("a bad argument is refused by name and value, and nothing is drawn") {
  const std::vector<int> none;
  const std::vector one{10};
  const std::vector two{10, 20};
  const double nan = std::nan("");

  CHECK(refusal([](prng& r) { r.randint(5, 4); }) == "randint: empty range: low 5 is above high 4");
  CHECK(refusal([](prng& r) { r.randrange(0); }) ==
        "randrange: empty range: stop 0 is not above 0");
  CHECK(refusal([](prng& r) { r.randrange(3, 3); }) ==
        "randrange: empty range: start 3 is not below stop 3 (step 1)");
  CHECK(refusal([](prng& r) { r.randrange(0, 3, -2); }) ==
        "randrange: empty range: start 0 is not above stop 3 (step -2)");
  CHECK(refusal([](prng& r) { r.randrange(0, 3, 0); }) == "randrange: step is 0");
  CHECK(refusal([](prng& r) { r.getrandbits(-1); }) == "getrandbits: k -1 is negative");
  CHECK(refusal([](prng& r) { r.getrandbits(65); }) ==
        "getrandbits: k 65 is above 64; getrandbits_words has no limit");
  CHECK(refusal([](prng& r) { r.getrandbits_words(-1); }) == "getrandbits_words: k -1 is negative");
  CHECK(refusal([](prng& r) { r.randbytes(-1); }) == "randbytes: n -1 is negative");
  CHECK(refusal([](prng& r) { r.randbelow(0); }) == "randbelow: n is 0, there is nothing below it");
  CHECK(refusal([](prng& r) { r.randbelow_words(words{0}); }) ==
        "randbelow_words: n is 0, there is nothing below it");

  CHECK(refusal([&](prng& r) { r.choice(none); }) == "choice: the population is empty");
  CHECK(refusal([&](prng& r) { r.choices(none, 2); }) ==
        "choices: the population is empty and k is 2");
  CHECK(refusal([&](prng& r) { r.choices(none, none, 2); }) == "choices: the population is empty");
  CHECK(refusal([&](prng& r) { r.choices(one, -2); }) == "choices: k -2 is negative");
  CHECK(refusal([&](prng& r) { r.choices(two, one, 2); }) ==
        "choices: 1 weights for a population of 2");
  CHECK(refusal([&](prng& r) {
          r.choices(two, {1, -1}, 2);
        }) == "choices: weight -1 at 1 is negative");
  CHECK(refusal([&](prng& r) {
          r.choices(two, std::vector{0, 0}, 2);
        }) == "choices: the total of the weights is 0");
  CHECK(refusal([&](prng& r) {
          r.choices(two, {0.0, 0.0}, 2);
        }) == "choices: the total of the weights is 0");
  CHECK(refusal([&](prng& r) {
          r.choices(two, {1.0, HUGE_VAL}, 2);
        }) == "choices: the total of the weights, inf, is not finite");
  CHECK(refusal([&](prng& r) {
          r.choices(two, {nan, 1.0}, 2);
        }) == "choices: the total of the weights, nan, is not finite");
  CHECK(refusal([&](prng& r) {
          r.choices(two, std::vector{int64_max, int64_max}, 2);
        }) == "choices: the total of the integer weights does not fit in 63 bits");
  CHECK(refusal([&](prng& r) { r.choices(one, std::vector{~std::uint64_t{0}}, 2); }) ==
        "choices: weight 18446744073709551615 does not fit in 63 bits");
  CHECK(refusal([&](prng& r) {
          r.choices(two, {3, 2}, 2, prng::cumulative);
        }) == "choices: cumulative weight 2 at 1 is not at least 3, the one before");
  CHECK(refusal([&](prng& r) { r.sample(two, 3); }) ==
        "sample: k 3 is above the population's size 2");
  CHECK(refusal([&](prng& r) { r.sample(two, -1); }) == "sample: k -1 is negative");
  CHECK(refusal([&](prng& r) { r.sample(two, 1, {1}); }) ==
        "sample: 1 counts for a population of 2");
  CHECK(refusal([&](prng& r) {
          r.sample(two, 1, {-1, 2});
        }) == "sample: count -1 at 0 is negative");
  CHECK(refusal([&](prng& r) {
          r.sample(two, 0, {0, 0});
        }) == "sample: the total of the counts is 0");
  CHECK(refusal([&](prng& r) {
          r.sample(two, 4, {1, 2});
        }) == "sample: k 4 is above the population's size 3");

  CHECK(refusal([](prng& r) { r.expovariate(0); }) == "expovariate: lambd is 0");
  CHECK(refusal([](prng& r) { r.gammavariate(0, 1); }) == "gammavariate: alpha 0 is not above 0");
  CHECK(refusal([](prng& r) { r.gammavariate(1, -1.5); }) ==
        "gammavariate: beta -1.5 is not above 0");
  CHECK(refusal([&](prng& r) { r.gammavariate(nan, 1); }) ==
        "gammavariate: alpha nan is not above 0");
  CHECK(refusal([](prng& r) { r.gammavariate(HUGE_VAL, 1); }) ==
        "gammavariate: alpha inf is too large");
  CHECK(refusal([](prng& r) { r.betavariate(1, 0); }) == "betavariate: beta 0 is not above 0");
  CHECK(refusal([](prng& r) { r.betavariate(HUGE_VAL, 1); }) ==
        "betavariate: alpha inf is too large");
  CHECK(refusal([](prng& r) { r.paretovariate(0); }) == "paretovariate: alpha is 0");
  CHECK(refusal([](prng& r) { r.weibullvariate(1, 0); }) == "weibullvariate: beta is 0");
  CHECK(refusal([&](prng& r) { r.vonmisesvariate(0, nan); }) ==
        "vonmisesvariate: kappa is not a number");
  CHECK(refusal([](prng& r) { r.binomialvariate(-1, 0.5); }) ==
        "binomialvariate: n -1 is negative");
  CHECK(refusal([](prng& r) { r.binomialvariate(5, 1.5); }) ==
        "binomialvariate: p 1.5 is not in [0, 1]");
  CHECK(refusal([&](prng& r) { r.binomialvariate(5, nan); }) ==
        "binomialvariate: p nan is not in [0, 1]");
}

TEST_CASE("a value beyond a double is an overflow error as in CPython") {
  CHECK_THROWS_AS(prng(1).lognormvariate(1000, 1), std::overflow_error);
  CHECK_THROWS_AS(prng(1).paretovariate(1e-9), std::overflow_error);
}

TEST_CASE("laws of the generator hold for any seed") {
  rc::prop("equal seeds give equal values, different seeds different ones",
           [](std::uint64_t first, std::uint64_t second) {
             RC_ASSERT(prng(first) == prng(first));
             if (first != second) {
               RC_ASSERT(prng(first).getrandbits_words(256) != prng(second).getrandbits_words(256));
             }
           });
  rc::prop("shuffle permutes", [](std::uint64_t seed, const std::vector<int>& items) {
    std::vector<int> shuffled = items;
    prng(seed).shuffle(shuffled);
    RC_ASSERT(std::is_permutation(shuffled.begin(), shuffled.end(), items.begin(), items.end()));
  });
  rc::prop("sample repeats nothing and stays inside", [](std::uint64_t seed) {
    const auto size = *rc::gen::inRange(0, 2000);
    const auto k = *rc::gen::inRange(0, size + 1);
    const auto drawn = prng(seed).sample(std::views::iota(0, size), k);
    RC_ASSERT(drawn.size() == static_cast<std::size_t>(k));
    RC_ASSERT(std::set(drawn.begin(), drawn.end()).size() == drawn.size());
    for (const int element : drawn) RC_ASSERT(element >= 0 && element < size);
  });
  rc::prop("randrange is what choosing from the written-out range is",
           [](std::uint64_t seed, std::int16_t start, std::int16_t stop) {
             const int step = *rc::gen::nonZero<std::int8_t>();
             std::vector<int> range;
             for (int i = start; step > 0 ? i < stop : i > stop; i += step) {
               range.push_back(i);
             }
             RC_PRE(!range.empty());
             RC_ASSERT(prng(seed).randrange(start, stop, step) == prng(seed).choice(range));
           });
  rc::prop("uniform stays between its ends",
           [](std::uint64_t seed, std::int32_t a, std::int32_t b) {
             const double drawn = prng(seed).uniform(a, b);
             RC_ASSERT(drawn >= std::min(a, b) && drawn <= std::max(a, b));
           });
  rc::prop("words and the 64-bit methods agree", [](std::uint64_t seed, std::uint64_t n) {
    RC_PRE(n != 0u);
    words drawn = prng(seed).randbelow_words(
        words{static_cast<std::uint32_t>(n), static_cast<std::uint32_t>(n >> 32)});
    drawn.resize(2);
    RC_ASSERT((std::uint64_t{drawn[1]} << 32 | drawn[0]) == prng(seed).randbelow(n));
  });
}
