// shrink, explain, and replay of case files.

#include "cli/support.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

using namespace cli_test;
namespace fs = std::filesystem;

namespace {

/// A folder that is the working directory meanwhile.
class here {
public:
  here() : before_(fs::current_path()) {
    static int number = 0;
    path_ = fs::temp_directory_path() /
            ("reprise_cases_" + std::to_string(::getpid()) + "_" + std::to_string(++number));
    fs::create_directories(path_);
    fs::current_path(path_);
  }
  here(const here&) = delete;
  ~here() {
    fs::current_path(before_);
    fs::permissions(path_, fs::perms::owner_all);
    fs::remove_all(path_);
  }

private:
  fs::path before_, path_;
};

std::string read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

void put(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path());
  return names;
}

/// A small case of lost_update, in "x.reprise".
std::string shrunk_case() {
  REQUIRE(reprise({"shrink", failing_token("lost_update"), "-o", "x.reprise"}).code == 0);
  return read("x.reprise");
}

/// `text` with its check sum left as it was and `from` changed.
std::string changed(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("shrink says what is left, keeps the case in .reprise, and its token repeats it") {
  const here folder;
  const auto r = reprise({"shrink", failing_token("lost_update")});
  CHECK(r.code == 0);
  CHECK(r.err.empty());
  const auto lines = lines_of(r.out);
  CHECK_THAT(lines.at(0), Catch::Matchers::StartsWith("shrink lost_update, seed "));
  CHECK_THAT(lines.at(0), ContainsSubstring(": 2 choices, 0 preemptions, from "));
  CHECK_THAT(r.out, ContainsSubstring("balance is 1"));
  const auto files = files_in(".reprise");
  REQUIRE(files.size() == 1);
  CHECK_THAT(files[0], Catch::Matchers::StartsWith(".reprise/lost_update-"));
  REQUIRE(lines.size() > 2);
  CHECK(lines[lines.size() - 2] == "  case:   " + files[0]);
  CHECK_THAT(lines.back(), Catch::Matchers::StartsWith("  replay: "));  // what is next comes last
  const std::size_t at = r.out.find("rp1_");
  const std::string token = r.out.substr(at, r.out.find('\n', at) - at);
  const auto again = reprise({"replay", token});
  CHECK(again.code == 1);
  CHECK_THAT(again.out, ContainsSubstring("balance is 1"));
  const auto file = reprise({"replay", files[0]});
  CHECK(file.code == 1);
  CHECK_THAT(file.out, ContainsSubstring("failed again, same digest "));
  // What is small stays as it is.
  CHECK(reprise({"shrink", files[0]}).code == 0);
  CHECK(files_in(".reprise").size() == 1);
}

TEST_CASE("shrink warns by the program's name where the case can't be kept") {
  const here folder;
  put(".reprise", "not a folder");
  const auto r = reprise({"shrink", failing_token("lost_update")});
  CHECK(r.code == 0);
  CHECK_THAT(r.err, Catch::Matchers::StartsWith("reprise: "));
  CHECK_THAT(r.err, ContainsSubstring("The case is kept nowhere"));
  CHECK_THAT(lines_of(r.out).back(), Catch::Matchers::StartsWith("  replay: "));
}

TEST_CASE("shrink in JSON, and as a test to paste") {
  const here folder;
  const std::string token = failing_token("lost_update");
  const auto r = json::parse(reprise({"shrink", token, "-o", "a.reprise", "--format", "json"}).out);
  CHECK(r.at("choices") == 2);
  CHECK(r.at("choices_before") >= 2);
  CHECK(r.at("complete") == true);
  CHECK(r.at("case") == "a.reprise");
  CHECK(r.at("shrunk_from") == token);
  CHECK(r.at("signature") == "failed: balance is # (lost_update.cpp)");
  const auto test = reprise({"shrink", token, "--as-test"}).out;
  CHECK_THAT(test, Catch::Matchers::StartsWith("TEST_CASE(\"lost_update: balance is 1\") {\n"));
  CHECK_THAT(test, ContainsSubstring(r.at("token").get<std::string>()));
  CHECK_THAT(test, ContainsSubstring("find_scenario(\"lost_update\")"));
}

TEST_CASE("a budget ends a shrinking, and mistakes are told in a line") {
  const here folder;
  const std::string token = failing_token("dining_philosophers");
  CHECK(reprise({"shrink", token, "--budget", "1ms"}).code == 0);
  check_mistake(reprise({"shrink", token, "--budget", "0s"}), 2, "budget '0s' is out of range");
  check_mistake(reprise({"shrink"}), 2, "nothing to shrink");
  const auto passing = json::parse(reprise({"run", "say_hello", "--format", "json"}).out);
  const auto passes = passing.at("token").get<std::string>();
  for (const char* const command : {"shrink", "explain"})
    check_mistake(reprise({command, passes}), 2, "the run of the token " + passes + " passes here");
}

TEST_CASE(
    "a case that was asked for and can't be written is exit code 4, the usual folder a warning") {
  const here folder;
  const std::string token = failing_token("lost_update");
  const auto asked = reprise({"shrink", token, "-o", "none/x.reprise"});
  CHECK(asked.code == 4);
  CHECK_THAT(asked.err, ContainsSubstring("'none/x.reprise' can't be written"));
  put(".reprise", "a file where the folder is to be");
  const auto usual = reprise({"shrink", token});
  CHECK(usual.code == 0);
  CHECK_THAT(usual.err, ContainsSubstring("kept nowhere"));
  CHECK_THAT(usual.out, ContainsSubstring("replay rp1_"));
  CHECK(read(".reprise") == "a file where the folder is to be");
}

TEST_CASE("the original is never lost") {
  const here folder;
  static_cast<void>(shrunk_case());
  const std::string before = read("x.reprise");
  CHECK(reprise({"shrink", "x.reprise", "-o", "y.reprise"}).code == 0);
  CHECK(read("x.reprise") == before);
}

TEST_CASE("explain names the choice that decides, with a chart") {
  const here folder;
  const std::string token = failing_token("lost_update");
  const auto r = reprise({"explain", token});
  CHECK(r.code == 0);
  CHECK_THAT(lines_of(r.out).at(0), Catch::Matchers::StartsWith("explain lost_update, seed "));
  CHECK_THAT(r.out, ContainsSubstring("  > "));
  CHECK_THAT(r.out, ContainsSubstring("█"));
  CHECK_THAT(r.out, ContainsSubstring("  cure: "));
  CHECK_THAT(r.out, ContainsSubstring("the run would have passed"));
  for (const auto& line : lines_of(r.out))
    if (line.find("replay: ") == std::string::npos) CHECK(line.size() < 250);
  const auto j =
      json::parse(reprise({"explain", token, "--futures", "20", "--format", "json"}).out);
  CHECK(j.at("futures") == 20);
  CHECK(j.at("choices").size() > 1);
  CHECK(j.at("choices").at(j.at("curing").get<std::size_t>()).contains("cure"));
}

TEST_CASE("--until shows a run up to a time, an event's number, or a text") {
  const here folder;
  const std::string token = failing_token("lost_update");
  const auto text = reprise({"replay", token, "--until", "reads balance 0"});
  CHECK(text.code == 1);
  CHECK_THAT(lines_of(text.out).at(0), ContainsSubstring("reads balance 0"));
  CHECK(lines_of(text.out).at(1) == "  until reads balance 0");
  CHECK_THAT(reprise({"replay", token, "--until", "no such event"}).out,
             ContainsSubstring("'no such event' did not come"));
  const auto number = reprise({"replay", token, "--until", "3", "--scheduler"});
  CHECK(lines_of(number.out).at(4) == "  until 3");
  CHECK_THAT(reprise({"replay", token, "--until", "1ns"}).out, ContainsSubstring("writes balance"));
  check_mistake(reprise({"replay", token, "--until", "5x"}), 2, "time '5x'");
  static_cast<void>(shrunk_case());
  CHECK_THAT(reprise({"replay", "x.reprise", "--until", "reads balance 0"}).out,
             ContainsSubstring("  until reads balance 0"));
}

TEST_CASE(
    "a case that this build no longer repeats is nondeterminism, exit code 3, both sides shown") {
  const here folder;
  const auto found =
      json::parse(odd({"explore", "fails_by_count", "--format", "json", "--runs", "5"}).out);
  const std::string token = found.at("failures").at(0).at("token").get<std::string>();
  // The scenario does something else each time that it is run in a process; a case file of a first
  // run replays, and one of a second does not.
  const auto shrink = odd({"shrink", token, "-o", "x.reprise"});
  CHECK(shrink.code == 2);
  CHECK_THAT(shrink.err, ContainsSubstring("differ"));
}

TEST_CASE("a case file of another build is a note, and its failure is found again") {
  const here folder;
  const auto text = shrunk_case();
  const std::size_t at = text.find("\"build_id\": \"");
  REQUIRE(at != std::string::npos);
  // The other program has the scenario of that name, another one.
  const auto r = odd({"replay", "x.reprise"});
  CHECK(r.code == 2);
  CHECK_THAT(r.err, ContainsSubstring("'lost_update'"));
}

TEST_CASE("--break stops in gdb at an event, where the tasks are listed with what they wait for") {
  const here folder;
  const std::string token = failing_token("lost_update");
  check_mistake(reprise({"replay", token, "--break", "5x"}), 2, "time '5x'");
  const auto r = reprise({"replay", token, "--break", "reads balance 0"});
  const bool no_gdb = r.code == 4 || r.err.find("ptrace") != std::string::npos ||
                      r.err.find("Couldn't get") != std::string::npos;
  if (no_gdb) {
    WARN("gdb is not here, or may not trace: skipped");
    return;
  }
  INFO(r.out << r.err);
  CHECK_THAT(r.out, ContainsSubstring("  Task-1  waits for its children in gather"));
  CHECK_THAT(r.out, ContainsSubstring("  runs\n"));
  // The root stands in its gather, which is on no OS thread.
  const std::size_t root = r.out.find("task 1, Task-1: ");
  REQUIRE(root != std::string::npos);
  const std::string frames = r.out.substr(root, r.out.find("\ntask ", root) - root);
  CHECK_THAT(frames, ContainsSubstring("#0 "));
  CHECK_THAT(frames, ContainsSubstring("gather"));
  CHECK_THAT(frames, ContainsSubstring("reprise_fiber_entry"));
  // So does the one that logs, which has lent itself to the OS thread's own stack.
  CHECK_THAT(r.out.substr(r.out.find(": runs\n")), ContainsSubstring("lost_update.cpp:12"));
}

// ---------------------------------------------------------------- bad input

TEST_CASE("what is no case file is refused with exit code 2, in a line") {
  const here folder;
  const std::string good = shrunk_case();
  struct row {
    std::string text, says;
  };
  const row rows[] = {
      {"", "it is empty"},
      {good.substr(0, good.size() / 3), "it was cut"},
      {good.substr(0, good.size() - 3), "it was cut"},
      {changed(good, "\"seed\": ", "\"seed\": 9"), "check sum"},
      {changed(good, "\"reprise_case\": 1", "\"reprise_case\": 7"),
       "of version 7, and this program reads version 1"},
      {changed(good, "\"reprise_case\": 1", "\"reprise_case\": -1"), "no whole number"},
      {changed(good, "\"reprise_case\": 1", "\"reprise_case\": 1e400"), "out of all range"},
      {changed(good, "\"reprise_case\"", "\"reprise_caso\""), "\"reprise_case\" is missing"},
      {std::string(1'000'000, '['), "cut"},
      {std::string("\0\0\0\0", 4), "it is no case file, or it is damaged at byte 0."},
      {"root:x:0:0\n", "it is no case file, or it is damaged at byte 0."},
      {changed(good, "\"seed\": ", "\"seed\": x"), "'bad.reprise': it is damaged at byte "},
      {"{}", "no case file"},
      {"null", "no case file"},
      {"\xff\xfe{}", "damaged at byte 0"},
  };
  for (const auto& [bad, says] : rows) {
    put("bad.reprise", bad);
    for (const char* const command : {"replay", "shrink", "explain"}) {
      INFO(command << ": " << says);
      check_mistake(reprise({command, "bad.reprise"}), 2, "case file 'bad.reprise': ");
      CHECK_THAT(reprise({command, "bad.reprise"}).err, ContainsSubstring(says));
    }
  }
}

TEST_CASE("folders, devices, pipes and huge files are refused at once") {
  const here folder;
  REQUIRE(::mkfifo("pipe", 0600) == 0);
  put("huge.reprise", "x");
  REQUIRE(::truncate("huge.reprise", std::int64_t{4} << 30) == 0);
  check_mistake(reprise({"replay", "."}), 2, "case file '.' is a folder");
  check_mistake(reprise({"replay", "/dev/zero"}), 2, "case file '/dev/zero' is no regular file");
  check_mistake(reprise({"replay", "./pipe"}), 2, "case file './pipe' is no regular file");
  check_mistake(reprise({"replay", "huge.reprise"}), 2,
                "case file 'huge.reprise' has 4,294,967,296 bytes");
  check_mistake(reprise({"replay", "none.reprise"}), 2, "case file 'none.reprise' can't be read");
}

TEST_CASE("a token whose choices lie in a case file is replayed from the folder of cases") {
  const here folder;
  // Of a list that is too long for a token: a case file with many choices that never come up.
  const std::string token = failing_token("lost_update");
  check_mistake(reprise({"replay", token + "0"}), 2, "the token '" + token + "0' does not check");
  check_mistake(reprise({"replay", "rp9_" + token.substr(4)}), 2, "the token 'rp9_");
}

TEST_CASE("names with odd bytes are printed escaped, and JSON stays valid") {
  const here folder;
  const auto r = reprise({"replay", "./\x01\xff.reprise"});
  CHECK(r.code == 2);
  CHECK(r.err.find('\x01') == std::string::npos);
  CHECK(std::ranges::count(r.err, '\n') == 1);
}
