#include "print.hpp"

#include "numbers.hpp"

#include <reprise/core/format.hpp>

#include <algorithm>
#include <charconv>
#include <fstream>

#include <sys/stat.h>

namespace reprise::cli {

namespace {

constexpr std::uint64_t many_tasks = 100'000;  // from here on their memory is of interest

/// The source line of "  at examples/lost_update.cpp:25", where the file is at hand; else nothing.
std::string source_line(std::string_view line) {
  const std::size_t at = line.find("at "), colon = line.rfind(':');
  if (line.substr(0, at).find_first_not_of(' ') != std::string_view::npos ||
      at == std::string_view::npos || colon == std::string_view::npos)
    return {};
  const std::string file(line.substr(at + 3, colon - at - 3));
  std::size_t number = 0;
  const auto [end, failure] =
      std::from_chars(line.data() + colon + 1, line.data() + line.size(), number);
  struct stat status {};
  if (failure != std::errc() || end != line.data() + line.size() ||
      ::stat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode))
    return {};
  std::ifstream source(file);
  std::string text;
  for (std::size_t i = 0; i < number; ++i)
    if (!std::getline(source, text)) return {};
  text.erase(0, std::min(text.size(), text.find_first_not_of(" \t")));
  return text;
}

void print_indented(output& to, std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    to.print("  {}\n", printable(line));
    if (const std::string source = source_line(line); !source.empty())
      to.print("      {}\n", printable(source));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

std::string pad_left(std::string_view text, std::size_t width) {
  const std::size_t w = width_of(text);
  return std::string(w < width ? width - w : 0, ' ') + std::string(text);
}

std::string pad_right(std::string_view text, std::size_t width) {
  const std::size_t w = width_of(text);
  return std::string(text) + std::string(w < width ? width - w : 0, ' ');
}

std::string title_of(const scenario& what, const config& options) {
  std::string text = printable(what.name);
  for (const auto& p : what.parameters) {
    const auto given = options.params.find(p.name);
    if (given != options.params.end() && given->second != p.initial)
      text += printable(fmt::format(" {}={}", p.name, given->second));
  }
  text += fmt::format(", seed {}, {}", options.seed, options.schedule.to_string());
  if (options.time_limit > duration{0})
    text += fmt::format(", at most {}", exact_time(options.time_limit));
  if (options.step_limit > 0)
    text += fmt::format(", at most {}", counted(options.step_limit, "step"));
  return text;
}

std::string summary_of(const watched_run& run, const painter& paint) {
  const report& r = run.result;
  std::string text = r ? paint.good("passed") : paint.bad(to_string(r.result));
  text += fmt::format(", {} of virtual time in {}, {}, digest {}", exact_time(r.elapsed),
                      short_time(run.real), counted(r.steps, "step"), format_digest(r.digest));
  if (r.tasks >= many_tasks) {
    text += fmt::format("\n{}, {}", counted(r.tasks, "task"), short_time(run.real));
    if (run.peak_bytes > 0)
      text += fmt::format(", {} each at the peak",
                          short_size(run.peak_bytes / static_cast<double>(r.tasks)));
  }
  return text;
}

void print_text(output& to, std::string_view text) { print_indented(to, text); }

void print_failure(session& s, output& to, const report& r, bool with_events,
                   const std::string& kept_at) {
  to.write("\n");
  print_indented(to, r.what);
  if (with_events) {
    const auto lines =
        timeline(r.events, std::min<std::size_t>(columns_of(to.descriptor(), 100), 120) - 4);
    if (!lines.empty()) to.write("\n");
    for (const auto& line : lines) to.print("    {}\n", line);
  }
  to.write("\n");
  if (!kept_at.empty()) to.print("  case:   {}\n", shell_word(kept_at));
  to.print("  replay: {} replay {}\n", shell_word(s.program), r.token);
}

void print_warnings(session& s, output& to, const std::vector<found_warning>& warnings) {
  const painter paint(s.colour, to.descriptor());
  for (const auto& w : warnings) {
    to.print("\n{}, {}first at seed {}\n", paint.unsure("warning"),
             w.runs > 0 ? fmt::format("in {}, ", counted(w.runs, "run")) : "", w.seed);
    print_indented(to, w.seen.what);
    to.print("  replay: {} replay {}\n", shell_word(s.program), w.token);
  }
}

void print_warnings(session& s, output& to, const report& r) {
  const painter paint(s.colour, to.descriptor());
  for (const auto& w : r.warnings) {
    to.print("\n{}\n", paint.unsure("warning"));
    print_indented(to, w.what);
  }
}

void print_difference(output& to, const report& first, const report& second) {
  const auto [a, b] = std::ranges::mismatch(
      first.events, second.events, [](const trace_event& x, const trace_event& y) {
        return x.at == y.at && x.task == y.task && x.name == y.name && x.text == y.text &&
               x.fields == y.fields;
      });
  if (a == first.events.end() && b == second.events.end()) {
    to.print("  the program's events are the same; the order of its tasks is not\n");
  } else {
    to.print("  first difference at the program's event {}\n",
             format_count(static_cast<std::uint64_t>(a - first.events.begin()) + 1));
    to.print("    first   {}", a == first.events.end() ? "(there is none)\n" : event_line(*a));
    to.print("    second  {}", b == second.events.end() ? "(there is none)\n" : event_line(*b));
  }
  to.print("  digests {} and {}\n", format_digest(first.digest), format_digest(second.digest));
  to.print(
      "  look for what no seed decides: the order of addresses, an uninitialised read, the real "
      "clock, entropy, a thread\n");
}

void print_first_difference(output& to, const event_difference& d) {
  to.print("  first difference at event {}\n    recorded  {}\n    happened  {}\n",
           format_count(d.event), printable(detail::to_line(d.recorded, d.recorded_place)),
           printable(detail::to_line(d.happened, d.happened_place)));
}

void add_difference(json_object& to, const std::optional<event_difference>& d) {
  if (!d) return;
  to.number("first_difference", d->event)
      .text("recorded_event", d->recorded)
      .text("happened_event", d->happened);
}

json_object json_of(const report& r, const config& options) {
  json_object params;
  for (const auto& [name, value] : options.params) params.text(name, value);
  json_object o;
  o.text("scenario", options.scenario)
      .number("seed", r.seed)
      .text("strategy", options.schedule.to_string())
      .raw("params", params.done());
  o.text("verdict", to_string(r.result))
      .text("what", r.what)
      .text("token", r.token)
      .text("digest", format_digest(r.digest));
  if (!r.warnings.empty()) {
    std::vector<std::string> warnings;
    for (const auto& w : r.warnings)
      warnings.push_back(json_object().text("kind", to_string(w.kind)).text("what", w.what).done());
    o.list("warnings", warnings);
  }
  o.seconds("virtual_s", r.elapsed)
      .number("steps", r.steps)
      .number("preemptions", r.preemptions)
      .number("tasks", r.tasks);
  return o;
}

json_object json_of(const case_file& c) {
  json_object o;
  o.text("scenario", c.run.scenario)
      .number("seed", c.run.seed)
      .text("strategy", c.run.schedule.to_string())
      .text("verdict", to_string(c.result))
      .text("what", c.what)
      .text("signature", c.signature)
      .text("digest", format_digest(c.digest))
      .text("build_id", c.build_id)
      .text("kept_since", c.kept_since)
      .number("choices", c.log.size());
  return o;
}

}  // namespace reprise::cli
