#include "support/run.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

using namespace reprise;
using namespace support;

TEST_CASE("items come out in the order in which they were put, each once") {
  passes([] {
    queue<int> q(2);
    std::vector<int> got;
    gather(
        [&] {
          for (int i = 0; i < 50; ++i) q.put(i);
          q.close();
        },
        [&] {
          while (const auto v = q.get()) got.push_back(*v);
        });
    CHECK(got.size() == 50);
    CHECK(std::is_sorted(got.begin(), got.end()));
  });
}

TEST_CASE("a full queue makes put wait, an empty one get, and both are served in order") {
  const auto r = passes([] {
    queue<int> q(1);
    CHECK(q.capacity() == 1);
    for (int i = 0; i < 3; ++i)
      spawn([&, i] {
        q.put(i);
        log("put{}", i);
      });
    yield();
    CHECK(q.full());
    for (int i = 0; i < 3; ++i) {
      CHECK(q.get() == i);
      yield();
    }
    for (int i = 0; i < 2; ++i) spawn([&, i] { log("get{}={}", i, *q.get()); });
    yield();
    q.put(7);
    yield();
    q.put(8);
    yield();
  });
  CHECK(logged(r) == "put0 put1 put2 get0=7 get1=8");
}

TEST_CASE(
    "an item is not kept for the getter that it woke: one that finds it gone waits at the back") {
  const auto r = passes([] {
    queue<int> q;
    auto a = spawn([&] { log("a{}", *q.get()); });
    auto b = spawn([&] { log("b{}", *q.get()); });
    yield();
    q.put(1);
    CHECK(q.get() == 1);  // stolen from a, which goes behind b
    yield();
    q.put(2);
    q.put(3);
    gather(a, b);
  });
  CHECK(logged(r) == "b2 a3");
}

TEST_CASE("try_put and try_get never wait") {
  passes([] {
    queue<int> q(1);
    CHECK_FALSE(q.try_get());
    CHECK(q.try_put(1));
    CHECK_FALSE(q.try_put(2));
    CHECK(q.try_get() == 1);
    call_soon([&] { CHECK(q.try_put(3)); });
    CHECK(q.get() == 3);
    q.close();
    CHECK_THROWS_AS(q.try_put(4), queue_closed);
  });
}

TEST_CASE("a closed queue gives what is left, then nothing, and takes no more") {
  passes([] {
    queue<int> q(2);
    q.put(1);
    q.put(2);
    auto waits = spawn([&] { CHECK_THROWS_AS(q.put(3), queue_closed); });
    queue<int> empty;
    auto getter = spawn([&] { CHECK_FALSE(empty.get()); });
    yield();
    q.close();
    empty.close();
    CHECK(q.closed());
    CHECK_THROWS_AS(q.put(4), queue_closed);
    CHECK(q.get() == 1);
    CHECK(q.get() == 2);
    CHECK_FALSE(q.get());
    CHECK_FALSE(q.get());
    gather(waits, getter);
  });
}

TEST_CASE("a getter or putter that is cancelled passes its turn on") {
  for (const bool woken : {true, false})
    passes([woken] {
      queue<int> q(1);
      auto first = spawn([&] { static_cast<void>(q.get()); });
      auto second = spawn([&] { return q.get(); });
      yield();
      if (woken) q.put(5);
      first.cancel();
      if (!woken) q.put(5);
      CHECK(second.get() == 5);
      CHECK(first.cancelled());

      q.put(1);
      auto putter = spawn([&] { q.put(2); });
      auto next = spawn([&] { q.put(3); });
      yield();
      if (woken) CHECK(q.get() == 1);
      putter.cancel();
      if (!woken) CHECK(q.get() == 1);
      next.get();
      CHECK(putter.cancelled());
      CHECK(q.get() == 3);
    });
}

TEST_CASE("join waits until every item has been dealt with") {
  passes([] {
    queue<int> q;
    q.join();
    for (int i = 0; i < 3; ++i) q.put(i);
    auto worker = spawn([&] {
      while (const auto v = q.get()) {
        sleep_for(1s);
        q.task_done();
      }
    });
    q.join();
    CHECK(now() == 3s);
    CHECK_THROWS_AS(q.task_done(), error);
    q.close();
    worker.get();
  });
}

TEST_CASE("a priority queue gives the least first, equal ones in put order") {
  passes([] {
    struct job {
      int priority;
      char name;
      bool operator<(const job& other) const { return priority < other.priority; }
    };
    priority_queue<job> q;
    int n = 0;
    for (const int p : {3, 1, 2, 1, 3, 2, 1, 1}) q.put({p, static_cast<char>('a' + n++)});
    std::string order;
    while (const auto j = q.try_get()) order += j->name;
    CHECK(order == "bdghcfae");
    priority_queue<int, std::greater<>> most_first;
    for (const int i : {1, 3, 2}) most_first.put(i);
    CHECK(most_first.get() == 3);
  });
}

TEST_CASE("a lifo queue gives the last first") {
  passes([] {
    lifo_queue<int> q;
    for (int i = 0; i < 3; ++i) q.put(i);
    CHECK(q.get() == 2);
    CHECK(q.size() == 2);
    CHECK(q.get() == 1);
    CHECK(q.get() == 0);
    CHECK(q.empty());
  });
}

TEST_CASE("items may be move-only, and those left are destroyed with the queue") {
  passes([] {
    queue<std::unique_ptr<int>> q;
    q.put(std::make_unique<int>(4));
    CHECK(**q.get() == 4);
    priority_queue<std::unique_ptr<int>> p;
    p.put(std::make_unique<int>(5));
    CHECK(**p.get() == 5);
    queue<counted> left;
    left.put(counted());
    CHECK(counted::alive == 1);
  });
  CHECK(counted::alive == 0);
}

TEST_CASE("a comparison that throws leaves a priority queue as it was") {
  struct fussy {
    bool operator()(int a, int b) const {
      if (a == 13 || b == 13) throw std::invalid_argument("13");
      return a < b;
    }
  };
  passes([] {
    priority_queue<int, fussy> q;
    for (const int n : {5, 3, 4}) q.put(n);
    CHECK_THROWS_AS(q.put(13), std::invalid_argument);
    CHECK(q.size() == 3);
    q.put(1);
    for (const int n : {1, 3, 4, 5}) CHECK(q.get() == n);
    CHECK(q.empty());
  });
}
