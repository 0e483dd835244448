// `trace`: what a trace says, and in the form of other tools.

#include "chrome_trace.hpp"
#include "numbers.hpp"
#include "options.hpp"
#include "print.hpp"
#include "trace_file.hpp"
#include "watch.hpp"

#include <reprise/core/format.hpp>
#include <reprise/core/token.hpp>
#include <reprise/replay/trace.hpp>
#include <reprise/replay/trace_reader.hpp>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>

namespace reprise::cli {

namespace {

struct request {
  std::string what;
  std::string file;
  std::string until;
  std::string format;
  std::string output;
  bool partial = false;
};

/// "lost_update n=3, seed 17, random_walk": all of it, since the scenario may be another program's.
std::string title_of(const trace_header& h) {
  std::string text = h.scenario.empty() ? "a run inside a program" : h.scenario;
  for (const auto& [name, value] : h.params) text += fmt::format(" {}={}", name, value);
  text += fmt::format(", seed {}, {}", h.seed, h.strategy);
  if (h.time_limit > duration{0}) text += fmt::format(", at most {}", exact_time(h.time_limit));
  if (h.step_limit > 0) text += fmt::format(", at most {}", counted(h.step_limit, "step"));
  return printable(text);
}

/// What repeats the run; empty where only a strategy that is not known here would.
std::string token_of(const trace_reader& trace) {
  if (!trace.header().token.empty()) return trace.header().token;
  if (trace.footer() && !trace.footer()->token.empty()) return trace.footer()->token;
  try {
    return encode_token(trace.run());
  } catch (const std::invalid_argument&) {
    return {};
  }
}

exit_code show(session& s, const request& asked) {
  until last(asked.until);
  trace_reader trace(asked.file, {.partial = asked.partial});
  const trace_header& h = trace.header();
  const painter paint(s.colour, s.out.descriptor());
  s.out.print("trace of {}: {}{}{}\n", title_of(h), counted(trace.events(), "event"),
              h.scheduler ? ", the scheduler's too" : "",
              h.build_id == build_id() ? "" : ", by another build");
  duration end = trace.footer() ? trace.footer()->elapsed : duration{0};
  while (const auto event = trace.next()) {
    end = std::max(end, event->at);
    if (last.shows(*event)) s.out.write(event_line(*event));
    if (last.reached()) break;
  }
  if (!asked.until.empty()) s.out.print("{}\n", last.told(end));
  if (const auto& f = trace.footer()) {
    s.out.print(
        "{}, {} of virtual time, {}, digest {}\n",
        f->result == verdict::passed ? paint.good("passed") : paint.bad(to_string(f->result)),
        exact_time(f->elapsed), counted(f->steps, "step"), format_digest(f->digest));
    print_text(s.out, f->what);
  }
  if (!trace.damage().empty()) s.out.print("{}\n", printable(trace.damage()));
  if (const std::string token = token_of(trace); !token.empty())
    s.out.print("  replay: {} replay {}\n", shell_word(s.program), shell_word(token));
  return held;
}

exit_code to_chrome(session& s, const request& asked) {
  trace_reader trace(asked.file, {.partial = asked.partial});
  std::error_code failure;
  if (std::filesystem::equivalent(asked.file, asked.output, failure))
    throw usage_error(
        fmt::format("'{}' is the trace itself. Choose another place for it.", asked.output));
  trace_file to(asked.output.empty() ? "-" : asked.output, s.out);
  chrome_trace form;
  to.write(form.begin(trace.header()));
  while (const auto event = trace.next()) to.write(form.add(*event));
  to.write(form.end(trace));
  to.finish();
  if (!trace.damage().empty()) s.warn(trace.damage());
  return held;
}

exit_code handle(session& s, const request& asked) {
  if (asked.what != "show" && asked.what != "export")
    throw usage_error(asked.what.empty()
                          ? "nothing to do: trace show or trace export."
                          : fmt::format("'{}' is none of: show, export.", asked.what));
  if (asked.file.empty())
    throw usage_error(fmt::format("nothing to {}: give the file of a trace.", asked.what));
  const bool shows = asked.what == "show";
  if (shows && (!asked.format.empty() || !asked.output.empty()))
    throw usage_error("--format and -o are of `trace export`: `trace show` prints to stdout.");
  if (!shows && !asked.until.empty())
    throw usage_error("--until is of `trace show`: `trace export` writes all events.");
  return shows ? show(s, asked) : to_chrome(s, asked);
}

}  // namespace

void add_trace(CLI::App& app, session& s, action& chosen) {
  CLI::App* command =
      app.add_subcommand("trace", "the events of a trace, to read or in the form of other tools");
  const auto asked = std::make_shared<request>();
  command->add_option(trace_actions, asked->what, "what to do");
  command->add_option("FILE", asked->file, "what --trace has written");
  command
      ->add_flag("--partial", asked->partial,
                 "of a trace that was cut or damaged, the events before that")
      ->group("What to read");
  add_text_option(*command, "--until", asked->until,
                  "show the events up to a time (1.5s), a number (12) or a text", "T|EVENT",
                  "What to read");
  add_choice_option(
      *command, "--format", {"chrome"}, [asked](std::size_t) { asked->format = "chrome"; },
      "of export: chrome://tracing and Perfetto read it (chrome)", "chrome", "How to write it");
  add_text_option(*command, "-o,--output", asked->output, "of export: where to (stdout)", "FILE|-",
                  "How to write it");
  add_colour_option(*command, s);
  command->callback([&s, &chosen, asked] { chosen = [&s, asked] { return handle(s, *asked); }; });
}

}  // namespace reprise::cli
