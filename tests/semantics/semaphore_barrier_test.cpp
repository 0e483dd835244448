#include "semantics/scenarios.hpp"

namespace semantics {

namespace {

/// `async with semaphore`
class permit {
public:
  explicit permit(semaphore& s) : semaphore_(s) { s.acquire(); }
  permit(const permit&) = delete;
  ~permit() { semaphore_.release(); }

private:
  semaphore& semaphore_;
};

}  // namespace

ORACLE_SCENARIO(semaphore_limits) {
  semaphore s(2);
  std::vector<action> workers;
  for (int i = 0; i < 5; ++i) {
    workers.emplace_back([&s, i] {
      const permit p(s);
      note("in", "i", i);
      sleep_for(1s + i * 250ms);
      note("out", "i", i);
    });
  }
  gather(workers);
}

ORACLE_SCENARIO(semaphore_no_barging) {
  semaphore s(1);
  const auto a = [&s] {
    s.acquire();
    sleep_for(1s);
    s.release();
    note("released", "locked", s.locked());
    s.acquire();
    note("a_again");
    s.release();
  };
  const auto b = [&s] {
    const permit p(s);
    note("b_in");
    sleep_for(1s);
  };
  gather(a, b);
}

ORACLE_SCENARIO(semaphore_release_many) {
  semaphore s(0);
  std::vector<task<>> ts;
  for (int i = 0; i < 3; ++i) {
    ts.push_back(spawn([&s, i] {
      s.acquire();
      note("in", "i", i);
    }));
  }
  sleep_for(1s);
  for (int i = 0; i < 3; ++i) s.release();
  note("released");
  gather(ts);
}

ORACLE_SCENARIO(semaphore_cancelled_waiter) {
  semaphore s(0);
  std::vector<task<>> ts;
  for (int i = 0; i < 2; ++i) {
    ts.push_back(spawn([&s, i] {
      try {
        s.acquire();
        note("in", "i", i);
      } catch (const cancelled&) {
        note("cancelled", "i", i);
        throw;
      }
    }));
  }
  sleep_for(1s);
  s.release();
  ts[0].cancel();
  gather_all(ts);
}

// A release too many fails the run, since destructors release: excluded_test.cpp shows that one.
ORACLE_SCENARIO(bounded_semaphore_error, {.without = "caught", .first_only = true}) {
  semaphore s(1, 1);
  s.acquire();
  s.release();
  try {
    const semaphore negative(-1);
  } catch (const std::invalid_argument&) {
    note("caught", "exc", "ValueError", "msg", "Semaphore initial value must be >= 0");
  }
}

ORACLE_SCENARIO(barrier_two_rounds) {
  barrier b(3);
  const auto w = [&b](int i) {
    return [&b, i] {
      for (int round = 0; round < 2; ++round) {
        sleep_for(1s * (round == 0 ? i + 1 : 3 - i));
        note("arrive", "i", i, "rnd", round);
        const auto index = b.arrive_and_wait();
        note("pass", "i", i, "idx", index);
      }
    };
  };
  gather(w(0), w(1), w(2));
}

ORACLE_SCENARIO(barrier_abort) {
  barrier b(3);
  std::vector<task<>> ts;
  for (int i = 0; i < 2; ++i) {
    ts.push_back(spawn([&b, i] {
      note("arrive", "i", i);
      try {
        b.arrive_and_wait();
      } catch (const broken_barrier&) {
        note("broken", "i", i);
      }
    }));
  }
  sleep_for(1s);
  b.abort();
  gather(ts);
  note("state", "broken", b.broken());
  try {
    b.arrive_and_wait();
  } catch (const broken_barrier&) {
    note("broken", "i", "main");
  }
}

ORACLE_SCENARIO(barrier_reset) {
  barrier b(2);
  const auto w = [&b](int i) {
    return [&b, i] {
      try {
        const auto index = b.arrive_and_wait();
        note("pass", "i", i, "idx", index);
      } catch (const broken_barrier&) {
        note("broken", "i", i);
      }
    };
  };
  const auto t = spawn(w(0));
  sleep_for(1s);
  b.reset();
  t.get();
  gather(w(1), w(2));
}

}  // namespace semantics
