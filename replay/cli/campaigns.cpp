#include "campaigns.hpp"

#include "interrupt.hpp"
#include "numbers.hpp"
#include "options.hpp"
#include "print.hpp"
#include "watch.hpp"

#include <reprise/core/format.hpp>
#include <reprise/core/token.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>

#include <csignal>

namespace reprise::cli {

namespace {

using namespace std::chrono_literals;
constexpr auto between_plain_lines = 30s;  // where stderr is no terminal

/// "▕████████▌        ▏".
std::string bar(double share) {
  constexpr std::size_t width = 17;
  static constexpr const char* eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const auto filled = static_cast<std::size_t>(std::lround(share * width * 8));
  std::string text = "▕";
  for (std::size_t i = 0; i < filled / 8; ++i) text += "█";
  text += eighths[filled % 8];
  const std::size_t used = filled / 8 + (filled % 8 > 0 ? 1 : 0);
  return text + std::string(width - std::min(width, used), ' ') + "▏";
}

/// "41 %  1,700,000 runs  68,000/s  2 failures (1 kind)  12 s left".
std::vector<progress_part> words_of(const campaign_progress& p) {
  const double seconds = std::chrono::duration<double>(p.real).count();
  const double rate = static_cast<double>(p.runs) / std::max(seconds, 1e-9);
  std::vector<progress_part> parts{
      {fmt::format(" {:.0f} %", 100 * p.share)},
      {"  " + counted(p.runs, "run"), 3},
      {fmt::format("  {}/s", significant(rate)), 5},
      {"  " + counted(p.failures, "failure"), 1},
  };
  if (p.kinds > 0) parts.push_back({fmt::format(" ({})", counted(p.kinds, "kind")), 4});
  if (p.share > 0.01) {
    const double left = seconds * (1 - p.share) / p.share;
    const std::chrono::seconds whole(std::llround(std::min(left, 9e9)));
    parts.push_back({fmt::format("  {} left", short_time(whole)), 2});
  }
  if (p.shapes.once > 0)
    parts.push_back(
        {fmt::format("  new behaviour: 1 in {} runs", significant(1 / p.shapes.chance())), 6});
  return parts;
}

/// "0.3 %".
std::string per_cent(double x) { return significant(100 * x) + " %"; }

}  // namespace

void set_search(campaign_plan& plan, const config& options, std::uint64_t first_seed,
                std::uint64_t runs) {
  search& what = plan.what;
  what.seed = first_seed;
  what.schedule = options.schedule;
  if (const std::uint64_t left = ~std::uint64_t{0} - first_seed; runs - 1 > left) runs = left + 1;
  what.runs = runs;
  what.time_limit = options.time_limit;
  what.step_limit = options.step_limit;
  what.stack_size = options.stack_size;
  what.scenario = options.scenario;
  what.params = options.params;
  what.detect = options.detect;
}

watched_work::watched_work(session& s, std::string title)
    : s_(s),
      title_(std::move(title)),
      next_plain_(std::chrono::steady_clock::now() + between_plain_lines) {}

bool watched_work::show(const std::string& what, const campaign_progress& p) {
  const std::string title = title_ + (what.empty() ? "" : ' ' + printable(what));
  if (progress_.due()) {
    std::vector<progress_part> parts = words_of(p);
    parts.insert(parts.begin(), {{title + ' '}, {' ' + bar(p.share), 7}});
    progress_.show(std::move(parts));
  } else if (const auto now = std::chrono::steady_clock::now();
             !progress_.on() && now >= next_plain_) {
    next_plain_ = now + between_plain_lines;
    s_.err.print("{}:", title);
    for (const auto& part : words_of(p)) s_.err.write(part.text);
    s_.err.write("\n");
    s_.err.flush();
  }
  return signal() == 0;
}

void warn_not_stored(session& s, const std::string& why) {
  s.warn(why + " What was found is printed and kept nowhere.");
}

watched_campaign run_campaign_watched(session& s, const std::string& title, const scenario& what,
                                      campaign_plan plan) {
  s.out.flush();  // what the scenario itself prints comes after
  watched_work watched(s, title);
  plan.progress = [&](const campaign_progress& p) { return watched.show({}, p); };
  watched_campaign done;
  try {
    done.result = with_body(what, [&](auto body) { return run_campaign(plan, body); });
  } catch (const campaign_error& e) {
    throw environment_error(e.what());
  }
  watched.clear();
  done.signal = watched.signal();  // one that came too late to stop anything, too
  if (!done.result.failures.empty()) refuse_bad_parameter(done.result.failures.front());
  return done;
}

watched_check recheck(session& s, const std::string& title, const campaign_plan& plan,
                      const campaign_result& found,
                      std::optional<std::chrono::steady_clock::time_point> until) {
  watched_work watched(s, title);
  watched_check done;
  try {
    done.result = check_sample(
        found.sample, until,
        [&](const campaign_progress& p) { return watched.show("checked for determinism", p); },
        {.hang_after = std::max(witness_options().hang_after, plan.hang_after)});
  } catch (const campaign_error& e) {
    throw environment_error(e.what());
  }
  watched.clear();
  done.signal = watched.signal();
  return done;
}

std::string check_command(const std::string& program, const config& options) {
  std::string text = fmt::format("{} run {} --seed {}", shell_word(program),
                                 shell_word(options.scenario), options.seed);
  const auto add = [&](const char* option, const std::string& value) {
    text += fmt::format(" {} {}", option, shell_word(value));
  };
  if (!(options.schedule == fifo())) add("--strategy", options.schedule.to_string());
  const auto what = std::ranges::find(scenarios(), options.scenario, &scenario::name);
  for (const auto& [name, value] : options.params) {
    const bool as_ever =
        what != scenarios().end() &&
        std::ranges::any_of(what->parameters, [&, &name = name, &value = value](const auto& p) {
          return p.name == name && p.initial == value;
        });
    if (!as_ever) add("--param", fmt::format("{}={}", name, value));
  }
  for (const auto& name : detectors_off(options.detect)) add("--without", name);
  if (options.time_limit > duration{0})
    add("--time-limit", format_seconds(options.time_limit) + 's');
  if (options.step_limit > 0) add("--step-limit", fmt::format("{}", options.step_limit));
  if (options.stack_size > 0) add("--stack-size", fmt::format("{}", options.stack_size));
  return text + " --check-determinism";
}

const char* what_is_wrong(const nondeterminism_report& why) noexcept {
  return why.differs ? "two runs of one seed differ" : "the run asks for what no seed decides";
}

std::string explanation_of(const nondeterminism_report& why, const std::string& program,
                           const std::string& cause) {
  std::string text;
  const auto add = [&]<class... Args>(fmt::format_string<Args...> format, Args&&... args) {
    text += fmt::format(format, std::forward<Args>(args)...);
  };
  if (why.event > 0) {
    const auto side = [](const std::string& event, const std::string& place) {
      if (event.empty()) return std::string("(nothing: it has ended)");
      return printable(event) + (place.empty() ? "" : "     " + place);
    };
    add("  first difference at event {}\n    first    {}\n    second   {}\n",
        format_count(why.event), side(why.first, why.first_place),
        side(why.second, why.second_place));
  }
  const std::string at = why.place.empty() ? "" : " at " + why.place;
  const std::string& near = why.first_place.empty() ? why.second_place : why.first_place;
  const std::string to_there = near.empty() ? "" : ", on the way to " + near;
  add("  cause: {}\n", cause);
  switch (why.cause) {
    case hidden_input::addresses:
      add("  they differ with the layout of memory alone: look for pointers as keys, or an "
          "unordered container of them{}\n",
          to_there);
      break;
    case hidden_input::uninitialised:
      add("  they differ with {} alone: something is read before it is written{}\n", why.detail,
          to_there);
      break;
    case hidden_input::environment:
      add("  they differ with the environment alone: a variable, the locale, the size of "
          "it all{}\n",
          why.place.empty() ? to_there : fmt::format("; {} is called{}", why.detail, at));
      break;
    case hidden_input::real_clock:
      add("  {} is called{}: virtual_clock::now() is the run's own time\n", why.detail, at);
      break;
    case hidden_input::real_entropy:
      add("  {} is called{}: rng() and choose() are the run's own\n", why.detail, at);
      break;
    case hidden_input::stray_thread:
      add("  a thread is started{}: spawn() and offload() are the run's own\n", at);
      break;
    case hidden_input::earlier_runs:
      add("  alone in a process it does as it did: something is left behind by the runs "
          "before it, in a global variable perhaps\n");
      break;
    case hidden_input::unknown:
      add("  {}{}\n", why.detail, to_there);
      break;
  }
  if (why.cause == hidden_input::real_clock || why.cause == hidden_input::real_entropy ||
      why.cause == hidden_input::stray_thread)
    add("  where nothing depends on it: allow_real for_this; around the call\n");
  if (!why.token.empty()) add("  replay: {}\n", check_command(program, decode_token(why.token)));
  return text;
}

void print_nondeterminism(session& s, output& to, const std::string& title,
                          const nondeterminism_report& why, exit_code code) {
  const painter paint(s.colour, to.descriptor());
  std::string wrong = what_is_wrong(why);
  const std::string word = why.differs ? "differ" : "asks for";
  wrong.replace(wrong.find(word), word.size(), paint.bad(word));
  to.print("{}: {}. exit {}\n", title, wrong, static_cast<int>(code));
  to.write(explanation_of(why, s.program, paint.unsure(to_string(why.cause))));
}

json_object json_of(const nondeterminism_report& why) {
  json_object o;
  if (!why.token.empty()) o.number("seed", decode_token(why.token).seed).text("token", why.token);
  o.text("cause", to_string(why.cause))
      .text("detail", why.detail)
      .text("place", why.place)
      .flag("differs", why.differs)
      .number("event", why.event)
      .text("first", why.first)
      .text("second", why.second)
      .text("first_place", why.first_place)
      .text("second_place", why.second_place);
  return o;
}

void print_unseen(output& to, const unseen& kinds, const unseen& shapes) {
  to.print("chance that the next run shows a new kind of failure: at most {} (95 %)\n",
           per_cent(kinds.at_most()));
  std::string more = "no new one is in sight";
  if (shapes.once > 0) {
    more = fmt::format("1 run in {} shows a new one", significant(1 / shapes.chance()));
    if (const double missing = std::ceil(shapes.missing()); missing > 0)
      more = fmt::format("there are at least {} more, and {}", significant(missing), more);
  }
  to.print("schedules of {} seen; {}\n", counted(shapes.kinds, "shape"), more);
}

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name ? fmt::format("SIG{}", name) : fmt::format("signal {}", signal);
}

}  // namespace reprise::cli
