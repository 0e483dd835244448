#pragma once

#include "given.hpp"
#include "options.hpp"
#include "session.hpp"

namespace reprise::cli {

/// The run of a trace, again, compared with it line by line as it goes. Precondition: `given` is of
/// a trace.
///
/// Throws: as `run_watched`; `bad_trace` when the file changes meanwhile.
exit_code replay_trace(session& s, const watch_options& watch, const given_run& given);

}  // namespace reprise::cli
