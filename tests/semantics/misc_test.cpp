#include "semantics/scenarios.hpp"

#include <array>
#include <mutex>

namespace semantics {

ORACLE_SCENARIO(main_raises, {.result = verdict::failed}) {
  spawn(cnapper("a", 9s));
  sleep_for(1s);
  throw value_error("m");
}

// There is no handler to be told: the failure that nobody looked at is the run's verdict.
ORACLE_SCENARIO(exception_never_retrieved, {.result = verdict::failed, .without = "handler"}) {
  {
    const auto t = spawn(boomer("a", 1s));
    sleep_for(2s);
  }
  note("dropped");
}

// Likewise; the other callbacks go on.
ORACLE_SCENARIO(exception_in_callback, {.result = verdict::failed, .without = "handler"}) {
  call_soon([] { throw key_error("k"); });
  call_soon([] { note("next"); });
  sleep_for(1s);
}

ORACLE_SCENARIO(deadlock, {.result = verdict::deadlock}) {
  spawn(napper("a", 1s));
  const promise<int> never;
  never.get_future().get();
}

ORACLE_SCENARIO(deadlock_two_locks, {.result = verdict::deadlock}) {
  std::array<mutex, 2> locks;
  const auto w = [&locks](int i) {
    return [&locks, i] {
      const auto mine = static_cast<std::size_t>(i);
      try {
        const std::scoped_lock first(locks[mine]);
        note("have", "i", i, "lock", i);
        sleep_for(1s);
        note("want", "i", i, "lock", 1 - i);
        const std::scoped_lock second(locks[1 - mine]);
        note("both", "i", i);
      } catch (const cancelled&) {
        note("cancelled", "i", i);
        throw;
      }
    };
  };
  gather(w(0), w(1));
}

// A job that takes `d` and then calls a function: Python's VJob.
template <class F>
static auto job(seconds d, F f) {
  return [d, f] {
    spend(d);
    return f();
  };
}

ORACLE_SCENARIO(executor_basic) {
  const auto t = spawn([] {
    for (int i = 0; i < 3; ++i) {
      sleep_for(1s);
      note("tick", "i", i);
    }
  });
  const int result = offload(job(2s, [] {
    note("job");
    return 42;
  }));
  note("result", "v", result);
  t.get();
}

ORACLE_SCENARIO(executor_exception) {
  try {
    offload(job(1s, [] { throw value_error("j"); }));
  } catch (const value_error&) {
    caught();
  }
}

ORACLE_SCENARIO(executor_pool_of_two) {
  worker_pool pool(2);
  std::vector<action> workers;
  for (int i = 0; i < 4; ++i) {
    workers.emplace_back([&pool, i] {
      offload(pool, job(i == 0 ? 3s : 1s, [] {}));
      note("got", "i", i);
    });
  }
  gather(workers);
}

ORACLE_SCENARIO(executor_completion_ticks) {
  const auto t = spawn([] {
    sleep_for(1s);
    ticker(5);
  });
  offload(job(1s, [] {}));
  note("resumed");
  t.get();
}

ORACLE_SCENARIO(executor_await_cancelled) {
  const auto w = spawn([] { offload(job(3s, [] { note("job"); })); });
  sleep_for(1s);
  w.cancel();
  try {
    w.get();
  } catch (const cancelled&) {
    caught();
  }
  sleep_for(4s);
}

ORACLE_SCENARIO(contextvar_copied_at_creation) {
  task_local<int> v(0);
  const auto r = [&v](int i) {
    return [&v, i] {
      sleep_for(1s);
      note("v", "i", i, "v", v.get());
      v.set(100 + i);
    };
  };
  v.set(1);
  const auto a = spawn(r(0));
  v.set(2);
  const auto b = spawn(r(1));
  gather(a, b);
  note("main", "v", v.get());
}

ORACLE_SCENARIO(shared_random_draw_order) {
  prng random(7);
  std::vector<action> workers;
  for (int i = 0; i < 4; ++i) {
    workers.emplace_back([&random, i] {
      for (int n = 0; n < 3; ++n) {
        const double d = random.uniform(0.5, 2.0);
        note("draw", "i", i, "d", d);
        sleep_for(seconds(d));
      }
    });
  }
  gather(workers);
}

ORACLE_SCENARIO(shared_random_with_ties) {
  prng random(3);
  std::vector<action> workers;
  for (int i = 0; i < 6; ++i) {
    workers.emplace_back([&random, i] {
      for (int n = 0; n < 4; ++n) {
        const auto d = random.randint(0, 2);
        note("draw", "i", i, "d", d);
        sleep_for(1s * d);
      }
    });
  }
  gather(workers);
}

ORACLE_SCENARIO(thundering_mixture) {
  event e;
  queue<std::string> q;
  const promise<> f0, f1;
  const auto s = [](const char* n, const promise<>& f) -> child {
    return [n, f] {
      f.get_future().get();
      note(n);
      return nullptr;
    };
  };
  const tasks ts{spawn([&e]() -> trace_value {
                   e.wait();
                   note("we");
                   return nullptr;
                 }),
                 spawn(s("s0", f0)), spawn([&q]() -> trace_value {
                   const auto v = q.get().value();
                   note("wq", "v", v);
                   return nullptr;
                 }),
                 spawn(cnapper("wc", 9s)), spawn(s("s1", f1))};
  yield();
  call_at(at(1s), [&e] { e.set(); });
  call_at(at(1s), [f0] { f0.set_value(); });
  call_at(at(1s), [&q] { q.try_put("item"); });
  call_at(at(1s), [wc = ts[3]] { wc.cancel(); });
  call_at(at(1s), [f1] { f1.set_value(); });
  gather_all(ts);
}

}  // namespace semantics
