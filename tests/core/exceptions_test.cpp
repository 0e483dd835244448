// C++ keeps the exceptions that are being handled per OS thread. Here each flow of control has its
// own.

#include "support/run.hpp"

#include <exception>
#include <stdexcept>
#include <string>

using namespace reprise;
using namespace support;

namespace {

/// Suspends inside a handler, `wait` says how, and rethrows: what comes out must be what went in.
template <class Wait>
std::string keeps(const std::string& text, Wait wait) {
  try {
    try {
      throw std::runtime_error(text);
    } catch (...) {
      wait();
      throw;
    }
  } catch (const std::exception& e) {
    return e.what();
  }
}

}  // namespace

TEST_CASE("two tasks that suspend inside a catch rethrow their own exceptions") {
  passes([] {
    for (int round = 0; round < 3; ++round) {
      // The one that threw first goes on last, and the other way round.
      auto [a, b, c] = gather([] { return keeps("a", [] { sleep_for(2s); }); },
                              [] { return keeps("b", [] { sleep_for(1s); }); },
                              [] { return keeps("c", [] { yield(); }); });
      CHECK(a == "a");
      CHECK(b == "b");
      CHECK(c == "c");
    }
  });
}

TEST_CASE("handlers may be nested across waits") {
  passes([] {
    const auto nested = [](const std::string& name) {
      return [name] {
        return keeps(name + "1", [&] {
          yield();
          CHECK(keeps(name + "2", [] { sleep_for(1s); }) == name + "2");
          yield();
        });
      };
    };
    auto [a, b] = gather(nested("a"), nested("b"));
    CHECK(a == "a1");
    CHECK(b == "b1");
  });
}

TEST_CASE("a task starts with no exception, whoever was being handled when it was made") {
  passes([] {
    try {
      throw std::runtime_error("maker");
    } catch (...) {
      auto t = spawn([] {
        CHECK_FALSE(std::current_exception());
        CHECK(std::uncaught_exceptions() == 0);
        return keeps("child", [] { yield(); });
      });
      CHECK(t.get() == "child");
      CHECK(std::current_exception());
    }
    CHECK_FALSE(std::current_exception());
  });
}

TEST_CASE("a destructor that waits while its frame unwinds lets others throw meanwhile") {
  passes([] {
    const auto unwinds = [](const std::string& text, auto d) {
      return [text, d] {
        try {
          const at_exit out([d] {
            CHECK(std::uncaught_exceptions() == 1);
            sleep_for(d);
            CHECK(std::uncaught_exceptions() == 1);
          });
          throw std::runtime_error(text);
        } catch (const std::exception& e) {
          return std::string(e.what());
        }
      };
    };
    auto [a, b] = gather(unwinds("a", 2s), unwinds("b", 1s));
    CHECK(a == "a");
    CHECK(b == "b");
  });
}

TEST_CASE("a generator and its consumer each have their own exceptions") {
  passes([] {
    generator<int> g([](auto give) {
      CHECK_FALSE(std::current_exception());
      CHECK(keeps("inside", [&] { give(1); }) == "inside");
      give(2);
      throw std::out_of_range("the end");
    });
    auto it = g.begin();
    CHECK(*it == 1);
    CHECK(keeps("outside", [&] { ++it; }) == "outside");
    CHECK(*it == 2);
    CHECK(keeps("outside", [&] { CHECK_THROWS_AS(++it, std::out_of_range); }) == "outside");
  });
}

TEST_CASE("an offloaded job and the one who waits for it each have their own exceptions") {
  passes([] {
    const auto text = keeps("task", [] {
      CHECK(offload([] {
              CHECK_FALSE(std::current_exception());
              return keeps("job", [] { spend(1s); });
            }) == "job");
    });
    CHECK(text == "task");
    auto [a, b] = gather([] { return offload([] { return keeps("a", [] { spend(2s); }); }); },
                         [] { return offload([] { return keeps("b", [] { spend(1s); }); }); });
    CHECK(a == "a");
    CHECK(b == "b");
  });
}

TEST_CASE("a callback has its own exceptions") {
  passes([] {
    bool called = false;
    call_soon([&] {
      CHECK_FALSE(std::current_exception());
      CHECK(keeps("callback", [] { log("x"); }) == "callback");
      called = true;
    });
    CHECK(keeps("task", [] { yield(); }) == "task");
    CHECK(called);
  });
}

TEST_CASE("an exception that is handled when a run begins is there when it ends") {
  CHECK(keeps("caller", [] { CHECK(run(0, [] { keeps("task", [] { sleep_for(1s); }); })); }) ==
        "caller");
  CHECK(keeps("caller", [] { CHECK_FALSE(run(0, [] { throw 1; })); }) == "caller");
  CHECK(keeps("caller", [] { CHECK_FALSE(run(0, [] { fail("x"); })); }) == "caller");
}

TEST_CASE("a task that ended by an exception leaves none to the next task on its stack") {
  passes([] {
    for (int i = 0; i < 100; ++i) {
      auto bad = spawn([] { throw std::runtime_error("x"); });
      auto good = spawn([] { return std::current_exception() == nullptr; });
      CHECK_THROWS(bad.get());
      CHECK(good.get());
    }
  });
}
