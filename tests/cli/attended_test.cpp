// Runs that end their process, where a person watches them: somebody is left to tell of it.

#include "cli/support.hpp"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace cli_test;

namespace {

/// The arguments of a run that comes to grief.
std::vector<std::string> run_of(const std::string& name, std::vector<std::string> more = {}) {
  std::vector<std::string> words{"run", name, "--param", "seed=0"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

/// The command in the last line, without the program.
std::vector<std::string> command_in(const std::string& out) {
  const std::string last = lines_of(out).back();
  const std::string words = last.substr(last.find(" replay ") + 1);
  REQUIRE_THAT(last, ContainsSubstring("  replay: "));
  return {"replay", words.substr(words.find(' ') + 1)};
}

const std::vector<std::pair<std::string, std::string>> ends {
  {"aborts", "the process was ended by SIGABRT (Aborted)"},
      {"exits_at_once", "the process ended with exit code 0 in the middle of the run"},
#if !defined(__SANITIZE_ADDRESS__)
      {"segfaults", "the process was ended by SIGSEGV (Segmentation fault)"},
      {"exits", "the process ended with exit code 0 in the middle of the run"},
#endif
};

}  // namespace

TEST_CASE("a run that ends its process is told, and the command that is printed repeats it") {
  for (const auto& [name, what] : ends) {
    INFO(name);
    const auto r = odd(run_of(name));
    CHECK(r.code == 1);
    CHECK_THAT(r.out, ContainsSubstring("run " + name) && ContainsSubstring("crashed") &&
                          ContainsSubstring(what));
    const auto again = odd(command_in(r.out));
    CHECK(again.code == 1);
    CHECK_THAT(again.out, ContainsSubstring(what));
    CHECK(command_in(again.out) == command_in(r.out));

    const json found = json::parse(odd(run_of(name, {"--format", "json"})).out);
    CHECK(found.at("verdict") == "crashed");
    CHECK_THAT(found.at("what").get<std::string>(), ContainsSubstring(what));
    CHECK(found.at("token") == command_in(r.out).at(1));
  }
}

TEST_CASE("of many runs the one that ended the process is named") {
  const auto r = odd({"run", "aborts", "--seeds", "0..20"});
  CHECK(r.code == 1);
  CHECK_THAT(r.out, ContainsSubstring("run aborts, seed 13"));
  CHECK(odd(command_in(r.out)).code == 1);
}

TEST_CASE("what a run told before it came to grief is shown") {
  const auto r = odd({"run", "speaks_and_dies", "-v"});
  CHECK(r.code == 1);
  CHECK_THAT(r.out, ContainsSubstring("the last words"));
}

TEST_CASE("a kept crash is replayed in another process, and is neither shrunk nor explained") {
  const support::temporary_folder kept;
  const std::string folder = kept.path() + "/c";
  REQUIRE(odd({"explore", "aborts", "--seeds", "13..13", "--corpus", folder}).code == 1);
  const std::string file = std::filesystem::directory_iterator(folder)->path().string();
  const auto r = odd({"replay", file});
  CHECK(r.code == 1);
  CHECK_THAT(r.out, ContainsSubstring("crashed again") && ContainsSubstring("SIGABRT") &&
                        !ContainsSubstring("digest"));
  CHECK(json::parse(odd({"replay", file, "--format", "json"}).out).at("outcome") == "same");
  for (const char* command : {"shrink", "explain"})
    check_mistake(odd({command, file}), 2, "this run can't be ");
}

TEST_CASE("a hang ends when it is replayed, too, and Ctrl-C ends a run as ever") {
  const support::temporary_folder kept;
  const std::string folder = kept.path() + "/c";
  const auto r = odd({"explore", "spins", "--param", "seed=0", "--strategy", "fifo", "--runs", "1",
                      "--hang-after", "1s", "--corpus", folder});
  REQUIRE(r.code == 1);
  auto command = command_in(r.out);
  command.insert(command.end(), {"--hang-after", "1s"});
  const auto again = odd(command);
  CHECK(again.code == 1);
  CHECK_THAT(again.out, ContainsSubstring("hang: the run had not ended after 1 s of real time"));

  const support::temporary_file out;
  support::running_child child(REPRISE_ODD_PROGRAM, run_of("spins"), out.path());
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  child.send(SIGINT);
  CHECK(child.wait() == 128 + SIGINT);
  CHECK(child.left_over() == 0);
}

#if !defined(__SANITIZE_ADDRESS__)
TEST_CASE("a kept lack of memory is tried again within what a child may take") {
  const support::temporary_folder kept;
  const std::string folder = kept.path() + "/c";
  REQUIRE(odd({"explore", "eats", "--param", "seed=0", "--strategy", "fifo", "--runs", "1",
               "--memory", "300M", "--corpus", folder})
              .code == 1);
  const auto r = odd({"check", folder, "--runs", "1", "--memory", "300M", "--hang-after", "3s"});
  CHECK_THAT(r.out, ContainsSubstring("out of memory: the process took more than 300 MiB"));
}
#endif
