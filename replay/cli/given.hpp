#pragma once

#include "session.hpp"

#include <reprise/core/run.hpp>
#include <reprise/replay/case_file.hpp>
#include <reprise/replay/scenario.hpp>
#include <reprise/replay/trace_reader.hpp>

#include <memory>
#include <optional>
#include <string>

namespace reprise::cli {

/// Where findings are kept unless it is said otherwise.
inline constexpr const char* usual_corpus = ".reprise";

/// The run that was asked for by a token, by a case file or by a trace.
struct given_run {
  config options;
  const scenario* what = nullptr;
  std::optional<case_file> kept;             // of a file, or of a token whose choices lie in one
  std::unique_ptr<trace_reader> trace = {};  // of a trace
};

/// Reads `text`: a token, or the path of a case file or of a trace. `verb` says what is to be done
/// with it; `trace` how a trace is read: what goes by the token alone needs no more of it.
///
/// Throws: `usage_error`, `bad_token`, `bad_case_file`, `bad_trace`.
[[nodiscard]] given_run read_given(const std::string& text, const char* verb,
                                   trace_reading trace = {.partial = true});

/// Throws: `usage_error` for a kept run that ends its process: there is no choice to look at.
void refuse_crash(const session& s, const given_run& given, const char* done);

}  // namespace reprise::cli
