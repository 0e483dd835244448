// What the commands say and how they end, as a user's shell sees it.

#include "cli/support.hpp"

#include <nlohmann/json.hpp>

#include <cctype>

using namespace cli_test;

TEST_CASE("list shows each scenario with a line and its parameters") {
  const auto r = odd({"list"});
  CHECK(r.code == 0);
  CHECK(r.err.empty());
  CHECK_THAT(r.out, ContainsSubstring("throws           an exception leaves the root task\n"));
  CHECK_THAT(r.out, ContainsSubstring("--param n=7  how many\n"));
  const auto all = json::parse(odd({"list", "--format", "json"}).out);
  CHECK(all.is_array());
  CHECK(std::ranges::is_sorted(all, {},
                               [](const json& s) { return s.at("name").get<std::string>(); }));
  const auto sized = std::ranges::find(all, "sized", [](const json& s) { return s.at("name"); });
  REQUIRE(sized != all.end());
  CHECK(sized->at("about") == "has parameters of several kinds");
  CHECK(sized->at("parameters").at(0) ==
        json{{"name", "n"}, {"initial", "7"}, {"about", "how many"}, {"quick", "3"}});
}

TEST_CASE("help fits on a screen, and a command's names its options") {
  const auto r = reprise({"--help"});
  CHECK(r.code == 0);
  CHECK(lines_of(r.out).size() <= 24);
  for (const char* command : {"list", "run", "explore", "replay"}) {
    CHECK_THAT(r.out, ContainsSubstring(std::string("\n  ") + command));
    CHECK(reprise({command, "--help"}).code == 0);
  }
  const auto explore = reprise({"explore", "--help"}).out;
  CHECK_THAT(explore, ContainsSubstring("What to run\n") && ContainsSubstring("How to search\n") &&
                          ContainsSubstring("How to print\n"));
  CHECK_THAT(explore, ContainsSubstring("(1000)") && ContainsSubstring("(portfolio)"));
  for (const auto& line : lines_of(explore)) CHECK(line.size() <= 120);
  // What may be left out is in brackets.
  CHECK_THAT(r.out, ContainsSubstring("\n  check [DIR] ") &&
                        ContainsSubstring("\n  run SCENARIO ") &&
                        ContainsSubstring(" list|add|show|prune [TOKEN|FILE] "));
  CHECK_THAT(reprise({"check", "--help"}).out, ContainsSubstring(" check [DIR] [options]\n"));
  CHECK_THAT(reprise({"corpus", "--help"}).out, ContainsSubstring(" [TOKEN|FILE…] [options]\n"));
  CHECK_THAT(reprise({"run", "--help"}).out, ContainsSubstring(" run SCENARIO… [options]\n"));
  CHECK_THAT(reprise({"__man"}).out, ContainsSubstring(" [\\fIDIR\\fR]"));
  CHECK(reprise({"--version"}).out.starts_with("reprise "));
}

TEST_CASE("run says verdict, times and digest in a line") {
  const auto r = reprise({"run", "say_hello", "--seed", "3"});
  CHECK(r.code == 0);
  CHECK(r.err.empty());
  CHECK(lines_of(r.out).size() == 1);
  CHECK_THAT(r.out,
             ContainsSubstring("run say_hello, seed 3, fifo: passed, 1 s of virtual time in "));
}

TEST_CASE("a seed is decimal or hexadecimal, up to 2^64 - 1") {
  CHECK(json::parse(reprise({"run", "say_hello", "--seed", "0x10", "--format", "json"}).out)
            .at("seed") == 16);
  CHECK(json::parse(
            reprise({"run", "say_hello", "--seed", "18446744073709551615", "--format", "json"}).out)
            .at("seed") == 18446744073709551615u);
}

TEST_CASE("run in JSON is one object with times under keys that say so") {
  const auto r = odd({"run", "sized", "--param", "n=5", "--format", "json"});
  CHECK(r.code == 0);
  const auto o = json::parse(r.out);
  CHECK(o.at("scenario") == "sized");
  CHECK(o.at("verdict") == "passed");
  CHECK(o.at("params") == json{{"n", "5"}, {"loud", "false"}});
  CHECK(o.at("digest").get<std::string>().size() == 16);
  CHECK(o.at("token").get<std::string>().starts_with("rp1_"));
  CHECK(o.at("virtual_s").is_number());
  CHECK(o.at("real_s").is_number());
}

