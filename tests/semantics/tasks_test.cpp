#include "semantics/scenarios.hpp"

namespace semantics {

ORACLE_SCENARIO(create_task_fifo_start) {
  tasks ts;
  for (int i = 0; i < 5; ++i) {
    ts.push_back(spawn(napper(i, 1s)));
    note("created", "i", i);
  }
  yield();
  note("yielded");
  for (const auto& t : ts) t.get();
}

ORACLE_SCENARIO(await_finished_task_no_yield) {
  const auto t = spawn(napper("t", 1s));
  sleep_for(2s);
  spawn(ticking(2));
  note("got", "v", t.get());
  sleep_for(1s);
}

ORACLE_SCENARIO(await_coroutine_directly_no_yield) {
  spawn(ticking(2));
  const auto step = [](int i) { note("step", "i", i); };
  for (int i = 0; i < 3; ++i) step(i);
  sleep_for(1s);
}

ORACLE_SCENARIO(await_task_resume_ticks) {
  const auto t = spawn(ticking(6));
  spawn([] { note("ran"); }).get();
  note("resumed");
  t.get();
}

ORACLE_SCENARIO(await_chain_of_tasks_ticks) {
  const auto t = spawn(ticking(10));
  const std::function<void(int)> level = [&level](int k) {
    note("enter", "k", k);
    if (k < 4) spawn([&level, k] { level(k + 1); }).get();
    note("leave", "k", k);
  };
  spawn([&level] { level(1); }).get();
  note("resumed");
  t.get();
}

ORACLE_SCENARIO(two_waiters_same_task_fifo) {
  const auto t = spawn(napper("t", 1s));
  const auto w = [&t](int i) {
    return [&t, i] {
      note("waiting", "i", i);
      t.get();
      note("got", "i", i);
    };
  };
  gather(w(0), w(1), w(2));
}

ORACLE_SCENARIO(nested_tasks_start_order) {
  const auto leaf = [](const char* n) { return [n] { note("leaf", "n", n); }; };
  spawn([leaf] {
    note("A");
    spawn(leaf("A1"));
    spawn(leaf("A2"));
    note("A_end");
  });
  spawn([leaf] {
    note("B");
    spawn(leaf("B1"));
  });
  sleep_for(1s);
}

ORACLE_SCENARIO(task_exception_reraised_twice) {
  const auto t = spawn(boomer("x", 1s));
  for (int i = 0; i < 2; ++i) {
    try {
      t.get();
    } catch (const value_error&) {
      caught();
    }
  }
}

ORACLE_SCENARIO(main_returns_leftovers_cancelled) {
  spawn(cnapper("a", 10s));
  spawn(cnapper("b", 20s));
  spawn(napper("c", 1s));
  sleep_for(2s);
  note("main_done");
}

ORACLE_SCENARIO(main_returns_task_gets_one_step) {
  spawn(cnapper("a", 10s));
  note("main_done");
}

ORACLE_SCENARIO(done_callbacks_order) {
  const auto t = spawn([] {
    note("ran");
    return std::string("v");
  });
  const auto callback = [t](int i) {
    return
        [t, i](const any_task& done) { note("cb", "i", i, "done", done.done(), "v", t.result()); };
  };
  for (int i = 0; i < 3; ++i) t.add_done_callback(callback(i));
  sleep_for(1s);
  t.add_done_callback(callback(3));
  note("added");
  yield();
  note("after");
}

// A callback is known by its handle. Python's is the function, which may be added twice: two
// handles.
ORACLE_SCENARIO(remove_done_callback) {
  const auto t = spawn(napper("t", 1s));
  const auto a = [](const any_task&) { note("a"); };
  const auto b = [](const any_task&) { note("b"); };
  const auto first = t.add_done_callback(a);
  t.add_done_callback(b);
  const auto second = t.add_done_callback(a);
  const auto removed = t.remove_done_callback(first) + t.remove_done_callback(second);
  note("removed", "n", removed);
  t.get();
  yield();
}

ORACLE_SCENARIO(await_self_is_error) {
  const auto me = [] {
    yield();
    try {
      current_task().join();
    } catch (const std::logic_error&) {
      note("caught", "exc", "RuntimeError");
    }
  };
  spawn(me).get();
}

ORACLE_SCENARIO(future_set_result_resumes_next_iteration) {
  const promise<int> f;
  const auto w = [&f] {
    note("waiting");
    note("got", "v", f.get_future().get());
  };
  const auto s = [&f] {
    sleep_for(1s);
    note("before_set");
    f.set_value(7);
    note("after_set");
    yield();
    note("after_yield");
  };
  gather(w, s);
}

ORACLE_SCENARIO(future_invalid_state) {
  const promise<int> f;
  f.set_value(1);
  try {
    f.set_value(2);
  } catch (const invalid_state&) {
    note("caught", "exc", "InvalidStateError");
  }
  note("cancel", "r", f.cancel());
  note("result", "v", f.get_future().get());
  const promise<int> g;
  try {
    g.get_future().result();
  } catch (const invalid_state&) {
    note("caught", "exc", "InvalidStateError");
  }
  const promise<int> h;
  h.set_exception(std::make_exception_ptr(value_error("h")));
  try {
    h.get_future().get();
  } catch (const value_error&) {
    caught();
  }
}

}  // namespace semantics
