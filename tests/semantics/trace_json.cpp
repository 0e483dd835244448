#include "semantics/trace_json.hpp"

#include <cmath>
#include <type_traits>
#include <variant>

namespace semantics {

namespace {

json json_of(const reprise::trace_value& value) {
  return std::visit(
      [](const auto& v) -> json {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, std::monostate>) {
          return nullptr;
        } else if constexpr (std::is_same_v<T, reprise::trace_value::list>) {
          json list = json::array();
          for (const auto& x : v) list.push_back(json_of(x));
          return list;
        } else {
          return v;
        }
      },
      value.get());
}

json event_at(reprise::duration t, const std::string& task, const std::string& name) {
  return {{"t", std::chrono::duration<double>(t).count()}, {"task", task}, {"event", name}};
}

bool same(const json& a, const json& b, double tolerance) {
  if (!a.is_object()) return a == b;
  if (a.size() != b.size()) return false;
  for (const auto& [key, value] : a.items()) {
    if (!b.contains(key)) return false;
    const json& other = b[key];
    if (key == "t" ? std::abs(value.get<double>() - other.get<double>()) > tolerance
                   : value != other)
      return false;
  }
  return true;
}

}  // namespace

std::vector<json> oracle_trace(const reprise::report& report, std::string raised) {
  const bool deadlock = report.result == reprise::verdict::deadlock;
  // A task that returns while it is asked to stop ends cancelled, and its body can't know.
  if (raised.empty() && report.what.starts_with("Task-1 was cancelled")) raised = "CancelledError";
  std::vector<json> trace;
  bool seen = false;
  for (const auto& e : report.events) {
    if (!e.user) {
      if (!deadlock || seen || e.name != "failure") continue;
      seen = true;
      trace.push_back(event_at(e.at, "-", "deadlock"));
      continue;
    }
    json j = event_at(e.at, e.task, e.name);
    for (const auto& field : e.fields) j[field.key] = json_of(field.value);
    trace.push_back(std::move(j));
  }
  json end = event_at(report.elapsed, "-", "end");
  end["outcome"] = deadlock ? "deadlock" : raised.empty() ? "ok" : "exception";
  if (end["outcome"] == "exception") end["exc"] = raised;
  trace.push_back(std::move(end));
  return trace;
}

std::string difference(const std::vector<json>& expected, const std::vector<json>& got,
                       double tolerance) {
  std::size_t i = 0;
  while (i < expected.size() && i < got.size() && same(expected[i], got[i], tolerance)) ++i;
  if (i == expected.size() && i == got.size()) return {};
  std::string text;
  for (std::size_t k = 0; k < i; ++k) text += "        " + expected[k].dump() + "\n";
  for (std::size_t k = i; k < expected.size(); ++k) text += "CPython " + expected[k].dump() + "\n";
  for (std::size_t k = i; k < got.size(); ++k) text += "reprise " + got[k].dump() + "\n";
  return text;
}

}  // namespace semantics
