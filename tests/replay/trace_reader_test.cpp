#include <reprise/replay/trace_reader.hpp>

#include <reprise/core/event.hpp>
#include <reprise/core/format.hpp>
#include <reprise/core/log.hpp>
#include <reprise/core/mutex.hpp>
#include <reprise/core/task.hpp>
#include <reprise/core/token.hpp>
#include <reprise/replay/trace.hpp>

#include "support/catch2.hpp"
#include "support/child.hpp"
#include "support/rapidcheck.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

using namespace reprise;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

/// What a run of `body` writes, whole.
template <class F>
std::string traced(config c, F body, bool scheduler = false, report* result = nullptr) {
  std::string text;
  trace_writer writer({.scheduler_events = scheduler},
                      [&](std::string_view line) { text += line; });
  c.sink = &writer;
  writer.begin(c);
  const report r = run(c, body);
  writer.end(r);
  if (result) *result = r;
  return text;
}

/// A file with `text` in it, which is called "out.jsonl".
class trace_on_disk {
public:
  explicit trace_on_disk(std::string_view text) { std::ofstream(path(), std::ios::binary) << text; }
  [[nodiscard]] std::string path() const { return folder_.path() + "/out.jsonl"; }

private:
  support::temporary_folder folder_;
};

struct contents {
  std::vector<trace_event> events;
  std::vector<std::string> lines;
  std::string damage;
};

contents read_all(trace_reader& reader) {
  contents all;
  while (auto event = reader.next()) {
    all.events.push_back(std::move(*event));
    all.lines.emplace_back(reader.line());
  }
  all.damage = reader.damage();
  CHECK(all.events.size() == reader.events());
  return all;
}

contents read_text(std::string_view text, trace_reading how = {}) {
  const trace_on_disk file(text);
  trace_reader reader(file.path(), how);
  return read_all(reader);
}

/// What is said of `text`, without the place of the file; empty when it is read.
std::string refusal(std::string_view text, trace_reading how = {}) {
  const trace_on_disk file(text);
  try {
    trace_reader reader(file.path(), how);
    while (reader.next()) {
    }
    return {};
  } catch (const bad_trace& e) {
    std::string what = e.what();
    const std::size_t at = what.find(file.path());
    REQUIRE(at != std::string::npos);
    return what.replace(at, file.path().size(), "out.jsonl");
  }
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1);
    lines.emplace_back(text.substr(0, end + 1));
    text.remove_prefix(end + 1);
  }
  return lines;
}

/// A trace that fits to itself, of lines whose footer has no sums yet.
std::string summed(const std::string& before, std::uint64_t events) {
  detail::block_sums sums;
  sums.add(before);
  std::string footer =
      R"({"verdict":"passed","elapsed_s":9,"steps":1,"tasks":1,"preemptions":0,"digest":"0123456789abcdef","token":"","what":"")";
  footer += fmt::format(",\"events\":{},\"sums\":[", events);
  for (bool first = true; const std::uint32_t sum : sums.all())
    footer += fmt::format("{}\"{:08x}\"", std::exchange(first, false) ? "" : ",", sum);
  footer += ']';
  footer += fmt::format(",\"check\":\"{:08x}\"}}\n", detail::crc32(footer));
  return before + footer;
}

constexpr std::string_view bare_header =
    R"({"reprise_trace":1,"scenario":"s","seed":7,"strategy":"fifo","params":{},"build_id":"","c_library":"x","token":"rp1_","scheduler":true})"
    "\n";

/// As release 0.1.0-to-be wrote it before there were sums.
constexpr std::string_view old_trace =
    R"({"reprise_trace":1,"scenario":"greet","seed":7,"strategy":"random_walk","params":{"n":"2"},"time_limit_s":90.5,"step_limit":99,"stack_size":65536,"build_id":"421cecab","c_library":"glibc-2.36-adc1e737a3382aaf"}
{"i":1,"t":0,"task":"Task-1","event":"log","text":"Hello"}
{"i":3,"t":1.5,"task":"Task-1","event":"draw","fn":"uniform","args":[0.5,2.0],"value":1}
{"verdict":"failed","elapsed_s":1.5,"steps":3,"tasks":1,"preemptions":0,"digest":"1dba1307339667d1","token":"rp1_008g42vcdxsq8qvne1j62x3573d6j","what":"no luck\n  at greet.cpp:3"}
)";

