#include "semantics/scenarios.hpp"

#include "semantics/trace_json.hpp"

#include <fstream>
#include <map>
#include <utility>

namespace semantics {

trace_value nap(trace_value n, seconds d) {
  note("start", "n", n);
  sleep_for(d);
  note("end", "n", n);
  return n;
}

trace_value cnap(trace_value n, seconds d) {
  note("start", "n", n);
  try {
    sleep_for(d);
  } catch (const cancelled&) {
    note("cancelled", "n", n);
    throw;
  }
  note("end", "n", n);
  return n;
}

trace_value boom(const std::string& n, seconds d) {
  note("start", "n", n);
  sleep_for(d);
  note("raise", "n", n);
  throw value_error(n);
}

void ticker(int k) {
  for (int i = 0; i < k; ++i) {
    note("tick", "i", i);
    yield();
  }
}

child napper(trace_value n, seconds d) {
  return [n = std::move(n), d] { return nap(n, d); };
}
child cnapper(trace_value n, seconds d) {
  return [n = std::move(n), d] { return cnap(n, d); };
}
child boomer(std::string n, seconds d) {
  return [n = std::move(n), d] { return boom(n, d); };
}
action ticking(int k) {
  return [k] { ticker(k); };
}

namespace {

struct description {
  std::string name;
  std::string text;
  trace_value::list subs;  // of a group: [name, text] each
};

description describe(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const exception_group& group) {
    description d{"ExceptionGroup", "unhandled errors in a TaskGroup", {}};
    for (const auto& e : group.exceptions())
      d.subs.emplace_back(trace_value::list{python_name(e), python_text(e)});
    return d;
  } catch (const value_error& e) {
    return {"ValueError", e.what(), {}};
  } catch (const key_error& e) {
    return {"KeyError", "'" + std::string(e.what()) + "'", {}};
  } catch (const cancelled& e) {
    return {"CancelledError", e.message(), {}};
  } catch (const timed_out&) {
    return {"TimeoutError", "", {}};
  } catch (const queue_closed&) {
    return {"QueueShutDown", "", {}};
  } catch (const broken_barrier& e) {
    return {"BrokenBarrierError", e.what(), {}};
  } catch (const invalid_state& e) {
    return {"InvalidStateError", e.what(), {}};
  } catch (const std::invalid_argument& e) {
    return {"ValueError", e.what(), {}};
  } catch (const error& e) {
    return {"RuntimeError", e.what(), {}};
  }
}

}  // namespace

std::string python_name(const std::exception_ptr& failure) { return describe(failure).name; }

std::string python_text(const std::exception_ptr& failure) {
  const auto d = describe(failure);
  if (d.subs.empty()) return d.text;
  return d.text + " (" + std::to_string(d.subs.size()) + " sub-exception" +
         (d.subs.size() == 1 ? ")" : "s)");
}

void caught() {
  const auto d = describe(std::current_exception());
  if (d.subs.empty()) {
    note("caught", "exc", d.name, "msg", d.text);
  } else {
    note("caught", "exc", d.name, "msg", d.text, "subs", d.subs);
  }
}

trace_value::list results_of(const std::vector<outcome<trace_value>>& outcomes) {
  trace_value::list list;
  for (const auto& o : outcomes) {
    if (o) {
      list.push_back(o.value());
    } else {
      list.emplace_back(trace_value::list{python_name(o.error()), python_text(o.error())});
    }
  }
  return list;
}

// ---------------------------------------------------------------- the golden traces

namespace {

struct golden {
  std::string description;
  std::vector<json> trace;
};

const std::map<std::string, golden, std::less<>>& golden_traces() {
  static const auto traces = [] {
    std::map<std::string, golden, std::less<>> all;
    std::ifstream file(REPRISE_TESTS_DIR "/golden/semantics_golden.jsonl");
    for (std::string line; std::getline(file, line);) {
      const auto j = json::parse(line);
      all[j.at("name")] = {j.at("description"), j.at("trace")};
    }
    return all;
  }();
  return traces;
}

std::vector<const scenario*>& registry() {
  static std::vector<const scenario*> all;
  return all;
}

}  // namespace

scenario::scenario(std::string_view called, void (*does)(), expectation expects)
    : name(called), body(does), expected(expects) {
  registry().push_back(this);
}

const std::vector<const scenario*>& scenarios() { return registry(); }

std::vector<std::string> golden_names() {
  std::vector<std::string> names;
  for (const auto& [name, golden] : golden_traces()) names.push_back(name);
  return names;
}

void check(const scenario& s) {
  const auto found = golden_traces().find(s.name);
  REQUIRE(found != golden_traces().end());
  auto expected = found->second.trace;
  if (!s.expected.without.empty()) {
    bool dropped = false;
    std::erase_if(expected, [&](const json& e) {
      return e["event"] == s.expected.without &&
             !(std::exchange(dropped, true) && s.expected.first_only);
    });
    CHECK(dropped);
  }
  std::string raised;
  const auto report = run({.seed = 0, .schedule = fifo(), .record = true}, [&] {
    try {
      s.body();
    } catch (const cancelled&) {
      raised = "CancelledError";
      throw;
    } catch (const std::exception&) {
      raised = python_name(std::current_exception());
      throw;
    }
  });
  INFO(found->second.description);
  INFO(report.what);
  const auto different = difference(expected, oracle_trace(report, raised), 1e-6);
  INFO(different);
  CHECK(different.empty());
  CHECK(to_string(report.result) == std::string(to_string(s.expected.result)));
}

}  // namespace semantics
