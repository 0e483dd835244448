// The last events of a failing run, drawn as lanes while they fit on a line.

#include "print.hpp"

#include <reprise/core/format.hpp>

#include <algorithm>
#include <variant>

namespace reprise::cli {

namespace {

constexpr std::size_t most_in_lanes = 10;
constexpr std::size_t most_in_list = 12;
constexpr std::size_t gap = 3;  // " ┄ " between two events of one lane

std::string text_of(const trace_event& event) {
  if (event.name == "log" && event.fields.empty()) return printable(event.text);
  std::string text = event.name;
  for (const auto& f : event.fields) {
    text += ' ' + f.key + '=';
    if (const auto* s = std::get_if<std::string>(&f.value.get()))
      text += *s;
    else
      append_json(text, f.value);
  }
  text = printable(text);
  return event.user ? text : '(' + text + ')';
}

std::string dotted(std::size_t width) {
  std::string text = " ";
  for (std::size_t i = 2; i < width; ++i) text += "┄";
  return text + ' ';
}

struct lane {
  std::string task;
  std::string line;
  std::size_t width = 0;  // of the line
};

/// One lane per task, later events further right; nothing when they do not fit.
std::vector<std::string> lanes(const std::vector<const trace_event*>& events, std::size_t width) {
  std::vector<lane> all;
  std::size_t label = 0, column = 0;
  const lane* last = nullptr;
  for (const trace_event* e : events) {
    label = std::max(label, width_of(printable(e->task)));
    if (std::ranges::find(all, e->task, &lane::task) == all.end()) all.push_back({e->task, {}, 0});
  }
  for (const trace_event* e : events) {
    lane& mine = *std::ranges::find(all, e->task, &lane::task);
    const std::string text = text_of(*e);
    if (last) column += last == &mine ? gap : 1;
    if (mine.width == 0) {
      mine.line = std::string(column, ' ');
    } else {
      const std::size_t between = column - mine.width;
      mine.line += between >= gap ? dotted(between) : std::string(between, ' ');
    }
    mine.line += text;
    mine.width = column += width_of(text);
    last = &mine;
  }
  if (label + gap + column > width) return {};
  std::vector<std::string> lines;
  lines.reserve(all.size());
  for (const auto& l : all) lines.push_back(pad_right(printable(l.task), label + gap) + l.line);
  return lines;
}

}  // namespace

std::string event_line(const trace_event& event) {
  return fmt::format("{}  {}  {}\n", pad_left(exact_time(event.at), 14),
                     pad_right(printable(event.task), 10), text_of(event));
}

std::vector<std::string> timeline(const std::vector<trace_event>& events, std::size_t width) {
  std::vector<const trace_event*> shown;
  for (const auto& e : events)
    if (e.user) shown.push_back(&e);
  if (shown.empty()) return {};
  if (shown.size() <= most_in_lanes)
    if (auto lines = lanes(shown, width); !lines.empty()) return lines;
  std::vector<std::string> lines;
  const std::size_t left_out = shown.size() > most_in_list ? shown.size() - most_in_list : 0;
  if (left_out > 0)
    lines.push_back(fmt::format("… {} events before these", format_count(left_out)));
  std::size_t label = 0, time = 0;
  shown.erase(shown.begin(), shown.begin() + static_cast<std::ptrdiff_t>(left_out));
  for (const trace_event* e : shown) {
    label = std::max(label, width_of(printable(e->task)));
    time = std::max(time, width_of(exact_time(e->at)));
  }
  for (const trace_event* e : shown)
    lines.push_back(fmt::format("{}  {}  {}", pad_left(exact_time(e->at), time),
                                pad_right(printable(e->task), label), text_of(*e)));
  return lines;
}

}  // namespace reprise::cli
