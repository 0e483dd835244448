#include <reprise/core/claims.hpp>

#include "claim_list.hpp"
#include "engine.hpp"

#include <reprise/core/format.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace reprise {

namespace {

using detail::engine;
using detail::user_event;

constexpr std::size_t most_events = 20;

bool matches(const engine& e, const user_event& event, const logged_event& wanted) {
  const std::string_view what = event.name_size ? e.name_of(event) : e.text_of(event);
  if (what != wanted.what()) return false;
  if (wanted.task().empty() && wanted.fields().empty()) return true;
  const trace_event full = e.event_of(event);
  if (!wanted.task().empty() && full.task != wanted.task()) return false;
  return std::ranges::all_of(wanted.fields(), [&](const trace_field& f) {
    return std::ranges::find(full.fields, f) != full.fields.end();
  });
}

/// Ends the run over a claim about its events, and shows them.
void fail_over_events(const engine& e, std::string message, const std::source_location& place) {
  const auto& events = e.user_events();
  message += events.empty() ? "\n  there were no events" : "\n  the events were:";
  for (std::size_t i = events.size() > most_events ? events.size() - most_events : 0;
       i < events.size(); ++i)
    message += "\n    " + e.line_of(events[i]);
  detail::fail_run(message, place);
}

std::string when(const user_event& event) { return reprise::format_duration(duration(event.at)); }

}  // namespace

std::string logged_event::description() const {
  std::string text = fmt::format("\"{}\"", what_);
  for (const auto& f : fields_) {
    text += ' ' + f.key + '=';
    append_json(text, f.value);
  }
  if (!task_.empty()) text += " in " + task_;
  return text;
}

void expect_before(const logged_event& first, const logged_event& second,
                   std::source_location place) {
  const engine& e = engine::checked("expect_before");
  const user_event* seen_second = nullptr;
  bool seen_first = false;
  for (const user_event& event : e.user_events()) {
    // One event may be both; it is not before itself.
    if (!seen_second && matches(e, event, second)) {
      seen_second = &event;
      if (!seen_first)
        return fail_over_events(e,
                                fmt::format("expected {} before {}, which happened at {}",
                                            first.description(), second.description(), when(event)),
                                place);
    }
    seen_first = seen_first || matches(e, event, first);
  }
  if (!seen_first || !seen_second)
    fail_over_events(e,
                     fmt::format("expected {} before {}; {} did not happen", first.description(),
                                 second.description(), (seen_first ? second : first).description()),
                     place);
}

void expect_between(const logged_event& what, const logged_event& open, const logged_event& close,
                    std::source_location place) {
  const engine& e = engine::checked("expect_between");
  const std::string claimed = fmt::format("expected {} between {} and {}", what.description(),
                                          open.description(), close.description());
  const user_event* last = nullptr;  // that no `close` has followed
  bool happened = false, opened = false;
  for (const user_event& event : e.user_events()) {
    if (matches(e, event, close)) {
      opened = false;
      last = nullptr;
    }
    if (matches(e, event, what)) {
      happened = true;
      last = &event;
      if (!opened)
        return fail_over_events(
            e, fmt::format("{}; it happened outside of them, at {}", claimed, when(event)), place);
    }
    opened = opened || matches(e, event, open);
  }
  if (!happened) return fail_over_events(e, claimed + "; it did not happen", place);
  if (last)
    fail_over_events(e,
                     fmt::format("{}; what happened at {} was followed by no {}", claimed,
                                 when(*last), close.description()),
                     place);
}

namespace detail {

void fail_run(const std::string& message, std::string_view file, std::uint32_t line) {
  engine& e = engine::checked("fail");
  {
    // Gone before the frame is left, which may be for ever.
    std::string what = message + at_place(file, line);
    if (e.looking()) throw failed_in_predicate{std::move(what)};
    e.record_failure(verdict::failed, what + e.whereabouts());
  }
  e.freeze();
}

void fail_run(const std::string& message, const std::source_location& place) {
  fail_run(message, place.file_name(), place.line());
}

void fail_run_soon(const std::string& message, std::string_view file, std::uint32_t line) {
  engine& e = engine::checked("fail");
  std::string what = message + at_place(file, line);
  if (e.looking()) throw failed_in_predicate{std::move(what)};
  e.fail_soon(what + e.whereabouts());
}

bool before_first_wait(const char* call) { return engine::checked(call).before_first_wait(); }

std::string format_text(fmt::string_view format, fmt::format_args args) {
  return fmt::vformat(format, args);
}

void check_elapsed(duration expected, duration took, const tolerance& within,
                   const std::source_location& place) {
  if (took >= expected - within.early && took <= expected + within.late) return;
  std::string claimed = reprise::format_duration(expected);
  if (within.early == within.late && within.late > duration{0})
    claimed += fmt::format(" ± {}", reprise::format_duration(within.late));
  else if (within.early > duration{0} || within.late > duration{0})
    claimed += fmt::format(" (- {}, + {})", reprise::format_duration(within.early),
                           reprise::format_duration(within.late));
  fail_run(fmt::format("expected to take {}, took {}", claimed, reprise::format_duration(took)),
           place);
}

void check_order(const std::vector<logged_event>& expected, const std::source_location& place) {
  const engine& e = engine::checked("expect_order");
  std::size_t found = 0;
  const auto& events = e.user_events();
  for (std::size_t i = 0; i < events.size() && found < expected.size(); ++i)
    if (matches(e, events[i], expected[found])) ++found;
  if (found == expected.size()) return;
  std::string message = "expected " + expected[found].description();
  message +=
      found == 0 ? " to happen" : fmt::format(" after {}", expected[found - 1].description());
  const bool at_all = std::ranges::any_of(
      events, [&](const user_event& event) { return matches(e, event, expected[found]); });
  message += at_all && found > 0 ? "; it happened only before" : "; it did not";
  fail_over_events(e, std::move(message), place);
}

}  // namespace detail
}  // namespace reprise
