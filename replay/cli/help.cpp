#include "help.hpp"

#include "options.hpp"
#include "terminal.hpp"

#include <algorithm>
#include <vector>

namespace reprise::cli {

namespace {

std::string in_columns(const std::vector<std::pair<std::string, std::string>>& lines) {
  constexpr std::size_t indent = 2, between = 2, widest = 48;
  std::size_t width = 0;
  for (const auto& [left, right] : lines) width = std::max(width, std::min(widest, width_of(left)));
  std::string text;
  for (const auto& [left, right] : lines) {
    const std::size_t w = width_of(left);
    text.append(indent, ' ').append(left);
    text.append(w < width ? width - w + between : between, ' ').append(right).append(1, '\n');
  }
  return text;
}

std::string plain(std::string_view text) { return std::string(text); }

}  // namespace

std::string arguments_of(const CLI::App& command, std::string (*style)(std::string_view),
                         std::string_view and_more) {
  std::string text;
  for (const CLI::Option* o :
       command.get_options([](const CLI::Option* option) { return option->get_positional(); })) {
    std::string one = style(o->get_name(true));
    if (o->get_expected_max() > 1) one += and_more;
    text += o->get_option_text() == may_be_left_out ? " [" + one + ']' : ' ' + one;
  }
  return text;
}

std::vector<std::pair<std::string, std::string>> examples(const std::string& program) {
  return {
      {program + " run --all --seeds 0..2", "every scenario, three seeds each"},
      {program + " explore NAME --runs 100000", "look for a schedule that fails"},
      {program + " check --budget 60s", "in CI: the kept failures, then every scenario"},
      {program + " run NAME --seed 7 --trace -", "what happened, as JSON Lines"},
  };
}

std::string help_formatter::make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const {
  return app->get_parent() ? of_command(*app) : of_program(*app);
}

std::string help_formatter::of_program(const CLI::App& app) const {
  std::vector<std::pair<std::string, std::string>> commands;
  for (const CLI::App* c : app.get_subcommands([](const CLI::App*) { return true; })) {
    commands.emplace_back(c->get_name() + arguments_of(*c, plain, ""), c->get_description());
  }
  std::string text = app.get_description() + "\n\n" + in_columns(commands);
  text += fmt::format("\n  {0} COMMAND --help     its options\n  {0} --version\n\nExamples\n",
                      program_);
  text += in_columns(examples(program_));
  return text + "\n" + app.get_footer() + "\n";
}

std::string help_formatter::of_command(const CLI::App& command) const {
  std::string text = program_ + ' ' + command.get_name() + arguments_of(command, plain, "…");
  text += " [options]\n" + command.get_description() + '\n';
  for (const auto& group : command.get_groups()) {
    std::vector<std::pair<std::string, std::string>> lines;
    for (const CLI::Option* o : command.get_options([&](const CLI::Option* one) {
           return one->get_group() == group && one->nonpositional();
         })) {
      if (o == command.get_help_ptr()) continue;
      std::string left = o->get_name(false, true);
      if (const std::size_t comma = left.find(','); comma != std::string::npos)
        left.insert(comma + 1, " ");
      lines.emplace_back(left + (o->get_option_text().empty() ? "" : ' ' + o->get_option_text()),
                         o->get_description());
    }
    if (!lines.empty()) text += '\n' + group + '\n' + in_columns(lines);
  }
  if (!command.get_footer().empty()) text += '\n' + command.get_footer() + '\n';
  return text;
}

}  // namespace reprise::cli