void tell_a_story() {
  mutex m("m");
  auto other = spawn([&] {
    m.lock();
    sleep_for(1500ms);
    log("in the other");
    m.unlock();
  });
  log("Hello");
  m.lock();
  note("draw", "fn", "uniform", "args", std::vector<double>{0.5, 2}, "value", 1);
  m.unlock();
  other.join();
}

/// More than two blocks.
void tell_a_long_story() {
  for (int i = 0; i < 800; ++i) {
    log("{:0150}", i);
    sleep_for(1ns);
  }
}

}  // namespace

TEST_CASE("a trace is read back as the run that it is of") {
  for (const bool scheduler : {false, true}) {
    report r;
    const config c{.seed = 7,
                   .schedule = random_walk(),
                   .time_limit = 90500ms,
                   .step_limit = 99,
                   .scenario = "greet",
                   .params = {{"n", "2"}}};
    const std::string text = traced(c, tell_a_story, scheduler, &r);
    const trace_on_disk file(text);
    trace_reader reader(file.path());
    const trace_header& h = reader.header();
    CHECK(h.scenario == "greet");
    CHECK(h.seed == 7);
    CHECK(h.strategy == "random_walk");
    CHECK(h.params == param_map{{"n", "2"}});
    CHECK(h.time_limit == 90500ms);
    CHECK(h.step_limit == 99);
    CHECK(h.stack_size == 0);
    CHECK(h.build_id == build_id());
    CHECK(h.c_library == c_library_fingerprint());
    CHECK(h.token == r.token);
    CHECK(h.scheduler == scheduler);
    REQUIRE(reader.footer());
    CHECK(reader.footer()->result == r.result);
    CHECK(reader.footer()->elapsed == r.elapsed);
    CHECK(reader.footer()->steps == r.steps);
    CHECK(reader.footer()->tasks == r.tasks);
    CHECK(reader.footer()->preemptions == r.preemptions);
    CHECK(reader.footer()->digest == r.digest);
    CHECK(reader.footer()->token == r.token);
    CHECK(reader.footer()->what == r.what);
    CHECK(reader.damage().empty());
    CHECK(encode_token(reader.run()) == r.token);

    const contents all = read_all(reader);
    CHECK(!reader.next());
    std::string again;
    for (const auto& line : all.lines) again += line;
    CHECK(text.find("\n" + again) != std::string::npos);
    std::vector<trace_event> users;
    std::ranges::copy_if(all.events, std::back_inserter(users), &trace_event::user);
    REQUIRE(users.size() == r.events.size());
    CHECK((users.size() < all.events.size()) == scheduler);
    for (std::size_t i = 0; i < users.size(); ++i) {
      CHECK(users[i].index == r.events[i].index);
      CHECK(users[i].at == r.events[i].at);
      CHECK(users[i].task == r.events[i].task);
      CHECK(users[i].name == r.events[i].name);
      CHECK(users[i].text == r.events[i].text);
      CHECK(users[i].fields == r.events[i].fields);
    }
  }
}

