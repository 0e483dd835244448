#pragma once

#include <CLI/CLI.hpp>

#include <string>

namespace reprise::cli {

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
