#pragma once

#include <reprise/replay/trace_reader.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace reprise::cli {

/// A trace in the form that chrome://tracing and Perfetto read, made an event at a time: a thread
/// for each name of a task, and an instant for each event, with its fields. Times are virtual.
///
/// What it gives is to be written one after the other. Source: "Trace Event Format", Google, 2016.
class chrome_trace {
public:
  [[nodiscard]] std::string begin(const trace_header& header);
  [[nodiscard]] std::string add(const trace_event& event);
  [[nodiscard]] std::string end(const trace_reader& read);

private:
  std::map<std::string, std::uint64_t, std::less<>> threads_;  // by name; "-" is 0
};

}  // namespace reprise::cli
