#include "cli.hpp"

#include "attended.hpp"
#include "complete.hpp"
#include "help.hpp"
#include "man.hpp"
#include "options.hpp"
#include "session.hpp"

#include <reprise/core/errors.hpp>
#include <reprise/core/format.hpp>
#include <reprise/replay/determinism.hpp>

#include <fmt/format.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::cli {

namespace {

/// `text` with the program's name put into the commands that the library could not name.
std::string with_program(std::string text, const std::string& program) {
  constexpr std::string_view command = "`list`";
  if (const std::size_t at = text.find(command); at != std::string::npos)
    text.replace(at, command.size(), '`' + shell_word(program) + " list`");
  return text;
}

std::string nearest_command(const CLI::App& app, std::string_view typed) {
  std::vector<std::string_view> names;
  for (const CLI::App* c : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(c->get_name());
  return did_you_mean(typed, names);
}

std::string nearest_option(const CLI::App& app, std::string_view typed) {
  std::vector<std::string> all;
  for (const CLI::Option* o : app.get_options([](const CLI::Option*) { return true; }))
    for (const auto& name : o->get_lnames()) all.push_back("--" + name);
  return did_you_mean(typed, {all.begin(), all.end()});
}

/// CLI11's words, as one line of ours.
std::string text_of(const CLI::ParseError& e, const CLI::App& app, const std::string& program) {
  const CLI::App* where = &app;
  if (const auto typed = app.get_subcommands(); !typed.empty()) where = typed.front();
  const std::string help = fmt::format("`{}{} --help` shows what there is.", shell_word(program),
                                       where == &app ? "" : " " + where->get_name());
  const std::vector<std::string> extras = app.remaining(true);
  // Of --colour=never the name.
  const std::string unknown = extras.empty() ? "" : extras[0].substr(0, extras[0].find('='));
  if (where == &app) {
    if (extras.empty()) return "no command is given. " + help;
    if (unknown.starts_with('-'))
      return fmt::format("there is no option '{}'.{} {}", unknown, nearest_option(app, unknown),
                         help);
    return fmt::format("there is no command '{}'.{} {}", extras[0], nearest_command(app, extras[0]),
                       help);
  }
  if (dynamic_cast<const CLI::ExtrasError*>(&e) && !extras.empty()) {
    if (unknown.starts_with('-'))
      return fmt::format("'{}' has no option '{}'.{} {}", where->get_name(), unknown,
                         nearest_option(*where, unknown), help);
    return fmt::format("'{}' is one argument too many for '{}'. {}", extras[0], where->get_name(),
                       help);
  }
  std::string text = e.what();
  // "--seed: At Most 1 required but received 2", "--seed: 1 required TEXT missing"
  const std::string option = text.substr(0, text.find(':'));
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&e) && option.starts_with('-'))
    return option +
           (text.ends_with("missing") ? " wants a value. " : " is given more than once. ") + help;
  while (text.ends_with('\n') || text.ends_with('.')) text.pop_back();
  return fmt::format("{}. {}", text, help);
}

exit_code dispatch(session& s, int argc, char** argv) {
  CLI::App app("Deterministic simulation of concurrent programs: a seed repeats a run exactly.");
  app.formatter(std::make_shared<help_formatter>(shell_word(s.program)));
  std::string codes;
  for (const auto& [code, meaning] : exit_codes)
    codes += fmt::format("{}{} {}", codes.empty() ? "" : ", ", static_cast<int>(code), meaning);
  app.footer(fmt::format("Exit codes: {}. Docs: docs/cli.md", codes));
  app.set_version_flag("--version", "reprise " REPRISE_VERSION);
  app.require_subcommand(1);
  action chosen;
  add_list(app, s, chosen);
  add_run(app, s, chosen);
  add_explore(app, s, chosen);
  add_replay(app, s, chosen);
  add_shrink(app, s, chosen);
  add_explain(app, s, chosen);
  add_check(app, s, chosen);
  add_corpus(app, s, chosen);
  add_trace(app, s, chosen);
  // For the build and for shells, so no help shows them.
  const std::string_view first = argc > 1 ? argv[1] : "";
  if (first == "__man") {
    s.out.write(manual(app, base_name(s.program)));
    return held;
  }
  if (first == "__witness") return run_witness({argv + 2, argv + argc}) == 0 ? held : environment;
  if (first == "__complete") {
    complete(app, {argv + 2, argv + argc}, s);
    return held;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    const auto typed = app.get_subcommands();
    // Of a command that there is not, there is no help.
    if (const auto extras = app.remaining(true); typed.empty() && !extras.empty())
      throw usage_error(text_of(CLI::ExtrasError(extras), app, s.program));
    s.out.write((typed.empty() ? &app : typed.front())->help());
    return held;
  } catch (const CLI::CallForVersion& version) {
    s.out.print("{}\n", version.what());
    return held;
  } catch (const CLI::ParseError& e) {
    throw usage_error(text_of(e, app, s.program));
  }
  if (const auto code = attend(s, app.get_subcommands().front()->get_name())) return *code;
  if (s.json) s.out.keep_stdout_to_itself();
  return chosen();
}

}  // namespace

int run(int argc, char** argv) {
  prepare_standard_streams();
  session s;
  s.program = argc > 0 && argv[0][0] ? argv[0] : "reprise";
  std::string wrong;
  exit_code code = held;
  // The one place where an exception becomes text and an exit code.
  try {
    code = dispatch(s, argc, argv);
  } catch (const environment_error& e) {
    wrong = e.what();
    code = environment;
  } catch (const usage_error& e) {
    wrong = e.what();
    code = bad_usage;
  } catch (const std::invalid_argument& e) {  // an unknown name
    wrong = e.what();
    code = bad_usage;
  } catch (const error& e) {  // a mangled token; two scenarios of one name
    wrong = e.what();
    code = bad_usage;
  } catch (const std::bad_alloc&) {
    wrong = "there is not enough memory.";
    code = environment;
  } catch (const std::exception& e) {
    wrong = e.what();
    code = environment;
  }
  s.out.flush();
  if (!wrong.empty()) s.warn(with_program(wrong, s.program));
  return code;
}

}  // namespace reprise::cli
