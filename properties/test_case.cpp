#include <reprise/properties/test_case.hpp>

#include <reprise/core/format.hpp>
#include <reprise/core/token.hpp>
#include <reprise/replay/shrink.hpp>

#include <fmt/format.h>

#include <fstream>
#include <optional>
#include <string>
#include <utility>

namespace reprise::detail {

namespace {

std::optional<std::string> argument_of_test;

}  // namespace

test_alone::test_alone(const std::string& argument) { argument_of_test = argument; }
test_alone::~test_alone() { argument_of_test.reset(); }

std::string this_test() {
  std::ifstream words("/proc/self/cmdline", std::ios::binary);
  std::string program;
  if (!argument_of_test || !std::getline(words, program, '\0')) return "and this test";
  return shell_word(program) + ' ' + shell_word(*argument_of_test);
}

std::string failure_message(std::string_view title, const report& failure) {
  std::string text = fmt::format("{}\n  ", title);
  for (const char c : failure.what) text += c == '\n' ? "\n  " : std::string(1, c);
  return text + fmt::format("\n  replay: REPRISE_REPLAY={} {}", failure.token, this_test());
}

test_result try_test(std::string_view name, search what, const body_maker& make) {
  test_result result;
  what.scenario = name_in_token(name);
  if (const char* const token = token_to_replay()) {
    const config wanted = decode_token(token);
    if (wanted.scenario != what.scenario) {
      result.skipped = true;
      result.message = "skipped: REPRISE_REPLAY is of another test";
      return result;
    }
    report r = replay(token, make);
    result.found.runs = 1;
    result.message = "the run of REPRISE_REPLAY passed";
    if (!r) {
      result.message = failure_message("the run of REPRISE_REPLAY failed again", r);
      result.found.failure = std::move(r);
    }
    return result;
  }
  result.found = explore(what, make);
  if (!result.found.failure) {
    result.message = result.found.lacks_marks ? "marks that were never reached:" : "passed";
    for (const auto& m : result.found.marks)
      if (result.found.lacks_marks && !m.reached()) result.message += " \"" + m.name + '"';
    result.message += fmt::format(", in {} runs", format_count(result.found.runs));
    return result;
  }
  report& best = *result.found.failure;
  const std::uint64_t seed = best.seed;
  best = shrink_report(best, make);
  result.message = failure_message(
      fmt::format("failed at seed {}, after {} runs", seed, format_count(result.found.runs)), best);
  return result;
}

}  // namespace reprise::detail