TEST_CASE("run of many is a line per scenario and a sum") {
  const auto r = reprise({"run", "--all", "--seeds", "0..2"});
  CHECK(r.code == 0);
  const auto lines = lines_of(r.out);
  CHECK_THAT(lines.back(),
             ContainsSubstring(" runs, all passed: ") && ContainsSubstring(" of virtual time in "));
  CHECK_THAT(r.out, ContainsSubstring("million_sleepers n=1000"));
  const auto scenario_count = json::parse(reprise({"list", "--format", "json"}).out).size();
  CHECK(static_cast<std::size_t>(std::ranges::count_if(lines, [](const auto& l) {
          return l.find("0..2") != std::string::npos;
        })) == scenario_count);

  const auto o = json::parse(
      reprise({"run", "say_hello", "random_delay_task5", "--seeds", "4..6", "--format", "json"})
          .out);
  CHECK(o.at("runs") == 6);
  CHECK(o.at("failures").empty());
  CHECK(o.at("scenarios").size() == 2);
}

TEST_CASE("a digest is whole, and marked where seeds differ") {
  const auto r = reprise({"run", "random_delay_task5", "--seeds", "0..1"});
  const auto one =
      json::parse(reprise({"run", "random_delay_task5", "--seed", "0", "--format", "json"}).out)
          .at("digest")
          .get<std::string>();
  CHECK_THAT(r.out, ContainsSubstring("passed  " + one + " …\n"));
  CHECK_THAT(reprise({"run", "random_delay_task5", "--seeds", "0..0"}).out,
             ContainsSubstring("passed  " + one + "\n"));
}

TEST_CASE("a failing scenario among many fails the whole, and is told at the end") {
  const auto r = odd({"run", "sized", "throws", "--seeds", "0..1"});
  CHECK(r.code == 1);
  CHECK_THAT(r.out, ContainsSubstring("2 scenarios, 4 runs, 2 failed: "));
  CHECK_THAT(r.out, ContainsSubstring(
                        "\nrun throws, seed 0, fifo: failed\n\n  std::out_of_range: far away\n"));
  CHECK_THAT(lines_of(r.out).back(), ContainsSubstring(" replay rp1_"));
}

TEST_CASE("explore stops at the first failure, and its last line repeats it") {
  const auto r = reprise({"explore", "lost_update"});
  CHECK(r.code == 1);
  CHECK(r.err.empty());
  const auto lines = lines_of(r.out);
  CHECK_THAT(lines.front(), ContainsSubstring("explore lost_update: failed at seed "));
  CHECK_THAT(r.out, ContainsSubstring("\n  balance is 1\n"));
  CHECK_THAT(r.out, ContainsSubstring("   reads balance 0") && ContainsSubstring("Task-2 "));
  const std::string token = lines.back().substr(lines.back().rfind(' ') + 1);
  CHECK(lines.back() == std::string("  replay: ") + REPRISE_PROGRAM + " replay " + token);

  const auto again = reprise({"replay", token});
  CHECK(again.code == 1);
  const auto found = json::parse(reprise({"explore", "lost_update", "--format", "json"}).out);
  CHECK_THAT(again.out,
             ContainsSubstring("failed, digest " +
                               found.at("failures").at(0).at("digest").get<std::string>() +
                               " in both of two runs\n"));
  CHECK(found.at("failures").at(0).at("token") == token);
  CHECK(found.at("failures").at(0).at("what").get<std::string>().starts_with("balance is 1"));
  CHECK(found.contains("real_s"));
  CHECK(found.contains("runs_per_s"));
}

TEST_CASE("explore holds where nothing fails, and keeps going when asked") {
  const auto held = reprise({"explore", "lost_update", "--strategy", "fifo", "--runs", "50"});
  CHECK(held.code == 0);
  CHECK_THAT(held.out,
             ContainsSubstring("explore lost_update: passed, 50 runs, seeds 0..49, fifo ("));
  const auto all = json::parse(
      reprise({"explore", "lost_update", "--seeds", "0..99", "--keep-going", "--format", "json"})
          .out);
  CHECK(all.at("profile_runs") == 3);
  CHECK(all.at("runs") == 103);  // each that was executed
  CHECK(all.at("failures").size() > 5);
  const auto text = reprise({"explore", "lost_update", "--seeds", "0..99", "--keep-going"});
  CHECK(text.code == 1);
  CHECK_THAT(text.out, ContainsSubstring(" of 103 runs, 1 kind, first at seed "));
}

