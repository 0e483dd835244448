// trace show and export, and replay of traces.

#include "cli/support.hpp"

#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

using namespace cli_test;
namespace fs = std::filesystem;

namespace {

/// Traces in a folder that is gone with it.
class traces {
public:
  /// The path of a file with `text` in it.
  std::string put(std::string_view text, const std::string& name = "out.jsonl") {
    std::string path = folder_.path() + '/' + name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  [[nodiscard]] std::string path(const std::string& name) const {
    return folder_.path() + '/' + name;
  }
  /// The trace of a run, in "NAME".
  std::string of(child_result (*program)(const std::vector<std::string>&, stdout_to),
                 std::vector<std::string> arguments, const std::string& name = "out.jsonl") const {
    arguments.insert(arguments.end(), {"--trace", path(name)});
    static_cast<void>(program(arguments, stdout_to::capture));
    return path(name);
  }

private:
  support::temporary_folder folder_;
};

child_result in_gallery(const std::vector<std::string>& arguments, stdout_to where) {
  return reprise(arguments, where);
}

/// CRC-32, bit by bit.
std::string sum_of(std::string_view bytes) {
  std::uint32_t sum = ~std::uint32_t{0};
  for (const char b : bytes) {
    sum ^= static_cast<unsigned char>(b);
    for (int bit = 0; bit < 8; ++bit) sum = sum >> 1 ^ (sum & 1 ? 0xedb88320u : 0);
  }
  return fmt::format("{:08x}", ~sum);
}

/// `trace` with the check sums that fit to what it says now.
std::string sealed(const std::string& trace) {
  constexpr std::size_t block = 65536;
  const std::size_t footer = trace.rfind('\n', trace.size() - 2) + 1;
  const std::string before = trace.substr(0, footer);
  std::string line = trace.substr(footer);
  line.erase(line.find(",\"sums\":"));
  line += ",\"sums\":[";
  for (std::size_t at = 0; at < before.size(); at += block)
    line += fmt::format("{}\"{}\"", at == 0 ? "" : ",", sum_of(before.substr(at, block)));
  line += ']';
  return before + line + fmt::format(",\"check\":\"{}\"}}\n", sum_of(line));
}

std::string changed(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

/// The failing run of lost_update that the gallery's exploring finds, traced.
std::string failing_trace(traces& files) {
  return files.of(in_gallery, {"replay", failing_token("lost_update")});
}

std::size_t count_of(const std::string& text, const std::string& what) {
  std::size_t n = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += what.size()) ++n;
  return n;
}

}  // namespace

TEST_CASE("trace show prints what run -v prints, the verdict, and the command that repeats it") {
  traces files;
  for (const auto& scheduler : {std::vector<std::string>{}, {"--scheduler"}}) {
    std::vector<std::string> run = {"run", "says_odd_things"};
    run.insert(run.end(), scheduler.begin(), scheduler.end());
    const std::string path = files.of(odd, run);
    run.emplace_back("-v");
    auto watched = lines_of(odd(run).out);
    watched.pop_back();         // the run in a line
    for (auto& line : watched)  // a byte that is no UTF-8 is U+FFFD in a trace
      if (const std::size_t at = line.find("\\ufffd"); at != std::string::npos)
        line.replace(at, 6, "\xEF\xBF\xBD");
    const auto r = odd({"trace", "show", path});
    CHECK(r.code == 0);
    CHECK(r.err.empty());
    auto shown = lines_of(r.out);
    REQUIRE(shown.size() == watched.size() + 3);
    CHECK(shown.front() == fmt::format("trace of says_odd_things, seed 0, fifo: {} events{}",
                                       watched.size(),
                                       scheduler.empty() ? "" : ", the scheduler's too"));
    CHECK(std::vector(shown.begin() + 1, shown.end() - 2) == watched);
    CHECK_THAT(shown[shown.size() - 2],
               Catch::Matchers::StartsWith("passed, 0 s of virtual time, 2 steps, digest "));
    CHECK_THAT(shown.back(), Catch::Matchers::StartsWith(std::string("  replay: ") +
                                                         REPRISE_ODD_PROGRAM + " replay rp1_"));
  }
}

TEST_CASE("trace show ends where --until says, and tells a failure") {
  traces files;
  const std::string path = failing_trace(files);
  const auto all = lines_of(reprise({"trace", "show", path}).out);
  CHECK_THAT(all.front(), ContainsSubstring(": 4 events"));
  CHECK_THAT(reprise({"trace", "show", path}).out, ContainsSubstring("\n  balance is 1\n"));
  const auto text = lines_of(reprise({"trace", "show", path, "--until", "reads balance 0"}).out);
  CHECK(text.at(1) == all.at(1));
  CHECK(text.at(2) == "  until reads balance 0");
  CHECK_THAT(reprise({"trace", "show", path, "--until", "0"}).out, ContainsSubstring("until 0\n"));
  CHECK_THAT(reprise({"trace", "show", path, "--until", "never said"}).out,
             ContainsSubstring("'never said' did not come; this is all\n"));
  check_mistake(reprise({"trace", "show", path, "--until", "5x"}), 2, "time '5x'");
  check_mistake(reprise({"trace", "show", path, "--until", "18446744073709551616"}), 2,
                "event '18446744073709551616' is out of range");
}

TEST_CASE("nothing behind --until is shown, and it came if the run went on to there") {
  traces files;
  const std::string path = files.of(in_gallery, {"run", "random_sleep_gather3"});
  // Of each event its number and its time in seconds.
  std::vector<std::pair<std::uint64_t, double>> events;
  for (const auto& line : lines_of(support::read_file(path)))
    if (const auto o = json::parse(line); o.contains("i"))
      events.emplace_back(o.at("i").get<std::uint64_t>(), o.at("t").get<double>());
  REQUIRE(events.size() > 4);
  const std::string token =
      json::parse(lines_of(support::read_file(path)).front()).at("token").get<std::string>();
  const auto shown = [&](const std::string& until, std::size_t expected, const std::string& told) {
    INFO(until);
    const auto lines = lines_of(reprise({"trace", "show", path, "--until", until}).out);
    CHECK(lines.at(expected + 1) == "  " + told);  // behind the title
    CHECK(lines_of(reprise({"replay", token, "--until", until}).out).at(expected) == "  " + told);
  };
  const std::uint64_t last = events.back().first;
  for (std::uint64_t number = 0; number <= last; ++number)
    shown(std::to_string(number),
          static_cast<std::size_t>(std::ranges::count_if(
              events, [&](const auto& event) { return event.first <= number; })),
          "until " + std::to_string(number));
  const std::string beyond = std::to_string(last + 1);
  shown(beyond, events.size(), "no event here is '" + beyond + "' or later; this is all");
  const auto end = static_cast<int>(events.back().second);
  REQUIRE(events.back().second ==
          end);  // it sleeps for whole seconds, and ends with the last event
  for (int s = 0; s <= end; ++s)
    shown(fmt::format("{}s", s),
          static_cast<std::size_t>(
              std::ranges::count_if(events, [&](const auto& event) { return event.second <= s; })),
          fmt::format("until {}s", s));
  shown(fmt::format("{}s", end + 1), events.size(),
        fmt::format("'{}s' did not come; this is all", end + 1));
}

TEST_CASE("the words behind trace") {
  traces files;
  const std::string path = files.of(in_gallery, {"run", "say_hello"});
  check_mistake(reprise({"trace"}), 2, "nothing to do: trace show or trace export.");
  check_mistake(reprise({"trace", "print", path}), 2, "'print' is none of: show, export.");
  check_mistake(reprise({"trace", "show"}), 2, "nothing to show: give the file of a trace.");
  check_mistake(reprise({"trace", "show", path, "--format", "chrome"}), 2, "--format and -o are");
  check_mistake(reprise({"trace", "export", path, "--until", "1s"}), 2, "--until is of ");
  check_mistake(reprise({"trace", "export", path, "--format", "xml"}), 2,
                "--format 'xml' is none of: chrome.");
  check_mistake(reprise({"trace", "export", path, "-o", path}), 2,
                "'" + path + "' is the trace itself");
  check_mistake(reprise({"trace", "export", path, "-o", files.path("none/out.json")}), 4,
                "trace '" + files.path("none/out.json") + "' can't be written");
  CHECK(reprise({"trace", "export", path, "-o", "/dev/full"}).code == 4);
  CHECK(reprise({"trace", "show", path}, stdout_to::closed).code == 0);
  check_mistake(reprise({"replay", failing_token("lost_update"), "--partial"}), 2,
                "--partial is for a trace");
}

TEST_CASE("trace export is JSON with an instant for each event and a thread for each task") {
  traces files;
  const std::string path = files.of(in_gallery, {"run", "greet_gather3", "--scheduler"});
  const auto r = reprise({"trace", "export", path, "--format", "chrome"});
  CHECK(r.code == 0);
  CHECK(r.err.empty());
  const auto chrome = json::parse(r.out);
  std::map<std::uint64_t, std::string> threads;
  std::size_t events = 0;
  const auto trace = lines_of(support::read_file(path));
  for (const auto& e : chrome.at("traceEvents")) {
    if (e.at("ph") == "M") {
      if (e.at("name") == "thread_name") threads[e.at("tid")] = e.at("args").at("name");
      continue;
    }
    CHECK(e.at("ph") == "i");
    const auto line = json::parse(trace.at(++events));
    CHECK(threads.at(e.at("tid")) == line.at("task").get<std::string>());
    CHECK(e.at("name") == (line.contains("text") ? line.at("text") : line.at("event")));
    CHECK(e.at("args").at("#") == line.at("i"));
    if (line.contains("fn")) CHECK(e.at("args").at("fn") == line.at("fn"));
    CHECK(e.at("ts").get<double>() == line.at("t").get<double>() * 1e6);
  }
  CHECK(events == trace.size() - 2);
  CHECK(threads.size() == 4);
  CHECK(chrome.at("otherData").at("verdict") == "passed");
  CHECK_THAT(r.out, ContainsSubstring("\"ts\":1000000.000,"));

  const std::string to = files.path("chrome.json");
  const auto written = reprise({"trace", "export", path, "-o", to});
  CHECK(written.code == 0);
  CHECK(written.out.empty());
  CHECK(support::read_file(to) == r.out);
  CHECK(json::accept(odd({"trace", "export", files.of(odd, {"run", "says_odd_things"})}).out));
}

TEST_CASE("replay of a trace compares each event, and ends as the run does") {
  traces files;
  const std::string path = failing_trace(files);
  const auto footer = json::parse(lines_of(support::read_file(path)).back());
  const std::string digest = footer.at("digest");
  const auto r = reprise({"replay", path});
  CHECK(r.code == 1);
  CHECK(r.err.empty());
  CHECK_THAT(
      lines_of(r.out).at(0),
      ContainsSubstring(": failed again, as the trace says: 4 events, same digest " + digest));
  CHECK_THAT(r.out, ContainsSubstring("\n  balance is 1\n"));
  CHECK_THAT(lines_of(r.out).back(), ContainsSubstring("  replay: "));
  const auto j = json::parse(reprise({"replay", path, "--format", "json"}).out);
  CHECK(j.at("outcome") == "same");
  CHECK(j.at("verdict") == "failed");
  CHECK(j.at("same_build") == true);
  CHECK(j.at("same_events") == 4);
  CHECK(j.at("recorded_digest") == digest);
  CHECK(!j.contains("first_difference"));

  for (const auto& scheduler : {std::vector<std::string>{}, {"--scheduler"}}) {
    std::vector<std::string> run = {"run", "say_hello"};
    run.insert(run.end(), scheduler.begin(), scheduler.end());
    const std::string passing = files.of(in_gallery, run, "passing.jsonl");
    const auto again = reprise({"replay", passing});
    CHECK(again.code == 0);
    CHECK_THAT(again.out, ContainsSubstring("passed again, as the trace says: "));
    // Its own trace is the same again, over itself too.
    const std::string before = support::read_file(passing);
    std::vector<std::string> over = {"replay", passing, "--trace", passing};
    over.insert(over.end(), scheduler.begin(), scheduler.end());
    CHECK(reprise(over).code == 0);
    CHECK(support::read_file(passing) == before);
  }
  // A trace without the scheduler's events, watched with them.
  CHECK_THAT(reprise({"replay", path, "--until", "3", "--scheduler"}).out,
             ContainsSubstring("(spawn") && ContainsSubstring("  until 3\n") &&
                 ContainsSubstring(": failed again, as the trace says: 4 events"));
  CHECK_THAT(reprise({"replay", path, "-v"}).out, ContainsSubstring("reads balance 0\n"));
}

TEST_CASE("where a replay leaves its trace, the first difference is told") {
  traces files;
  const std::string good = support::read_file(failing_trace(files));
  const auto lines = lines_of(good);
  const auto number = [&](std::size_t line) {
    return json::parse(lines.at(line)).at("i").get<std::uint64_t>();
  };
  const std::string edited =
      files.put(sealed(changed(good, "reads balance 0", "reads balance 7")), "edited.jsonl");
  const auto r = reprise({"replay", edited});
  CHECK(r.code == 3);
  CHECK_THAT(lines_of(r.out).at(0), ContainsSubstring(": diverged. exit 3"));
  CHECK_THAT(r.out, ContainsSubstring(fmt::format(
                        "  first difference at event {}\n    recorded  0 ", number(1))));
  CHECK_THAT(r.out, ContainsSubstring(" log \"reads balance 7\"\n    happened  0 ") &&
                        ContainsSubstring(" log \"reads balance 0\"\n"));
  CHECK_THAT(r.out, ContainsSubstring("so it is the trace that was changed"));
  const auto j = json::parse(reprise({"replay", edited, "--format", "json"}).out);
  CHECK(j.at("outcome") == "diverged");
  CHECK(j.at("verdict") == "diverged");
  CHECK(j.at("first_difference") == number(1));
  CHECK_THAT(j.at("recorded_event").get<std::string>(), ContainsSubstring("reads balance 7"));
  CHECK_THAT(j.at("happened_event").get<std::string>(), ContainsSubstring("reads balance 0"));

  // One event less, and one more, than happens.
  std::string less = changed(good, lines[4] + "\n", "");
  less = sealed(changed(less, "\"events\":4", "\"events\":3"));
  const auto fewer = reprise({"replay", files.put(less)});
  CHECK(fewer.code == 3);
  CHECK_THAT(fewer.out, ContainsSubstring(fmt::format("at event {}\n", number(4))) &&
                            ContainsSubstring("recorded  (nothing: it has ended)"));
  std::string more = changed(good, lines[4] + "\n",
                             lines[4] + "\n" + R"({"i":99,"t":0,"task":"x","event":"y"})" + "\n");
  more = sealed(changed(more, "\"events\":4", "\"events\":5"));
  const auto missing = reprise({"replay", files.put(more)});
  CHECK(missing.code == 3);
  CHECK_THAT(missing.out, ContainsSubstring("at event 99\n    recorded  0 x y\n    happened  "
                                            "(nothing: it has ended)"));
  // The same events with another number, and another end.
  const auto moved =
      reprise({"replay",
               files.put(sealed(changed(good, fmt::format("\"i\":{},", number(4)), "\"i\":98,")))});
  CHECK(moved.code == 3);
  CHECK_THAT(moved.out, ContainsSubstring(" (event 98)\n") &&
                            ContainsSubstring(fmt::format(" (event {})\n", number(4))));
  const auto ended = reprise({"replay", files.put(sealed(changed(good, "\"verdict\":\"failed\"",
                                                                 "\"verdict\":\"passed\"")))});
  CHECK(ended.code == 3);
  CHECK_THAT(ended.out, ContainsSubstring("; failed, recorded passed"));
}

TEST_CASE("of another build a difference is a note, and the run's verdict is the exit code") {
  traces files;
  const std::string good = support::read_file(failing_trace(files));
  const std::string other = changed(good, "\"build_id\":\"", "\"build_id\":\"0123");
  const auto same = reprise({"replay", files.put(sealed(other))});
  CHECK(same.code == 1);
  CHECK_THAT(lines_of(same.out).at(0),
             ContainsSubstring("note: the trace was recorded by another build (0123"));
  CHECK_THAT(lines_of(same.out).at(1), ContainsSubstring("failed again, as the trace says"));
  const std::string differs =
      files.put(sealed(changed(other, "reads balance 0", "reads balance 7")));
  const auto r = reprise({"replay", differs});
  CHECK(r.code == 1);
  CHECK_THAT(r.out, ContainsSubstring(
                        ": failed, in another run than the trace's: the program has changed\n") &&
                        ContainsSubstring("  first difference at event "));
  CHECK(json::parse(reprise({"replay", differs, "--format", "json"}).out).at("outcome") ==
        "another run");

  // The same program, with the bug and without.
  const auto broken =
      support::run_child(REPRISE_SHOP_PROGRAM,
                         {"explore", "transfer", "--format", "json", "--corpus", files.path("c")});
  const auto found = json::parse(broken.out);
  const std::string token = found.at("failures").at(0).at("token");
  const std::string path = files.path("shop.jsonl");
  CHECK(support::run_child(REPRISE_SHOP_PROGRAM, {"replay", token, "--trace", path}).code == 1);
  const auto fixed = support::run_child(REPRISE_FIXED_SHOP_PROGRAM, {"replay", path});
  CHECK(fixed.code == 0);
  CHECK_THAT(fixed.out, ContainsSubstring("note: the trace was recorded by another build") &&
                            ContainsSubstring(": passed, in another run than the trace's"));
}

TEST_CASE("shrink, explain and corpus add take a trace, a cut one too") {
  traces files;
  const std::string path = failing_trace(files);
  const auto lines = lines_of(support::read_file(path));
  const std::string cut = files.put(lines[0] + "\n" + lines[1] + "\n{\"i\":", "cut.jsonl");
  for (const auto& file : {path, cut}) {
    const auto shrunk = reprise({"shrink", file, "-o", files.path("x.reprise")});
    CHECK(shrunk.code == 0);
    CHECK_THAT(shrunk.out, ContainsSubstring("shrink lost_update, seed "));
    CHECK(reprise({"replay", files.path("x.reprise")}).code == 1);
    CHECK_THAT(reprise({"explain", file, "--futures", "5"}).out,
               ContainsSubstring("explain lost_update, seed "));
    const auto added = reprise({"corpus", "add", file, "--corpus", files.path("corpus")});
    CHECK(added.code == 0);
    CHECK_THAT(added.out, ContainsSubstring(file == path ? "added: " : "known since "));
  }
  check_mistake(odd({"replay", path}), 2,
                "trace '" + path +
                    "' is of scenario 'lost_update', which this program does not have. Replay it "
                    "with the program that wrote it.");
}

TEST_CASE("a trace of an older release is replayed by its footer's token, or by its header") {
  traces files;
  auto lines = lines_of(support::read_file(
      files.of(in_gallery, {"run", "say_hello", "--seed", "3", "--strategy", "random_walk"})));
  lines[0].erase(lines[0].find(",\"token\"")) += "}";
  auto& footer = lines.back();
  footer.erase(footer.find(",\"events\"")) += "}";
  std::string whole, cut;
  for (const auto& line : lines) {
    if (&line == &footer) cut = whole;
    whole += line + '\n';
  }
  const auto r = reprise({"replay", files.put(whole)});
  CHECK(r.code == 0);
  CHECK_THAT(r.out, ContainsSubstring(
                        "say_hello, seed 3, random_walk: passed again, as the trace says: "));
  const auto rest = reprise({"replay", files.put(cut), "--partial"});
  CHECK(rest.code == 0);
  CHECK_THAT(rest.out, ContainsSubstring("say_hello, seed 3, random_walk: passed, and what is "
                                         "whole of the trace is the same: "));
  CHECK_THAT(reprise({"trace", "show", files.put(cut), "--partial"}).out,
             ContainsSubstring("  replay: ") && ContainsSubstring(" replay rp1_"));
}

TEST_CASE("what is no whole trace is refused with exit code 2, in a line") {
  traces files;
  const std::string good = support::read_file(failing_trace(files));
  const auto lines = lines_of(good);
  const std::size_t header = lines[0].size() + 1;
  struct row {
    std::string text, says;
  };
  const std::string before = good.substr(0, good.size() - lines.back().size() - 1);
  const std::vector<row> rows = {
      {good.substr(0, header - 1), "ends in the middle of its header"},
      {good.substr(0, header + 9), "ends in the middle of event 1 (byte "},
      {before.substr(0, before.size() - 9), "3 events are whole. `--partial` reads those."},
      {before, "has no footer: its writer was stopped, or it was cut at byte "},
      {good.substr(0, good.size() - 9), "ends in the middle of its footer"},
      {changed(good, "\"reprise_trace\":1", "\"reprise_trace\":2"),
       "is of version 2, and this program reads version 1. A newer release reads it."},
      {changed(good, "balance 0", "balance 1"), "is damaged between byte 0 and "},
      {changed(good, "\"failed\"", "\"passed\""), "is damaged in its footer"},
      {changed(before, lines[2], "{\"i\":"), "is damaged at byte "},
      {changed(before, lines[2], lines[1]), "is damaged at byte "},
      {changed(before, lines[2], lines[2] + '\r'), "is damaged at byte "},
      {changed(before, lines[2], "\t" + lines[2]), "is damaged at byte "},
      {good + "\n", "has text behind its footer"},
      {good + good, "has text behind its footer"},
      {R"({"t":0.0,"task":"Task-1","event":"print","text":"Hello"})"
       "\n",
       "is in the form of the asyncio oracle, which can't be read, only written."},
      {lines[1] + "\n", "is no trace: its first line is no header"},
  };
  for (const auto& [bad, says] : rows) {
    const std::string path = files.put(bad, "bad.jsonl");
    for (const auto& command : {std::vector<std::string>{"trace", "show", path},
                                {"trace", "export", path},
                                {"replay", path}}) {
      INFO(command[0] << ": " << says);
      const auto r = reprise(command);
      check_mistake(r, 2, "trace '" + path + "' ");
      CHECK_THAT(r.err, ContainsSubstring(says));
    }
  }
}

TEST_CASE("a trace with CRLF line ends is refused as that, with --partial too") {
  traces files;
  std::string text;
  for (const auto& line : lines_of(support::read_file(failing_trace(files)))) text += line + "\r\n";
  const std::string path = files.put(text, "crlf.jsonl");
  for (const char* const command : {"replay", "shrink"})
    check_mistake(reprise({command, path}), 2, "trace '" + path + "' has CRLF line ends");
  check_mistake(reprise({"replay", "--partial", path}), 2,
                "trace '" + path + "' has CRLF line ends");
  check_mistake(reprise({"trace", "show", "--partial", path}), 2,
                "trace '" + path + "' has CRLF line ends");
}

TEST_CASE("what can't be a trace is refused at once") {
  traces files;
  REQUIRE(::mkfifo(files.path("pipe").c_str(), 0600) == 0);
  const std::string hole = files.put("");
  REQUIRE(::truncate(hole.c_str(), std::int64_t{4} << 30) == 0);
  const std::string torn =
      files.put(support::read_file(files.of(in_gallery, {"run", "say_hello"}, "t")), "torn.jsonl");
  REQUIRE(::truncate(torn.c_str(), std::int64_t{4} << 30) == 0);
  struct row {
    std::string path, says;
  };
  for (const auto& [path, says] :
       {row{files.path("none"), "can't be read (no such file or directory)."},
        {files.path("."), "is a folder."},
        {"/dev/zero", "is no regular file."},
        {files.path("pipe"), "is no regular file."},
        {files.put("", "empty"), "is empty"},
        {files.put("hello", "text"), "is no trace: its first line is no header."},
        {files.put(std::string(1'000'000, '['), "deep"), "is no trace"},
        {hole, "is no trace"},
        {torn, "has text behind its footer"}})
    for (const char* const what : {"show", "export"}) {
      INFO(path);
      check_mistake(reprise({"trace", what, path}), 2,
                    std::string("trace '").append(path).append("' ").append(says));
    }
  // What does not begin as a trace is refused by replay as the case file that it may be.
  for (const char* const path : {".", "/dev/zero"})
    check_mistake(reprise({"replay", path}), 2, std::string("case file '") + path + "' is ");
  check_mistake(reprise({"replay", files.path("pipe")}), 2, "case file '");
  const auto odd_name = reprise({"trace", "show", "./\x01\xff.jsonl"});
  check_mistake(odd_name, 2, "trace './");
  CHECK(odd_name.err.find('\x01') == std::string::npos);
}

TEST_CASE("the trace of a run that was killed is read with --partial, and replayed") {
  traces files;
  const std::string sink = files.put("", "stdout"), path = files.path("killed.jsonl");
  std::string partial;
  {
    support::running_child run(REPRISE_ODD_PROGRAM,
                               {"run", "crowd", "--scheduler", "--trace", path}, sink);
    constexpr std::uintmax_t some = 200'000;
    constexpr int patience = 20'000;
    for (int i = 0; i < patience && partial.empty(); ++i) {
      for (const auto& entry : fs::directory_iterator(fs::path(path).parent_path()))
        if (entry.path().extension() == ".partial" && entry.file_size() > some)
          partial = entry.path();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    run.send(SIGKILL);
    static_cast<void>(run.wait());
  }
  REQUIRE(!partial.empty());
  CHECK(!fs::exists(path));
  const std::string text = support::read_file(partial);
  const auto whole = static_cast<std::size_t>(std::ranges::count(text, '\n')) - 1;
  const auto refused = odd({"trace", "show", partial});
  check_mistake(refused, 2, "trace '" + partial + "' ");
  CHECK_THAT(refused.err, ContainsSubstring(" events are whole. `--partial` reads those."));

  const auto shown = odd({"trace", "show", partial, "--partial"});
  CHECK(shown.code == 0);
  const auto lines = lines_of(shown.out);
  REQUIRE(lines.size() == whole + 3);  // the title, what is wrong, the command
  CHECK_THAT(lines[whole + 1], Catch::Matchers::StartsWith("trace '" + partial + "' ") &&
                                   Catch::Matchers::EndsWith(" events are whole."));
  CHECK_THAT(lines.back(), ContainsSubstring("  replay: "));
  const auto exported = odd({"trace", "export", partial, "--partial"});
  CHECK(exported.code == 0);
  CHECK(json::accept(exported.out));
  CHECK(count_of(exported.out, "\"ph\":\"i\"") == whole);
  CHECK_THAT(exported.err, Catch::Matchers::StartsWith("odd_program: trace '") &&
                               ContainsSubstring(" events are whole."));

  const auto again = odd({"replay", partial, "--partial"});
  CHECK(again.code == 0);
  CHECK_THAT(again.out, ContainsSubstring("note: trace '" + partial + "' "));
  CHECK_THAT(again.out, ContainsSubstring("crowd, seed 0, fifo: passed, and what is whole of the "
                                          "trace is the same: "));
}

TEST_CASE("what a run has written lies in the file when it is killed, little as it may be") {
  traces files;
  const std::string sink = files.put("", "stdout"), path = files.path("killed.jsonl");
  const std::pair<std::vector<std::string>, std::string> runs[] = {
      {{"spins", "--seed", "13"}, "}\n"},                   // nothing but the header
      {{"dawdles", "--seed", "13"}, "still here, 1\"}\n"},  // few events
      {{"inverts", "--clock", "wall", "--scheduler"},
       "\"start\",\"object\":\"3.0\"}\n"}};  // the last for an hour
  for (const auto& [arguments, waited_for] : runs) {
    INFO(arguments[0]);
    std::vector<std::string> words{"run"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    words.insert(words.end(), {"--trace", path});
    std::string partial;
    {
      support::running_child run(REPRISE_ODD_PROGRAM, words, sink);
      constexpr int patience = 20'000;
      for (int i = 0; i < patience && partial.empty(); ++i) {
        for (const auto& entry : fs::directory_iterator(fs::path(path).parent_path()))
          if (entry.path().extension() == ".partial" &&
              support::read_file(entry.path()).find(waited_for) != std::string::npos)
            partial = entry.path();
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
      run.send(SIGKILL);
      static_cast<void>(run.wait());
    }
    REQUIRE(!partial.empty());
    CHECK(support::read_file(partial).starts_with("{\"reprise_trace\":"));
    const auto shown = odd({"trace", "show", partial, "--partial"});
    CHECK(shown.code == 0);
    CHECK_THAT(lines_of(shown.out).back(), ContainsSubstring(" replay rp1_"));
    fs::remove(partial);
  }
}

TEST_CASE("numbers as large as they come") {
  traces files;
  const std::string path = files.put(sealed(
      R"trace({"reprise_trace":1,"scenario":"no_such","seed":18446744073709551615,"strategy":"dice(9)","params":{},"step_limit":18446744073709551615,"build_id":"","c_library":""}
{"i":1,"t":0,"task":"-","event":"first"}
{"i":18446744073709551615,"t":9223372036.854775807,"task":"x","event":"last"}
{"verdict":"step_limit","elapsed_s":9223372036.854775807,"steps":18446744073709551615,"tasks":1,"preemptions":0,"digest":"ffffffffffffffff","token":"","what":"","events":2,"sums":[]}
)trace"));
  const auto r = reprise({"trace", "show", path});
  CHECK(r.code == 0);
  CHECK_THAT(r.out, ContainsSubstring("seed 18446744073709551615, dice(9), at most "
                                      "18,446,744,073,709,551,615 steps: 2 events") &&
                        ContainsSubstring("9,223,372,036.854775807 s  x") &&
                        ContainsSubstring("18,446,744,073,709,551,615 steps, digest ffff"));
  // A strategy that there is not, so nothing repeats it here.
  CHECK_THAT(r.out, !ContainsSubstring("replay: "));
  check_mistake(reprise({"replay", path}), 2, "there is no strategy 'dice(9)'");
  const auto exported = reprise({"trace", "export", path}).out;
  CHECK_THAT(exported, ContainsSubstring("\"ts\":9223372036854775.807,"));
  CHECK_THAT(exported, ContainsSubstring("\"tid\":0,\"ts\":0.000,"));
  CHECK(json::parse(exported).at("otherData").at("seed") == 18446744073709551615u);
}
