#include "semantics/scenarios.hpp"

#include <utility>

namespace semantics {

ORACLE_SCENARIO(queue_producer_consumer_maxsize1) {
  queue<int> q(1);
  const auto producer = [&q] {
    for (int i = 0; i < 4; ++i) {
      q.put(i);
      note("put", "i", i, "size", q.size());
    }
    note("prod_done");
  };
  const auto consumer = [&q] {
    for (int n = 0; n < 4; ++n) {
      const int i = q.get().value();
      note("got", "i", i);
      sleep_for(1s);
    }
  };
  gather(producer, consumer);
}

ORACLE_SCENARIO(queue_unbounded_no_yield) {
  queue<int> q;
  const auto producer = [&q] {
    for (int i = 0; i < 5; ++i) {
      q.put(i);
      note("put", "i", i);
    }
  };
  const auto consumer = [&q] {
    for (int n = 0; n < 5; ++n) note("got", "i", q.get().value());
  };
  gather(ticking(2), producer, consumer);
}

ORACLE_SCENARIO(queue_getters_fifo) {
  queue<std::string> q;
  std::vector<task<>> ts;
  for (int n = 0; n < 3; ++n) {
    ts.push_back(spawn([&q, n] {
      const auto v = q.get().value();
      note("got", "n", n, "v", v);
    }));
  }
  sleep_for(1s);
  for (const char* v : {"x", "y", "z"}) q.try_put(v);
  note("put", "size", q.size());
  gather(ts);
}

ORACLE_SCENARIO(queue_get_steal) {
  queue<std::string> q;
  const auto t = spawn([&q] { note("got", "v", q.get().value()); });
  sleep_for(1s);
  q.try_put("x");
  note("stole", "v", q.try_get().value());
  sleep_for(1s);
  q.try_put("y");
  t.get();
}

ORACLE_SCENARIO(queue_get_cancelled) {
  queue<std::string> q;
  std::vector<task<>> ts;
  for (int n = 0; n < 2; ++n) {
    ts.push_back(spawn([&q, n] {
      try {
        const auto v = q.get().value();
        note("got", "n", n, "v", v);
      } catch (const cancelled&) {
        note("cancelled", "n", n);
        throw;
      }
    }));
  }
  sleep_for(1s);
  q.try_put("x");
  ts[0].cancel();
  gather_all(ts);
}

ORACLE_SCENARIO(queue_putters_fifo) {
  queue<trace_value> q(1);
  q.try_put("z");
  std::vector<task<>> ts;
  for (int n = 0; n < 3; ++n) {
    ts.push_back(spawn([&q, n] {
      q.put(n);
      note("put", "n", n);
    }));
  }
  for (int n = 0; n < 4; ++n) {
    sleep_for(1s);
    note("got", "v", q.get().value());
  }
  gather(ts);
}

ORACLE_SCENARIO(queue_join_task_done) {
  queue<int> q;
  for (int i = 0; i < 3; ++i) q.try_put(i);
  std::vector<task<>> workers;
  for (int n = 0; n < 2; ++n) {
    workers.push_back(spawn([&q] {
      while (const auto i = q.get()) {
        sleep_for(1s * (1 + *i));
        note("did", "i", *i);
        q.task_done();
      }
    }));
  }
  q.join();
  note("joined");
  for (const auto& w : workers) w.cancel();
  gather_all(workers);
  note("all_cancelled", "v", trace_value::list{workers[0].cancelled(), workers[1].cancelled()});
}

// An empty or a full queue is a value here, not an exception. Names and texts are Python's.
ORACLE_SCENARIO(queue_nowait_errors) {
  queue<int> q(1);
  const auto get = [&q] {
    if (const auto item = q.try_get()) {
      note("ok", "v", *item);
    } else {
      note("caught", "exc", "QueueEmpty", "msg", "");
    }
  };
  const auto put = [&q](int item) {
    if (q.try_put(item)) {
      note("ok", "v", nullptr);
    } else {
      note("caught", "exc", "QueueFull", "msg", "");
    }
  };
  const auto done = [&q] {
    try {
      q.task_done();
      note("ok", "v", nullptr);
    } catch (const error&) {
      note("caught", "exc", "ValueError", "msg", "task_done() called too many times");
    }
  };
  get();
  put(1);
  put(2);
  get();
  done();
  done();
}

ORACLE_SCENARIO(priority_queue) {
  using item = std::pair<int, std::string>;
  reprise::priority_queue<item> q;
  const auto got = [](const std::optional<item>& i) {
    note("got", "v", trace_value::list{i.value().first, i.value().second});
  };
  for (const auto& i : {item(2, "b"), item(1, "z"), item(3, "a"), item(1, "c")}) q.put(i);
  for (int n = 0; n < 4; ++n) got(q.get());
  const auto t = spawn([&q] { return q.get(); });
  sleep_for(1s);
  q.put({9, "late"});
  q.put({0, "early"});
  got(t.get());
  got(q.get());
}

ORACLE_SCENARIO(lifo_queue) {
  reprise::lifo_queue<int> q;
  for (const int i : {1, 2, 3}) q.put(i);
  const auto got = [&q] { note("got", "v", q.get().value()); };
  got();
  got();
  q.put(4);
  got();
  got();
}

// shutdown() is close(): a getter gets nothing, a putter the exception.
ORACLE_SCENARIO(queue_shutdown) {
  queue<int> q;
  const auto t = spawn([&q] {
    if (!q.get()) note("shut");
  });
  sleep_for(1s);
  q.close();
  t.get();
  try {
    q.put(1);
  } catch (const queue_closed&) {
    caught();
  }
}

}  // namespace semantics
