#pragma once

#include "support/catch2.hpp"

#include <rapidcheck.h>

#include <sstream>
#include <string>
#include <utility>

namespace rc {

/// Checks a law inside a TEST_CASE, as a section named `claim`: `testable` gets random arguments;
/// a counterexample is shrunk and printed. `RC_PARAMS="seed=..."`, printed with it, repeats it.
///
/// rapidcheck's own catch.h does this for Catch2 2 only. What it stands on is in `rc::detail`, so
/// this is the one place that names it.
template <typename Testable>
void prop(const std::string& claim, Testable&& testable) {
  SECTION(claim) {
    const auto result = detail::checkTestable(std::forward<Testable>(testable));
    std::ostringstream text;
    detail::printResultMessage(result, text);
    if (result.template is<detail::SuccessResult>()) {
      SUCCEED(text.str() << '\n');
    } else {
      FAIL(text.str() << '\n');
    }
  }
}

}  // namespace rc
