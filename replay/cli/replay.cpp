// `replay`: the run that a token names, again, twice.

#include "numbers.hpp"
#include "options.hpp"
#include "print.hpp"
#include "watch.hpp"

#include <reprise/core/format.hpp>
#include <reprise/core/token.hpp>
#include <reprise/replay/scenario.hpp>

#include <algorithm>
#include <memory>

namespace reprise::cli {

namespace {

struct request {
  std::string token;
  watch_options watch;
};

const scenario& scenario_of(const config& options) {
  if (options.scenario.empty())
    throw usage_error(
        "the token names no scenario: it is of a run inside another program, and replay(token, "
        "body) repeats it there.");
  const auto& all = scenarios();
  const auto found = std::ranges::find(all, options.scenario, &scenario::name);
  if (found == all.end())
    throw usage_error(
        fmt::format("the token is of scenario '{}', which this program does not have. Replay it "
                    "with the program that printed it.",
                    options.scenario));
  return *found;
}

exit_code replay(session& s, const request& asked) {
  if (asked.token.empty())
    throw usage_error("nothing to replay: give a token, rp1_…, as a failure prints it.");
  config options = decode_token(asked.token);
  const scenario& what = scenario_of(options);
  options = options_for(what, std::move(options));
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
    if (!r) print_failure(s, words, r, !asked.watch.any());
  }
  words.flush();
  if (!run.trace_failure.empty()) throw environment_error(run.trace_failure);
  return same ? code_of(r) : nondeterminism;
}

}  // namespace

void add_replay(CLI::App& app, session& s, action& chosen) {
  CLI::App* command = app.add_subcommand("replay", "the run of a token, again, exactly");
  const auto asked = std::make_shared<request>();
  command->add_option("TOKEN", asked->token, "rp1_…, as a failure prints it");
  add_watch_options(*command, asked->watch);
  add_print_options(*command, s);
  command->callback([&s, &chosen, asked] { chosen = [&s, asked] { return replay(s, *asked); }; });
}

}  // namespace reprise::cli
