// Work that keeps the CPU: on the event loop it makes everybody late, on a background thread
// nobody.

#include "traced.hpp"

#include <reprise/reprise.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <stdexcept>

using namespace std::chrono_literals;
using reprise::trace_value;

namespace {

/// The virtual time in seconds, as loop.time() gives it.
double now() { return gallery::seconds(reprise::virtual_clock::now().time_since_epoch()).count(); }

struct value_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace

// spend(d) is work that takes `d` of virtual time and lets nobody else run meanwhile. The ticker
// wants to tick every quarter of a second.
REPRISE_SCENARIO("cpu_bound_blocks_loop",
                 "a CPU-bound task blocks the loop and makes a ticker late") {
  double busy_until = 0;  // seconds; the clock's whole nanoseconds would round what was drawn

  const gallery::traced ticker("ticker", [&] {
    double due = 0;
    for (int i = 0; i < 8; ++i) {
      due += 0.25;
      reprise::sleep_for(gallery::seconds(due - now()));  // late already: only a yield
      const double late = std::max(0.0, busy_until - due);
      reprise::note("tick", "i", i, "due", due, "late", late);
      reprise::expect(std::abs(now() - due - late) < 1e-8, "the clock says {} s, not {} s late",
                      now() - due, late);
    }
  });
  const gallery::traced cpu_bound("cpu_bound", [&] {
    reprise::sleep_for(300ms);
    busy_until = 0.3;
    for (int burst = 0; burst < 3; ++burst) {
      const double cost = reprise::rng().uniform(0.4, 0.9);
      reprise::note("burst", "i", burst, "cost", cost);
      reprise::spend(gallery::seconds(cost));
      busy_until += cost;
      reprise::note("burst_end", "i", burst);
      reprise::yield();
    }
  });
  const gallery::traced other("other", [] {
    reprise::sleep_for(1s);
    reprise::log("other woke");
  });

  reprise::note("start", "fn", "main");
  reprise::gather(ticker, cpu_bound, other);
  reprise::note("done", "fn", "main");
}

// offload(pool, f) runs `f` on a simulated background thread, as run_in_executor() does: what it
// spends is its own thread's time. An exception arrives at the offload that waits for it.
REPRISE_SCENARIO("executor_background_threads",
                 "five jobs on two background threads, and a ticker that is never late") {
  reprise::worker_pool pool(2);
  std::array<double, 5> costs{};
  for (double& cost : costs) cost = reprise::rng().uniform(0.2, 1.0);

  const gallery::traced offload("offload", [&](int i) -> std::optional<int> {
    const double cost = costs.at(static_cast<std::size_t>(i));
    reprise::note("submit", "i", i, "cost", cost);
    try {
      const int result = reprise::offload(pool, [i, cost] {
        reprise::spend(gallery::seconds(cost));
        reprise::note("job_finished", "i", i);
        if (i == 3) throw value_error("job 3");
        return i * i;
      });
      reprise::note("result", "i", i, "value", result);
      return result;
    } catch (const value_error& e) {
      reprise::note("failed", "i", i, "exc", "ValueError", "msg", e.what());
      return std::nullopt;
    }
  });
  const gallery::traced io_ticker("io_ticker", [] {
    for (int i = 0; i < 4; ++i) {
      reprise::sleep_for(250ms);
      reprise::note("tick", "i", i);
      reprise::expect(reprise::virtual_clock::now().time_since_epoch() == (i + 1) * 250ms);
    }
  });

  reprise::note("start", "fn", "main");
  const auto [ticks, a, b, c, d, e] = reprise::gather(
      io_ticker, [&] { return offload(0); }, [&] { return offload(1); }, [&] { return offload(2); },
      [&] { return offload(3); }, [&] { return offload(4); });
  static_cast<void>(ticks);  // of a function without a value
  reprise::note("results", "values", trace_value::list{a, b, c, d, e});
  reprise::note("done", "fn", "main");
}
