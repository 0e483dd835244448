#include "support/run.hpp"

#include <stdexcept>
#include <string>
#include <vector>

using namespace reprise;
using namespace support;

namespace {

std::string what_of(const std::exception_ptr& e) {
  try {
    std::rethrow_exception(e);
  } catch (const std::exception& x) {
    return x.what();
  } catch (...) {
    return "?";
  }
}

std::vector<std::string> failures_of(auto f) {
  std::vector<std::string> all;
  try {
    f();
  } catch (const exception_group& group) {
    for (const auto& e : group.exceptions()) all.push_back(what_of(e));
  }
  return all;
}

}  // namespace

TEST_CASE("a group waits for all its tasks, and gives its body's value") {
  passes([] {
    int ended = 0;
    const int value = with_task_group([&](task_group& g) {
      for (int i = 1; i <= 3; ++i)
        g.spawn([&, i] {
          sleep_for(std::chrono::seconds(i));
          ++ended;
        });
      return 4;
    });
    CHECK(value == 4);
    CHECK(ended == 3);
    CHECK(now() == 3s);
    with_task_group([](task_group&) {});
    int x = 5;
    with_task_group([&](task_group&) -> int& { return x; }) = 6;
    CHECK(x == 6);
  });
}

TEST_CASE("children of a group have names and values, and may add children") {
  passes([] {
    std::string order;
    with_task_group([&](task_group& g) {
      auto t = g.spawn("named", [&] {
        sleep_for(1s);
        g.spawn([&] {
          sleep_for(1s);
          order += "grandchild";
        });
        return 3;
      });
      CHECK(t.name() == "named");
      CHECK(t.get() == 3);
    });
    CHECK(order == "grandchild");
    CHECK(now() == 2s);
  });
}

TEST_CASE(
    "one failure cancels the siblings and the body, and failures come together in time order") {
  passes([] {
    bool body_cancelled = false;
    int siblings = 0;
    const auto failures = failures_of([&] {
      with_task_group([&](task_group& g) {
        g.spawn([&] {
          try {
            sleep_for(1h);
          } catch (const cancelled&) {
            ++siblings;
            sleep_for(1s);
            throw std::runtime_error("second");
          }
        });
        g.spawn([] {
          sleep_for(1s);
          throw std::runtime_error("first");
        });
        try {
          sleep_for(1h);
        } catch (const cancelled&) {
          body_cancelled = true;
          throw;
        }
      });
    });
    CHECK(failures == std::vector<std::string>{"first", "second"});
    CHECK(body_cancelled);
    CHECK(siblings == 1);
    CHECK(now() == 2s);
    CHECK(current_task().cancelling() == 0);
    yield();  // nothing of the group's own cancellation is left
  });
}

TEST_CASE("the body's own failure comes last, whenever it happened") {
  passes([] {
    const auto failures = failures_of([] {
      with_task_group([](task_group& g) {
        g.spawn([] {
          try {
            sleep_for(1h);
          } catch (const cancelled&) {
            throw std::runtime_error("child");
          }
        });
        yield();
        throw std::runtime_error("body");
      });
    });
    CHECK(failures == std::vector<std::string>{"child", "body"});
  });
}

TEST_CASE("a child that is cancelled is no failure") {
  passes([] {
    with_task_group([](task_group& g) {
      auto t = g.spawn([] { sleep_for(1h); });
      auto other = g.spawn([] { sleep_for(1s); });
      yield();
      t.cancel();
    });
    CHECK(now() == 1s);
  });
}

TEST_CASE(
    "cancelling whoever is in a group cancels its children, and all have ended when it goes on") {
  int ended = 0;
  passes([&] {
    auto t = spawn([&] {
      with_task_group([&](task_group& g) {
        for (int i = 0; i < 3; ++i)
          g.spawn([&] {
            try {
              sleep_for(1h);
            } catch (const cancelled&) {
              sleep_for(1s);
              ++ended;
              throw;
            }
          });
      });
    });
    sleep_for(1s);
    t.cancel();
    t.join();
    CHECK(t.cancelled());
    CHECK(ended == 3);
    CHECK(now() == 2s);
  });
}

TEST_CASE("a group that is finished or aborting takes no more tasks") {
  passes([] {
    task_group* escaped = nullptr;
    CHECK_THROWS_AS(with_task_group([&](task_group& g) {
                      escaped = &g;
                      g.spawn([] { throw std::runtime_error("x"); });
                      try {
                        sleep_for(1h);
                      } catch (const cancelled&) {
                        CHECK_THROWS_AS(g.spawn([] {}), std::logic_error);
                        throw;
                      }
                    }),
                    exception_group);
    static_cast<void>(escaped);
    with_task_group([&](task_group& g) {
      auto t = g.spawn([] {});
      // Every child has ended, the group has heard of it, and its parent goes on in the next turn.
      t.add_done_callback([&g](any_task) { CHECK_THROWS_AS(g.spawn([] {}), std::logic_error); });
    });
    yield();
    yield();
  });
}

TEST_CASE("groups may be nested, and a failure goes from the inside out") {
  passes([] {
    bool outer_sibling = false;
    try {
      with_task_group([&](task_group& outer) {
        outer.spawn([&] {
          try {
            sleep_for(1h);
          } catch (const cancelled&) {
            outer_sibling = true;
            throw;
          }
        });
        with_task_group([](task_group& inner) {
          inner.spawn([] {
            sleep_for(1s);
            throw std::runtime_error("deep");
          });
        });
      });
      CHECK(false);
    } catch (const exception_group& group) {
      CHECK(group.exceptions().size() == 1);
      CHECK_THROWS_AS(std::rethrow_exception(group.exceptions()[0]), exception_group);
    }
    CHECK(outer_sibling);
  });
}

TEST_CASE("an exception group's text in a report names each failure") {
  const report r = run(0, [] {
    with_task_group([](task_group& g) {
      g.spawn([] { throw std::runtime_error("one"); });
      g.spawn([] { throw std::out_of_range("two"); });
    });
  });
  CHECK(r.result == verdict::failed);
  CHECK_THAT(r.what, Catch::Matchers::ContainsSubstring("one") &&
                         Catch::Matchers::ContainsSubstring("std::out_of_range: two"));
}

TEST_CASE("a group whose owner is unwound by force leaves its children to the run's end") {
  for (int how = 0; how < 2; ++how) {
    int ended = 0;
    const report r = run(0, [&] {
      spawn([&, how] {
        with_task_group([&](task_group& g) {
          for (int i = 0; i < 3; ++i)
            g.spawn([&] {
              const at_exit out([&] { ++ended; });
              for (;;) {
                try {
                  sleep_for(1s);
                } catch (const cancelled&) {
                }
              }
            });
          yield();
          if (how == 1) fail("in the body");
        });
      });
      sleep_for(1s);
    });
    CHECK(r.result == verdict::failed);
    CHECK(ended == 3);
  }
}