TEST_CASE("odd events are read as they were told") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const std::string text = traced({.scenario = "a\"b\xff"}, [&] {
    sleep_for(duration{(std::int64_t{1} << 53) + 1});
    log("");
    log("\x01\xff\"\\ käse\n");
    note("tick", "i", 1, "t", 2, "task", 3, "event", 4, "text", 5, "i_", 6, "text__", 7, "it", 8);
    note("log", "text", "NaN");
    note("kinds", "none", nullptr, "yes", true, "low", std::numeric_limits<std::int64_t>::min(),
         "high", std::numeric_limits<std::uint64_t>::max(), "x", 0.1, "", "no key", "a", 1, "a", 2);
    note("far", "up", infinity, "down", -infinity, "list",
         trace_value::list{1, trace_value::list{-infinity, "ä"}, trace_value::list{}});
    note("nan", "x", std::nan(""));
  });
  const contents all = read_text(text);
  REQUIRE(all.events.size() == 7);
  for (const auto& e : all.events) CHECK(e.at == duration{(std::int64_t{1} << 53) + 1});
  CHECK(all.events[0].text.empty());
  CHECK(all.events[1].text == "\x01\xEF\xBF\xBD\"\\ käse\n");
  CHECK(all.events[2].fields == std::vector<trace_field>{{"i", 1},
                                                         {"t", 2},
                                                         {"task", 3},
                                                         {"event", 4},
                                                         {"text", 5},
                                                         {"i_", 6},
                                                         {"text__", 7},
                                                         {"it", 8}});
  CHECK(all.events[3].name == "log");
  CHECK(all.events[3].text.empty());
  CHECK(all.events[4].fields ==
        std::vector<trace_field>{{"none", nullptr},
                                 {"yes", true},
                                 {"low", std::numeric_limits<std::int64_t>::min()},
                                 {"high", std::numeric_limits<std::uint64_t>::max()},
                                 {"x", 0.1},
                                 {"", "no key"},
                                 {"a", 1},
                                 {"a", 2}});
  CHECK(all.events[5].fields ==
        std::vector<trace_field>{{"up", infinity},
                                 {"down", -infinity},
                                 {"list", trace_value::list{1, trace_value::list{-infinity, "ä"},
                                                            trace_value::list{}}}});
  CHECK(std::isnan(std::get<double>(all.events[6].fields.at(0).value.get())));
}

