#pragma once

#include "session.hpp"

#include <optional>
#include <string>

namespace reprise::cli {

/// Goes on with the command `name` in a child process, when it asked for that: a run that ends its
/// process (a crash, `exit`, a hang, too much memory) is told with the command that repeats it.
/// Nothing where the command goes on; else what it came to.
[[nodiscard]] std::optional<exit_code> attend(session& s, const std::string& name);

}  // namespace reprise::cli
