#pragma once

// doctest: tests whose bodies run in the simulator, under many schedules.
//
//     REPRISE_DOCTEST_CASE("no money is lost") { … reprise::expect(total == 100, "…"); }
//     REPRISE_DOCTEST_PROPERTY("slowest", (const std::vector<reprise::delay>& ds)) { … }
//
// Say what must hold with `reprise::expect` in there: doctest has no way to have its own assertions
// heard by another, so that one of those in a run is told at once, without the run that it belongs
// to. What is reported is one failure, the smallest, with its place and the token that repeats it:
// `REPRISE_REPLAY=TOKEN ./the_test --test-case=NAME`.

#include <reprise/properties/test_case.hpp>

#if __has_include(<rapidcheck.h>)
#include <reprise/properties/generators.hpp>
#include <reprise/properties/property.hpp>
#endif

#include <doctest/doctest.h>

namespace reprise::detail {

template <class F>
void doctest_test(const char* name, F body) {
  const test_alone alone(std::string("--test-case=") + name);
  const test_result result = try_test(name, search{}, body);
  if (!result) FAIL(result.message);
}

#if __has_include(<rapidcheck.h>)
template <class F>
void doctest_property(const char* name, F body) {
  const test_alone alone(std::string("--test-case=") + name);
  const property_result result = property(name, body);
  if (!result) FAIL(result.message);
}
#endif

}  // namespace reprise::detail

/// A test case whose body is explored: `REPRISE_DOCTEST_CASE("name") { … }`.
#define REPRISE_DOCTEST_CASE(name) REPRISE_DOCTEST_CASE_2(__COUNTER__, name)
#define REPRISE_DOCTEST_CASE_2(n, name) REPRISE_DOCTEST_CASE_3(n, name)
#define REPRISE_DOCTEST_CASE_3(n, name)                                                 \
  static void reprise_test_##n();                                                       \
  DOCTEST_TEST_CASE(name) { ::reprise::detail::doctest_test(name, &reprise_test_##n); } \
  static void reprise_test_##n()

/// A property as a test case: `REPRISE_DOCTEST_PROPERTY("name", (const delays& ds)) { … }`.
#define REPRISE_DOCTEST_PROPERTY(name, arguments) \
  REPRISE_DOCTEST_PROPERTY_2(__COUNTER__, name, arguments)
#define REPRISE_DOCTEST_PROPERTY_2(n, name, arguments) \
  REPRISE_DOCTEST_PROPERTY_3(n, name, arguments)
#define REPRISE_DOCTEST_PROPERTY_3(n, name, arguments)                                          \
  static void reprise_property_##n arguments;                                                   \
  DOCTEST_TEST_CASE(name) { ::reprise::detail::doctest_property(name, &reprise_property_##n); } \
  static void reprise_property_##n arguments