TEST_CASE("virtual time is read to the nanosecond, as far as there is any") {
  for (const auto& [written, ns] : std::vector<std::pair<std::string, std::int64_t>>{
           {"0", 0},
           {"1.5", 1'500'000'000},
           {"0.000000001", 1},
           {"9007199.254740993", 9'007'199'254'740'993},
           {"9223372036.854775807", std::numeric_limits<std::int64_t>::max()},
           {"9223372036", 9'223'372'036'000'000'000}}) {
    INFO(written);
    const contents all = read_text(summed(std::string(bare_header) + R"({"i":1,"t":)" + written +
                                              R"(,"task":"T","event":"log","text":"x"})" + "\n",
                                          1));
    REQUIRE(all.events.size() == 1);
    CHECK(all.events[0].at.count() == ns);
  }
  for (const char* const written :
       {"-1", "-0.5", "1e3", "1.0000000001", "9223372036.854775808", "9223372037", "\"1\"", "null",
        "99999999999999999999999", "1.5e0"}) {
    INFO(written);
    CHECK_THAT(refusal(summed(std::string(bare_header) + R"({"i":1,"t":)" + written +
                                  R"(,"task":"T","event":"log","text":"x"})" + "\n",
                              1)),
               ContainsSubstring("is damaged at byte "));
  }
}

TEST_CASE("a trace of an older release is read, though it has no sums") {
  const trace_on_disk file(old_trace);
  trace_reader reader(file.path());
  CHECK(reader.header().stack_size == 65536);
  CHECK(reader.header().time_limit == 90500ms);
  CHECK(!reader.header().scheduler);
  CHECK(reader.footer()->what == "no luck\n  at greet.cpp:3");
  CHECK(reader.run().scenario == "lost_update");  // the footer's token says it
  const contents all = read_all(reader);
  REQUIRE(all.events.size() == 2);
  CHECK(all.events[1].fields.at(1).value == trace_value(std::vector<double>{0.5, 2}));
  // Cut, it is run by what its header says.
  const trace_on_disk cut(old_trace.substr(0, old_trace.find("{\"verdict")));
  trace_reader rest(cut.path(), {.partial = true});
  CHECK(rest.events() == 2);
  const config c = rest.run();
  CHECK(c.scenario == "greet");
  CHECK(c.seed == 7);
  CHECK(c.schedule.to_string() == "random_walk");
  CHECK(c.time_limit == 90500ms);
  CHECK(c.step_limit == 99);
  CHECK(c.stack_size == 65536);
  CHECK(c.params == param_map{{"n", "2"}});
  // That the scheduler's events are in it is seen by the first number.
  std::string with(old_trace);
  with.replace(with.find("\"i\":1,"), 6, "\"i\":0,");
  const trace_on_disk full(with);
  CHECK(trace_reader(full.path()).header().scheduler);
}

TEST_CASE("what is no trace is refused, in a sentence that says what it is") {
  const std::string good = traced({}, tell_a_story);
  const auto lines = lines_of(good);
  const std::size_t header = lines[0].size(), second = lines[0].size() + lines[1].size();
  const auto changed = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
  };
  struct row {
    std::string text, says;
  };
  const auto n = [](std::size_t bytes) { return format_count(bytes); };
  const std::string rest = good.substr(0, good.size() - lines.back().size());
  const std::vector<row> rows = {
      {"", "is empty: nothing was written to it."},
      {"hello\n", "is no trace: its first line is no header. `run SCENARIO --trace FILE` writes"},
      {"{}\n", "is no trace: "},
      {"\n\n", "is no trace: "},
      {lines[1], "is no trace: "},
      {std::string(1000, '\0'), "is no trace: "},
      {"{\"reprise_trace\":\"1\"}\n", "is no trace: "},
      {changed("\"reprise_trace\":1", "\"reprise_trace\":7"),
       "is of version 7, and this program reads version 1. A newer release reads it."},
      {changed("\"reprise_trace\":1", "\"reprise_trace\":0"), "is of version 0, and this program"},
      {R"({"t":0.0,"task":"Task-1","event":"print","text":"Hello"})"
       "\n",
       "is in the form of the asyncio oracle, which can't be read, only written. Make the trace "
       "again with `--trace-format jsonl`."},
      {good.substr(0, 1), "ends in the middle of its header (byte 1)"},
      {good.substr(0, header - 1), "ends in the middle of its header (byte " + n(header - 1) + ")"},
      {good.substr(0, header), "has no footer: its writer was stopped, or it was cut at byte " +
                                   n(header) + "; no event is whole."},
      {good.substr(0, header + 1),
       "ends in the middle of event 1 (byte " + n(header + 1) + "); no event is whole."},
      {good.substr(0, second - 1),
       "ends in the middle of event 1 (byte " + n(second - 1) + "); no event is whole."},
      {good.substr(0, second + 1), "ends in the middle of event 2 (byte " + n(second + 1) +
                                       "); 1 event is whole. `--partial` reads that."},
      {rest, "has no footer: its writer was stopped, or it was cut at byte " + n(rest.size()) +
                 "; 3 events are whole. `--partial` reads those."},
      {good.substr(0, good.size() - 1),
       "ends in the middle of its footer (byte " + n(good.size() - 1) + "); 3 events are whole."},
      {changed("Hello", "Hullo"), "is damaged between byte 0 and " + n(rest.size()) +
                                      "; no event is whole. Make the trace again."},
      {changed("\"verdict\"", "\"verdikt\""), "is damaged at byte "},
      {changed("\"passed\"", "\"failed\""), "is damaged in its footer, which begins at byte " +
                                                n(rest.size()) + "; 3 events are whole."},
      {good + "x", "has text behind its footer, at byte " + n(good.size())},
      {good + good, "has text behind its footer, at byte " + n(good.size())},
      // What no writer writes, under sums that fit.
      {summed(std::string(bare_header) + "null\n", 1),
       "is damaged at byte " + n(bare_header.size()) + " (event 1: it is no event)"},
      {summed(std::string(bare_header) + "{\"i\":1,}\n", 1),
       "is damaged at byte " + n(bare_header.size() + 7) + " (event 1: the line is no JSON)"},
      {summed(std::string(bare_header) + std::string(1'000'000, '[') + "\n", 1), "is no event"},
      {summed(std::string(bare_header) + "{\"i\":1,\"t\":0,\"task\":\"T\",\"event\":\"e\",\"l\":" +
                  std::string(1'000'000, '[') + "\n",
              1),
       "is no event"},
      {summed(std::string(bare_header) + "\n", 1), "the line is no JSON"},
      {summed(std::string(bare_header) + lines[1] + lines[1], 2), "(event 2: its number, "},
      {summed(std::string(bare_header) + R"({"i":1,"t":2,"task":"T","event":"e"})" + "\n" +
                  R"({"i":2,"t":1.5,"task":"T","event":"e"})" + "\n",
              2),
       "(event 2: its time, 1.5 s, is before 2 s)"},
      {summed(std::string(bare_header) + lines[1], 2),
       "is damaged: its footer counts 2 events, and it has 1"},
  };
  for (const auto& [text, says] : rows) {
    INFO(text.substr(0, 200));
    const std::string said = refusal(text);
    CHECK_THAT(said, Catch::Matchers::StartsWith("trace 'out.jsonl' "));
    CHECK_THAT(said, ContainsSubstring(says));
    CHECK(said.ends_with('.'));
  }
}

TEST_CASE("what is no file, or no end of one, is refused at once") {
  const support::temporary_folder folder;
  const auto refused = [&](const std::string& path) {
    try {
      const trace_reader reader(path);
    } catch (const bad_trace& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  CHECK_THAT(refused(folder.path()), ContainsSubstring("' is a folder."));
  CHECK_THAT(refused(folder.path() + "/none"),
             ContainsSubstring("' can't be read (no such file or directory)."));
  CHECK_THAT(refused("/dev/zero"), ContainsSubstring("' is no regular file."));
  const std::string pipe = folder.path() + "/pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_THAT(refused(pipe), ContainsSubstring("' is no regular file."));
  CHECK(!looks_like_a_trace(pipe));
  CHECK(!looks_like_a_trace("/dev/zero"));

  const trace_on_disk hole("");
  REQUIRE(::truncate(hole.path().c_str(), std::int64_t{4} << 30) == 0);
  CHECK_THAT(refused(hole.path()), ContainsSubstring("is no trace"));
  // As a file system leaves it after a power cut: the size is there, the bytes are not.
  const std::string good = traced({}, tell_a_story);
  const trace_on_disk torn(good.substr(0, good.size() / 2));
  REQUIRE(::truncate(torn.path().c_str(), std::int64_t{4} << 30) == 0);
  CHECK_THAT(refused(torn.path()),
             ContainsSubstring("is damaged at byte " + format_count(good.size() / 2) + " (event "));
  // A line without end, of what is no zero.
  std::string endless(bare_header);
  endless.resize(80'000'000, ' ');
  const trace_on_disk long_line(endless);
  CHECK_THAT(refused(long_line.path()), ContainsSubstring("the line is longer than any"));
}

TEST_CASE("a partial reading gives exactly the events that are whole") {
  const std::string good = traced({}, tell_a_long_story);
  const auto lines = lines_of(good);
  const contents whole = read_text(good);
  REQUIRE(whole.events.size() == 800);
  std::vector<std::size_t> ends;  // of the header, then of each event
  for (std::size_t i = 0, at = 0; i + 1 < lines.size(); ++i) ends.push_back(at += lines[i].size());
  const auto whole_at = [&](std::size_t byte) {
    return static_cast<std::size_t>(std::ranges::upper_bound(ends, byte) - ends.begin()) - 1;
  };
  const auto check = [&](const std::string& text, std::size_t count) {
    const contents some = read_text(text, {.partial = true});
    REQUIRE(some.events.size() == count);
    CHECK(std::ranges::equal(
        some.lines, std::vector(whole.lines.begin(),
                                whole.lines.begin() + static_cast<std::ptrdiff_t>(count))));
    CHECK_THAT(some.damage, ContainsSubstring("out.jsonl' "));
    CHECK_THAT(some.damage, !ContainsSubstring("--partial"));
  };
  for (std::size_t i = 0; i + 1 < ends.size(); i += 97)
    for (const std::size_t cut : {ends[i], ends[i] + 1, ends[i + 1] - 1}) {
      INFO("cut at " << cut);
      check(good.substr(0, cut), whole_at(cut));
    }
  check(good.substr(0, good.size() - 1), 800);
  check(good + "{}", 800);

  // Of damage in the middle, the check sums say in which block it lies at the earliest.
  constexpr std::size_t block = detail::block_sums::block;
  REQUIRE(good.size() > 2 * block);
  for (const std::size_t at : {block, block + 1, 2 * block - 1, 2 * block, ends[799] - 2}) {
    INFO("flipped at " << at);
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    check(bad, whole_at(at / block * block));
    bad[at] = '\n';
    check(bad, whole_at(at / block * block));
  }
  // Where they are gone, it is the line that tells.
  std::string bad = good.substr(0, ends[700]);
  bad[ends[600] + 2] = '\x1f';
  check(bad, 600);
  // In the first block nothing can be trusted, the header neither.
  bad = good;
  bad[ends[3]] = ' ';
  CHECK_THAT(refusal(bad, {.partial = true}),
             ContainsSubstring("is damaged between byte 0 and 65,536; no event is whole."));
  CHECK(read_text(good, {.partial = true}).damage.empty());
}

TEST_CASE("a trace that was cut or damaged anywhere is never read as if it were whole") {
  const std::string good =
      traced({.seed = 3, .schedule = random_walk(), .params = {{"n", "7"}}}, tell_a_story, true);
  const std::string long_one = traced({}, tell_a_long_story);
  REQUIRE(refusal(good).empty());
  for (std::size_t at = 0; at < good.size(); ++at) {
    INFO(at);
    CHECK_THAT(refusal(good.substr(0, at)), ContainsSubstring("trace 'out.jsonl' "));
  }
  rc::prop("cut", [&] {
    const auto at = *rc::gen::inRange<std::size_t>(0, long_one.size());
    RC_ASSERT(!refusal(long_one.substr(0, at)).empty());
  });
  rc::prop("a byte changed", [&] {
    std::string bad = *rc::gen::element(good, long_one);
    const auto at = *rc::gen::inRange<std::size_t>(0, bad.size());
    const auto by = *rc::gen::inRange(1, 256);
    bad[at] = static_cast<char>(bad[at] ^ by);
    RC_ASSERT(!refusal(bad).empty());
    static_cast<void>(refusal(bad, {.partial = true}));  // whatever it says, it does not crash
  });
  rc::prop("bytes removed, repeated or put in", [&] {
    std::string bad = good;
    const auto at = *rc::gen::inRange<std::size_t>(0, bad.size());
    const auto count = *rc::gen::inRange<std::size_t>(1, 200);
    switch (*rc::gen::inRange(0, 3)) {
      case 0:
        bad.erase(at, count);
        break;
      case 1:
        bad.insert(at, bad.substr(at, count));
        break;
      default:
        bad.insert(at, *rc::gen::nonEmpty<std::string>());
    }
    RC_ASSERT(!refusal(bad).empty());
    static_cast<void>(refusal(bad, {.partial = true}));
  });
}

TEST_CASE("what changes between the check and the reading is noticed") {
  const std::string good = traced({}, tell_a_long_story);
  const trace_on_disk file(good);
  trace_reader reader(file.path());
  REQUIRE(::truncate(file.path().c_str(), static_cast<off_t>(good.size() / 2)) == 0);
  CHECK_THROWS_AS(
      [&] {
        while (reader.next()) {
        }
      }(),
      bad_trace);
}

TEST_CASE("a file looks like a trace by its first bytes, whatever it is called") {
  for (const std::string_view text :
       {std::string_view("{\"reprise_trace\":1}"), std::string_view("{\"t\":0.0,"),
        std::string_view("{\"i\":1,")})
    CHECK(looks_like_a_trace(trace_on_disk(text).path()));
  for (const std::string_view text :
       {std::string_view(""), std::string_view("{"), std::string_view("{\n \"reprise_case\": 1"),
        std::string_view("rp1_")})
    CHECK(!looks_like_a_trace(trace_on_disk(text).path()));
}