TEST_CASE("explore ends at the last seed there is") {
  const auto r = json::parse(
      reprise({"explore", "say_hello", "--seed", "18446744073709551614", "--format", "json"}).out);
  CHECK(r.at("runs") == 2 + r.at("profile_runs").get<int>());
}

TEST_CASE("a long story is shown by its end") {
  const auto r = odd({"run", "long_story"});
  CHECK(r.code == 1);
  CHECK_THAT(r.out, ContainsSubstring("… 18 events before these") &&
                        ContainsSubstring("chapter 29") && !ContainsSubstring("chapter 17\n"));
}

TEST_CASE("a deadlock, an exception and a stack overflow are failures") {
  CHECK_THAT(odd({"run", "waits_for_ever"}).out,
             ContainsSubstring("fifo: deadlock, 1 s of virtual time"));
  CHECK(odd({"run", "waits_for_ever"}).code == 1);
  CHECK(odd({"run", "throws"}).code == 1);
  const auto r = odd({"run", "overflows", "--stack-size", "64K"});
#if !defined(__SANITIZE_ADDRESS__)
  CHECK(r.code == 1);
  CHECK_THAT(r.out, ContainsSubstring("crashed") && ContainsSubstring("stack overflow in Task-1"));
#endif
}

TEST_CASE("large times have separators, and one of a thing is told as one") {
  const auto r = odd({"run", "inverts", "-v", "--scheduler"});
  CHECK_THAT(r.out, ContainsSubstring("passed, 3,600 s of virtual time in "));
  CHECK_THAT(r.out, ContainsSubstring("       3,600 s  "));
  CHECK_THAT(odd({"run", "inverts", "--time-limit", "2h"}).out,
             ContainsSubstring(", at most 7,200 s: "));
  CHECK_THAT(odd({"run", "inverts", "--step-limit", "1"}).out,
             ContainsSubstring("the limit of 1 step is reached"));
  CHECK_THAT(odd({"run", "inverts", "--step-limit", "2"}).out,
             ContainsSubstring("the limit of 2 steps is reached"));
  CHECK_THAT(reprise({"explain", failing_token("lost_update"), "--futures", "1"}).out,
             ContainsSubstring("  1 random future from there: how many fail\n"));
}

TEST_CASE("limits end a run") {
  CHECK_THAT(odd({"run", "throws", "--time-limit", "1.2s"}).out,
             ContainsSubstring("time_limit") && ContainsSubstring("1.2 s"));
  CHECK_THAT(odd({"run", "crowd", "--step-limit", "10"}).out, ContainsSubstring("step_limit"));
}

TEST_CASE("a large crowd is told with its time and memory") {
  const auto r = odd({"run", "crowd"});
  CHECK(r.code == 0);
  CHECK_THAT(lines_of(r.out).back(),
             ContainsSubstring("100,001 tasks, ") && ContainsSubstring(" each at the peak"));
}

TEST_CASE("-v shows the program's events, --scheduler the scheduler's too") {
  const auto r = reprise({"run", "say_hello", "-v"});
  CHECK_THAT(r.out, ContainsSubstring("           1 s  Task-1      World\n"));
  CHECK_THAT(r.out, !ContainsSubstring("(sleep"));
  CHECK_THAT(reprise({"run", "say_hello", "-v", "--scheduler"}).out,
             ContainsSubstring("Task-1      (sleep"));
}

TEST_CASE("the wall clock gives the same run in real time") {
  const auto wall = reprise({"run", "fetch_pages_gather", "--clock", "wall", "--seed", "1"});
  CHECK(wall.code == 0);
  CHECK_THAT(wall.out, ContainsSubstring("connected"));
  const auto digest =
      json::parse(reprise({"run", "fetch_pages_gather", "--seed", "1", "--format", "json"}).out)
          .at("digest")
          .get<std::string>();
  CHECK_THAT(wall.out, ContainsSubstring(digest));
}

TEST_CASE("nondeterminism is exit code 3, and the first difference is shown") {
  const auto token =
      json::parse(odd({"run", "differs", "--format", "json"}).out).at("token").get<std::string>();
  const auto r = odd({"replay", token});
  CHECK(r.code == 3);
  CHECK_THAT(r.out, ContainsSubstring("two runs of one token differ. exit 3\n") &&
                        ContainsSubstring("run 1\n") && ContainsSubstring("run 2\n"));
  CHECK(odd({"run", "differs"}).code == 0);
  CHECK(odd({"run", "differs", "--check-determinism"}).code == 3);
  const auto many = odd({"run", "differs", "sized", "--check-determinism"});
  CHECK(many.code == 3);
  CHECK_THAT(many.out, ContainsSubstring("differs"));
  CHECK(reprise({"run", "say_hello", "--check-determinism"}).code == 0);
}

