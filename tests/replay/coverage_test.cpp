// How much a search has seen: schedules and reads, each once.

#include "support/run.hpp"
#include "support/sanitized.hpp"

#include <reprise/replay/explore.hpp>

using namespace reprise;
using namespace support;

namespace {

/// After so many runs.
template <class F>
coverage seen(F body, std::uint64_t runs, strategy how = random_walk()) {
  return explore({.schedule = how, .runs = runs, .keep_going = true, .count_coverage = true}, body)
      .seen;
}

}  // namespace

TEST_CASE("every schedule of a small program is seen, and counted once") {
  // Two tasks of two steps, and their starts and ends: all orders of the steps that there are.
  const auto two = [] {
    atomic<int> a{0};
    const auto step = [&] { a.fetch_add(1); };
    gather(step, step);
  };
  const std::uint64_t enough = support::sanitized ? 5'000 : 20'000;
  const auto some = seen(two, enough), more = seen(two, 2 * enough);
  CHECK(some.schedules.size() == more.schedules.size());
  CHECK(more.schedules.size() > 2);
  // Each increment reads the initial value or the other's.
  CHECK(more.reads_from.size() == 4);
  // One order alone.
  CHECK(seen(two, 50, fifo()).schedules.size() == 0);
  CHECK(seen([] { sleep_for(1s); }, 50).schedules.size() == 1);
}

TEST_CASE("what is drawn and when it happens is no schedule") {
  const auto draws = [] {
    log("{}", rng().random());
    sleep_for(std::chrono::nanoseconds(rng().randint(1, 1'000'000)));
  };
  CHECK(seen(draws, 100).schedules.size() == 1);
}

TEST_CASE("reads see one write or another") {
  const auto reader = [](int writes) {
    return [writes] {
      atomic<int> x{0};
      gather(
          [&] {
            for (int i = 1; i <= writes; ++i) x.store(i);
          },
          [&] { static_cast<void>(x.load()); });
    };
  };
  // The initial value, or one of the stores.
  CHECK(seen(reader(1), 500).reads_from.size() == 2);
  CHECK(seen(reader(3), 2000).reads_from.size() == 4);
  // A compare-exchange that fails writes nothing.
  const auto failing = [] {
    atomic<int> x{0};
    gather(
        [&] {
          int expected = 7;
          static_cast<void>(x.compare_exchange_strong(expected, 8));
        },
        [&] { static_cast<void>(x.load()); });
  };
  CHECK(seen(failing, 500).reads_from.size() == 2);
}

TEST_CASE("what two searches saw is put together") {
  const auto body = [] {
    atomic<int> x{0};
    gather([&] { x.store(1); }, [&] { x.store(2); }, [&] { static_cast<void>(x.load()); });
  };
  coverage all = seen(body, 3);
  all.merge(seen(body, 2000));
  const coverage whole = seen(body, 2000);
  CHECK(all.reads_from.size() == whole.reads_from.size());
  CHECK(all.schedules.size() == whole.schedules.size());
  CHECK(whole.reads_from.size() == 3);
}

TEST_CASE("a run does the same whether it is counted or not") {
  const auto body = [] {
    mutex m;
    int n = 0;
    const auto add = [&] {
      m.lock();
      ++n;
      m.unlock();
    };
    gather(add, add, add);
  };
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    coverage c;
    CHECK(run({.seed = seed, .schedule = pos(), .seen = &c}, body).digest ==
          run({.seed = seed, .schedule = pos()}, body).digest);
    CHECK(run({.seed = seed, .schedule = pos(), .detect = detectors::none(), .seen = &c}, body));
    CHECK(c.schedules.size() == 1);
  }
}
