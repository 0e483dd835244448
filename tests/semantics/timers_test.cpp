#include "semantics/scenarios.hpp"

namespace semantics {

ORACLE_SCENARIO(call_soon_order) {
  call_soon([] {
    note("a");
    call_soon([] { note("c"); });
  });
  call_soon([] { note("b"); });
  yield();
  note("yielded");
  sleep_for(1s);
}

ORACLE_SCENARIO(call_later_zero_vs_call_soon) {
  call_later(0s, [] { note("x"); });
  call_soon([] { note("y"); });
  call_at(virtual_clock::now(), [] { note("z"); });
  call_soon([] { note("w"); });
  yield();
  note("yielded");
  sleep_for(1s);
}

ORACLE_SCENARIO(call_later_ties_fifo) {
  for (int i = 0; i < 8; ++i) call_later(1s, [i] { note("cb", "i", i); });
  sleep_for(2s);
}

ORACLE_SCENARIO(call_at_ties_from_different_times) {
  const auto add = [](seconds t, int i) { call_at(at(t), [i] { note("cb", "i", i); }); };
  add(3s, 0);
  sleep_for(1s);
  add(3s, 1);
  add(2s, 2);
  sleep_for(1.5s);
  add(3s, 3);
  add(1s, 4);
  sleep_for(1s);
}

ORACLE_SCENARIO(timers_many_mixed) {
  for (int i = 0; i < 20; ++i) {
    const int when = i * 7 % 5;
    call_at(at(seconds(when)), [i, when] { note("cb", "i", i, "when", when); });
  }
  sleep_for(6s);
}

ORACLE_SCENARIO(timer_cancel) {
  std::vector<timer> timers;
  for (int i = 0; i < 4; ++i) {
    timers.push_back(call_later(1s, [i, &timers] {
      note("cb", "i", i);
      if (i == 0) timers[2].cancel();
    }));
  }
  timers[1].cancel();
  note("h1", "cancelled", timers[1].cancelled());
  sleep_for(2s);
}

// Our clock has no half nanoseconds: a and b are due at one, and a is made first.
ORACLE_SCENARIO(timers_within_resolution_merge) {
  const auto add = [](duration t, std::string n) {
    call_at(virtual_clock::time_point(t), [n] {
      note(n);
      call_soon([n] { note(n + "_soon"); });
    });
  };
  add(1s, "a");
  add(1s, "b");
  add(1s + 3ns, "c");
  sleep_for(2s);
}

ORACLE_SCENARIO(sleep0_interleaving) {
  const auto w = [](int n) {
    return [n] {
      for (int i = 0; i < 3; ++i) {
        note("step", "n", n, "i", i);
        sleep_for(0s);
      }
    };
  };
  gather(w(0), w(1), w(2));
}

ORACLE_SCENARIO(sleep_negative_is_sleep0) {
  const auto w = [](std::string n, seconds first, seconds second) {
    return [=] {
      note(n + "0");
      sleep_for(first);
      note(n + "1");
      sleep_for(second);
      note(n + "2");
    };
  };
  gather(w("x", -1s, 0s), w("y", 0s, -5s));
}

ORACLE_SCENARIO(sleep_result_and_order) {
  const auto sleep = [](seconds d, trace_value result) -> child {
    return [=] {
      sleep_for(d);
      return result;
    };
  };
  note("results", "v", gather(std::vector{sleep(3s, "a"), sleep(1s, "b"), sleep(2s, nullptr)}));
}

ORACLE_SCENARIO(sleep_wakeup_two_iterations) {
  call_at(at(1s), [] { note("timer"); });
  const auto q = [] {
    sleep_for(1s);
    for (int i = 0; i < 3; ++i) {
      note("q" + std::to_string(i));
      yield();
    }
  };
  const auto r = [] {
    sleep_for(1s);
    note("r0");
  };
  gather(q, r);
}

ORACLE_SCENARIO(sleep_tiny_vs_sleep0) {
  const auto a = [] {
    sleep_for(seconds(1e-10));
    note("a");
  };
  const auto b = [] {
    for (int i = 0; i < 3; ++i) {
      sleep_for(0s);
      note("b", "i", i);
    }
  };
  gather(a, b);
}

ORACLE_SCENARIO(sleep_float_accumulation) {
  const auto t = spawn([] {
    sleep_for(0.3s);
    note("other");
  });
  for (int i = 0; i < 10; ++i) {
    sleep_for(0.1s);
    note("at", "i", i);
  }
  t.get();
}

ORACLE_SCENARIO(blocking_cpu_makes_timers_late) {
  const tasks ts{spawn(napper("b", 2s)), spawn(napper("a", 1s)), spawn(napper("c", 4s))};
  sleep_for(0.5s);
  spend(3s);
  note("cpu_done");
  gather(ts);
}

ORACLE_SCENARIO(ready_before_expired_timers) {
  const auto t = spawn(napper("a", 1s));
  sleep_for(0.5s);
  call_soon([] { note("soon1"); });
  spend(1s);
  call_soon([] { note("soon2"); });
  note("cpu");
  yield();
  note("main");
  t.get();
}

}  // namespace semantics
