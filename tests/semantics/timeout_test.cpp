#include "semantics/scenarios.hpp"

// `async with asyncio.timeout(d)` is a call of with_timeout, whose callable may take the scope.

namespace semantics {

ORACLE_SCENARIO(timeout_not_expired) {
  bool expired = true;
  with_timeout(2s, [&](timeout_scope& scope) {
    nap("a", 1s);
    expired = scope.expired();
  });
  note("left", "expired", expired);
  sleep_for(3s);
}

// That it expired, the scope's owner hears by the exception.
ORACLE_SCENARIO(timeout_expires) {
  bool expired = false;
  try {
    with_timeout(1s, [] { cnap("a", 5s); });
  } catch (const timed_out&) {
    expired = true;
    caught();
  }
  note("left", "expired", expired, "cancelling", current_task().cancelling());
}

ORACLE_SCENARIO(timeout_nested_inner) {
  bool expired = true;
  with_timeout(5s, [&](timeout_scope& outer) {
    try {
      with_timeout(1s, [] { cnap("a", 9s); });
    } catch (const timed_out&) {
      note("inner");
    }
    sleep_for(1s);
    expired = outer.expired();
  });
  note("outer", "expired", expired);
}

static void nested(seconds outer, seconds inner) {
  try {
    with_timeout(outer, [&] {
      try {
        with_timeout(inner, [] { cnap("a", 9s); });
      } catch (const timed_out&) {
        note("inner_timeout");
      } catch (const cancelled&) {
        note("inner_cancelled");
        throw;
      }
    });
  } catch (const timed_out&) {
    note("outer_timeout");
  }
}

ORACLE_SCENARIO(timeout_nested_outer) { nested(1s, 5s); }

ORACLE_SCENARIO(timeout_nested_same_deadline) { nested(1s, 1s); }

ORACLE_SCENARIO(timeout_at_past) {
  sleep_for(2s);
  bool expired = true;
  with_deadline(at(1s), [&](timeout_scope& scope) {
    note("in");
    note("still");
    expired = scope.expired();
  });
  note("left", "expired", expired);
  try {
    with_deadline(at(1s), [] {
      note("in2");
      yield();
      note("not_reached");
    });
  } catch (const timed_out&) {
    caught();
  }
}

ORACLE_SCENARIO(timeout_reschedule) {
  try {
    with_timeout(1s, [](timeout_scope& scope) {
      sleep_for(0.5s);
      scope.reschedule(virtual_clock::now() + 2s);
      cnap("a", 9s);
    });
  } catch (const timed_out&) {
    caught();
  }
  with_timeout(1s, [](timeout_scope& scope) {
    scope.disable();
    nap("b", 3s);
  });
  note("left");
}

ORACLE_SCENARIO(timeout_external_cancel_not_converted) {
  const auto w = spawn([] {
    try {
      with_timeout(5s, [] { cnap("a", 9s); });
    } catch (const timed_out&) {
      note("timeout");
    } catch (const cancelled&) {
      note("cancel");
      throw;
    }
  });
  sleep_for(1s);
  w.cancel();
  try {
    w.get();
  } catch (const cancelled&) {
    caught();
  }
}

ORACLE_SCENARIO(timeout_tie_with_sleep) {
  try {
    with_timeout(1s, [] {
      sleep_for(1s);
      note("slept");
    });
    note("left");
  } catch (const timed_out&) {
    caught();
  }
}

ORACLE_SCENARIO(timeout_body_raises) {
  try {
    with_timeout(5s, [] { boom("a", 1s); });
  } catch (const value_error&) {
    caught();
  }
  try {
    with_timeout(1s, [] {
      try {
        sleep_for(9s);
      } catch (const cancelled&) {
        throw value_error("own");
      }
    });
  } catch (const std::exception&) {
    caught();
  }
  note("count", "v", current_task().cancelling());
}

// ---------------------------------------------------------------- shield

ORACLE_SCENARIO(shield_outer_cancelled_inner_continues) {
  const auto i = spawn(napper("i", 3s));
  const auto w = spawn([i] {
    try {
      shield(i);
    } catch (const cancelled&) {
      note("w_cancelled");
      throw;
    }
  });
  sleep_for(1s);
  w.cancel();
  try {
    w.get();
  } catch (const cancelled&) {
    caught();
  }
  const auto got = i.get();
  note("got", "v", got);
}

ORACLE_SCENARIO(shield_result_ticks) {
  const auto t = spawn(ticking(8));
  const auto got = shield([] {
    note("ran");
    return 5;
  });
  note("got", "v", got);
  t.get();
}

ORACLE_SCENARIO(shield_inner_cancelled) {
  const auto i = spawn(cnapper("i", 5s));
  call_later(1s, [i] { i.cancel(); });
  try {
    shield(i);
  } catch (const cancelled&) {
    caught();
  }
}

ORACLE_SCENARIO(shield_in_timeout) {
  const auto i = spawn(napper("i", 2s));
  try {
    with_timeout(1s, [i] { shield(i); });
  } catch (const timed_out&) {
    caught();
  }
  const auto got = i.get();
  note("got", "v", got);
}

}  // namespace semantics
