#include "terminal.hpp"

#include "cli/support.hpp"

#include <filesystem>
#include <string>
#include <vector>

using namespace cli_test;
using reprise::cli::fitted;
using reprise::cli::printable;
using reprise::cli::progress_part;
using reprise::cli::shell_word;

TEST_CASE("a word for the shell has quotes only where it needs them") {
  CHECK(shell_word("build/tests/my_test-1.2") == "build/tests/my_test-1.2");
  CHECK(shell_word("spät/mine") == "spät/mine");
  CHECK(shell_word("my job/mine") == "'my job/mine'");
  CHECK(shell_word("it's") == R"('it'\''s')");
  CHECK(shell_word("a=b/mine") == "'a=b/mine'");
  CHECK(shell_word("~/mine") == "'~/mine'");
  CHECK(shell_word(R"(a\b)") == R"('a\b')");
  CHECK(shell_word("").size() == 2);
  CHECK(shell_word("\033[31mit's\n") == R"($'\033[31mit\'s\012')");
}

TEST_CASE("a shell reads back each word, and a terminal would obey none") {
  const std::vector<std::string> words = {
      "plain", "two words",  "it's",     "\"$HOME\" `id`", "a;b&c|d",
      "",      "*?[a-z]{1}", "~root",    "!history",       "back\\slash",
      "a\nb",  "\033[2J'\\", "\xff\xfe", "ä\tö",           "#none"};
  std::string command = "printf '%s|'";
  std::string expected;
  for (const auto& word : words) {
    CHECK(printable(shell_word(word)) == shell_word(word));
    command += ' ' + shell_word(word);
    expected += word + '|';
  }
  CHECK(support::run_child("/bin/bash", {"-c", command}).out == expected);
}

TEST_CASE("the last line can be pasted wherever the program and the case lie") {
  const support::temporary_folder folder;
  const std::string there = folder.path() + "/it's my job";
  std::filesystem::create_directory(there);
  const std::string odd_there = there + "/odd";
  std::filesystem::create_symlink(REPRISE_ODD_PROGRAM, odd_there);
  const auto last_line_fails_again = [](const std::string& out) {
    const std::string line = lines_of(out).back();
    INFO(line);
    REQUIRE(line.starts_with("  replay: "));
    const auto again = support::run_child("/bin/bash", {"-c", line.substr(10)});
    CHECK(again.code == 1);
    CHECK_THAT(again.out, ContainsSubstring(" replay rp1_"));
  };
  const auto found =
      support::run_child(odd_there, {"explore", "throws", "--corpus", there + "/c d"});
  CHECK(found.code == 1);
  last_line_fails_again(found.out);
  const auto lines = lines_of(found.out);
  const std::string& kept = lines.at(lines.size() - 2);
  REQUIRE(kept.starts_with("  case:   "));
  CHECK(support::run_child("/bin/bash", {"-c", "test -f " + kept.substr(10)}).code == 0);

  const std::string trace = there + "/t";
  last_line_fails_again(support::run_child(odd_there, {"run", "throws", "--trace", trace}).out);
  last_line_fails_again(support::run_child(odd_there, {"trace", "show", trace}).out);
  const std::string token = lines.back().substr(lines.back().rfind(' ') + 1);
  last_line_fails_again(support::run_child(odd_there, {"replay", token}).out);

  const auto unknown = support::run_child(odd_there, {"run", "no such"});
  CHECK_THAT(unknown.err, ContainsSubstring("`" + shell_word(odd_there) + " list`"));
}

TEST_CASE(
    "a line of progress is as long as the terminal is wide, and the least needed goes first") {
  const std::vector<progress_part> parts{
      {"explore x"}, {" [###  ]", 3}, {" 41 %"}, {"  17 runs", 1}, {"  9/s", 2}};
  CHECK(fitted(parts, 100) == "explore x [###  ] 41 %  17 runs  9/s");
  CHECK(fitted(parts, 36) == "explore x [###  ] 41 %  17 runs  9/s");
  CHECK(fitted(parts, 35) == "explore x 41 %  17 runs  9/s");
  CHECK(fitted(parts, 27) == "explore x 41 %  17 runs");
  CHECK(fitted(parts, 22) == "explore x 41 %");
  CHECK(fitted(parts, 13) == "explore x 41…");
  CHECK(fitted(parts, 1) == "…");
  CHECK(fitted(parts, 0).empty());
  CHECK(fitted({{"ääöö"}}, 3) == "ää…");
  CHECK(fitted({{"ääöö"}}, 4) == "ääöö");
}
