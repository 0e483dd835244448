#include <reprise/replay/trace.hpp>

#include <reprise/core/event.hpp>
#include <reprise/core/format.hpp>
#include <reprise/core/log.hpp>
#include <reprise/core/task.hpp>

#include "support/catch2.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

using namespace reprise;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

/// Runs `body` with a trace; its lines, without the ends of lines.
template <class F>
std::vector<std::string> traced(trace_options options, config c, F body, report* result = nullptr) {
  std::vector<std::string> lines;
  trace_writer writer(options, [&](std::string_view line) {
    REQUIRE(line.ends_with('\n'));
    REQUIRE(std::ranges::count(line, '\n') == 1);
    lines.emplace_back(line.substr(0, line.size() - 1));
  });
  c.sink = &writer;
  writer.begin(c);
  const report r = run(c, body);
  writer.end(r);
  if (result) *result = r;
  return lines;
}

template <class F>
std::vector<std::string> oracle(F body) {
  return traced({.format = trace_format::oracle}, {}, body);
}

std::string sum_of(const std::string& bytes) { return fmt::format("{:08x}", detail::crc32(bytes)); }

void greet() {
  log("Hello");
  sleep_for(1500ms);
  note("draw", "fn", "uniform", "args", std::vector<double>{0.5, 2}, "value", 1);
}

}  // namespace

TEST_CASE("a trace has a header, an event a line, and a footer") {
  report r;
  const auto lines = traced(
      {},
      {.seed = 7, .time_limit = 90s, .step_limit = 99, .scenario = "greet", .params = {{"n", "2"}}},
      greet, &r);
  REQUIRE(lines.size() == 4);
  CHECK(
      lines[0] ==
      R"({"reprise_trace":1,"scenario":"greet","seed":7,"strategy":"fifo","params":{"n":"2"},"time_limit_s":90,"step_limit":99,)"
      R"("build_id":")" +
          build_id() + R"(","c_library":")" + c_library_fingerprint() + R"(","token":")" + r.token +
          "\"}");
  CHECK(lines[1] == R"({"i":1,"t":0,"task":"Task-1","event":"log","text":"Hello"})");
  CHECK(json::parse(lines[2]).erase("i") == 1);
  CHECK(lines[2].ends_with(
      R"("t":1.5,"task":"Task-1","event":"draw","fn":"uniform","args":[0.5,2.0],"value":1})"));
  CHECK(lines[3] == R"({"verdict":"passed","elapsed_s":1.5,"steps":)" + std::to_string(r.steps) +
                        R"(,"tasks":1,"preemptions":0,"digest":")" + format_digest(r.digest) +
                        R"(","token":")" + r.token + R"(","what":"","events":2,"sums":[")" +
                        sum_of(lines[0] + '\n' + lines[1] + '\n' + lines[2] + '\n') +
                        R"("],"check":")" + lines[3].substr(lines[3].size() - 10));
  CHECK(lines[3].ends_with(R"(,"check":")" +
                           sum_of(lines[3].substr(0, lines[3].rfind(",\"check\""))) + "\"}"));
}

TEST_CASE("the check sums are zlib's CRC-32, one for each 64 KiB before the footer") {
  CHECK(detail::crc32("123456789") == 0xcbf43926);
  const auto lines = traced({}, {}, [] {
    for (int i = 0; i < 1000; ++i) log("{:0200}", i);
  });
  std::string before;
  for (std::size_t i = 0; i + 1 < lines.size(); ++i) before += lines[i] + '\n';
  const auto footer = json::parse(lines.back());
  CHECK(footer.at("events") == 1000);
  constexpr std::size_t block = 65536;
  REQUIRE(footer.at("sums").size() == (before.size() + block - 1) / block);
  for (std::size_t k = 0; k < footer.at("sums").size(); ++k)
    CHECK(footer.at("sums").at(k) == sum_of(before.substr(k * block, block)));
}

TEST_CASE("a field's key that we use ourselves gets an underscore more") {
  const auto lines = traced({}, {}, [] {
    note("tick", "i", 1, "t", 2, "task", 3, "event", 4, "text", 5, "i_", 6, "text__", 7, "it", 8);
  });
  const auto o = json::parse(lines.at(1));
  CHECK(o.at("event") == "tick");
  CHECK(o.at("task") == "Task-1");
  for (const auto& [key, value] : std::vector<std::pair<std::string, int>>{{"i_", 1},
                                                                           {"t_", 2},
                                                                           {"task_", 3},
                                                                           {"event_", 4},
                                                                           {"text_", 5},
                                                                           {"i__", 6},
                                                                           {"text___", 7},
                                                                           {"it", 8}})
    CHECK(o.at(key) == value);
}

