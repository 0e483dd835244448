#pragma once

#include <CLI/CLI.hpp>

#include <string>

namespace reprise::cli {

/// The manual page of `program`, as man(7) wants it: what every `--help` says, on one page. The
/// build makes reprise.1 of it.
[[nodiscard]] std::string manual(const CLI::App& app, const std::string& program);

}  // namespace reprise::cli
