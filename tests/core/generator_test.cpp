#include "support/run.hpp"

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

using namespace reprise;
using namespace support;

namespace {

generator<int> numbers(int n) {
  return generator<int>([n](auto give) {
    for (int i = 0; i < n; ++i) {
      sleep_for(1ms);
      give(i);
    }
  });
}

}  // namespace

TEST_CASE("a generator gives its values in a range-for, and waits in the task that asks") {
  passes([] {
    int total = 0;
    for (const int v : numbers(5)) total += v;
    CHECK(total == 10);
    CHECK(now() == 5ms);
    for (const int v : numbers(0)) total += v;
    CHECK(total == 10);
  });
}

TEST_CASE("nothing of the body runs before the first value is asked for") {
  const auto r = passes([] {
    generator<int> g([](auto give) {
      log("starts");
      give(1);
      log("ends");
    });
    log("made");
    auto it = g.begin();
    log("first");
    ++it;
    CHECK((it == g.end()));
  });
  CHECK(logged(r) == "made starts first ends");
}

TEST_CASE("an exception out of the body comes out where the value was asked for") {
  passes([] {
    generator<int> g([](auto give) {
      give(1);
      throw std::runtime_error("half-way");
    });
    auto it = g.begin();
    CHECK(*it == 1);
    CHECK_THROWS_WITH(++it, "half-way");
  });
}

TEST_CASE("a generator that is left early is unwound when it is destroyed") {
  const auto r = passes([] {
    for (const int v : generator<int>([c = counted()](auto give) {
           const at_exit out([] { log("unwound"); });
           give(1);
           give(2);
         })) {
      CHECK(v == 1);
      CHECK(counted::alive == 1);
      break;
    }
    CHECK(counted::alive == 0);
    log("after");
    {
      const generator<int> never([c = counted()](auto) {});
    }
    CHECK(counted::alive == 0);
  });
  CHECK(logged(r) == "unwound after");
}

TEST_CASE("a body that is unwound may wait, and log, in its destructors") {
  const auto r = passes([] {
    {
      generator<int> g([](auto give) {
        const at_exit out([] {
          sleep_for(1s);
          log("cleaned {}", 0.5);
        });
        give(1);
      });
      g.begin();
    }
    CHECK(now() == 1s);
  });
  CHECK(logged(r) == "cleaned 0.5");
}

TEST_CASE("cancelling a task that waits inside a generator unwinds both") {
  const auto r = passes([] {
    auto t = spawn([] {
      const at_exit out([] { log("task"); });
      for (const int v : generator<int>([](auto give) {
             const at_exit inner([] { log("generator"); });
             sleep_for(1h);
             give(1);
           }))
        static_cast<void>(v);
    });
    sleep_for(1s);
    t.cancel();
    t.join();
    CHECK(t.cancelled());
  });
  CHECK(logged(r) == "generator task");
}

TEST_CASE("generators may be nested, moved, and passed from task to task") {
  passes([] {
    generator<int> squares([](auto give) {
      for (const int v : numbers(4)) give(v * v);
    });
    generator<int> moved = std::move(squares);
    auto it = moved.begin();
    CHECK(*it == 0);
    auto t = spawn([&] {
      ++it;
      return *it;
    });
    CHECK(t.get() == 1);
    ++it;
    CHECK(*it == 4);
    int n = 0;
    for (const std::string& s : generator<std::string>([](auto give) {
           give("a");
           give("b");
         }))
      n += static_cast<int>(s.size());
    CHECK(n == 2);
    for (const auto& p :
         generator<std::unique_ptr<int>>([](auto give) { give(std::make_unique<int>(3)); }))
      CHECK(*p == 3);
  });
}

TEST_CASE("a generator works in a callback and in a job") {
  passes([] {
    int total = 0;
    const auto count = [&] {
      for (const int v : generator<int>([](auto give) {
             give(1);
             give(2);
           }))
        total += v;
    };
    call_soon(count);
    yield();
    CHECK(total == 3);
    offload([&] {
      count();
      for (const int v : numbers(3)) total += v;  // sleeps in it, which a job may
    });
    CHECK(total == 9);
    CHECK(now() == 3ms);
  });
}

TEST_CASE("a body that asks for its own next value, or gives outside its body, is told so") {
  passes([] {
    std::optional<generator<int>> g;
    g.emplace([&](auto give) {
      CHECK_THROWS_AS(g->begin(), error);
      give(1);
    });
    CHECK(*g->begin() == 1);
    CHECK_THROWS_AS(detail::generator_suspend(), error);
  });
  generator<int> outside([](auto give) { give(1); });
  CHECK_THROWS_AS(outside.begin(), no_simulation);
}

TEST_CASE("many generators are alive at once, and their stacks are used again") {
  passes([] {
    for (int round = 0; round < 20; ++round) {
      std::vector<generator<int>> many;
      for (int i = 0; i < 50; ++i)
        many.emplace_back([i](auto give) {
          give(i);
          give(-i);
        });
      for (int i = 0; i < 50; ++i) CHECK(*many[static_cast<std::size_t>(i)].begin() == i);
      for (int i = 0; i < 50; ++i) CHECK(*many[static_cast<std::size_t>(i)].begin() == -i);
    }
  });
}
