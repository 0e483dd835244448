#include <reprise/core/format.hpp>

#include "support/catch2.hpp"
#include "support/rapidcheck.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>
#include <utility>
#include <vector>

using namespace reprise;
using namespace std::chrono_literals;

namespace {

std::string as_json(std::string_view text) {
  std::string out;
  append_json(out, text);
  return out;
}

std::string as_json_value(const trace_value& value) {
  std::string out;
  append_json(out, value);
  return out;
}

/// The nanoseconds that a decimal number of seconds says, by plain arithmetic on its digits.
std::int64_t nanoseconds_in(std::string text) {
  const bool negative = text.starts_with('-');
  if (negative) text.erase(0, 1);
  const std::size_t point = text.find('.');
  std::string digits = text.substr(0, point);
  std::string fraction = point == std::string::npos ? "" : text.substr(point + 1);
  fraction.resize(9, '0');
  const auto n = static_cast<std::int64_t>(std::stoull(digits + fraction));
  return negative ? -n : n;
}

}  // namespace

TEST_CASE("durations are exact, in the largest unit that is not above them") {
  CHECK(format_duration(0s) == "0 s");
  CHECK(format_duration(1500ms) == "1.5 s");
  CHECK(format_duration(20ms) == "20 ms");
  CHECK(format_duration(1234567ns) == "1.234567 ms");
  CHECK(format_duration(1us) == "1 µs");
  CHECK(format_duration(999ns) == "999 ns");
  CHECK(format_duration(-2s) == "-2 s");
  CHECK(format_duration(1'000'000'001ns) == "1.000000001 s");
  CHECK(format_duration(duration::max()) == "9223372036.854775807 s");
  CHECK(format_duration(duration::min()) == "-9223372036.854775808 s");
}

TEST_CASE("seconds are a JSON number, exactly") {
  CHECK(format_seconds(0s) == "0");
  CHECK(format_seconds(1500ms) == "1.5");
  CHECK(format_seconds(1ns) == "0.000000001");
  rc::prop("they read back to the nanosecond", [](std::int64_t ns) {
    const std::string text = format_seconds(duration(ns));
    RC_ASSERT(nanoseconds_in(text) == ns);
    RC_ASSERT(nlohmann::json::accept(text));
  });
}

TEST_CASE("counts have separators, digests all their digits") {
  CHECK(format_count(0) == "0");
  CHECK(format_count(999) == "999");
  CHECK(format_count(1204) == "1,204");
  CHECK(format_count(~std::uint64_t{0}) == "18,446,744,073,709,551,615");
  CHECK(format_digest(0) == "0000000000000000");
  CHECK(format_digest(0x90d2c61e7b5fa813) == "90d2c61e7b5fa813");
  rc::prop("without its separators a count is the number", [](std::uint64_t n) {
    std::string text = format_count(n);
    std::erase(text, ',');
    RC_ASSERT(text == std::to_string(n));
  });
}

TEST_CASE("doubles are printed as Python prints them") {
  // print(repr(x)) of CPython 3.13.
  const std::vector<std::pair<double, const char*>> known{
      {0.0, "0.0"},
      {-0.0, "-0.0"},
      {1.0, "1.0"},
      {0.1, "0.1"},
      {1e-7, "1e-07"},
      {0.0001, "0.0001"},
      {0.00001, "1e-05"},
      {1e15, "1000000000000000.0"},
      {1e16, "1e+16"},
      {1e22, "1e+22"},
      {123456789.125, "123456789.125"},
      {5e-324, "5e-324"},
      {1.7976931348623157e308, "1.7976931348623157e+308"},
      {1.766632777287572, "1.766632777287572"},
      {9007199254740993.0, "9007199254740992.0"},
      {1.0 / 3, "0.3333333333333333"},
  };
  for (const auto& [x, text] : known) CHECK(format_double(x) == text);
  CHECK(format_double(std::numeric_limits<double>::infinity()) == "Infinity");
  CHECK(format_double(-std::numeric_limits<double>::infinity()) == "-Infinity");
  CHECK(format_double(std::nan("")) == "NaN");
  rc::prop("they read back as the same double", [](double x) {
    const std::string text = format_double(x);
    RC_ASSERT(std::strtod(text.c_str(), nullptr) == x);
    RC_ASSERT(text.find_first_of(".e") != std::string::npos);
  });
}

TEST_CASE("text becomes JSON that says the same") {
  CHECK(as_json("plain") == "\"plain\"");
  CHECK(as_json("\"\\\n\r\t\x01\x7f") == R"("\"\\\n\r\t\u0001\u007f")");
  CHECK(as_json("käse € 😀") == "\"käse € 😀\"");
  SECTION("bytes that are not UTF-8 are replaced, one by one") {
    CHECK(as_json("\xff") == R"("\ufffd")");
    CHECK(as_json("a\x80z") == R"("a\ufffdz")");
    CHECK(as_json("\xc0\xaf") == R"("\ufffd\ufffd")");                      // overlong
    CHECK(as_json("\xed\xa0\x80") == R"("\ufffd\ufffd\ufffd")");            // a surrogate
    CHECK(as_json("\xf4\x90\x80\x80") == R"("\ufffd\ufffd\ufffd\ufffd")");  // beyond Unicode
    CHECK(as_json("\xe2\x82") == R"("\ufffd\ufffd")");                      // cut
  }
  const std::string slash = R"(\/)";  // which is JSON's escape of a slash, too
  CHECK(nlohmann::json::parse(as_json(slash)) == slash);
  rc::prop("any bytes give JSON, and those that are UTF-8 come back",
           [](const std::vector<std::uint8_t>& bytes) {
             const std::string text(bytes.begin(), bytes.end());
             const auto parsed = nlohmann::json::parse(as_json(text));
             bool is_utf8 = true;
             try {
               static_cast<void>(nlohmann::json(text).dump());
             } catch (const nlohmann::json::type_error&) {
               is_utf8 = false;
             }
             if (is_utf8) RC_ASSERT(parsed.get<std::string>() == text);
           });
}

TEST_CASE("values become JSON") {
  CHECK(as_json_value({}) == "null");
  CHECK(as_json_value(true) == "true");
  CHECK(as_json_value(-5) == "-5");
  CHECK(as_json_value(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  CHECK(as_json_value(~std::uint64_t{0}) == "18446744073709551615");
  CHECK(as_json_value(2.5) == "2.5");
  CHECK(as_json_value(std::nan("")) == "\"NaN\"");
  CHECK(as_json_value(std::vector<int>{1, 2}) == "[1,2]");
  CHECK(as_json_value(trace_value::list{1, "x", trace_value::list{}, nullptr}) ==
        R"([1,"x",[],null])");
}

TEST_CASE("a name that is near is offered, and none that is far") {
  CHECK(did_you_mean("lst", {"run", "list"}) == " Did you mean 'list'?");
  CHECK(did_you_mean("walk", {"fifo", "random_walk"}) == " Did you mean 'random_walk'?");
  CHECK(did_you_mean("Random_walk", {"fifo", "random_walk"}) == " Did you mean 'random_walk'?");
  CHECK(did_you_mean("luck", {"fifo", "random_walk"}).empty());
  CHECK(did_you_mean("--sed", {"--all", "--seed"}) == " Did you mean '--seed'?");
  CHECK(did_you_mean("--fly", {"--all", "--seed"}).empty());
  CHECK(did_you_mean("", {"fifo"}).empty());
  CHECK(did_you_mean("fifo", {}).empty());
}
