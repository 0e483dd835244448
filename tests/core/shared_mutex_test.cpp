#include "support/run.hpp"

#include <memory>
#include <shared_mutex>
#include <string>

using namespace reprise;
using namespace support;
using Catch::Matchers::ContainsSubstring;

namespace {

/// Under a strategy that chooses, with the detectors.
template <class F>
report watched(F body, detectors on = {}) {
  return run({.schedule = round_robin(), .detect = on}, body);
}

}  // namespace

TEST_CASE("readers share, a writer is alone") {
  passes([] {
    shared_mutex m;
    int readers = 0, most = 0;
    const auto read = [&] {
      const std::shared_lock lock(m);
      most = std::max(most, ++readers);
      sleep_for(1s);
      --readers;
    };
    const auto write = [&] {
      const std::unique_lock lock(m);
      CHECK(readers == 0);
      sleep_for(1s);
      CHECK(readers == 0);
    };
    gather(read, read, write, read, read);
    CHECK(most == 2);
    CHECK(now() == 3s);
  });
}

TEST_CASE("no reader overtakes a writer, and the line is kept") {
  const auto r = passes([] {
    shared_mutex m;
    m.lock_shared();
    spawn([&] {
      const std::unique_lock lock(m);
      log("writer");
    });
    spawn([&] {
      const std::shared_lock lock(m);
      log("reader");
    });
    yield();
    CHECK_FALSE(m.try_lock_shared());
    CHECK_FALSE(m.try_lock());
    log("first");
    m.unlock_shared();
    yield();
    yield();
    CHECK(m.try_lock());
    CHECK_FALSE(m.try_lock_shared());
    m.unlock();
    CHECK(m.try_lock_shared());
    CHECK(m.try_lock_shared());
    CHECK_FALSE(m.try_lock());
    m.unlock_shared();
    m.unlock_shared();
  });
  CHECK(logged(r) == "first writer reader");
}

TEST_CASE(
    "readers that stand together go together, also one that comes while another is on its way") {
  passes([] {
    shared_mutex m;
    m.lock();
    event both;
    int in = 0;
    const auto read = [&] {
      const std::shared_lock lock(m);
      if (++in == 2) both.set();
      both.wait();  // neither goes on alone
    };
    auto first = spawn(read);
    yield();
    m.unlock();
    auto second = spawn(read);  // starts when the first has been woken
    CHECK_FALSE(m.try_lock_shared());
    auto third = spawn([&] {
      const std::unique_lock lock(m);
      CHECK(in == 2);
    });
    gather(first, second, third);
  });
}

TEST_CASE("a waiter for either side that is cancelled passes its turn on") {
  for (const bool writer : {true, false})
    for (const bool woken : {true, false})
      passes([writer, woken] {
        shared_mutex m;
        if (writer)
          m.lock_shared();
        else
          m.lock();
        auto first = spawn([&] {
          if (writer)
            m.lock();
          else
            m.lock_shared();
          CHECK(false);
        });
        int got = 0;
        auto second = spawn([&] {
          const std::shared_lock lock(m);
          ++got;
        });
        auto third = spawn([&] {
          const std::unique_lock lock(m);
          ++got;
        });
        yield();
        const auto release = [&] { writer ? m.unlock_shared() : m.unlock(); };
        if (woken) release();
        first.cancel();
        if (!woken) {
          yield();
          release();
        }
        gather(second, third);
        CHECK(got == 2);
      });
}

TEST_CASE("a wrong unlock fails the run") {
  CHECK(run(0, [] {
          shared_mutex m;
          m.lock_shared();
          m.unlock();
          yield();
        }).result == verdict::failed);
  CHECK(run(0, [] {
          shared_mutex m;
          m.lock();
          m.unlock_shared();
          yield();
        }).result == verdict::failed);
}

TEST_CASE("in a search it is given back by its holder alone, whether one writes or many read") {
  const auto by_another = [](bool shared) {
    return [shared] {
      shared_mutex m("table");
      shared ? m.lock_shared() : m.lock();
      spawn([&] { shared ? m.unlock_shared() : m.unlock(); }).join();
    };
  };
  for (const bool shared : {false, true}) {
    const report r = watched(by_another(shared));
    CHECK(r.result == verdict::failed);
    CHECK_THAT(r.what, ContainsSubstring("table was unlocked by Task-2, and Task-1 holds it"));
    check_passed(watched(by_another(shared), {.mutexes = false}));
    passes(by_another(shared));  // asyncio lets anyone do so
  }
  // The hold of one reader is not another's, and the report names all whose it could be.
  const report r = watched([] {
    shared_mutex m;
    gather([&] { m.lock_shared(); }, [&] { m.lock_shared(); });
    m.unlock_shared();
  });
  CHECK_THAT(r.what, ContainsSubstring("was unlocked by Task-1, and Task-2 and Task-3 hold it"));
  check_passed(watched([] {
    shared_mutex m;
    const auto read = [&] {
      const std::shared_lock outer(m);
      yield();
    };
    gather(read, read, [&] {
      if (!m.try_lock_shared()) return;
      yield();
      m.unlock_shared();
    });
    const std::unique_lock lock(m);
  }));
}

TEST_CASE("in a search it is not destroyed while it is held") {
  for (const bool shared : {false, true}) {
    const auto destroy = [shared] {
      auto m = std::make_unique<shared_mutex>("table");
      shared ? m->lock_shared() : m->lock();
      m.reset();
    };
    const report r = watched(destroy);
    CHECK(r.result == verdict::failed);
    CHECK_THAT(r.what, ContainsSubstring("table was destroyed, and Task-1 holds it"));
    check_passed(watched(destroy, {.mutexes = false}));
    passes(destroy);
  }
  check_passed(watched([] {
    auto m = std::make_unique<shared_mutex>();
    gather([&] { const std::shared_lock lock(*m); }, [&] { const std::unique_lock lock(*m); });
    m.reset();
  }));
}
