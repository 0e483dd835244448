#include "numbers.hpp"

#include "support/catch2.hpp"
#include "support/rapidcheck.hpp"

#include <chrono>
#include <string>

using namespace reprise;
using namespace reprise::cli;
using namespace std::chrono_literals;

TEST_CASE("numbers have three significant digits and separators") {
  CHECK(significant(0) == "0");
  CHECK(significant(1) == "1");
  CHECK(significant(61.44) == "61.4");
  CHECK(significant(0.4) == "0.4");
  CHECK(significant(0.04567) == "0.0457");
  CHECK(significant(1.999) == "2");
  CHECK(significant(99.96) == "100");
  CHECK(significant(999.6) == "1,000");
  CHECK(significant(1234567) == "1,230,000");
}

TEST_CASE("times take the unit that a person would say") {
  CHECK(short_time(0s) == "0 s");
  CHECK(short_time(18us) == "18 µs");
  CHECK(short_time(1500ms) == "1.5 s");
  CHECK(short_time(999'999ns) == "1 ms");
  CHECK(short_time(999ns) == "999 ns");
  CHECK(short_times(1600ms, 1980ms) == "1.6–1.98 s");
  CHECK(short_times(1s, 1s) == "1 s");
  CHECK(short_times(0s, 20ms) == "0–20 ms");
  CHECK(short_size(4198) == "4.1 KiB");
  CHECK(counted(1, "run") == "1 run");
  CHECK(counted(5700, "run") == "5,700 runs");
}

TEST_CASE("exact times have separators before the point alone") {
  CHECK(exact_time(3540s) == "3,540 s");
  CHECK(exact_time(1'234'567'891'234us) == "1,234,567.891234 s");
  CHECK(exact_time(-1000s) == "-1,000 s");
  CHECK(exact_time(-999s) == "-999 s");
  CHECK(exact_time(999ms) == "999 ms");
  CHECK(exact_time(1234567ns) == "1.234567 ms");
  CHECK(exact_time(0s) == "0 s");
}

TEST_CASE("what a person types is read exactly") {
  CHECK(read_duration("limit", "1.5s") == 1500ms);
  CHECK(read_duration("limit", "20ms") == 20ms);
  CHECK(read_duration("limit", "3 min") == 180s);
  CHECK(read_duration("limit", "7us") == 7us);
  CHECK(read_duration("limit", "7µs") == 7us);
  CHECK(read_size("size", "64K", 1024, 1 << 20) == 65536);
  CHECK(read_size("size", "1M", 1024, 1 << 20) == 1 << 20);
  CHECK(read_seeds("7").count() == 1);
  CHECK(read_seeds("3..5").count() == 3);
  CHECK(read_seeds("0..18446744073709551615").count() == ~std::uint64_t{0});
  CHECK(read_seeds("0x10..0x1f").count() == 16);
  rc::prop("every seed",
           [](std::uint64_t n) { RC_ASSERT(read_number("seed", std::to_string(n)) == n); });
  rc::prop("and no other text", [](const std::string& text) {
    const bool is_number =
        !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
    RC_PRE(!is_number && !text.starts_with("0x") && !text.starts_with("0X"));
    RC_ASSERT_THROWS_AS(static_cast<void>(read_number("seed", text)), usage_error);
  });
}
