// Work that keeps the CPU, and work handed to background threads: spend() is the same in a
// coroutine, since it takes time and waits for nobody.

#include "../traced.hpp"

#include <reprise/reprise.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <stdexcept>

using namespace std::chrono_literals;
using reprise::co_task;
using reprise::trace_value;
namespace co = reprise::co;

namespace {

double now() { return gallery::seconds(reprise::virtual_clock::now().time_since_epoch()).count(); }

struct value_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace

REPRISE_CO_SCENARIO("cpu_bound_blocks_loop_async",
                    "a CPU-bound task makes a ticker late; with co_await") {
  double busy_until = 0;

  const gallery::traced ticker("ticker", [&]() -> co_task<> {
    double due = 0;
    for (int i = 0; i < 8; ++i) {
      due += 0.25;
      co_await co::sleep_for(gallery::seconds(due - now()));
      const double late = std::max(0.0, busy_until - due);
      reprise::note("tick", "i", i, "due", due, "late", late);
    }
  });
  const gallery::traced cpu_bound("cpu_bound", [&]() -> co_task<> {
    co_await co::sleep_for(300ms);
    busy_until = 0.3;
    for (int burst = 0; burst < 3; ++burst) {
      const double cost = reprise::rng().uniform(0.4, 0.9);
      reprise::note("burst", "i", burst, "cost", cost);
      reprise::spend(gallery::seconds(cost));
      busy_until += cost;
      reprise::note("burst_end", "i", burst);
      co_await co::yield();
    }
  });
  const gallery::traced other("other", []() -> co_task<> {
    co_await co::sleep_for(1s);
    reprise::log("other woke");
  });

  reprise::note("start", "fn", "main");
  co_await co::gather(ticker(), cpu_bound(), other());
  reprise::note("done", "fn", "main");
}

REPRISE_CO_SCENARIO("executor_background_threads_async",
                    "five jobs on two background threads; with co_await") {
  reprise::worker_pool pool(2);
  std::array<double, 5> costs{};
  for (double& cost : costs) cost = reprise::rng().uniform(0.2, 1.0);

  const gallery::traced offload("offload", [&](int i) -> co_task<std::optional<int>> {
    const double cost = costs.at(static_cast<std::size_t>(i));
    reprise::note("submit", "i", i, "cost", cost);
    try {
      const int result = co_await co::offload(pool, [i, cost] {
        reprise::spend(gallery::seconds(cost));
        reprise::note("job_finished", "i", i);
        if (i == 3) throw value_error("job 3");
        return i * i;
      });
      reprise::note("result", "i", i, "value", result);
      co_return result;
    } catch (const value_error& e) {
      reprise::note("failed", "i", i, "exc", "ValueError", "msg", e.what());
      co_return std::nullopt;
    }
  });
  const gallery::traced io_ticker("io_ticker", []() -> co_task<> {
    for (int i = 0; i < 4; ++i) {
      co_await co::sleep_for(250ms);
      reprise::note("tick", "i", i);
    }
  });

  reprise::note("start", "fn", "main");
  const auto [ticks, a, b, c, d, e] =
      co_await co::gather(io_ticker(), offload(0), offload(1), offload(2), offload(3), offload(4));
  static_cast<void>(ticks);  // of a function without a value
  reprise::note("results", "values", trace_value::list{a, b, c, d, e});
  reprise::note("done", "fn", "main");
}
