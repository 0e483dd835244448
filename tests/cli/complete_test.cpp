// What the shells' completion scripts and the build ask the program.

#include "cli/support.hpp"

using namespace cli_test;

namespace {

/// What is offered for the last of `words`, without what is said about it.
std::vector<std::string> offered(std::vector<std::string> words) {
  words.insert(words.begin(), "__complete");
  const auto r = odd(words);
  CHECK(r.code == 0);
  CHECK(r.err.empty());
  auto lines = lines_of(r.out);
  for (auto& line : lines) line.erase(std::min(line.find('\t'), line.size()));
  return lines;
}

using words = std::vector<std::string>;

}  // namespace

TEST_CASE("completion offers commands, then a command's scenarios and options") {
  CHECK(offered({""}) ==
        words{"list", "run", "explore", "replay", "shrink", "explain", "check", "corpus", "trace"});
  CHECK(offered({"ex"}) == words{"explore", "explain"});
  CHECK(offered({"--vers"}) == words{"--version"});
  CHECK(offered({"run", "siz"}) == words{"sized"});
  CHECK(offered({"run", "--se"}) == words{"--seed", "--seeds"});
  for (const char* const command : {"replay", "shrink", "explain", "check"}) {
    CHECK(offered({command, ""}) == words{":files"});
    CHECK(offered({command, "one", ""}).empty());
  }
  for (const char* const action : {"add", "show"}) {
    CHECK(offered({"corpus", action, ""}) == words{":files"});
    CHECK(offered({"corpus", action, "one", ""}) == words{":files"});
  }
  CHECK(offered({"corpus", "list", ""}).empty());
  CHECK(offered({"list", ""}).empty());
  CHECK(offered({"corpus", ""}) == words{"list", "add", "show", "prune"});
  CHECK(offered({"trace", ""}) == words{"show", "export"});
  CHECK(offered({"trace", "show", ""}) == words{":files"});
  CHECK(offered({"trace", "show", "out.jsonl", ""}).empty());
  CHECK(offered({"trace", "export", "--format", ""}) == words{"chrome"});
  CHECK(offered({"trace", "export", "-o", ""}) == words{"-", ":files"});
  CHECK(offered({"explore", "--shard", "a"}) == words{"auto"});
  CHECK(offered({"check", "--budget", "6"}) == words{"60s"});
}

TEST_CASE("completion offers nothing twice") {
  CHECK(offered({"run", "sized", "siz"}).empty());
  CHECK(offered({"explore", "throws", ""}).empty());  // it takes one
  CHECK(offered({"run", "--seed", "1", "--see"}) == words{"--seeds"});
  CHECK(offered({"run", "--seed=1", "--see"}) == words{"--seeds"});
  CHECK(offered({"run", "--param", "n=1", "--par"}) == words{"--param"});
}

TEST_CASE("completion offers the values that an option takes, behind a blank and behind =") {
  CHECK(offered({"run", "--format", ""}) == words{"text", "json"});
  CHECK(offered({"run", "--format=j"}) == words{"--format=json"});
  CHECK(offered({"run", "--strategy", "r"}) == words{"random_walk", "round_robin"});
  CHECK(offered({"run", "--seeds", "5"}) == words{"5..14", "5..104", "5..1004"});
  CHECK(offered({"run", "--seeds", "18446744073709551615"}).empty());
  CHECK(offered({"run", "--seeds", "x"}).empty());
  CHECK(offered({"run", "--trace", ""}) == words{"-", ":files"});
  CHECK(offered({"run", "--no-such-option=", ""}).size() > 5);  // scenarios
}

TEST_CASE("completion offers a named scenario's parameters, and the values it knows") {
  CHECK(offered({"run", "sized", "--param", ""}) == words{"n=", "loud="});
  CHECK(offered({"run", "sized", "--param", "n="}) == words{"n=7", "n=3"});
  CHECK(offered({"run", "sized", "--param=n="}) == words{"--param=n=7", "--param=n=3"});
  CHECK(offered({"run", "sized", "--param", "n=3", "--param", ""}) == words{"loud="});
  CHECK(offered({"run", "--param", ""}).empty());
}

TEST_CASE("completion of a program that can't start offers commands all the same") {
  const auto r = support::run_child(REPRISE_TWINS_PROGRAM, {"__complete", "l"});
  CHECK_THAT(r.out, ContainsSubstring("list\t"));
  CHECK(support::run_child(REPRISE_TWINS_PROGRAM, {"__complete"}).code == 0);
}

TEST_CASE("the manual page names every command, option and exit code that help names") {
  const std::string page = reprise({"__man"}).out;
  CHECK(page.find(".TH \"REPRISE\" 1 \"\" \"reprise ") != std::string::npos);
  CHECK(std::ranges::all_of(page, [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
  for (const char* command :
       {"list", "run", "explore", "replay", "shrink", "explain", "check", "corpus", "trace"}) {
    CHECK_THAT(page, ContainsSubstring(".SS \\fB" + std::string(command) + "\\fR"));
    for (const auto& line : lines_of(reprise({command, "--help"}).out)) {
      const std::size_t option = line.find("--");
      if (!line.starts_with("  ") || option > 8) continue;
      std::string name = line.substr(option, line.find(' ', option) - option);
      for (std::size_t at = 0; (at = name.find('-', at)) != std::string::npos; at += 2)
        name.insert(at, "\\");
      CHECK_THAT(page, ContainsSubstring("\\fB" + name + "\\fR"));
    }
  }
  for (const char* code : {"0", "1", "2", "3", "4"})
    CHECK_THAT(page, ContainsSubstring(".TP\n\\fB" + std::string(code) + "\\fR\n"));
}
