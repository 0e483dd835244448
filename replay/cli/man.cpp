#include "man.hpp"

#include "help.hpp"

#include <fmt/format.h>

#include <string_view>

namespace reprise::cli {

namespace {

/// Text that roff takes as it is: a backslash, a hyphen that is typed, and a line that begins like
/// a request need an escape. What is not ASCII is named by its code point, since groff reads
/// Latin-1 unless told.
std::string escaped(std::string_view text) {
  std::string out;
  if (!text.empty() && (text.front() == '.' || text.front() == '\'')) out += "\\&";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (c == '\'') {
      out += "\\(aq";
    } else if (c == '`') {
      out += "\\(ga";
    } else if (c == '^') {
      out += "\\(ha";
    } else if (c == '~') {
      out += "\\(ti";
    } else if (c < 0x80) {
      out += static_cast<char>(c);
    } else {
      // Our own texts, so well-formed UTF-8.
      const int more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : 1;
      unsigned point = c & (0x3FU >> more);
      for (int k = 0; k < more && i + 1 < text.size(); ++k)
        point = point << 6U | (static_cast<unsigned char>(text[++i]) & 0x3FU);
      out += fmt::format("\\[u{:04X}]", point);
    }
  }
  return out;
}

std::string bold(std::string_view text) { return "\\fB" + escaped(text) + "\\fR"; }
std::string italic(std::string_view text) { return "\\fI" + escaped(text) + "\\fR"; }

std::string arguments_of(const CLI::App& command) {
  return cli::arguments_of(command, italic, "\\|.\\|.\\|.");
}

std::string option_entry(const CLI::Option& o) {
  std::string names;
  for (const auto& name : o.get_snames()) names += (names.empty() ? "" : ", ") + bold("-" + name);
  for (const auto& name : o.get_lnames()) names += (names.empty() ? "" : ", ") + bold("--" + name);
  if (!o.get_option_text().empty()) names += ' ' + italic(o.get_option_text());
  return ".TP\n" + names + '\n' + escaped(o.get_description()) + '\n';
}

std::string options_of(const CLI::App& command) {
  std::string text;
  for (const auto& group : command.get_groups()) {
    std::string entries;
    for (const CLI::Option* o : command.get_options([&](const CLI::Option* one) {
           return one->get_group() == group && one->nonpositional();
         }))
      if (o != command.get_help_ptr()) entries += option_entry(*o);
    if (!entries.empty()) text += ".PP\n" + escaped(group) + ":\n" + entries;
  }
  return text;
}

}  // namespace

std::string manual(const CLI::App& app, const std::string& program) {
  std::string upper = program;
  for (char& c : upper)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  const auto commands = app.get_subcommands([](const CLI::App*) { return true; });

  std::string text = fmt::format(
      ".\\\" Made by `{} __man`, of what --help is made of.\n"
      ".TH \"{}\" 1 \"\" \"reprise {}\" \"User Commands\"\n"
      ".SH NAME\n{} \\- deterministic simulation of concurrent programs\n.SH SYNOPSIS\n",
      program, escaped(upper), REPRISE_VERSION, escaped(program));
  for (const CLI::App* c : commands)
    text += fmt::format("{}{} {}{} [{}]\n", c == commands.front() ? "" : ".br\n", bold(program),
                        bold(c->get_name()), arguments_of(*c), italic("options"));
  text += fmt::format(".br\n{} [{}] {}\n.br\n{} {}\n", bold(program), italic("COMMAND"),
                      bold("--help"), bold(program), bold("--version"));

  text += ".SH DESCRIPTION\n" + escaped(app.get_description()) +
          "\n.PP\nEvery program that is linked with reprise\\-main has these commands for the "
          "scenarios that it defines; the program reprise itself has a gallery of them.\n";

  text += ".SH COMMANDS\n";
  for (const CLI::App* c : commands)
    text += ".SS " + bold(c->get_name()) + arguments_of(*c) + '\n' + escaped(c->get_description()) +
            ".\n" + options_of(*c);

  text += ".SH EXIT STATUS\n";
  for (const auto& [code, meaning] : exit_codes)
    text += fmt::format(".TP\n{}\n{}\n", bold(fmt::format("{}", static_cast<int>(code))),
                        escaped(meaning));
  text += ".TP\n" + bold("128 + ") + italic("n") + "\nended by signal " + italic("n") + '\n';

  text += ".SH ENVIRONMENT\n.TP\n" + bold("NO_COLOR") + ", " + bold("TERM") +
          "\nNo colours when the one is set and not empty, or the other is dumb, unless " +
          bold("--color") + " says so.\n";

  text += ".SH EXAMPLES\n";
  for (const auto& [command, about] : examples(program))
    text += ".TP\n" + bold(command) + '\n' + escaped(about) + '\n';
  return text;
}

}  // namespace reprise::cli
