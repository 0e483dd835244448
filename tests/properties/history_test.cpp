#include "support/run.hpp"

#include <reprise/properties.hpp>

#include <stdexcept>
#include <string>
#include <vector>

using namespace reprise;
using namespace support;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("a history keeps who called what, what was answered, and in which order") {
  history<models::reg<int>> h;
  const auto w = h.invoke(1, models::write(3));
  const auto r = h.invoke(2, models::read());
  h.respond(w, {});
  REQUIRE(h.size() == 2);
  CHECK(h.text(w) == "write(3)");
  CHECK(h.text(r) == "read()");
  h.respond(r, 3);
  CHECK(h.text(r) == "read() = 3");
  const auto& times = h.log().times();
  CHECK(times[0].process == 1);
  CHECK(times[1].process == 2);
  CHECK(times[0].invoked == 0);
  CHECK(times[1].invoked == 1);
  CHECK(times[0].responded == 2);
  CHECK(times[1].responded == 3);
  CHECK_FALSE(times[0].in_run);
}

TEST_CASE("in a task a history keeps virtual times, and the task is the process") {
  passes([] {
    history<models::reg<int>> h;
    auto t = spawn("client", [&] {
      sleep_for(1s);
      const int seen = h.call(models::read(), [] {
        sleep_for(2s);
        return 0;
      });
      CHECK(seen == 0);
      h.call(models::write(1), [] {});
    });
    t.get();
    const auto& times = h.log().times();
    REQUIRE(h.size() == 2);
    CHECK(times[0].in_run);
    CHECK(times[0].invoked_at == 1s);
    CHECK(times[0].responded_at == 3s);
    CHECK(times[0].process == t.id());
    CHECK(h.log().process_name(times[0].process) == "client");
    CHECK(h.text(call_id{0}) == "read() = 0");
  });
}

TEST_CASE("a call that throws, or is cancelled, stays pending") {
  passes([] {
    history<models::reg<int>> h;
    CHECK_THROWS_AS(h.call(models::write(1), [] { throw std::runtime_error("lost"); }),
                    std::runtime_error);
    auto t = spawn([&] { h.call(models::write(2), [] { sleep_for(10s); }); });
    sleep_for(1s);
    t.cancel();
    t.join();
    for (const auto& times : h.log().times()) CHECK(times.responded == detail::never);
    CHECK_FALSE(h.calls()[0].answer);
    CHECK(linearizable(h));
  });
}

TEST_CASE("a response that fits no call is an error that says so") {
  history<models::reg<int>> h;
  CHECK_THAT(text_of<bad_history>([&] { h.respond(call_id{3}, 1); }),
             ContainsSubstring("no call 3, the history has 0"));
  const auto w = h.invoke(1, models::write(1));
  h.respond(w);
  CHECK_THAT(text_of<bad_history>([&] { h.respond(w); }), ContainsSubstring("responded already"));
  CHECK(h.log().times()[0].responded == 1);
}

TEST_CASE("a call of no process needs a task") {
  history<models::reg<int>> h;
  CHECK_THAT(text_of<no_simulation>([&] { h.invoke(models::read()); }),
             ContainsSubstring("history::invoke"));
  CHECK_THROWS_AS(h.call(models::read(), [] { return 0; }), no_simulation);
  CHECK(h.size() == 0);
  CHECK(h.call(7, models::read(), [] { return 0; }) == 0);
  CHECK(h.log().times()[0].process == 7);
}

TEST_CASE("a history is a value: a copy goes its own way") {
  history<models::reg<int>> h;
  const auto w = h.invoke(1, models::write(1));
  history<models::reg<int>> copy = h;
  copy.respond(w);
  copy.respond(copy.invoke(2, models::read()), 0);
  CHECK(linearizable(copy) == linearizability::no);
  h.respond(h.invoke(2, models::read()), 0);
  CHECK(linearizable(h));
}
