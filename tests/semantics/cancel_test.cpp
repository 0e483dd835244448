#include "semantics/scenarios.hpp"

#include <memory>

namespace semantics {

namespace {

void get_and_note_cancelled(const any_task& t) {
  try {
    task<>(t.core()).get();
  } catch (const cancelled&) {
    caught();
  }
}

}  // namespace

ORACLE_SCENARIO(cancel_before_start) {
  const auto t = spawn(cnapper("a", 1s));
  const bool requested = t.cancel();
  note("cancel", "r", requested, "done", t.done());
  get_and_note_cancelled(t);
  note("state", "cancelled", t.cancelled());
}

ORACLE_SCENARIO(cancel_is_not_immediate) {
  const auto t = spawn(cnapper("a", 5s));
  sleep_for(1s);
  t.cancel();
  note("after_cancel", "done", t.done());
  yield();
  note("yielded", "done", t.done(), "cancelled", t.cancelled());
}

static child twice_cancelled() {
  return []() -> trace_value {
    try {
      sleep_for(5s);
    } catch (const cancelled&) {
      note("c1");
    }
    try {
      sleep_for(1s);
    } catch (const cancelled&) {
      note("c2");
    }
    return "x";
  };
}

ORACLE_SCENARIO(cancel_twice_same_iteration) {
  const auto t = spawn(twice_cancelled());
  sleep_for(1s);
  note("cancel", "r", t.cancel());
  const bool again = t.cancel();
  note("cancel", "r", again, "n", t.cancelling());
  const auto result = t.get();
  note("result", "v", result);
}

ORACLE_SCENARIO(cancel_twice_different_times) {
  const auto t = spawn(twice_cancelled());
  sleep_for(1s);
  t.cancel();
  sleep_for(0.5s);
  t.cancel();
  const auto result = t.get();
  note("result", "v", result, "n", t.cancelling());
}

ORACLE_SCENARIO(cancel_suppressed) {
  const auto t = spawn([] {
    try {
      sleep_for(5s);
    } catch (const cancelled&) {
      note("no");
    }
    sleep_for(1s);
    return "ok";
  });
  sleep_for(1s);
  t.cancel();
  const auto result = t.get();
  note("result", "v", result);
  note("state", "cancelled", t.cancelled(), "n", t.cancelling());
}

ORACLE_SCENARIO(cancel_finished_task) {
  const auto t = spawn(napper("a", 1s));
  sleep_for(2s);
  const bool requested = t.cancel();
  note("cancel", "r", requested, "n", t.cancelling(), "v", t.result());
}

ORACLE_SCENARIO(cancel_message) {
  const auto t = spawn([] {
    try {
      sleep_for(5s);
    } catch (const cancelled& c) {
      note("inside", "msg", c.message());
      throw;
    }
  });
  sleep_for(1s);
  t.cancel("why");
  get_and_note_cancelled(t);
}

ORACLE_SCENARIO(cancel_propagates_to_awaited_task) {
  const auto inner = spawn(cnapper("i", 9s));
  const auto outer = spawn([inner] {
    try {
      inner.get();
    } catch (const cancelled&) {
      note("outer_cancelled", "inner_cancelled", inner.cancelled());
      throw;
    }
  });
  sleep_for(1s);
  outer.cancel();
  get_and_note_cancelled(outer);
}

ORACLE_SCENARIO(cancel_inner_suppresses) {
  const auto inner = spawn([] {
    try {
      sleep_for(9s);
    } catch (const cancelled&) {
      note("inner_no");
    }
    return "v";
  });
  const auto outer = spawn([inner] {
    const auto got = inner.get();
    note("outer_got", "v", got);
    return "w";
  });
  sleep_for(1s);
  outer.cancel();
  const auto result = outer.get();
  note("result", "v", result, "cancelled", outer.cancelled(), "n", outer.cancelling());
}

ORACLE_SCENARIO(cancel_self_at_next_suspension) {
  const auto t = spawn([] {
    note("r", "v", current_task().cancel());
    note("still");
    try {
      sleep_for(5s);
    } catch (const cancelled&) {
      note("cancelled");
      throw;
    }
  });
  get_and_note_cancelled(t);
}

ORACLE_SCENARIO(cancel_self_then_return) {
  const auto t = spawn([] {
    current_task().cancel();
    note("returning");
    return "v";
  });
  get_and_note_cancelled(t);
  note("state", "cancelled", t.cancelled());
}

ORACLE_SCENARIO(cancel_after_wakeup_queued) {
  const promise<int> f;
  const auto w = spawn([&f] {
    try {
      const int got = f.get_future().get();
      note("got", "v", got);
    } catch (const cancelled&) {
      note("w_cancelled");
      throw;
    }
  });
  sleep_for(1s);
  f.set_value(1);
  note("cancel", "r", w.cancel());
  get_and_note_cancelled(w);
}

// finally: what must be done on every way out, and may wait, stands in a handler and after it, not
// in a destructor.
ORACLE_SCENARIO(cancel_finally_awaits) {
  const auto t = spawn([] {
    const auto finally = [] {
      note("f1");
      sleep_for(1s);
      note("f2");
    };
    try {
      sleep_for(9s);
    } catch (...) {
      finally();
      throw;
    } finally();
  });
  sleep_for(1s);
  t.cancel();
  get_and_note_cancelled(t);
}

ORACLE_SCENARIO(cancel_replaced_by_exception) {
  const auto t = spawn([] {
    try {
      sleep_for(9s);
    } catch (const cancelled&) {
      throw value_error("z");
    }
  });
  sleep_for(1s);
  t.cancel();
  try {
    t.get();
  } catch (const value_error&) {
    caught();
  }
  note("state", "cancelled", t.cancelled());
}

ORACLE_SCENARIO(uncancel_counts) {
  const auto t = spawn([] {
    const auto me = current_task();
    try {
      sleep_for(9s);
    } catch (const cancelled&) {
      note("n", "v", me.cancelling());
      for (int i = 0; i < 3; ++i) note("uncancel", "v", me.uncancel());
    }
    sleep_for(1s);
    return "ok";
  });
  sleep_for(1s);
  t.cancel();
  t.cancel();
  try {
    const auto result = t.get();
    note("result", "v", result);
  } catch (const cancelled&) {
    caught();
  }
}

ORACLE_SCENARIO(cancel_wakes_in_queue_order) {
  const tasks ts{spawn(cnapper("a", 9s)), spawn(cnapper("b", 9s)), spawn(cnapper("c", 9s))};
  sleep_for(1s);
  for (const std::size_t i : {2u, 0u, 1u}) ts[i].cancel();
  gather_all(ts);
  note("done");
}

}  // namespace semantics
