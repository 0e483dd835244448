#include "support/run.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

using namespace reprise;
using namespace support;

TEST_CASE("a log is an event with its text, its time and its task") {
  const auto r = passes([] {
    log("hello {}", 1);
    spawn("worker", [] {
      sleep_for(1500ms);
      log("{:.2f}", 2.5);
    });
    call_later(1s, [] { log("from a callback"); });
    sleep_for(2s);
  });
  REQUIRE(r.events.size() == 3);
  CHECK(r.events[0].text == "hello 1");
  CHECK(r.events[0].name == "log");
  CHECK(r.events[0].task == "Task-1");
  CHECK(r.events[0].at == 0s);
  CHECK(r.events[0].user);
  CHECK(r.events[1].task == "-");
  CHECK(r.events[2].text == "2.50");
  CHECK(r.events[2].task == "worker");
  CHECK(r.events[2].at == 1500ms);
}

TEST_CASE("a note has named fields of any kind that JSON can say") {
  const auto r = passes([] {
    note("draw", "value", 3, "share", 0.5, "who", "me", "ok", true, "none", nullptr, "all",
         std::vector<int>{1, 2});
    note("bare");
  });
  REQUIRE(r.events.size() == 2);
  CHECK(r.events[0].name == "draw");
  const std::vector<trace_field> expected{{"value", 3},      {"share", 0.5},
                                          {"who", "me"},     {"ok", true},
                                          {"none", nullptr}, {"all", std::vector<int>{1, 2}}};
  CHECK((r.events[0].fields == expected));
  CHECK(r.events[1].name == "bare");
  CHECK(r.events[1].fields.empty());
}

TEST_CASE("events keep their order, and their task's name after its end") {
  const auto r = passes([] {
    for (int i = 0; i < 100; ++i) spawn("t" + std::to_string(i), [i] { log("{}", i); });
    sleep_for(1s);
  });
  REQUIRE(r.events.size() == 100);
  for (std::size_t i = 0; i < 100; ++i) {
    CHECK(r.events[i].task == "t" + std::to_string(i));
    CHECK(r.events[i].text == std::to_string(i));
    if (i > 0) CHECK(r.events[i].index > r.events[i - 1].index);
  }
}

TEST_CASE(
    "the digest changes with a text, a field, a time, a task, an order and a seed, and with "
    "nothing else") {
  const auto digest = [](auto body, std::uint64_t seed = 0) { return run(seed, body).digest; };
  std::set<std::uint64_t> all;
  const auto is_new = [&](std::uint64_t d) { return all.insert(d).second; };
  CHECK(is_new(digest([] {})));
  CHECK(is_new(digest([] { log("a"); })));
  CHECK(is_new(digest([] { log("b"); })));
  CHECK(is_new(digest([] { log("ab"); })));
  CHECK(is_new(digest([] {
    log("a");
    log("b");
  })));
  CHECK(is_new(digest([] {
    log("b");
    log("a");
  })));
  CHECK(is_new(digest([] { note("a"); })));
  CHECK(is_new(digest([] { note("a", "k", 1); })));
  CHECK(is_new(digest([] { note("a", "k", 2); })));
  CHECK(is_new(digest([] { note("a", "k", 1u); })));
  CHECK(is_new(digest([] { note("a", "k", 1.0); })));
  CHECK(is_new(digest([] { note("a", "k", "1"); })));
  CHECK(is_new(digest([] { note("a", "l", 1); })));
  CHECK(is_new(digest([] {
    sleep_for(1s);
    log("a");
  })));
  CHECK(is_new(digest([] {
    sleep_for(2s);
    log("a");
  })));
  CHECK(is_new(digest([] { spawn([] { log("a"); }).get(); })));
  CHECK(is_new(digest([] { log("a"); }, 1)));
  CHECK(is_new(digest([] { yield(); })));
  CHECK(is_new(digest([] { mutex().lock(); })));
  CHECK(digest([] { log("{}", "a"); }) == digest([] { log("a"); }));
  // Not with recording, nor a name, nor where an object lies.
  CHECK(run({.record = true}, [] { log("a"); }).digest == digest([] { log("a"); }));
  CHECK(digest([] { spawn("x", [] {}).get(); }) == digest([] { spawn("y", [] {}).get(); }));
  CHECK(digest([] {
          mutex m;
          m.lock();
        }) == digest([] {
          const auto m = std::make_unique<mutex>();
          m->lock();
        }));
}

TEST_CASE("a recorded run has the scheduler's events among the user's, in order") {
  const auto r = run({.record = true}, [] {
    spawn([] { log("child"); });
    yield();
  });
  std::string all;
  for (const auto& e : r.events) {
    if (!all.empty()) all += ' ';
    all += e.task + ":" + (e.user ? e.text : e.name);
  }
  CHECK(all ==
        "Task-1:start Task-1:spawn Task-2:start Task-2:child Task-2:task_end(ok) Task-1:yield "
        "Task-1:task_end(ok)");
}

TEST_CASE("a sink hears each event as it happens, and the clock before it moves") {
  struct listener final : trace_sink {
    std::string heard;
    void on_event(const trace_event& e) override {
      if (e.user) heard += e.text + " ";
    }
    void on_time(duration from, duration to) override {
      heard += "[" + format_duration(from) + " to " + format_duration(to) + "] ";
    }
  } sink;
  run({.sink = &sink}, [] {
    log("a");
    sleep_for(1s);
    log("b");
    spend(2s);
    log("c");
  });
  CHECK(sink.heard == "a [0 s to 1 s] b [1 s to 3 s] c ");
}

namespace {
struct throws_when_formatted {};
struct waits_when_formatted {};
struct logs_when_formatted {};
}  // namespace
template <>
struct fmt::formatter<throws_when_formatted> {
  constexpr auto parse(fmt::format_parse_context& c) { return c.begin(); }
  auto format(throws_when_formatted, fmt::format_context& c) const -> decltype(c.out()) {
    throw std::runtime_error("can't format");
  }
};
template <>
struct fmt::formatter<waits_when_formatted> {
  constexpr auto parse(fmt::format_parse_context& c) { return c.begin(); }
  auto format(waits_when_formatted, fmt::format_context& c) const -> decltype(c.out()) {
    reprise::sleep_for(std::chrono::seconds(1));
    return c.out();
  }
};
template <>
struct fmt::formatter<logs_when_formatted> {
  constexpr auto parse(fmt::format_parse_context& c) { return c.begin(); }
  auto format(logs_when_formatted, fmt::format_context& c) const -> decltype(c.out()) {
    reprise::log("inner {}", 1);
    for (int i : reprise::generator<int>([](auto give) {
           reprise::log("deep");
           give(2);
         }))
      reprise::log("{}", i);
    return fmt::format_to(c.out(), "outer");
  }
};

TEST_CASE(
    "a formatter that throws throws in the task, one that waits is refused, one that logs may") {
  const auto r = passes([] {
    CHECK_THROWS_WITH(log("{}", throws_when_formatted{}), "can't format");
    CHECK_THROWS_AS(log("{}", waits_when_formatted{}), cannot_wait);
    log("{}", logs_when_formatted{});
    sleep_for(1s);
  });
  CHECK(logged(r) == "inner 1 deep 2 outer");
}
