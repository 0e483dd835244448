// `explain`: at which choice a failure became likely, and which one cures it.

#include "given.hpp"
#include "numbers.hpp"
#include "options.hpp"
#include "print.hpp"
#include "watch.hpp"
#include "worker.hpp"

#include <reprise/core/format.hpp>
#include <reprise/core/token.hpp>
#include <reprise/replay/explain.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>

namespace reprise::cli {

namespace {

struct request {
  std::string token;
  std::string futures;
};

constexpr std::size_t bar_width = 20;

/// Eighths of a column.
std::string bar(std::uint64_t part, std::uint64_t whole) {
  constexpr std::array<std::string_view, 8> eighths{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const std::uint64_t n = whole == 0 ? 0 : part * bar_width * 8 / whole;
  std::string text;
  for (std::uint64_t i = 0; i < n / 8; ++i) text += "█";
  text += eighths[n % 8];
  return pad_right(text, bar_width);
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
  return fmt::format("{} %", whole == 0 ? 0 : part * 100 / whole);
}

/// "Task-2 was left at its atomic_store, and Task-3 ran".
std::string told(const explained_choice& c) {
  if (c.taken.kind == choice_kind::user)
    return fmt::format("{} drew {} of {}", c.task, c.taken.value, c.taken.bound);
  if (c.taken.kind != choice_kind::schedule)
    return fmt::format("{} took {} of {}", c.task, c.taken.value, c.taken.bound);
  const char* const about = to_string(c.taken.label.operation);
  if (c.next == c.task && c.taken.value != 0)
    return fmt::format("{} ran again after {}, before others", c.task, about);
  if (c.next == c.task) return fmt::format("{} went on with {}", c.task, about);
  if (c.taken.label.count % 2 == 0 && c.task != "-")
    return fmt::format("{} was left before {}, {} ran", c.task, about, c.next);
  if (c.task == "-") return fmt::format("{} ran", c.next);
  return fmt::format("{} waited in {}, {} ran", c.task, about, c.next);
}

std::string cure_of(const explained_choice& c) {
  const char* const then =
      c.cure_passes ? "the run would have passed" : "the run would have failed in another way";
  if (c.taken.kind != choice_kind::schedule)
    return fmt::format("had it been {}, {}", *c.cure, then);
  return fmt::format("had {} run instead, {}", c.cured_next, then);
}

/// Rows of the chart: the choices that matter, with what lies between them left out when it is
/// much.
std::vector<std::size_t> rows(const explanation& e) {
  constexpr std::size_t most = 24;
  std::vector<std::size_t> shown;
  for (std::size_t i = 0; i < e.choices.size(); ++i) {
    const auto& c = e.choices[i];
    const bool matters = c.taken.value != 0 || e.deciding == i || e.curing == i;
    if (matters || e.choices.size() <= most || i + 1 == e.choices.size() ||
        c.failed_after != c.failed_before)
      shown.push_back(i);
  }
  return shown;
}

void print_chart(session& s, const explanation& e) {
  std::vector<std::string> lines;
  std::size_t widest = 0;
  const auto shown = rows(e);
  for (const std::size_t i : shown) {
    lines.push_back(printable(told(e.choices[i])));
    widest = std::max(widest, width_of(lines.back()));
  }
  s.out.print("  {}  {} from there: how many fail\n", pad_right("    time  choice", 12 + widest),
              counted(e.futures, "random future"));
  s.out.print("  {}  {} {}\n", pad_right("    start", 12 + widest),
              bar(e.failed_at_start, e.futures), percent(e.failed_at_start, e.futures));
  std::size_t last = 0;
  for (std::size_t k = 0; k < shown.size(); ++k) {
    const std::size_t i = shown[k];
    const auto& c = e.choices[i];
    if (i > last + 1) s.out.print("      …\n");
    last = i;
    s.out.print("  {} {}  {}  {} {}\n", e.deciding == i ? ">" : " ", pad_left(exact_time(c.at), 8),
                pad_right(lines[k], widest), bar(c.failed_after, e.futures),
                percent(c.failed_after, e.futures));
  }
}

exit_code explain(session& s, const request& asked) {
  const given_run given = read_given(asked.token, "explain");
  refuse_crash(s, given, "explained");
  const scenario& what = *given.what;
  explain_options options;
  if (!asked.futures.empty()) options.futures = read_number("futures", asked.futures, 1, 1'000'000);
  progress_line progress;
  options.shrink.progress = [&](const shrink_progress& p) {
    if (progress.due())
      progress.show(fmt::format("explain {}  shrinking: {} left", printable(what.name),
                                counted(p.choices, "choice")));
    return true;
  };
  const auto start = std::chrono::steady_clock::now();
  const detail::attended_run here(encode_token(given.options));
  const explanation e =
      with_body(what, [&](auto body) { return reprise::explain(given.options, body, options); });
  const auto real = std::chrono::steady_clock::now() - start;
  progress.clear();
  refuse_bad_parameter(e.simplest.result);

  if (s.json) {
    std::vector<std::string> choices;
    for (const auto& c : e.choices) {
      json_object o;
      o.seconds("t_s", c.at)
          .text("task", c.task)
          .text("operation", to_string(c.taken.label.operation))
          .number("value", c.taken.value)
          .number("bound", c.taken.bound)
          .text("next", c.next)
          .number("failed_before", c.failed_before)
          .number("failed_after", c.failed_after);
      if (c.cure) o.number("cure", *c.cure);
      choices.push_back(o.done());
    }
    json_object o = json_of(e.simplest.result, e.simplest.run);
    o.number("futures", e.futures).number("failed_at_start", e.failed_at_start);
    if (e.deciding) o.number("deciding", *e.deciding);
    if (e.curing) o.number("curing", *e.curing);
    o.list("choices", choices).number("runs", e.runs).seconds("real_s", real);
    s.out.print("{}\n", o.done());
    return held;
  }
  const painter paint(s.colour, s.out.descriptor());
  s.out.print("explain {}: ", title_of(what, given.options));
  if (e.deciding)
    s.out.print("{}\n", paint.bad(printable(told(e.choices[*e.deciding]))));
  else
    s.out.print("no choice makes it more likely than it is\n");
  s.out.print(
      "  in the simplest run that fails so: {}, {} (from {}; {}, {})\n",
      counted(e.simplest.choices, "choice"), counted(e.simplest.result.preemptions, "preemption"),
      counted(e.simplest.choices_before, "choice"), counted(e.runs, "run"), short_time(real));
  print_text(s.out, e.simplest.result.what);
  s.out.print("\n");
  print_chart(s, e);
  s.out.print("\n");
  if (e.curing) {
    s.out.print("  cure: {}", printable(told(e.choices[*e.curing])));
    s.out.print("; {}\n", printable(cure_of(e.choices[*e.curing])));
  } else {
    s.out.print("  cure: none of its choices, reversed alone, makes it pass\n");
  }
  s.out.print("  replay: {} replay {}\n", shell_word(s.program), e.simplest.result.token);
  return held;
}

}  // namespace

void add_explain(CLI::App& app, session& s, action& chosen) {
  CLI::App* command = app.add_subcommand(
      "explain", "at which choice a failure became likely, and which one cures it");
  const auto asked = std::make_shared<request>();
  command->add_option("TOKEN|FILE", asked->token,
                      "rp1_…, as a failure prints it, a case file or a trace");
  add_text_option(*command, "--futures", asked->futures, "random runs from each point (60)", "N",
                  "How to search");
  add_print_options(*command, s);
  command->callback([&s, &chosen, asked] {
    s.attended = attention{};
    chosen = [&s, asked] { return explain(s, *asked); };
  });
}

}  // namespace reprise::cli
