#include "semantics/interpreter.hpp"
#include "support/catch2.hpp"

#include <cstdlib>
#include <fstream>
#include <string>

namespace semantics {

TEST_CASE("generated programs leave CPython's traces", "[semantics]") {
  // Other programs of generate.py can be tried without a word changed here.
  const char* other = std::getenv("REPRISE_GENERATED");
  std::ifstream file(other ? other : REPRISE_TESTS_DIR "/golden/generated.jsonl");
  int count = 0;
  for (std::string line; std::getline(file, line); ++count) {
    const auto record = json::parse(line);
    const std::vector<json> expected = record["trace"];
    reprise::report report;
    const auto got = run_program(record["program"], &report);
    if (got == expected) continue;
    INFO("program " << record["program"]["seed"]);
    INFO(report.what);
    INFO(difference(expected, got, 0));
    CHECK(got == expected);
  }
  CHECK(count >= 200);
}

}  // namespace semantics
