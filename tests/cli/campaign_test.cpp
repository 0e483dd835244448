// `explore` in child processes: what dies belongs to its seed, and nothing depends on who ran it.

#include "cli/support.hpp"

#include <chrono>
#include <fstream>
#include <set>
#include <thread>

#include <csignal>

#include <sys/wait.h>

using namespace cli_test;

namespace {

/// The JSON of a campaign without its times.
json timeless(const std::string& text) {
  json o = json::parse(text);
  for (const char* key : {"real_s", "runs_per_s"}) REQUIRE(o.erase(key) == 1);
  return o;
}

std::vector<std::string> campaign(const std::string& name, std::vector<std::string> more) {
  std::vector<std::string> all{"explore", name, "--format", "json"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

json explored(const std::string& name, const std::vector<std::string>& more, int code = 1) {
  const auto r = odd(campaign(name, more));
  INFO(r.err);
  REQUIRE(r.code == code);
  return timeless(r.out);
}

std::set<std::uint64_t> seeds_of(const json& found) {
  std::set<std::uint64_t> seeds;
  for (const auto& f : found.at("failures")) seeds.insert(f.at("seed").get<std::uint64_t>());
  return seeds;
}

}  // namespace

TEST_CASE("a canary fails for exactly one seed in a hundred, with any number of jobs") {
  const std::vector<std::string> all{"--seeds", "0..9999", "--keep-going", "--jobs"};
  const auto with = [&](const char* jobs) {
    auto arguments = all;
    arguments.emplace_back(jobs);
    return explored("canary", arguments);
  };
  const json one = with("1");
  // Two profile runs of a thousand million and its like fail, too: that seed is a hundredth.
  std::size_t profile = 0;
  for (const std::uint64_t seed : seeds_of(one)) {
    CHECK(seed % 100 == 0);
    profile += seed >= 1'000'000'000;
  }
  CHECK(one.at("failures").size() == 100 + profile);
  CHECK(one.at("runs") == 10'000 + one.at("profile_runs").get<int>());
  CHECK(one.dump() == with("2").dump());
  CHECK(one.dump() == with("5").dump());
}

TEST_CASE("the parts of a campaign come to the whole") {
  for (const char* strategy : {"portfolio", "random_walk", "surw"}) {
    INFO(strategy);
    const std::vector<std::string> what{"--seeds", "50..1249", "--keep-going", "--strategy",
                                        strategy};
    const json whole = explored("canary", what);
    for (const int parts : {2, 3, 7}) {
      std::vector<std::string> failures;
      int runs = 0;
      for (int i = 1; i <= parts; ++i) {
        auto arguments = what;
        arguments.insert(arguments.end(),
                         {"--shard", std::to_string(i) + '/' + std::to_string(parts)});
        const auto r = odd(campaign("canary", arguments));
        const json part = timeless(r.out);
        runs += part.at("runs").get<int>();
        for (const auto& f : part.at("failures")) failures.push_back(f.dump());
      }
      std::vector<std::string> expected;
      for (const auto& f : whole.at("failures")) expected.push_back(f.dump());
      std::ranges::sort(failures);
      std::ranges::sort(expected);
      CHECK(failures == expected);
      CHECK(runs == whole.at("runs"));
    }
  }
}

TEST_CASE("the first failure is that of the first seed, with any number of jobs") {
  for (const char* first : {"1", "101", "999"}) {
    const std::vector<std::string> what{"--seed", first, "--runs", "5000"};
    auto one = what, many = what;
    one.insert(one.end(), {"--jobs", "1"});
    many.insert(many.end(), {"--jobs", "4"});
    const json found = explored("canary", one);
    CHECK(found.at("failures").size() == 1);
    CHECK(found.dump() == explored("canary", many).dump());
  }
  // As in one process, profile runs among them.
  const json found = timeless(reprise(campaign("lost_update", {"--jobs", "3"})).out);
  CHECK(found.at("failures").at(0).at("seed") == 1'000'000'000);
  CHECK(found.at("runs") == 2);
  CHECK(found.at("profile_runs") == 1);
}

TEST_CASE("whatever ends a process belongs to its seed, and the campaign goes on") {
  struct end {
    const char* scenario;
    const char* what;
  };
  for (const auto& [name, what] : std::vector<end> {
#if !defined(__SANITIZE_ADDRESS__)
         {"segfaults", "the process was ended by SIGSEGV (Segmentation fault)"},
             {"falls_deep", "stack overflow in Task-1"},
             {"eats", "out of memory: the process took more than 256 MiB"},
             {"exits", "the process ended with exit code 0 in the middle of the run"},
#else  // LeakSanitizer looks at what stands there then, and changes the code
             {"exits", "the process ended with exit code "},
#endif
             {"aborts", "the process was ended by SIGABRT (Aborted)"},
             {"exits_at_once", "the process ended with exit code 0 in the middle of the run"},
             {"spins", "hang: the run had not ended after 3 s of real time"}, {"throws_42", "int"},
       }) {
    INFO(name);
    const std::vector<std::string> some{"--seeds", "0..40", "--keep-going", "--hang-after", "3s"};
    auto arguments = some;
    if (std::string(name) == "eats") arguments.insert(arguments.end(), {"--memory", "256M"});
    const json found = explored(name, arguments);
    CHECK(found.at("runs") == 41 + found.at("profile_runs").get<int>());
    REQUIRE(found.at("failures").size() == 1);
    const json& failure = found.at("failures").at(0);
    CHECK(failure.at("seed") == 13);
    CHECK_THAT(failure.at("what").get<std::string>(), ContainsSubstring(what));
    CHECK(failure.at("token").get<std::string>().starts_with("rp1_"));
    arguments.insert(arguments.end(), {"--jobs", "1"});
    CHECK(found.dump() == explored(name, arguments).dump());
  }
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(REPRISE_NO_BACKTRACE)
TEST_CASE("a crash and a hang are told with their place") {
  for (const char* name : {"segfaults", "aborts", "spins"}) {
    const json found = explored(name, {"--seeds", "10..14", "--hang-after", "3s"});
    CHECK_THAT(found.at("failures").at(0).at("what").get<std::string>(),
               ContainsSubstring("\n  at odd_program.cpp:"));
  }
}
#endif

TEST_CASE("a child of the program under simulation does not go on with the campaign") {
  const auto r = odd(campaign("forks", {"--seeds", "0..99", "--strategy", "fifo"}));
  CHECK(r.code == 0);
  CHECK(json::parse(r.out).at("runs") == 100);
}

TEST_CASE("a death that an earlier run caused is a failure that says so") {
  const auto r =
      odd(campaign("remembers", {"--seeds", "0..7", "--strategy", "fifo", "--jobs", "1"}));
  CHECK(r.code == 1);
  const json found = json::parse(r.out);
  CHECK(found.at("failures").at(0).at("seed") == 7);
  CHECK_THAT(found.at("failures").at(0).at("what").get<std::string>(),
             ContainsSubstring("alone in its process it does not"));
}

TEST_CASE("what a scenario prints comes out once") {
  const auto r = odd({"explore", "prints", "--runs", "50", "--strategy", "fifo"});
  std::size_t lines = 0;
  for (const auto& line : lines_of(r.out)) lines += line == "here";
  CHECK(lines == 50);
}

TEST_CASE("a budget ends a campaign that holds") {
  const auto r = odd(campaign("work", {"--budget", "300ms", "--check-determinism", "0%"}));
  CHECK(r.code == 0);
  const json found = json::parse(r.out);
  CHECK(found.at("runs") > 0);
  CHECK(found.at("real_s") >= 0.3);
}

TEST_CASE("a campaign says how much it has not seen") {
  const json held = explored("work", {"--runs", "3000", "--strategy", "fifo"}, 0);
  // The rule of three.
  CHECK(held.at("new_kind_at_most").get<double>() > 2.9 / 3000);
  CHECK(held.at("new_kind_at_most").get<double>() < 3.1 / 3000);
  CHECK(held.at("shapes") == 1);
  CHECK(held.at("new_shape_chance") == 0.0);
  const auto text = odd({"explore", "work", "--runs", "3000", "--strategy", "fifo"});
  CHECK_THAT(text.out, ContainsSubstring("a new kind of failure: at most 0.0999 % (95 %)\n"));
}

TEST_CASE("a signal in the middle ends the children, and what was found is told") {
  for (const int signal : {SIGINT, SIGTERM}) {
    const support::temporary_file out;
    support::running_child child(REPRISE_ODD_PROGRAM,
                                 {"explore", "canary", "--seeds", "0..18446744073709551614",
                                  "--keep-going", "--strategy", "fifo"},
                                 out.path());
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    child.send(signal);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    child.send(signal);  // as timeout(1) does: that asks once
    CHECK(child.wait() == 128 + signal);
    const std::string text = support::read_file(out.path());
    CHECK_THAT(text, ContainsSubstring(signal == SIGINT ? "stopped by SIGINT after "
                                                        : "stopped by SIGTERM after "));
    CHECK_THAT(text, ContainsSubstring("first at seed 0") && ContainsSubstring(" replay rp1_"));
    // The children are of its group's making, and are gone.
    CHECK(child.left_over() == 0);
  }
}

TEST_CASE("a parent that is killed takes its children with it") {
  const support::temporary_file out;
  support::running_child child(
      REPRISE_ODD_PROGRAM,
      {"explore", "spins", "--param", "seed=0", "--strategy", "fifo", "--runs", "1"}, out.path());
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  child.send(SIGKILL);
  CHECK(child.wait() == 128 + SIGKILL);
  CHECK(child.left_over() == 0);
}

TEST_CASE("options of a campaign that can't be") {
  const auto refuse = [](std::vector<std::string> more, const std::string& text) {
    std::vector<std::string> all{"explore", "canary"};
    all.insert(all.end(), more.begin(), more.end());
    check_mistake(odd(all), 2, text);
  };
  for (const char* jobs : {"0", "-1", "1e3", "x", "1025"})
    refuse({"--jobs", jobs}, std::string("jobs '") + jobs + "' is ");
  for (const char* shard : {"0/2", "3/2"})
    refuse({"--shard", shard}, std::string("shard '") + shard + "' is out of range: ");
  refuse({"--shard", "1/0"}, "shard '1/0' is of no parts: I/N has an N of 1 or more, such as 1/4.");
  for (const char* shard : {"1", "1/", "/2", "a/b", "1/2/3", "-1/2", "1e0/2"})
    refuse({"--shard", shard}, std::string("shard '") + shard + "' is not of the form I/N");
  for (const char* budget : {"0s", "-1s", "60", "nan", "x"})
    refuse({"--budget", budget}, std::string("budget '") + budget + "' is ");
  refuse({"--budget", "1s", "--runs", "5"}, "--budget and --runs are given both");
  refuse({"--budget", "1s", "--seeds", "0..5"}, "--budget and --seeds are given both");
  refuse({"--hang-after", "0s"}, "hang after '0s' is out of range");
  refuse({"--memory", "1K"}, "memory '1K' is not a size from 16384K");
  refuse({"--jobs", "1", "--jobs", "2"}, "--jobs is given more than once.");
}

TEST_CASE("a shard of the environment") {
  const auto with = [](const std::vector<std::string>& variables) {
    return support::run_child(REPRISE_ODD_PROGRAM,
                              {"explore", "canary", "--shard", "auto", "--seeds", "1..99",
                               "--strategy", "fifo", "--format", "json"},
                              stdout_to::capture, variables);
  };
  using variables = std::vector<std::string>;
  for (const auto& set : {
           variables{"TEST_SHARD_INDEX=1", "TEST_TOTAL_SHARDS=4"},
           variables{"GTEST_SHARD_INDEX=1", "GTEST_TOTAL_SHARDS=4"},
           variables{"CI_NODE_INDEX=2", "CI_NODE_TOTAL=4"},
           variables{"CIRCLE_NODE_INDEX=1", "CIRCLE_NODE_TOTAL=4"},
           variables{"BUILDKITE_PARALLEL_JOB=1", "BUILDKITE_PARALLEL_JOB_COUNT=4"},
           variables{"SLURM_ARRAY_TASK_ID=6", "SLURM_ARRAY_TASK_MIN=5", "SLURM_ARRAY_TASK_COUNT=4"},
           variables{"JOB_COMPLETION_INDEX=1", "JOB_COMPLETIONS=4"},
           variables{"CI_NODE_INDEX=2", "CI_NODE_TOTAL=4", "GTEST_SHARD_INDEX=1",
                     "GTEST_TOTAL_SHARDS=4"},
       }) {
    INFO(set.front());
    const auto r = with(set);
    REQUIRE(r.code == 0);
    CHECK(json::parse(r.out).at("shard") == "2/4");
  }
  CHECK_FALSE(json::parse(with({}).out).contains("shard"));
  CHECK_FALSE(json::parse(with({"CI_NODE_TOTAL=1"}).out).contains("shard"));
  check_mistake(
      with({"CI_NODE_INDEX=2", "CI_NODE_TOTAL=4", "CIRCLE_NODE_INDEX=0", "CIRCLE_NODE_TOTAL=2"}), 2,
      "GitLab says shard 2/4, and CircleCI says 1/2.");
  check_mistake(with({"CI_NODE_INDEX=0", "CI_NODE_TOTAL=4"}), 2,
                "CI_NODE_INDEX '0' is out of range: 1 to 4");
  check_mistake(with({"CI_NODE_INDEX=x", "CI_NODE_TOTAL=4"}), 2,
                "CI_NODE_INDEX 'x' is not a whole number");
  check_mistake(with({"JOB_COMPLETION_INDEX=3"}), 2,
                "Kubernetes sets JOB_COMPLETION_INDEX and not JOB_COMPLETIONS");
  const support::temporary_folder folder;
  const std::string status = folder.path() + "/status";
  CHECK(with({"TEST_SHARD_INDEX=0", "TEST_TOTAL_SHARDS=2", "TEST_SHARD_STATUS_FILE=" + status})
            .code == 0);
  CHECK(std::ifstream(status).good());
}

TEST_CASE("a failure's strategy is that of its run, as its token says") {
  const json found = explored("canary", {"--seeds", "90..110"});
  const json& failure = found.at("failures").at(0);
  const json again =
      json::parse(odd({"replay", failure.at("token").get<std::string>(), "--format", "json"}).out);
  CHECK(failure.at("strategy") == again.at("strategy"));
  CHECK(failure.at("strategy") != "portfolio");
}

TEST_CASE("more runs than there are seeds are refused") {
  const auto r = odd(
      {"explore", "work", "--seed", "18446744073709551614", "--runs", "3", "--strategy", "fifo"});
  CHECK(r.code == 2);
  CHECK_THAT(r.err,
             ContainsSubstring("--runs 3: from --seed 18446744073709551614 on there are only 2."));
  CHECK(odd({"explore", "work", "--seed", "18446744073709551614", "--runs", "2", "--strategy",
             "fifo"})
            .code == 0);
}
