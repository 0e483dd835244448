#include <reprise/core/claims.hpp>

#include "engine.hpp"

#include <reprise/core/format.hpp>

#include <fmt/format.h>

namespace reprise::detail {

namespace {

/// The path as a person would type it: what the build system put before it is noise.
std::string short_path(std::string_view path) {
  while (path.starts_with("../")) path.remove_prefix(3);
  return std::string(path);
}

}  // namespace

void fail_run(const std::string& message, const std::source_location& place) {
  engine& e = engine::checked("fail");
  e.record_failure(verdict::failed,
                   fmt::format("{}\n  at {}:{}{}", message, short_path(place.file_name()),
                               place.line(), e.whereabouts()));
  e.freeze();
}

std::string format_text(fmt::string_view format, fmt::format_args args) {
  return fmt::vformat(format, args);
}

void check_elapsed(duration expected, duration took, const std::source_location& place) {
  if (took == expected) return;
  fail_run(fmt::format("expected to take {}, took {}", reprise::format_duration(expected),
                       reprise::format_duration(took)),
           place);
}

void check_order(const std::vector<std::string>& expected, const std::source_location& place) {
  engine& e = engine::checked("expect_order");
  std::size_t found = 0;
  const auto& events = e.user_events();
  for (std::size_t i = 0; i < events.size() && found < expected.size(); ++i) {
    const std::string_view what = events[i].name_size ? e.name_of(events[i]) : e.text_of(events[i]);
    if (what == expected[found]) ++found;
  }
  if (found == expected.size()) return;
  std::string message = fmt::format("expected \"{}\"", expected[found]);
  message += found == 0 ? " to happen" : fmt::format(" after \"{}\"", expected[found - 1]);
  bool at_all = false;
  for (const auto& event : events)
    at_all = at_all || (event.name_size ? e.name_of(event) : e.text_of(event)) == expected[found];
  message += at_all && found > 0 ? "; it happened only before" : "; it did not";
  constexpr std::size_t most = 20;
  message += events.empty() ? "\n  there were no events" : "\n  the events were:";
  for (std::size_t i = events.size() > most ? events.size() - most : 0; i < events.size(); ++i)
    message += fmt::format("\n    {:>8}  {}", reprise::format_duration(duration(events[i].at)),
                           events[i].name_size ? e.name_of(events[i]) : e.text_of(events[i]));
  fail_run(message, place);
}

}  // namespace reprise::detail
