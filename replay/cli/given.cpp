#include "given.hpp"

#include "numbers.hpp"

#include <reprise/core/token.hpp>

#include <fmt/format.h>

#include <algorithm>

#include <sys/stat.h>

namespace reprise::cli {

namespace {

const scenario& scenario_of(const config& options) {
  if (options.scenario.empty())
    throw usage_error(
        "the token names no scenario: it is of a run inside another program, and replay(token, "
        "body) repeats it there.");
  const auto& all = scenarios();
  const auto found = std::ranges::find(all, options.scenario, &scenario::name);
  if (found == all.end())
    throw usage_error(
        fmt::format("the token is of scenario '{}', which this program does not have. Replay it "
                    "with the program that printed it.",
                    options.scenario));
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

}  // namespace

given_run read_given(const std::string& text, const char* verb) {
  if (text.empty())
    throw usage_error(fmt::format(
        "nothing to {}: give a token, rp1_…, as a failure prints it, or a case file.", verb));
  given_run given;
  if (looks_like_a_path(text)) {
    given.kept = read_case(text);
    given.options = given.kept->run;
  } else {
    given.options = decode_token(text);
    if (given.options.stored_choices != 0) {
      given.kept = find_stored_case(usual_corpus, given.options.stored_choices);
      if (!given.kept)
        throw usage_error(
            fmt::format("the choices of the token '{}' are too many for a token, and no case file "
                        "in '{}' has them. Give the case file that was written with it.",
                        text, usual_corpus));
      given.options = given.kept->run;
    }
  }
  given.what = &scenario_of(given.options);
  given.options = options_for(*given.what, std::move(given.options));
  if (given.kept) given.kept->run = given.options;
  return given;
}

}  // namespace reprise::cli
