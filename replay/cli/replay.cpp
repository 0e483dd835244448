// `replay`: the run that a token or a case file names, again.

#include "debugger.hpp"
#include "given.hpp"
#include "numbers.hpp"
#include "options.hpp"
#include "print.hpp"
#include "replay_trace.hpp"
#include "watch.hpp"
#include "worker.hpp"

#include <reprise/core/format.hpp>
#include <reprise/core/token.hpp>
#include <reprise/replay/corpus.hpp>
#include <reprise/replay/replay_case.hpp>
#include <reprise/replay/scenario.hpp>
#include <reprise/replay/trace.hpp>

#include <algorithm>
#include <memory>

namespace reprise::cli {

namespace {

struct request {
  std::string token;
  std::string hang_after;
  bool partial = false;
  watch_options watch;

  /// Who watches by the wall clock has time.
  [[nodiscard]] attention attended() const {
    attention how{.hang_after = std::chrono::minutes(1), .words_to_stderr = watch.trace == "-"};
    if (watch.clock == "wall") how.hang_after = {};
    if (!hang_after.empty()) how.hang_after = read_duration("hang after", hang_after);
    return how;
  }
};

exit_code replay_token(session& s, const request& asked, const given_run& given) {
  const scenario& what = *given.what;
  const config& options = given.options;
  output& words = asked.watch.words(s);
  const painter paint(s.colour, words.descriptor());
  const watched_run run = run_watched(s, what, options, asked.watch);
  const report second = run_unwatched(what, options).result;
  const report& r = run.result;
  const bool same = second.digest == r.digest;

  if (s.json) {
    words.print("{}\n",
                json_of(r, options).seconds("real_s", run.real).flag("deterministic", same).done());
  } else if (!same) {
    words.print("{}: two runs of one token {}. exit {}\n", title_of(what, options),
                paint.bad("differ"), static_cast<int>(nondeterminism));
    print_difference(words, r, second);
  } else {
    words.print("{}: {}, digest {} in both of two runs\n", title_of(what, options),
                r ? paint.good("passed") : paint.bad(to_string(r.result)), format_digest(r.digest));
    print_warnings(s, words, r);
    if (!r) print_failure(s, words, r, !asked.watch.any());
  }
  words.flush();
  if (!run.trace_failure.empty()) throw environment_error(run.trace_failure);
  return same ? code_of(r) : nondeterminism;
}

exit_code code_of_outcome(const case_replay& found) {
  switch (found.outcome) {
    case replay_outcome::same:
    case replay_outcome::found_again:
      return code_of(found.result);
    case replay_outcome::other_failure:
      return failure_found;
    case replay_outcome::fixed:
    case replay_outcome::drifted:
      return held;
    case replay_outcome::diverged:
      return nondeterminism;
  }
  return failure_found;
}

void print_drift(output& words, const case_replay& found) {
  if (found.recorded == 0) return;
  words.print("  of {} that the case records, {} still fit{}\n", counted(found.recorded, "choice"),
              format_count(found.fitted), found.drift.empty() ? "" : "; these do not:");
  constexpr std::size_t most = 8;
  for (std::size_t i = 0; i < std::min(most, found.drift.size()); ++i)
    words.print("    {}\n", printable(found.drift[i]));
  if (found.drift.size() > most)
    words.print("    and {} more\n", format_count(found.drift.size() - most));
}

void print_outcome(session& s, const request& asked, const given_run& given,
                   const case_replay& found, output& words) {
  const painter paint(s.colour, words.descriptor());
  const report& r = found.result;
  const std::string title = title_of(*given.what, given.options);
  const std::string tried = found.runs > 0 ? fmt::format(" ({})", counted(found.runs, "run")) : "";
  switch (found.outcome) {
    case replay_outcome::same:
      words.print(
          "{}: {}{}\n", title,
          r ? paint.good("passed again") : paint.bad(fmt::format("{} again", to_string(r.result))),
          r.result == verdict::crashed  // it came to no digest
              ? ""
              : ", same digest " + format_digest(r.digest));
      break;
    case replay_outcome::found_again:
      words.print("{}: {} in the same way, in another run: the program has changed{}\n", title,
                  paint.bad(to_string(r.result)), tried);
      if (found.difference) print_first_difference(words, *found.difference);
      print_drift(words, found);
      break;
    case replay_outcome::other_failure:
      words.print("{}: {}, but in another way than recorded{}\n  recorded: {}\n", title,
                  paint.bad(to_string(r.result)), tried, printable(given.kept->signature));
      if (found.difference) print_first_difference(words, *found.difference);
      print_drift(words, found);
      break;
    case replay_outcome::fixed:
      words.print("{}: {}, and so does what lies around it{}: fixed\n  recorded: {}\n", title,
                  paint.good("passed"), tried, printable(given.kept->signature));
      print_drift(words, found);
      break;
    case replay_outcome::drifted:
      words.print(
          "{}: {}, and nothing that the case records fits any more{}: drifted\n"
          "  recorded: {}\n",
          title, paint.good("passed"), tried, printable(given.kept->signature));
      print_drift(words, found);
      break;
    case replay_outcome::diverged:
      words.print("{}: {}. exit {}\n", title, paint.bad("diverged"),
                  static_cast<int>(nondeterminism));
      break;
  }
  if (found.outcome == replay_outcome::diverged)
    print_text(words, r.what);
  else
    print_warnings(s, words, r);
  if (found.outcome != replay_outcome::diverged && !r)
    print_failure(s, words, r, !asked.watch.any());
}

exit_code tell(session& s, const request& asked, const given_run& given, const case_replay& found,
               output& words) {
  if (!given.kept->build_id.empty() && given.kept->build_id != build_id() && !s.json)
    words.print("note: the case was recorded by another build ({}; this is {})\n",
                printable(given.kept->build_id.substr(0, 12)), build_id().substr(0, 12));
  if (s.json) {
    json_object o = json_of(found.result, found.run);
    o.text("outcome", to_string(found.outcome))
        .text("recorded_signature", given.kept->signature)
        .number("choices_recorded", found.recorded)
        .number("choices_fitted", found.fitted)
        .number("runs", found.runs);
    add_difference(o, found.difference);
    words.print("{}\n", o.done());
  } else {
    print_outcome(s, asked, given, found, words);
  }
  words.flush();
  return code_of_outcome(found);
}

exit_code replay_kept(session& s, const request& asked, const given_run& given) {
  output& words = asked.watch.words(s);
  run_watcher watcher(s, asked.watch, "replay " + given.what->name);
  watched_run run;
  s.out.flush();
  watcher.begin(given.options);
  const detail::attended_run here(encode_token(given.options));
  const case_replay found = with_body(*given.what, [&](auto body) {
    return replay_case(*given.kept, body, {.sink = &watcher.sink()});
  });
  run.result = found.result;
  watcher.end(run);
  refuse_bad_parameter(found.result);
  const exit_code code = tell(s, asked, given, found, words);
  if (!run.trace_failure.empty()) throw environment_error(run.trace_failure);
  return code;
}

/// A case whose process died: it is tried in another one, which may die of it.
exit_code replay_crash(session& s, const request& asked, const given_run& given) {
  const case_outcome again = with_body(*given.what, [&](auto body) {
    return retry_in_child(*given.kept, body, s.attended->hang_after);
  });
  refuse_bad_parameter(again.now);
  case_replay found;
  found.outcome = again.outcome;
  found.result = again.now;
  found.run = given.options;
  return tell(s, asked, given, found, s.out);
}

exit_code replay(session& s, const request& asked) {
  const given_run given = read_given(asked.token, "replay", {.partial = asked.partial});
  if (asked.partial && !given.trace)
    throw usage_error("--partial is for a trace, and none is given.");
  // Refused before anything runs.
  static_cast<void>(until(asked.watch.until));
  static_cast<void>(until(asked.watch.break_at));
  if (!asked.watch.break_at.empty() && !is_debugged()) {
    std::vector<std::string> words{"replay", asked.token, "--break", asked.watch.break_at};
    if (asked.partial) words.emplace_back("--partial");
    become_gdb(s, words);
  }
  if (given.trace) return replay_trace(s, asked.watch, given);
  if (!given.kept) return replay_token(s, asked, given);
  return given.kept->result == verdict::crashed && !asked.watch.any()
             ? replay_crash(s, asked, given)
             : replay_kept(s, asked, given);
}

}  // namespace

void add_replay(CLI::App& app, session& s, action& chosen) {
  CLI::App* command =
      app.add_subcommand("replay", "the run of a token, a case file or a trace, again, exactly");
  const auto asked = std::make_shared<request>();
  command->add_option("TOKEN|FILE", asked->token,
                      "rp1_…, as a failure prints it, a case file or a trace");
  command
      ->add_flag("--partial", asked->partial,
                 "of a trace that was cut or damaged, compare the events before that")
      ->group("What to compare with");
  add_watch_options(*command, asked->watch);
  add_text_option(*command, "--until", asked->watch.until,
                  "show the events up to a time (1.5s), a number (12) or a text", "T|EVENT",
                  "How to watch it");
  add_text_option(*command, "--break", asked->watch.break_at,
                  "stop there in gdb, which then knows `reprise tasks` and `reprise backtrace`",
                  "T|EVENT", "How to watch it");
  add_text_option(*command, "--hang-after", asked->hang_after, "of real time in one run (1min)",
                  "TIME", "What it may take");
  add_print_options(*command, s);
  command->callback([&s, &chosen, asked] {
    s.attended = asked->attended();
    chosen = [&s, asked] { return replay(s, *asked); };
  });
}

}  // namespace reprise::cli
