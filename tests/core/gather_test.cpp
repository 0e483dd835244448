#include "support/run.hpp"

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

using namespace reprise;
using namespace support;

TEST_CASE("gather gives the values in argument order, and takes as long as its slowest") {
  passes([] {
    auto [a, b, c] = gather(
        [] {
          sleep_for(3s);
          return 1;
        },
        [] { return std::string("x"); }, [] { sleep_for(1s); });
    CHECK(a == 1);
    CHECK(b == "x");
    static_assert(std::is_same_v<decltype(c), std::monostate>);
    CHECK(now() == 3s);
    std::vector<std::function<int()>> fs;
    for (int i = 0; i < 5; ++i)
      fs.push_back([i] {
        sleep_for(std::chrono::seconds(5 - i));
        return i;
      });
    CHECK(gather(fs) == std::vector{0, 1, 2, 3, 4});
    CHECK(now() == 8s);
  });
}

TEST_CASE("the children become tasks at the call, in argument order") {
  const auto r = passes([] {
    spawn([] { log("before"); });
    gather([] { log("{}", current_task().name()); }, [] { log("{}", current_task().name()); });
  });
  CHECK(logged(r) == "before Task-3 Task-4");
}

TEST_CASE("values that can't be copied are moved through gather") {
  passes([] {
    auto [p, q] =
        gather([] { return std::make_unique<int>(1); }, [] { return std::make_unique<int>(2); });
    CHECK(*p + *q == 3);
    std::vector<std::function<std::unique_ptr<int>()>> fs{[] { return std::make_unique<int>(3); }};
    CHECK(*gather(fs)[0] == 3);
    const auto [o] = gather_all([] { return std::make_unique<int>(4); });
    CHECK(*o.value() == 4);
  });
}

TEST_CASE("callables given as a temporary range are moved, those of a variable copied") {
  passes([] {
    struct once {
      std::unique_ptr<int> p;
      int operator()() const { return *p; }
    };
    std::vector<once> fs;
    fs.push_back({std::make_unique<int>(1)});
    const auto ones = gather(std::move(fs));
    CHECK(ones == std::vector{1});
    std::vector<std::function<int()>> kept{[] { return 2; }};
    gather(kept);
    CHECK(gather(kept) == std::vector{2});
  });
}

TEST_CASE(
    "a gather of callables owns them: a failure cancels the siblings, and all have ended when it "
    "is thrown") {
  const auto r = passes([] {
    int alive = 0;
    const auto sibling = [&](int i) {
      return [&alive, i] {
        ++alive;
        const at_exit out([&alive] { --alive; });
        try {
          sleep_for(1h);
        } catch (const cancelled&) {
          log("cancelled{}", i);
          sleep_for(2s);
          throw;
        }
      };
    };
    CHECK_THROWS_WITH(gather(
                          sibling(0),
                          [] {
                            sleep_for(1s);
                            throw std::runtime_error("bad");
                          },
                          sibling(2)),
                      "bad");
    CHECK(alive == 0);
    CHECK(now() == 3s);
  });
  CHECK(logged(r) == "cancelled0 cancelled2");
}

TEST_CASE("the first failure in time is thrown, whatever the order of the arguments") {
  passes([] {
    const auto fails = [](duration d, const char* text) {
      return [d, text] {
        sleep_for(d);
        throw std::runtime_error(text);
      };
    };
    CHECK_THROWS_WITH(gather(fails(2s, "late"), fails(1s, "early")), "early");
    auto late = spawn(fails(2s, "late"));
    auto early = spawn(fails(1s, "early"));
    CHECK_THROWS_WITH(gather(late, early), "early");
    sleep_for(5s);
  });
}

TEST_CASE(
    "a sibling that fails while it is cancelled does not hide the first failure, nor fail the "
    "run") {
  passes([] {
    CHECK_THROWS_WITH(gather([] { throw std::runtime_error("first"); },
                             [] {
                               try {
                                 sleep_for(1h);
                               } catch (const cancelled&) {
                                 throw std::runtime_error("second");
                               }
                             }),
                      "first");
  });
}

TEST_CASE("a gather of tasks throws at the first failure while the others go on") {
  passes([] {
    auto slow = spawn([] {
      sleep_for(5s);
      return 1;
    });
    auto bad = spawn([]() -> int {
      sleep_for(1s);
      throw std::runtime_error("bad");
    });
    CHECK_THROWS_WITH(gather(slow, bad), "bad");
    CHECK(now() == 1s);
    CHECK_FALSE(slow.done());
    CHECK(slow.get() == 1);
    CHECK(now() == 5s);
  });
}

