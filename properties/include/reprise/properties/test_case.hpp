#pragma once

#include <reprise/properties/property_search.hpp>
#include <reprise/replay/explore.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

// What the adapters for test frameworks share: a test whose body is tried under many schedules.

namespace reprise {

/// What trying a test came to.
struct test_result {
  exploration found;
  bool skipped = false;  // REPRISE_REPLAY holds the token of another test
  std::string message;   // all that a person wants to know, and the command that repeats it
  explicit operator bool() const noexcept { return static_cast<bool>(found); }
};

namespace detail {
test_result try_test(std::string_view name, search what, const body_maker& make);
/// While it lives, the test that runs is run alone by its program with this argument.
class test_alone {
public:
  explicit test_alone(const std::string& argument);
  test_alone(const test_alone&) = delete;
  ~test_alone();
};
/// "my_test --gtest_filter=bank.pays", as a shell takes it; "and this test" where nobody says how
/// to run it alone.
[[nodiscard]] std::string this_test();
/// "failed … replay: REPRISE_REPLAY=… my_test --gtest_filter=bank.pays", for `what` of a run.
[[nodiscard]] std::string failure_message(std::string_view title, const report& failure);
}  // namespace detail

/// Explores `body` as the test `name`; a failure is that of the run with the fewest preemptions
/// that fails in the same way. With the test's token in REPRISE_REPLAY it runs that, and with
/// another one's nothing.
///
/// Throws: `error` in a run; `bad_token`. Cost: as `explore`, and of a failure that of `shrink`.
template <class F>
  requires std::invocable<std::decay_t<F>&>
test_result try_test(std::string_view name, const search& what, F&& body) {
  return detail::try_test(name, what, detail::maker_of(body));
}

}  // namespace reprise
