#pragma once

// GoogleTest: tests whose bodies run in the simulator, under many schedules.
//
//     REPRISE_TEST(bank, loses_no_money) { … EXPECT_EQ(total, 100); }
//     REPRISE_GTEST_PROPERTY(gather, slowest, (const std::vector<reprise::delay>& ds)) { … }
//
// GoogleTest's assertions in a run end that run as failed (ASSERT_… at once, EXPECT_… at its next
// scheduling point); what is reported is one failure, the smallest, with its place and the token
// that repeats it: `REPRISE_REPLAY=TOKEN ./the_test --gtest_filter=bank.loses_no_money`.

#include <reprise/core/claims.hpp>
#include <reprise/properties/test_case.hpp>

#if __has_include(<rapidcheck.h>)
#include <reprise/properties/generators.hpp>
#include <reprise/properties/property.hpp>
#endif

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>

namespace reprise {

/// While it lives, GoogleTest's assertions belong to the runs that are made: for `run` and
/// `explore` in a plain TEST. Outside of a run they throw `no_simulation` meanwhile.
class gtest_assertions final : public testing::ScopedFakeTestPartResultReporter {
public:
  gtest_assertions()
      : testing::ScopedFakeTestPartResultReporter(INTERCEPT_ONLY_CURRENT_THREAD, &unused_) {}
  void ReportTestPartResult(const testing::TestPartResult& result) override {
    if (!result.failed() && !result.skipped()) return;
    std::string text = result.message();
    while (text.ends_with('\n')) text.pop_back();
    for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 3)
      text.replace(at, 1, "\n  ");
    const char* const file = result.file_name() ? result.file_name() : "";
    const auto line =
        static_cast<std::uint32_t>(result.line_number() < 0 ? 0 : result.line_number());
    if (result.nonfatally_failed())
      detail::fail_run_soon(text, file, line);
    else
      detail::fail_run(text, file, line);
  }

private:
  testing::TestPartResultArray unused_;
};

namespace detail {

inline std::string gtest_name() {
  const testing::TestInfo* const test = testing::UnitTest::GetInstance()->current_test_info();
  return std::string(test->test_suite_name()) + '.' + test->name();
}

template <class F>
void gtest_test(F body) {
  test_result result;
  {
    const gtest_assertions assertions;
    const test_alone alone("--gtest_filter=" + gtest_name());
    result = try_test(gtest_name(), search{}, body);
  }
  if (!result) FAIL() << result.message;
  if (result.skipped) GTEST_SKIP() << result.message;
}

#if __has_include(<rapidcheck.h>)
template <class F>
void gtest_property(F body) {
  property_result result;
  {
    const gtest_assertions assertions;
    const test_alone alone("--gtest_filter=" + gtest_name());
    result = property(gtest_name(), body);
  }
  if (!result) FAIL() << result.message;
  if (result.skipped) GTEST_SKIP() << result.message;
}
#endif

}  // namespace detail
}  // namespace reprise

/// A test whose body is explored: `REPRISE_TEST(suite, name) { … }`.
#define REPRISE_TEST(suite, name)                                                      \
  static void reprise_test_##suite##_##name();                                         \
  TEST(suite, name) { ::reprise::detail::gtest_test(&reprise_test_##suite##_##name); } \
  static void reprise_test_##suite##_##name()

/// A property as a test: `REPRISE_GTEST_PROPERTY(suite, name, (const delays& ds)) { … }`.
#define REPRISE_GTEST_PROPERTY(suite, name, arguments)                                         \
  static void reprise_property_##suite##_##name arguments;                                     \
  TEST(suite, name) { ::reprise::detail::gtest_property(&reprise_property_##suite##_##name); } \
  static void reprise_property_##suite##_##name arguments
