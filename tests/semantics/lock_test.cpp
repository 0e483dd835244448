#include "semantics/scenarios.hpp"

#include <mutex>

// Events, locks and condition variables. `async with lock` is std's scoped_lock or unique_lock.

namespace semantics {

ORACLE_SCENARIO(event_set_wakes_all_fifo) {
  event e;
  std::vector<task<>> ts;
  for (int i = 0; i < 4; ++i) {
    ts.push_back(spawn([&e, i] {
      note("waiting", "i", i);
      e.wait();
      note("got", "i", i);
    }));
  }
  sleep_for(1s);
  e.set();
  note("set");
  gather(ts);
  spawn(ticking(1));
  e.wait();
  note("nowait");
  yield();
}

ORACLE_SCENARIO(event_set_then_clear) {
  event e;
  std::vector<task<>> ts;
  for (int i = 0; i < 2; ++i) {
    ts.push_back(spawn([&e, i] {
      e.wait();
      note("got", "i", i, "is_set", e.is_set());
    }));
  }
  sleep_for(1s);
  e.set();
  e.clear();
  gather(ts);
  try {
    with_timeout(1s, [&e] { e.wait(); });
  } catch (const timed_out&) {
    caught();
  }
}

ORACLE_SCENARIO(lock_fifo) {
  mutex m;
  std::vector<action> workers;
  for (int i = 0; i < 4; ++i) {
    workers.emplace_back([&m, i] {
      note("want", "i", i);
      const std::scoped_lock lock(m);
      note("have", "i", i);
      sleep_for(1s);
      note("release", "i", i);
    });
  }
  gather(workers);
}

ORACLE_SCENARIO(lock_no_barging) {
  mutex m;
  const auto a = [&m] {
    m.lock();
    note("have", "n", "a");
    sleep_for(1s);
    m.unlock();
    note("released", "n", "a", "locked", m.locked());
    m.lock();
    note("a_again");
    m.unlock();
  };
  const auto w = [&m](const char* n) {
    return [&m, n] {
      const std::scoped_lock lock(m);
      note("have", "n", n);
      sleep_for(1s);
    };
  };
  gather(a, w("b"), w("c"));
}

ORACLE_SCENARIO(lock_uncontended_no_yield) {
  spawn(ticking(2));
  mutex m;
  for (int i = 0; i < 3; ++i) {
    const std::scoped_lock lock(m);
    note("have", "i", i);
  }
  sleep_for(1s);
}

ORACLE_SCENARIO(lock_cancelled_waiter_skipped) {
  mutex m;
  const auto w = [&m](const char* n, seconds d) {
    return spawn([&m, n, d] {
      try {
        const std::scoped_lock lock(m);
        note("have", "n", n);
        sleep_for(d);
      } catch (const cancelled&) {
        note("cancelled", "n", n);
        throw;
      }
    });
  };
  const std::vector<task<>> ts{w("a", 2s), w("b", 1s), w("c", 1s)};
  sleep_for(1s);
  ts[1].cancel();
  gather_all(ts);
}

ORACLE_SCENARIO(lock_cancel_woken_waiter) {
  mutex m;
  const auto w = [&m](const char* n) {
    return spawn([&m, n] {
      try {
        const std::scoped_lock lock(m);
        note("have", "n", n);
      } catch (const cancelled&) {
        note("cancelled", "n", n);
        throw;
      }
    });
  };
  m.lock();
  const auto b = w("b");
  const auto c = w("c");
  sleep_for(1s);
  m.unlock();
  b.cancel();
  gather_all(b, c);
}

ORACLE_SCENARIO(lock_handoff_ticks) {
  mutex m;
  m.lock();
  const auto t = spawn([&m] {
    const std::scoped_lock lock(m);
    note("have");
  });
  sleep_for(1s);
  m.unlock();
  note("released");
  gather(t, spawn(ticking(4)));
}

ORACLE_SCENARIO(condition_notify) {
  mutex m;
  condition_variable c;
  std::vector<task<>> ts;
  for (int i = 0; i < 4; ++i) {
    ts.push_back(spawn([&m, &c, i] {
      std::unique_lock lock(m);
      note("waiting", "i", i);
      c.wait(lock);
      note("woke", "i", i);
    }));
  }
  sleep_for(1s);
  {
    const std::scoped_lock lock(m);
    c.notify(2);
    note("notified2");
  }
  sleep_for(1s);
  {
    const std::scoped_lock lock(m);
    c.notify_all();
    note("all");
  }
  gather(ts);
}

ORACLE_SCENARIO(condition_wait_for) {
  mutex m;
  condition_variable c;
  int items = 0;
  const auto consumer = [&] {
    std::unique_lock lock(m);
    c.wait(lock, [&items] {
      note("check", "items", items);
      return items >= 3;
    });
    note("ok", "items", items);
  };
  const auto producer = [&] {
    for (int i = 0; i < 4; ++i) {
      sleep_for(1s);
      const std::scoped_lock lock(m);
      ++items;
      note("put", "items", items);
      c.notify_all();
    }
  };
  gather(consumer, producer);
}

// To notify without the lock is allowed, as with std's; so the first of the two errors is none.
ORACLE_SCENARIO(condition_errors, {.without = "caught", .first_only = true}) {
  mutex m;
  condition_variable c;
  c.notify_one();
  try {
    c.wait(m);
  } catch (const error&) {
    note("caught", "exc", "RuntimeError", "msg", "cannot wait on un-acquired lock");
  }
}

ORACLE_SCENARIO(condition_cancel_reacquires) {
  mutex m;
  condition_variable c;
  const auto w = spawn([&] {
    std::unique_lock lock(m);
    try {
      c.wait(lock);
    } catch (const cancelled&) {
      note("w_cancelled", "locked", m.locked());
      throw;
    }
  });
  sleep_for(1s);
  m.lock();
  w.cancel();
  sleep_for(1s);
  note("releasing");
  m.unlock();
  try {
    w.get();
  } catch (const cancelled&) {
    caught();
  }
}

}  // namespace semantics
