// What docs/properties.md shows, compiled and run.

#include "support/run.hpp"

#include <reprise/catch2.hpp>
#include <reprise/properties.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <variant>
#include <vector>

using namespace reprise;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

namespace {

/// A pool of two connections, and clients that want one each.
void pool_of_connections() {
  int in_use = 0, waiting = 0;
  semaphore free{2};
  always("two at most", [&] { return in_use <= 2; });
  leads_to(
      "nobody starves", [&] { return waiting > 0; }, [&] { return waiting == 0; }, 5s);
  const auto client = [&] {
    ++waiting;
    sometimes("has to wait", in_use == 2);
    free.acquire();
    --waiting;
    ++in_use;
    sleep_for(1s);
    --in_use;
    free.release();
  };
  gather(client, client, client, client);
  expect(in_use == 0, "{} connections are still in use", in_use);
}

}  // namespace

TEST_CASE("docs/properties.md: claims") {
  CHECK(run(0, [] {
    expect_elapsed(2s, [] { gather([] { sleep_for(1s); }, [] { sleep_for(2s); }); });
    log("asked");
    note("answered", "code", 200);
    expect_before("asked", logged_event("answered").with("code", 200));
  }));
  const auto found = explore({.runs = 100, .require_marks = true}, pool_of_connections);
  CHECK(found);
  REQUIRE(found.marks.size() == 1);
  CHECK(found.marks[0].reached());
}

namespace {

using delays = std::vector<delay>;

std::vector<std::function<void()>> naps_of(const delays& ds) {
  std::vector<std::function<void()>> naps;
  for (const auto d : ds) naps.emplace_back([d] { sleep_for(d); });
  return naps;
}

}  // namespace

TEST_CASE("docs/properties.md: a property") {
  const auto longest = property("gather takes as long as its slowest", [](const delays& ds) {
    duration most{0};
    for (const auto& d : ds) most = std::max<duration>(most, d);
    expect_elapsed(most, [&] { gather(naps_of(ds)); });
  });
  CHECK(longest);

  const auto wrong = property("gather takes the sum", [](const delays& ds) {
    duration sum{0};
    for (const auto& d : ds) sum += d;
    expect_elapsed(sum, [&] { gather(naps_of(ds)); });
  });
  CHECK_FALSE(wrong);
  CHECK(wrong.counterexample == "[1ns, 1ns]");

  const auto drawn = property("every item arrives", [] {
    const auto items = draw(rc::gen::inRange(0, 20));
    const auto room = draw(rc::gen::inRange<std::size_t>(1, 5));
    queue<int> q(room);
    int arrived = 0;
    gather(
        [&] {
          for (int i = 0; i < items; ++i) q.put(i);
          q.close();
        },
        [&] {
          while (q.get()) ++arrived;
        });
    expect(arrived == items, "{} of {} items arrived", arrived, items);
  });
  CHECK(drawn);
}

REPRISE_TEST_CASE("a transfer loses no money", "[bank]") {
  mutex m;
  int balance = 100;
  const auto withdraw = [&](int amount) {
    return [&, amount] {
      const std::scoped_lock lock(m);
      if (balance >= amount) balance -= amount;
    };
  };
  gather(withdraw(60), withdraw(60));
  INFO("after both");
  REQUIRE(balance == 40);
}

REPRISE_PROPERTY("a sleep takes its time", (delay d), "[clock]") {
  CHECK(elapsed([&] { sleep_for(d); }) == d);
}

namespace {

/// At most as many as it was made for; the oldest goes first.
class ring {
public:
  models::queue<int>::result operator()(const models::queue<int>::op& what) {
    if (const auto* const put = std::get_if<models::enqueue_op<int>>(&what)) {
      const std::size_t at = tail_.load();
      items_.at(at % items_.size()) = put->value;
      tail_.store(at + 1);
      return {};
    }
    const std::size_t at = head_.load();
    if (at == tail_.load()) return {};
    head_.store(at + 1);
    return items_.at(at % items_.size());
  }

private:
  std::array<int, 128> items_{};
  atomic<std::size_t> head_{0}, tail_{0};
};

}  // namespace

TEST_CASE("docs/properties.md: stateful tests") {
  using op = models::queue<int>::op;
  const auto commands = rc::gen::oneOf(
      rc::gen::map(rc::gen::inRange(0, 5), [](int n) { return op(models::enqueue(n)); }),
      rc::gen::just(op(models::dequeue())));
  CHECK(stateful_property("a ring is a queue", models::queue<int>{}, commands,
                          [] { return ring(); }));
  const auto raced = parallel_property("a ring is a queue for two", models::queue<int>{}, commands,
                                       [] { return ring(); });
  CHECK_FALSE(raced);
  CHECK_THAT(raced.message, ContainsSubstring("the history is not linearizable"));
}
