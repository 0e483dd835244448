#pragma once

#include <reprise/core/run.hpp>
#include <reprise/core/trace_event.hpp>

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace semantics {

using json = nlohmann::ordered_json;

/// The run's events as the oracle writes them: {"t", "task", "event", fields…}, with "deadlock"
/// where it came to one and "end" at the end. `raised`: the Python name of what the root threw, or
/// empty. The run was recorded.
[[nodiscard]] std::vector<json> oracle_trace(const reprise::report& report, std::string raised);

/// The first difference, for a person; empty when the traces are equal: `t` within `tolerance`
/// seconds, all else exactly.
[[nodiscard]] std::string difference(const std::vector<json>& expected,
                                     const std::vector<json>& got, double tolerance);

}  // namespace semantics
