#pragma once

#include "session.hpp"

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace reprise::cli {

/// What could stand for the last of `words`, those after the program's name up to the cursor: a
/// candidate a line, with a tab and what it means where there is something to say. A line `:files`
/// stands for the files' names.
///
/// The shells' scripts, in packaging/, know nothing of the commands: they ask this, so a program
/// with scenarios of its own completes those.
void complete(const CLI::App& app, const std::vector<std::string>& words, session& s);

}  // namespace reprise::cli
