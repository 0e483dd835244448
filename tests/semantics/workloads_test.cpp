// The gallery against CPython: every workload of the tutorials, event by event, under 20 seeds.
//
// tests/golden/workloads/NAME.jsonl holds what CPython 3.13 did: a line a seed,
// {"seed":0,"trace":[…]}. Virtual times agree within a microsecond, because CPython's clock is a
// double and ours counts nanoseconds; all else is equal, the kind of each number included.

#include <reprise/replay/scenario.hpp>

#include "support/catch2.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

namespace {

using json = nlohmann::json;

const std::vector<std::string> workloads{"cpu_bound_blocks_loop",  "executor_background_threads",
                                         "fetch_data_create_task", "fetch_pages_gather",
                                         "fetch_process_pipeline", "greet_gather3",
                                         "hello_world_gather",     "hello_world_sequential",
                                         "my_task_create_task",    "random_delay_task5",
                                         "random_sleep_gather3",   "random_table",
                                         "sample_5_of_10",         "say_hello",
                                         "task1_task2_gather"};

json to_json(const reprise::trace_value& value) {
  return std::visit(
      [](const auto& x) -> json {
        using type = std::decay_t<decltype(x)>;
        if constexpr (std::is_same_v<type, std::monostate>) {
          return nullptr;
        } else if constexpr (std::is_same_v<type, reprise::trace_value::list>) {
          json list = json::array();
          for (const auto& element : x) list.push_back(to_json(element));
          return list;
        } else {
          return x;
        }
      },
      value.get());
}

/// An event as CPython's traces have it, without its time.
json to_json(const reprise::trace_event& event) {
  json line{{"task", event.task}, {"event", event.name}};
  if (event.name == "log") {
    line["event"] = "print";
    line["text"] = event.text;
  }
  for (const auto& [key, value] : event.fields) line[key] = to_json(value);
  return line;
}

double seconds(reprise::duration d) { return std::chrono::duration<double>(d).count(); }

/// Equal, and of one kind: for nlohmann's `==`, 1 and 1.0 are equal.
bool same(const json& a, const json& b) {
  if (a.is_number_float() != b.is_number_float()) return false;
  if (a.is_array() && b.is_array()) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (!same(a[i], b[i])) return false;
    }
    return true;
  }
  if (a.is_object() && b.is_object()) {
    if (a.size() != b.size()) return false;
    for (const auto& [key, value] : a.items()) {
      if (!b.contains(key) || !same(value, b[key])) return false;
    }
    return true;
  }
  return a == b;
}

void check_trace(const reprise::report& report, json trace) {
  const json end = trace.back();
  trace.erase(trace.size() - 1);
  for (std::size_t i = 0; i < std::min(trace.size(), report.events.size()); ++i) {
    const double at = trace[i].at("t").get<double>();
    trace[i].erase("t");
    const json ours = to_json(report.events[i]);
    INFO("event " << i << " at " << seconds(report.events[i].at) << " s: " << ours.dump());
    INFO("CPython's at " << at << " s: " << trace[i].dump());
    REQUIRE(same(ours, trace[i]));
    REQUIRE(std::abs(seconds(report.events[i].at) - at) < 1e-6);
  }
  CHECK(report.events.size() == trace.size());
  CHECK(end.at("event") == "end");
  CHECK(end.at("outcome") == "ok");
  CHECK(std::abs(seconds(report.elapsed) - end.at("t").get<double>()) < 1e-6);
}

}  // namespace

TEST_CASE(
    "the gallery's workloads do what CPython does, event by event, as fibers and as coroutines") {
  const auto name = GENERATE(from_range(workloads));
  const bool coroutines = GENERATE(false, true);
  if (coroutines && name == "random_table") return;  // awaits nothing, so there is one form of it
  const auto& scenario = reprise::find_scenario(coroutines ? name + "_async" : name);
  REQUIRE(static_cast<bool>(scenario.coroutine) == coroutines);
  std::ifstream file(REPRISE_TESTS_DIR "/golden/workloads/" + name + ".jsonl");
  int seeds = 0;
  for (std::string line; std::getline(file, line); ++seeds) {
    const json golden = json::parse(line);
    const auto seed = golden.at("seed").get<std::uint64_t>();
    INFO(scenario.name << ", seed " << seed);
    const auto report = reprise::with_body(scenario, [&](const auto& body) {
      return reprise::run(reprise::options_for(scenario, {.seed = seed}), body);
    });
    INFO(report.what);
    REQUIRE(report);
    check_trace(report, golden.at("trace"));
  }
  CHECK(seeds == 20);
}
