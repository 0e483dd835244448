#pragma once

#include "semantics/trace_json.hpp"

#include <reprise/core/run.hpp>

#include <vector>

namespace semantics {

/// Runs a program that generate.py drew, on reprise. The trace is in the form that generate.py
/// writes: [ticks of 1/512 s, task's number, operation, its number, values…] an event.
[[nodiscard]] std::vector<json> run_program(const json& program, reprise::report* report = nullptr);

}  // namespace semantics
