#include "given.hpp"

#include "numbers.hpp"

#include <reprise/core/token.hpp>

#include <fmt/format.h>

#include <algorithm>

#include <sys/stat.h>

namespace reprise::cli {

namespace {

/// `given` is what names the scenario: "the token".
const scenario& scenario_of(const config& options, const std::string& given) {
  if (options.scenario.empty())
    throw usage_error(fmt::format(
        "{} names no scenario: it is of a run inside another program, and replay(token, "
        "body) repeats it there.",
        given));
  const auto& all = scenarios();
  const auto found = std::ranges::find(all, options.scenario, &scenario::name);
  if (found == all.end())
    throw usage_error(
        fmt::format("{} is of scenario '{}', which this program does not have. Replay it "
                    "with the program that {} it.",
                    given, options.scenario, given == "the token" ? "printed" : "wrote"));
  return *found;
}

bool is_file(const std::string& text) {
  struct stat status {};
  return ::stat(text.c_str(), &status) == 0;
}

/// A path is what has a dot or a slash, which no token has, and what is there.
bool looks_like_a_path(const std::string& text) {
  return text.find_first_of("./") != std::string::npos || is_file(text);
}

/// A token's choices lie in a case file when they were too many for it: `given.kept` then.
void find_choices(given_run& given, const std::string& token) {
  if (given.options.stored_choices == 0) return;
  given.kept = find_stored_case(usual_corpus, given.options.stored_choices);
  if (!given.kept)
    throw usage_error(
        fmt::format("the choices of the token '{}' are too many for a token, and no case file "
                    "in '{}' has them. Give the case file that was written with it.",
                    token, usual_corpus));
  given.options = given.kept->run;
}

}  // namespace

given_run read_given(const std::string& text, const char* verb, trace_reading trace) {
  if (text.empty())
    throw usage_error(fmt::format(
        "nothing to {}: give a token, rp1_…, as a failure prints it, a case file or a trace.",
        verb));
  given_run given;
  std::string name = "the token";
  if (looks_like_a_path(text) && looks_like_a_trace(text)) {
    name = fmt::format("trace '{}'", text);
    given.trace = std::make_unique<trace_reader>(text, trace);
    given.options = given.trace->run();
    find_choices(given, given.trace->header().token);
  } else if (looks_like_a_path(text)) {
    given.kept = read_case(text);
    given.options = given.kept->run;
  } else {
    given.options = decode_token(text);
    find_choices(given, text);
  }
  given.what = &scenario_of(given.options, name);
  given.options = options_for(*given.what, std::move(given.options));
  if (given.kept) given.kept->run = given.options;
  return given;
}

void refuse_crash(const session& s, const given_run& given, const char* done) {
  if (!given.kept || given.kept->result != verdict::crashed) return;
  throw usage_error(fmt::format("this run can't be {}: {}. `{} replay` shows it again.", done,
                                given.kept->what.substr(0, given.kept->what.find('\n')),
                                shell_word(s.program)));
}

}  // namespace reprise::cli
