#pragma once

#include <reprise/core/run.hpp>
#include <reprise/replay/case_file.hpp>
#include <reprise/replay/scenario.hpp>

#include <optional>
#include <string>

namespace reprise::cli {

/// Where findings are kept unless it is said otherwise.
inline constexpr const char* usual_corpus = ".reprise";

/// The run that was asked for by a token or by a case file.
struct given_run {
  config options;
  const scenario* what = nullptr;
  std::optional<case_file> kept;  // of a file, or of a token whose choices lie in one
};

/// Reads `text`: a token, or the path of a case file. `verb` says what is to be done with it.
///
/// Throws: `usage_error`, `bad_token`, `bad_case_file`.
[[nodiscard]] given_run read_given(const std::string& text, const char* verb);

}  // namespace reprise::cli
