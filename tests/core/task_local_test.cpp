#include "support/run.hpp"

#include <string>

using namespace reprise;
using namespace support;

TEST_CASE("each task has its own value, and starts with a copy of its creator's") {
  task_local<int> x(1);
  passes([&] {
    CHECK(x.get() == 1);
    x.set(2);
    auto t = spawn([&] {
      CHECK(x.get() == 2);
      x.set(3);
      sleep_for(1s);
      CHECK(x.get() == 3);
      CHECK(spawn([&] { return x.get(); }).get() == 3);
    });
    x.set(4);  // after the spawn: the child has the value of before
    t.get();
    CHECK(x.get() == 4);
    gather([&] { x.set(5); }, [&] { CHECK(x.get() == 4); });
    CHECK(x.get() == 4);
  });
  // Nothing of it is left for the next run.
  passes([&] { CHECK(x.get() == 1); });
}

TEST_CASE("outside any task it reads as its initial value, and can't be set") {
  task_local<std::string> name("none");
  passes([&] {
    name.set("root");
    call_soon([&] {
      CHECK(name.get() == "none");
      CHECK_THROWS_AS(name.set("x"), error);
    });
    yield();
    for (int i : generator<int>([&](auto give) {
           CHECK(name.get() == "root");
           name.set("generator");
           give(1);
         }))
      CHECK(i == 1);
    CHECK(name.get() == "generator");
  });
  CHECK_THROWS_AS(name.set("x"), no_simulation);
}

TEST_CASE("two of one type are apart, and values are destroyed with their tasks") {
  task_local<int> a(1), b(2);
  task_local<counted> c;
  const int before = counted::alive;
  passes([&] {
    spawn([&] {
      a.set(7);
      CHECK(b.get() == 2);
      c.set(counted());
      CHECK(counted::alive > before);
    }).get();
    yield();
    CHECK(counted::alive == before);
  });
}
