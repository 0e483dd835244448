#include "picture.hpp"

#include <reprise/core/format.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace reprise::detail {

namespace {

struct row {
  std::string process;
  process_id number = 0;
  std::uint64_t busy_until = 0;  // the position of its last response
  std::size_t free_from = 0;     // the first column that its next event may have
  std::string bars, times;
};

struct event {
  std::uint64_t at;
  std::size_t call;
  bool response;
};

std::string repeated(char c, std::size_t count) { return std::string(count, c); }

void put(std::string& line, std::size_t column, std::string_view text) {
  if (line.size() < column) line.append(column - line.size(), ' ');
  line.replace(column, text.size(), text);
}

/// Columns that the text takes: one for each code point.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

}  // namespace

std::string draw(std::span<const pictured_call> calls) {
  std::vector<event> events;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    events.push_back({calls[i].times.invoked, i, false});
    if (calls[i].times.responded != never) events.push_back({calls[i].times.responded, i, true});
  }
  std::sort(events.begin(), events.end(),
            [](const event& a, const event& b) { return a.at < b.at; });

  std::vector<row> rows;
  std::vector<std::size_t> row_of(calls.size()), begin(calls.size());
  std::size_t column = 0;
  for (const event& e : events) {
    const pictured_call& call = calls[e.call];
    if (!e.response) {
      auto at = std::find_if(rows.begin(), rows.end(), [&](const row& r) {
        return r.number == call.times.process && r.busy_until < e.at;
      });
      if (at == rows.end()) {
        at = rows.emplace(rows.end());
        at->process = call.process;
        at->number = call.times.process;
      }
      row_of[e.call] = static_cast<std::size_t>(at - rows.begin());
      at->busy_until = call.times.responded;
    }
    row& r = rows[row_of[e.call]];
    column = std::max(column, r.free_from);
    const std::string time =
        call.times.in_run
            ? format_duration(e.response ? call.times.responded_at : call.times.invoked_at)
            : std::string();
    if (!e.response) {
      begin[e.call] = column;
      r.free_from = column + std::max(width(call.text) + 7, time.size() + 1);
    } else {
      // The dashes fill what the bar has beyond its text.
      const std::size_t inside = column - begin[e.call] - 1 - width(call.text) - 2;
      put(r.bars, begin[e.call],
          '|' + repeated('-', inside / 2) + ' ' + call.text + ' ' +
              repeated('-', inside - inside / 2) + '|');
      r.free_from = column + std::max(std::size_t{3}, time.size() + 1);
    }
    if (!time.empty()) put(r.times, e.response ? column : begin[e.call], time);
    column += 2;
  }
  for (std::size_t i = 0; i < calls.size(); ++i)
    if (calls[i].times.responded == never)
      put(rows[row_of[i]].bars, begin[i], "|-- " + calls[i].text + " --...");

  std::size_t names = 0;
  for (const row& r : rows) names = std::max(names, width(r.process));
  std::string picture;
  for (const row& r : rows) {
    picture += "  " + r.process + repeated(' ', names - width(r.process) + 2) + r.bars + '\n';
    if (!r.times.empty()) picture += repeated(' ', names + 4) + r.times + '\n';
  }
  return picture;
}

}  // namespace reprise::detail