TEST_CASE("the scheduler's events stand in a trace when asked for, and the numbers are the same") {
  const auto brief = traced({}, {}, greet);
  const auto full = traced({.scheduler_events = true}, {}, greet);
  CHECK(full.size() > brief.size());
  for (std::size_t i = 1; i + 1 < brief.size(); ++i)
    CHECK(std::ranges::find(full, brief[i]) != full.end());
  CHECK(full.front() == brief.front().substr(0, brief.front().size() - 1) + ",\"scheduler\":true}");
  CHECK(json::parse(full.back()).at("digest") == json::parse(brief.back()).at("digest"));
  std::uint64_t next = 0;
  for (std::size_t i = 1; i + 1 < full.size(); ++i) CHECK(json::parse(full[i]).at("i") == next++);
  const auto oracles =
      traced({.format = trace_format::oracle, .scheduler_events = true}, {}, greet);
  CHECK(oracles == traced({.format = trace_format::oracle}, {}, greet));
}

TEST_CASE("a trace does not change the run, and the same run gives the same bytes") {
  const report untraced = run({.seed = 3, .schedule = random_walk()}, greet);
  for (const bool scheduler : {false, true}) {
    report r;
    const auto first =
        traced({.scheduler_events = scheduler}, {.seed = 3, .schedule = random_walk()}, greet, &r);
    CHECK(r.digest == untraced.digest);
    CHECK(first ==
          traced({.scheduler_events = scheduler}, {.seed = 3, .schedule = random_walk()}, greet));
  }
}

TEST_CASE("odd text stays valid JSON") {
  const auto lines = traced({}, {.scenario = "a\"b\xff"}, [] { log("\x01\xff\"\\ käse\n"); });
  for (const auto& line : lines) CHECK(json::accept(line));
  CHECK(json::parse(lines[1]).at("text") == "\x01\xEF\xBF\xBD\"\\ käse\n");
}

TEST_CASE("the oracle's form is the oracle's, byte for byte") {
  // As /usr/bin/python3 -c 'import json; print(json.dumps(…, separators=(",", ":")))' prints it.
  CHECK(oracle(greet) ==
        std::vector<std::string>{
            R"({"t":0.0,"task":"Task-1","event":"print","text":"Hello"})",
            R"({"t":1.5,"task":"Task-1","event":"draw","fn":"uniform","args":[0.5,2.0],"value":1})",
            R"({"t":1.5,"task":"-","event":"end","outcome":"ok"})",
        });
  CHECK(
      oracle([] { log("käse € 😀 \x7f \b\f\n\r\t\x1b \\u0008 \"/"); }).at(0) ==
      R"({"t":0.0,"task":"Task-1","event":"print","text":"k\u00e4se \u20ac \ud83d\ude00 \u007f \b\f\n\r\t\u001b \\u0008 \"/"})");
  CHECK(
      oracle([] {
        note("tick", "i", 0, "late", 0.0, "x", std::numeric_limits<double>::infinity(), "none",
             nullptr, "yes", true, "deep", trace_value::list{1, trace_value::list{2.5, "ä"}});
      }).at(0) ==
      R"({"t":0.0,"task":"Task-1","event":"tick","i":0,"late":0.0,"x":Infinity,"none":null,"yes":true,"deep":[1,[2.5,"\u00e4"]]})");
  CHECK(oracle([] {
          sleep_for(1e-7s);
          log("");
        }).at(0) == R"({"t":1e-07,"task":"Task-1","event":"print","text":""})");
}

TEST_CASE("the oracle's form tells a deadlock where it happened, before what the teardown does") {
  CHECK(oracle([] {
          event never;
          spawn([&] {
            try {
              never.wait();
            } catch (const cancelled&) {
              log("cleanup");
              throw;
            }
          });
          sleep_for(1s);
          never.wait();
        }) == std::vector<std::string>{
                  R"({"t":1.0,"task":"-","event":"deadlock"})",
                  R"({"t":1.0,"task":"Task-2","event":"print","text":"cleanup"})",
                  R"({"t":1.0,"task":"-","event":"end","outcome":"deadlock"})",
              });
}

TEST_CASE("the oracle's form names the exception that left the root task") {
  CHECK(oracle([] { throw std::out_of_range("far"); }).back() ==
        R"({"t":0.0,"task":"-","event":"end","outcome":"exception","exc":"std::out_of_range"})");
}

TEST_CASE("the build id is the executable's, and the C library's fingerprint is stable") {
  const std::string id = build_id();
  CHECK(id.size() % 2 == 0);
  CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(id == build_id());
  CHECK(c_library_fingerprint() == c_library_fingerprint());
  CHECK(c_library_fingerprint().size() > 16);
}
