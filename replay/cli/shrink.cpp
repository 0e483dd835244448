// `shrink`: the simplest run that fails in the same way, kept in a case file.

#include "given.hpp"
#include "numbers.hpp"
#include "options.hpp"
#include "print.hpp"
#include "watch.hpp"
#include "worker.hpp"

#include <reprise/core/format.hpp>
#include <reprise/core/token.hpp>
#include <reprise/replay/case_file.hpp>
#include <reprise/replay/replay_case.hpp>
#include <reprise/replay/shrink.hpp>

#include <algorithm>
#include <chrono>
#include <memory>

namespace reprise::cli {

namespace {

struct request {
  std::string token;
  std::string output;
  std::string budget;
  bool as_test = false;
};

/// "4 choices, 1 of them a preemption".
std::string told(std::size_t choices, std::uint64_t preemptions) {
  return fmt::format("{}, {}", counted(choices, "choice"), counted(preemptions, "preemption"));
}

/// As a C++ string literal.
std::string literal(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

void print_test(session& s, const scenario& what, const shrinking& found) {
  std::string first = found.result.what.substr(0, found.result.what.find('\n'));
  s.out.print(
      "TEST_CASE({}) {{\n"
      "  // {}; replay: {} replay {}\n"
      "  const auto& what = reprise::find_scenario({});\n"
      "  const reprise::report r = reprise::with_body(what, [](auto body) {{\n"
      "    return reprise::replay(\n"
      "        {},\n"
      "        body);\n"
      "  }});\n"
      "  INFO(r.what);\n"
      "  CHECK(r);\n"
      "}}\n",
      literal(printable(what.name + ": " + first)), told(found.choices, found.result.preemptions),
      shell_word(s.program), found.result.token, literal(what.name), literal(found.result.token));
}

exit_code shrink(session& s, const request& asked) {
  const given_run given = read_given(asked.token, "shrink");
  refuse_crash(s, given, "shrunk");
  const scenario& what = *given.what;
  const auto start = std::chrono::steady_clock::now();
  const auto took = [&] { return std::chrono::steady_clock::now() - start; };
  constexpr std::uint64_t runs_of_a_time = 1'000'000'000;
  shrink_options options;
  std::chrono::nanoseconds most_time = std::chrono::minutes(1);
  if (!asked.budget.empty()) {
    most_time = read_duration("budget", asked.budget);
    options.runs = runs_of_a_time;
  }
  progress_line progress;
  options.progress = [&](const shrink_progress& p) {
    if (progress.due())
      progress.show(fmt::format("shrink {}  {} of {} left  {}  {}", printable(what.name),
                                format_count(p.choices), counted(p.choices_before, "choice"),
                                counted(p.runs, "run"), short_time(took())));
    return took() < most_time;
  };
  const detail::attended_run here(encode_token(given.options));
  const shrinking found =
      with_body(what, [&](auto body) { return shrink_run(given.options, body, options); });
  const auto real = took();
  progress.clear();
  refuse_bad_parameter(found.result);
  case_file kept = with_body(what, [&](auto body) { return record_case(found.result, body); });
  kept.run = found.run;
  kept.shrunk_from = found.from;
  if (given.kept) kept.kept_since = given.kept->kept_since;

  // The case is on the disk before it is announced.
  std::string path = asked.output, warning;
  try {
    if (path.empty())
      path = store_case(usual_corpus, kept);
    else
      write_case(path, kept);
  } catch (const cannot_store& e) {
    if (!asked.output.empty()) throw environment_error(e.what());
    warning = e.what();
    path.clear();
  }

  if (asked.as_test) {
    print_test(s, what, found);
  } else if (s.json) {
    json_object o = json_of(found.result, found.run);
    o.number("choices", found.choices)
        .number("choices_before", found.choices_before)
        .number("preemptions_before", found.preemptions_before)
        .number("runs", found.runs)
        .flag("complete", found.complete)
        .text("signature", found.signature)
        .text("shrunk_from", found.from)
        .text("case", path)
        .seconds("real_s", real);
    s.out.print("{}\n", o.done());
  } else {
    s.out.print("shrink {}: {}, from {} ({}, {}{})\n", title_of(what, given.options),
                told(found.choices, found.result.preemptions),
                told(found.choices_before, found.preemptions_before), counted(found.runs, "run"),
                short_time(real), found.complete ? "" : "; the budget ran out");
    print_failure(s, s.out, found.result, true, path);
  }
  s.out.flush();
  if (!warning.empty()) s.warn(warning + " The case is kept nowhere; its token above repeats it.");
  return held;
}

}  // namespace

void add_shrink(CLI::App& app, session& s, action& chosen) {
  CLI::App* command = app.add_subcommand(
      "shrink", "the simplest run that fails in the same way, kept in a case file");
  const auto asked = std::make_shared<request>();
  command->add_option("TOKEN|FILE", asked->token,
                      "rp1_…, as a failure prints it, a case file or a trace");
  add_text_option(*command, "--budget", asked->budget,
                  "of real time, such as 60s (20,000 runs and 60s)", "TIME", "How to search");
  add_text_option(*command, "-o,--output", asked->output,
                  "where to keep the case (.reprise/SCENARIO-HASH.reprise)", "FILE",
                  "What to keep");
  command->add_flag("--as-test", asked->as_test, "print the result as a C++ test to paste")
      ->group("How to print");
  add_print_options(*command, s);
  command->callback([&s, &chosen, asked] {
    s.attended = attention{};
    chosen = [&s, asked] { return shrink(s, *asked); };
  });
}

}  // namespace reprise::cli
