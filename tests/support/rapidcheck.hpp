#pragma once

#include "support/catch2.hpp"

#include <rapidcheck.h>

#include <sstream>
#include <string>
#include <utility>

namespace rc {

/// Checks a law inside a TEST_CASE, as a section of its own named `claim`: `testable` gets random arguments, and a
/// counterexample is shrunk and printed. `RC_PARAMS="seed=…"`, which the failure prints, repeats it.
///
/// rapidcheck's own catch.h does this for Catch2 2 only; the two functions it stands on are in `rc::detail`, so this is the one
/// place that names them.
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
