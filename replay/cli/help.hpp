#pragma once

#include "session.hpp"

#include <CLI/CLI.hpp>

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace reprise::cli {

/// What the process ends with, in words.
inline constexpr std::array<std::pair<exit_code, std::string_view>, 5> exit_codes{{
    {held, "held"},
    {failure_found, "failure found"},
    {bad_usage, "bad usage"},
    {nondeterminism, "nondeterminism"},
    {environment, "environment"},
}};

/// Commands to begin with, and what each does.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> examples(const std::string& program);

/// The names of a command's arguments with `style` around each: " SCENARIO…", " [DIR]".
[[nodiscard]] std::string arguments_of(const CLI::App& command,
                                       std::string (*style)(std::string_view),
                                       std::string_view and_more);

/// Help that fits on a screen: for the program a line a command; for a command its options by the
/// question that they answer.
class help_formatter final : public CLI::FormatterBase {
public:
  explicit help_formatter(std::string program) : program_(std::move(program)) {}
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override;

private:
  [[nodiscard]] std::string of_program(const CLI::App& app) const;
  [[nodiscard]] std::string of_command(const CLI::App& command) const;
  std::string program_;
};

}  // namespace reprise::cli