TEST_CASE("replaying what passes is exit code 0") {
  const auto token = json::parse(odd({"run", "sized", "--param", "n=9", "--format", "json"}).out)
                         .at("token")
                         .get<std::string>();
  const auto r = odd({"replay", token, "-v"});
  CHECK(r.code == 0);
  CHECK_THAT(r.out, ContainsSubstring("9 false\n") &&
                        ContainsSubstring("sized n=9, seed 0, fifo: passed, digest "));
}

TEST_CASE("status words have colours only where they are wanted") {
  CHECK_THAT(reprise({"run", "say_hello"}).out, !ContainsSubstring("\033"));
  CHECK_THAT(reprise({"run", "say_hello", "--color", "always"}).out,
             ContainsSubstring("\033[32mpassed\033[0m"));
  CHECK_THAT(reprise({"explore", "lost_update", "--color", "always"}).out,
             ContainsSubstring("\033[31mfailed\033[0m"));
}

TEST_CASE("explore counts marks, and fails over those that it requires") {
  const auto r = odd({"explore", "marked", "--runs", "50"});
  CHECK(r.code == 0);
  CHECK_THAT(r.out, ContainsSubstring(": passed, "));
  CHECK_THAT(r.out, ContainsSubstring("  mark beyond: never reached\n"));
  CHECK_THAT(r.out, ContainsSubstring("  mark low: ") && ContainsSubstring(", first at seed "));

  const auto required = odd({"explore", "marked", "--runs", "50", "--require-marks"});
  CHECK(required.code == 1);
  CHECK_THAT(required.out,
             ContainsSubstring(": failed, ") && ContainsSubstring("a mark was never reached"));

  const auto named =
      odd({"explore", "sized", "--runs", "5", "--mark", "elsewhere", "--format", "json"});
  CHECK(named.code == 1);
  CHECK(json::parse(named.out).at("marks") ==
        json::parse(R"([{"name": "elsewhere", "times": 0, "runs": 0}])"));
  CHECK(odd({"explore", "sized", "--runs", "5", "--require-marks"}).code == 0);
}

TEST_CASE("explore tells what the detectors warn of, with the command that repeats it") {
  const auto r = odd({"explore", "inverts", "--runs", "40"});
  CHECK(r.code == 0);
  INFO(r.out);
  CHECK_THAT(r.out, ContainsSubstring(": passed, "));
  CHECK_THAT(r.out, ContainsSubstring("\nwarning, in ") && ContainsSubstring("Task-2 holds left") &&
                        ContainsSubstring("replay: "));
  const auto found =
      json::parse(odd({"explore", "inverts", "--runs", "40", "--format", "json"}).out);
  REQUIRE(found.at("warnings").size() == 1);
  CHECK(found.at("warnings").at(0).at("kind") == "lock order");
  const auto token = found.at("warnings").at(0).at("token").get<std::string>();
  const auto again = odd({"replay", token});
  CHECK(again.code == 0);
  CHECK_THAT(again.out, ContainsSubstring("\nwarning\n  lock order: "));

  const auto without = odd({"explore", "inverts", "--runs", "40", "--without", "lock-order,races"});
  CHECK(without.code == 0);
  CHECK_THAT(without.out, !ContainsSubstring("warning"));
  check_mistake(odd({"explore", "inverts", "--without", "locks"}), 2,
                "detector 'locks' is none of: races, mutexes, lost-wakeups, lock-order, livelock, "
                "starvation, all.");
}

TEST_CASE("explore counts what it has seen, with any number of jobs") {
  const std::vector<std::string> asked = {"explore", "inverts", "--runs", "40", "--format", "json"};
  const auto with = [&](const char* jobs) {
    auto words = asked;
    words.insert(words.end(), {"--jobs", jobs});
    const auto found = json::parse(odd(words).out);
    return std::pair(found.at("schedules").get<int>(), found.at("reads_from").get<int>());
  };
  const auto one = with("1");
  CHECK(one.first > 1);
  CHECK(one.second > 1);
  CHECK(with("2") == one);
  CHECK_THAT(odd({"explore", "inverts", "--runs", "40"}).out,
             ContainsSubstring("\nseen: ") && ContainsSubstring(" distinct schedules, "));
}