TEST_CASE("cancelling whoever gathers cancels the children, and waits for them") {
  for (const bool owned : {true, false}) {
    int ended = 0;
    passes([&] {
      const auto child = [&] {
        try {
          sleep_for(1h);
        } catch (const cancelled&) {
          sleep_for(1s);
          ++ended;
          throw;
        }
      };
      std::vector<task<>> tasks;
      auto gatherer = spawn([&] {
        if (owned) {
          gather(child, child);
        } else {
          tasks = {spawn(child), spawn(child)};
          gather(tasks);
        }
      });
      sleep_for(1s);
      gatherer.cancel();
      gatherer.join();
      CHECK(gatherer.cancelled());
      // Owned children have all ended; of given ones the first to end is heard.
      if (owned) CHECK(ended == 2);
      CHECK(ended >= 1);
    });
    CHECK(ended == 2);
  }
}

TEST_CASE("children that ignore a cancellation do not save a gather that was cancelled") {
  passes([] {
    auto gatherer = spawn([] {
      gather([] {
        try {
          sleep_for(1h);
        } catch (const cancelled&) {
        }
      });
    });
    yield();
    yield();
    gatherer.cancel();
    gatherer.join();
    CHECK(gatherer.cancelled());
  });
}

TEST_CASE("a child that is cancelled by somebody else is a failure of the gather") {
  passes([] {
    auto child = spawn([] { sleep_for(1h); });
    auto other = spawn([] { sleep_for(1s); });
    auto gatherer = spawn([&] { gather(child, other); });
    yield();
    yield();
    child.cancel();
    gatherer.join();
    CHECK(gatherer.cancelled());
    CHECK_FALSE(other.done());
    other.join();
    CHECK_FALSE(other.cancelled());
  });
}

TEST_CASE("a task that is given twice counts once, in every gather") {
  passes([] {
    for (int i = 0; i < 50; ++i) {
      auto t = spawn([i] {
        yield();
        return i;
      });
      CHECK(gather(t, t) == std::tuple(i, i));
      CHECK(gather(t) == std::tuple(i));
      auto later = spawn([i] {
        yield();
        return i;
      });
      CHECK(gather(std::vector{later, t, later}) == std::vector{i, i, i});
    }
  });
}

TEST_CASE("a task may be in several gathers at once") {
  passes([] {
    auto t = spawn([] {
      sleep_for(1s);
      return 5;
    });
    auto [a, b] =
        gather([t] { return std::get<0>(gather(t)); }, [t] { return std::get<0>(gather(t)); });
    CHECK(a + b == 10);
  });
}

TEST_CASE("gather_all gives outcomes in place, and cancels nobody") {
  passes([] {
    auto [ok, bad, stopped] = gather_all(
        [] {
          sleep_for(2s);
          return 1;
        },
        []() -> int { throw std::runtime_error("no"); }, [] { current_task().cancel(); });
    CHECK(ok.has_value());
    CHECK(ok.value() == 1);
    CHECK_FALSE(bad);
    CHECK_THROWS_WITH(bad.value(), "no");
    CHECK_FALSE(stopped.has_value());
    CHECK_THROWS_AS(stopped.value(), cancelled);
    CHECK(now() == 2s);
    std::vector<task<int>> tasks{spawn([] { return 7; }), spawn([]() -> int { throw 1; })};
    const auto outcomes = gather_all(tasks);
    CHECK(outcomes[0].value() == 7);
    CHECK(outcomes[1].error());
  });
}

TEST_CASE("gather of futures waits for their values") {
  passes([] {
    promise<int> p;
    promise<int> q;
    call_later(1s, [&] { p.set_value(1); });
    call_later(2s, [&] { q.set_value(2); });
    CHECK(gather(p.get_future(), q.get_future()) == std::tuple(1, 2));
    CHECK(now() == 2s);
  });
}

TEST_CASE("a gatherer that is cancelled when its children have ended already hears it") {
  passes([] {
    task<> gatherer;
    gatherer = spawn(
        [&] { gather([] {}, [&] { call_soon([&] { call_soon([&] { gatherer.cancel(); }); }); }); });
    gatherer.join();
    CHECK(gatherer.cancelled());
  });
}

TEST_CASE("gathers may be nested") {
  passes([] {
    const std::function<int(int)> tree = [&](int depth) -> int {
      if (depth == 0) {
        sleep_for(1s);
        return 1;
      }
      auto [a, b] =
          gather([&, depth] { return tree(depth - 1); }, [&, depth] { return tree(depth - 1); });
      return a + b;
    };
    CHECK(tree(7) == 128);
    CHECK(now() == 1s);
  });
}
