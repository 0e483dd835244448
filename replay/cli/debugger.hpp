#pragma once

#include "session.hpp"

#include <string>
#include <vector>

namespace reprise::cli {

/// packaging/gdb/reprise_gdb.py.
extern const char* const gdb_script;

/// Whether a debugger holds this process.
[[nodiscard]] bool is_debugged();
/// Becomes gdb, which runs this program with `arguments` up to `break_here`. Where stdin is no
/// terminal it lists the tasks there, with their backtraces, and ends.
///
/// Throws: `environment_error` when there is no gdb.
[[noreturn]] void become_gdb(const session& s, const std::vector<std::string>& arguments);
/// Where gdb stops.
void break_here() noexcept;

}  // namespace reprise::cli
