#pragma once

#include "support/catch2.hpp"

#include <reprise/core.hpp>

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// Small programs whose exact traces CPython 3.13's asyncio left in
// tests/golden/semantics_golden.jsonl, written as a user of reprise writes them. A scenario's
// description there says what it shows; what a scenario here does otherwise than the Python program
// has a comment.

namespace semantics {

using namespace reprise;
using namespace std::chrono_literals;

using seconds = std::chrono::duration<double>;
/// Something to spawn. One type, so that tasks of all kinds go into one vector.
using child = std::function<trace_value()>;
using action = std::function<void()>;
using tasks = std::vector<task<trace_value>>;

/// Python's, which the scenarios raise.
struct value_error : std::runtime_error {
  using runtime_error::runtime_error;
};
struct key_error : std::runtime_error {
  using runtime_error::runtime_error;
};

/// Notes start, sleeps, notes end, and returns `n`.
trace_value nap(trace_value n, seconds d);
/// The same, and notes a cancellation.
trace_value cnap(trace_value n, seconds d);
/// Notes start, sleeps, notes raise, and throws `value_error(n)`.
trace_value boom(const std::string& n, seconds d);
/// Shows the turns: notes tick, and yields, `k` times.
void ticker(int k);

/// The same, to be spawned.
[[nodiscard]] child napper(trace_value n, seconds d);
[[nodiscard]] child cnapper(trace_value n, seconds d);
[[nodiscard]] child boomer(std::string n, seconds d);
[[nodiscard]] action ticking(int k);

/// In a handler: notes the exception by the names and texts that Python has for it.
void caught();
/// The type of an exception, as Python calls it, and what Python's str() gives for it.
[[nodiscard]] std::string python_name(const std::exception_ptr& failure);
[[nodiscard]] std::string python_text(const std::exception_ptr& failure);
/// The outcomes of a gather_all: values, or [type, text].
[[nodiscard]] trace_value::list results_of(const std::vector<outcome<trace_value>>& outcomes);

[[nodiscard]] inline trace_value text(std::string s) { return trace_value(std::move(s)); }
/// Time since the run began, as a point of the clock.
[[nodiscard]] inline virtual_clock::time_point at(seconds t) {
  return virtual_clock::time_point(to_duration(t));
}

/// What is special about a scenario.
struct expectation {
  verdict result = verdict::passed;
  /// Events of Python's trace that have no counterpart, by name; `first_only`: just the first of
  /// them.
  std::string_view without = {};
  bool first_only = false;
};

/// A scenario, known by its name.
struct scenario {
  scenario(std::string_view called, void (*does)(), expectation expects = {});
  std::string_view name;
  void (*body)();
  expectation expected;
};
[[nodiscard]] const std::vector<const scenario*>& scenarios();
/// The names in the golden file.
[[nodiscard]] std::vector<std::string> golden_names();

/// Runs it under fifo() and compares its trace with CPython's, event by event.
void check(const scenario& s);

}  // namespace semantics

/// `ORACLE_SCENARIO(name, expectation) { body of the root task }`, a test case.
#define ORACLE_SCENARIO(scenario_name, ...)                                                  \
  static void scenario_name();                                                               \
  static const ::semantics::scenario scenario_name##_scenario(                               \
      #scenario_name, scenario_name __VA_OPT__(, ) __VA_ARGS__);                             \
  TEST_CASE(#scenario_name, "[semantics]") { ::semantics::check(scenario_name##_scenario); } \
  static void scenario_name()
