#include "semantics/scenarios.hpp"

namespace semantics {

ORACLE_SCENARIO(taskgroup_ok) {
  task<trace_value> a, b;
  with_task_group([&](task_group& g) {
    a = g.spawn(napper("a", 2s));
    b = g.spawn(napper("b", 1s));
    note("body_end");
  });
  note("left", "v", trace_value::list{a.result(), b.result()});
}

ORACLE_SCENARIO(taskgroup_error_cancels_siblings) {
  try {
    with_task_group([](task_group& g) {
      g.spawn(cnapper("a", 5s));
      g.spawn(boomer("b", 1s));
      g.spawn(cnapper("c", 7s));
    });
  } catch (const exception_group&) {
    caught();
  }
  note("count", "v", current_task().cancelling());
}

ORACLE_SCENARIO(taskgroup_two_errors) {
  try {
    with_task_group([](task_group& g) {
      g.spawn(boomer("a", 1s));
      g.spawn(boomer("b", 1s));
      g.spawn(cnapper("c", 5s));
    });
  } catch (const exception_group&) {
    caught();
  }
}

ORACLE_SCENARIO(taskgroup_cleanup_error_added) {
  const auto k = [] {
    try {
      sleep_for(9s);
    } catch (const cancelled&) {
      note("k_cancelled");
      throw key_error("k");
    }
  };
  try {
    with_task_group([&](task_group& g) {
      g.spawn(boomer("a", 1s));
      g.spawn(k);
    });
  } catch (const exception_group&) {
    caught();
  }
}

ORACLE_SCENARIO(taskgroup_body_raises) {
  try {
    with_task_group([](task_group& g) {
      g.spawn(cnapper("a", 5s));
      sleep_for(1s);
      throw value_error("body");
    });
  } catch (const exception_group&) {
    caught();
  }
}

ORACLE_SCENARIO(taskgroup_body_raises_before_start) {
  try {
    with_task_group([](task_group& g) {
      g.spawn(cnapper("a", 5s));
      throw value_error("now");
    });
  } catch (const exception_group&) {
    caught();
  }
}

ORACLE_SCENARIO(taskgroup_body_cancelled_by_child_error) {
  try {
    with_task_group([](task_group& g) {
      g.spawn(boomer("b", 1s));
      try {
        sleep_for(9s);
      } catch (const cancelled&) {
        note("body_cancelled");
        throw;
      }
    });
  } catch (const exception_group&) {
    caught();
  }
  note("count", "v", current_task().cancelling());
}

ORACLE_SCENARIO(taskgroup_outer_cancel) {
  const auto p = spawn([] {
    with_task_group([](task_group& g) {
      g.spawn(cnapper("a", 5s));
      g.spawn(cnapper("b", 6s));
    });
  });
  sleep_for(1s);
  p.cancel();
  try {
    p.get();
  } catch (const cancelled&) {
    caught();
  }
}

ORACLE_SCENARIO(taskgroup_child_cancelled_alone) {
  task<trace_value> a;
  with_task_group([&](task_group& g) {
    a = g.spawn(cnapper("a", 5s));
    g.spawn(napper("b", 2s));
    call_later(1s, [a] { a.cancel(); });
  });
  note("left", "a_cancelled", a.cancelled());
}

// The group is gone after the call. The last one to look at it when it is finished is a
// done-callback, queued behind the group's own.
ORACLE_SCENARIO(taskgroup_child_adds_child) {
  bool refused = false;
  with_task_group([&](task_group& g) {
    g.spawn([&] {
      note("x");
      sleep_for(1s);
      const auto y = g.spawn(napper("y", 1s));
      y.add_done_callback([&](const any_task&) {
        try {
          g.spawn(napper("z", 1s));
        } catch (const std::logic_error&) {
          refused = true;
        }
      });
      note("x_end");
    });
  });
  note("left");
  if (refused) note("caught", "exc", "RuntimeError");
}

ORACLE_SCENARIO(taskgroup_resume_ticks) {
  const auto t = spawn(ticking(8));
  with_task_group([](task_group& g) { g.spawn([] { note("ran"); }); });
  note("left");
  t.get();
}

ORACLE_SCENARIO(taskgroup_nested_error) {
  const auto inner = [] {
    with_task_group([](task_group& g) {
      g.spawn(boomer("i", 1s));
      g.spawn(cnapper("j", 9s));
    });
  };
  try {
    with_task_group([&](task_group& g) {
      g.spawn(cnapper("o", 9s));
      g.spawn(inner);
    });
  } catch (const exception_group&) {
    caught();
  }
}

ORACLE_SCENARIO(taskgroup_error_and_outer_cancel) {
  const auto k = [] {
    try {
      sleep_for(9s);
    } catch (const cancelled&) {
      sleep_for(1s);
      note("k_clean");
      throw;
    }
  };
  const auto p = spawn([&] {
    try {
      with_task_group([&](task_group& g) {
        g.spawn(boomer("a", 1s));
        g.spawn(k);
      });
    } catch (const exception_group&) {
      caught();
    }
    note("after", "count", current_task().cancelling());
    sleep_for(1s);
    note("survived");
  });
  sleep_for(1.5s);
  p.cancel();
  try {
    p.get();
  } catch (const cancelled&) {
    caught();
  }
}

}  // namespace semantics
