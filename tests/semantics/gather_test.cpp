#include "semantics/scenarios.hpp"

// Children that fail are spawned first: a gather of callables owns its children and cancels the
// others, one of tasks is asyncio's. Arguments are made in statements or in braces, whose order C++
// fixes.

namespace semantics {

ORACLE_SCENARIO(gather_result_order) {
  const auto [a, b, c] = gather(napper("a", 3s), napper("b", 1s), napper("c", 2s));
  note("results", "v", trace_value::list{a, b, c});
}

ORACLE_SCENARIO(gather_empty_no_suspension) {
  spawn(ticking(3));
  gather();
  note("results", "v", trace_value::list{});
  sleep_for(1s);
}

ORACLE_SCENARIO(gather_children_start_after_ready) {
  const auto x = spawn(napper("X", 1s));
  call_soon([] { note("cb"); });
  gather(std::vector{napper("A", 1s), napper("B", 1s)});
  x.get();
}

ORACLE_SCENARIO(gather_first_exception_others_continue) {
  const tasks children{spawn(boomer("a", 1s)), spawn(napper("b", 2s))};
  try {
    gather(children);
  } catch (const value_error&) {
    caught();
  }
  sleep_for(3s);
  note("main_done");
}

ORACLE_SCENARIO(gather_return_exceptions) {
  note("results", "v",
       results_of(gather_all(std::vector{napper("a", 2s), boomer("b", 1s), napper("c", 3s)})));
}

ORACLE_SCENARIO(gather_two_exceptions_first_in_time) {
  const tasks children{spawn(boomer("a", 2s)), spawn(boomer("b", 1s))};
  try {
    gather(children);
  } catch (const value_error&) {
    caught();
  }
  sleep_for(5s);
}

ORACLE_SCENARIO(gather_awaiter_cancelled) {
  const auto p = spawn([] {
    try {
      gather(std::vector{cnapper("a", 5s), cnapper("b", 6s), napper("c", 1s)});
    } catch (const cancelled&) {
      caught();
      throw;
    }
  });
  sleep_for(2s);
  note("cancel_requested", "r", p.cancel());
  try {
    p.get();
  } catch (const cancelled&) {
    caught();
  }
}

ORACLE_SCENARIO(gather_child_cancelled) {
  const auto a = spawn(cnapper("a", 5s));
  const auto b = spawn(cnapper("b", 3s));
  call_later(1s, [a] { a.cancel(); });
  try {
    gather(a, b);
  } catch (const cancelled&) {
    caught();
    note("cancelling", "v", current_task().cancelling());
  }
  const auto result = b.get();
  note("result", "v", result);
}

ORACLE_SCENARIO(gather_return_exceptions_child_cancelled) {
  const auto a = spawn(cnapper("a", 5s));
  const auto b = spawn(cnapper("b", 3s));
  call_later(1s, [a] { a.cancel(); });
  note("results", "v", results_of(gather_all(tasks{a, b})));
}

ORACLE_SCENARIO(gather_same_task_twice) {
  const auto t = spawn(napper("x", 1s));
  note("results", "v", gather(tasks{t, t}));
}

// A gather is a call here, not an object: the inner one is a gather of the same tasks, made first.
ORACLE_SCENARIO(gather_nested) {
  const auto a = spawn(napper("a", 1s));
  const auto b = spawn(napper("b", 2s));
  const auto c = spawn(napper("c", 1.5s));
  const auto inner = gather(tasks{a, b});
  const auto [outer] = gather(c);
  note("results", "v", trace_value::list{inner, outer});
}

// Likewise: not the gather is cancelled but the task that waits for it, which passes it on.
ORACLE_SCENARIO(gather_cancel_return_exceptions) {
  const auto stubborn = []() -> trace_value {
    note("start", "n", "s");
    try {
      sleep_for(5s);
    } catch (const cancelled&) {
      note("cleaning");
      sleep_for(1s);
      note("cleaned");
    }
    return "s";
  };
  call_later(1s, [me = current_task()] { me.cancel(); });
  try {
    note("results", "v", results_of(gather_all(std::vector<child>{cnapper("a", 5s), stubborn})));
  } catch (const cancelled&) {
    caught();
  }
}

ORACLE_SCENARIO(gather_resume_ticks) {
  const auto t = spawn(ticking(8));
  gather([] { note("ran"); });
  note("resumed");
  t.get();
}

}  // namespace semantics
