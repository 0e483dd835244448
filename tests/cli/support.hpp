#pragma once

#include "support/catch2.hpp"
#include "support/child.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace cli_test {

using Catch::Matchers::ContainsSubstring;
using nlohmann::json;
using support::child_result;
using support::stdout_to;

/// The program with the gallery.
inline child_result reprise(const std::vector<std::string>& arguments,
                            stdout_to where = stdout_to::capture,
                            const std::vector<std::string>& environment = {}) {
  return support::run_child(REPRISE_PROGRAM, arguments, where, environment);
}
/// tests/cli/odd_program.cpp.
inline child_result odd(const std::vector<std::string>& arguments,
                        stdout_to where = stdout_to::capture) {
  return support::run_child(REPRISE_ODD_PROGRAM, arguments, where);
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

/// A mistake is told in one line on stderr, by the program's name, and nothing goes to stdout.
inline void check_mistake(const child_result& r, int code, const std::string& text) {
  INFO(r.err);
  CHECK(r.code == code);
  CHECK(r.out.empty());
  CHECK(std::ranges::count(r.err, '\n') == 1);
  CHECK_THAT(r.err, ContainsSubstring(": " + text));
}

/// The token of the first failure that exploring `name` finds.
inline std::string failing_token(const std::string& name) {
  const support::temporary_folder kept;  // not where the test looks
  const auto r = reprise({"explore", name, "--format", "json", "--corpus", kept.path() + "/c"});
  REQUIRE(r.code == 1);
  return json::parse(r.out).at("failures").at(0).at("token").get<std::string>();
}

}  // namespace cli_test
