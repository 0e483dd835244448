#include "semantics/scenarios.hpp"

#include <algorithm>

namespace semantics {

namespace {

std::vector<std::string> names(const tasks& ts) {
  std::vector<std::string> sorted;
  for (const auto& t : ts) sorted.push_back(t.name());
  std::ranges::sort(sorted);
  return sorted;
}

void note_wait(const wait_result<trace_value>& result) {
  note("wait", "done", names(result.done), "pending", names(result.pending));
}

}  // namespace

ORACLE_SCENARIO(wait_first_completed) {
  const tasks ts{spawn(napper("a", 3s)), spawn(napper("b", 1s)), spawn(napper("c", 2s))};
  const auto first = wait(ts, until::first_completed);
  note_wait(first);
  note_wait(wait(first.pending));
}

ORACLE_SCENARIO(wait_first_exception) {
  const tasks ts{spawn(napper("a", 1s)), spawn(boomer("b", 2s)), spawn(napper("c", 3s))};
  const auto first = wait(ts, until::first_failed);
  note_wait(first);
  wait(first.pending);
  for (const auto& t : ts) static_cast<void>(t.exception());
}

ORACLE_SCENARIO(wait_first_exception_cancelled_does_not_count) {
  const auto a = spawn(cnapper("a", 5s));
  const auto b = spawn(napper("b", 2s));
  call_later(1s, [a] { a.cancel(); });
  note_wait(wait(tasks{a, b}, until::first_failed));
}

ORACLE_SCENARIO(wait_timeout_does_not_cancel) {
  const tasks ts{spawn(napper("a", 1s)), spawn(napper("b", 3s))};
  note_wait(wait(ts, until::all_completed, 2s));
  const auto b = ts[1].get();
  note("b", "v", b);
}

ORACLE_SCENARIO(wait_simultaneous) {
  const tasks ts{spawn(napper("a", 1s)), spawn(napper("b", 1s)), spawn(napper("c", 2s))};
  note_wait(wait(ts, until::first_completed));
  ts[2].get();
}

ORACLE_SCENARIO(wait_already_done_still_suspends) {
  const auto a = spawn(napper("a", 1s));
  sleep_for(2s);
  const auto t = spawn(ticking(4));
  note_wait(wait(tasks{a}));
  t.get();
}

ORACLE_SCENARIO(wait_cancelled_leaves_tasks) {
  const auto a = spawn(napper("a", 3s));
  const auto w = spawn([a] { wait(tasks{a}); });
  sleep_for(1s);
  w.cancel();
  try {
    w.get();
  } catch (const cancelled&) {
    caught();
  }
  a.get();
}

template <class T>
concept can_be_waited_for = requires(T x) { wait(std::vector<T>{x}); };

// To wait for something that is no task, a TypeError in Python, does not compile here.
ORACLE_SCENARIO(wait_errors) {
  try {
    wait(tasks{});
  } catch (const std::invalid_argument&) {
    note("caught", "exc", "ValueError");
  }
  static_assert(can_be_waited_for<task<trace_value>> && !can_be_waited_for<child>);
  note("caught", "exc", "TypeError");
}

ORACLE_SCENARIO(as_completed_order) {
  const tasks ts{spawn(napper("a", 3s)), spawn(napper("b", 1s)), spawn(napper("c", 2s))};
  for (const auto& t : as_completed(ts)) note("got", "v", t.get());
}

ORACLE_SCENARIO(as_completed_timeout) {
  const tasks ts{spawn(napper("a", 1s)), spawn(cnapper("b", 5s)), spawn(cnapper("c", 6s))};
  auto items = as_completed(ts, 2s);
  while (items.remaining() > 0) {
    try {
      const auto got = items.next().get();
      note("got", "v", got);
    } catch (const timed_out&) {
      caught();
    }
  }
  ts[1].cancel();
  ts[2].cancel();
  wait(ts);
}

ORACLE_SCENARIO(as_completed_exception) {
  const tasks ts{spawn(boomer("a", 1s)), spawn(napper("b", 2s))};
  for (const auto& t : as_completed(ts)) {
    try {
      const auto got = t.get();
      note("got", "v", got);
    } catch (const value_error&) {
      caught();
    }
  }
}

// ---------------------------------------------------------------- wait_for

ORACLE_SCENARIO(wait_for_ok) {
  const auto got = with_timeout(5s, napper("a", 1s));
  note("got", "v", got);
}

ORACLE_SCENARIO(wait_for_ok_ticks) {
  const auto t = spawn(ticking(8));
  with_timeout(5s, [] { note("ran"); });
  note("resumed");
  t.get();
}

ORACLE_SCENARIO(wait_for_timeout) {
  try {
    with_timeout(1s, cnapper("a", 5s));
  } catch (const timed_out&) {
    caught();
  }
}

ORACLE_SCENARIO(wait_for_timeout_slow_cleanup) {
  const auto slow = spawn([] {
    try {
      sleep_for(9s);
    } catch (const cancelled&) {
      note("cleaning");
      sleep_for(2s);
      note("cleaned");
      throw;
    }
  });
  try {
    wait_for(slow, 1s);
  } catch (const timed_out&) {
    caught();
  }
}

ORACLE_SCENARIO(wait_for_suppressed_cancel_returns_value) {
  const auto deny = spawn([] {
    try {
      sleep_for(9s);
    } catch (const cancelled&) {
      note("denied");
    }
    return "late";
  });
  const auto got = wait_for(deny, 1s);
  note("got", "v", got);
}

ORACLE_SCENARIO(wait_for_zero_timeout) {
  try {
    wait_for(spawn(cnapper("a", 1s)), 0s);
  } catch (const timed_out&) {
    caught();
  }
  const auto t = spawn(napper("b", 1s));
  sleep_for(2s);
  note("got", "v", wait_for(t, 0s));
}

ORACLE_SCENARIO(wait_for_tie) {
  const auto t = spawn(cnapper("a", 1s));
  try {
    const auto got = wait_for(t, 1s);
    note("got", "v", got);
  } catch (const timed_out&) {
    caught();
  }
}

ORACLE_SCENARIO(wait_for_tie_task_first) {
  const auto t = spawn(cnapper("a", 1s));
  yield();
  try {
    const auto got = wait_for(t, 1s);
    note("got", "v", got);
  } catch (const timed_out&) {
    caught();
  }
}

ORACLE_SCENARIO(wait_for_outer_cancel) {
  const auto w = spawn([] { with_timeout(3s, cnapper("a", 5s)); });
  sleep_for(1s);
  w.cancel();
  try {
    w.get();
  } catch (const cancelled&) {
    caught();
  }
}

}  // namespace semantics
