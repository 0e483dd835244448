// Bad input and unkind surroundings: one clear line, the documented exit code, nothing half
// written.

#include "cli/support.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <unistd.h>

using namespace cli_test;

TEST_CASE("a seed is a whole number in range, or a usage error that names the range") {
  for (const char* seed : {"-1", "18446744073709551616", "1e3", "", " 7", "7 ", "+7", "0x",
                           "0x10000000000000000", "seven", "1.0"}) {
    for (const char* command : {"run", "explore"}) {
      INFO(command << " --seed '" << seed << "'");
      const auto r = reprise({command, "say_hello", "--seed", seed});
      check_mistake(r, 2, std::string("seed '") + seed + "' is ");
      CHECK_THAT(r.err, ContainsSubstring("0 to 18446744073709551615"));
    }
  }
}

TEST_CASE("ranges and counts") {
  check_mistake(reprise({"run", "say_hello", "--seeds", "5..3"}), 2,
                "seeds '5..3' are an empty range");
  check_mistake(reprise({"run", "say_hello", "--seeds", "0.."}), 2,
                "seed '' is not a whole number");
  check_mistake(reprise({"run", "say_hello", "--seeds", "0..-1"}), 2, "seed '-1' is out of range");
  check_mistake(reprise({"run", "say_hello", "--seeds", "0..1", "--seed", "1"}), 2,
                "--seed and --seeds are given both");
  check_mistake(reprise({"explore", "say_hello", "--seeds", "0..1", "--runs", "2"}), 2,
                "--seeds and --runs are given both");
  for (const char* runs : {"0", "-3", "1e3", "x"})
    check_mistake(reprise({"explore", "say_hello", "--runs", runs}), 2,
                  std::string("runs '") + runs);
  check_mistake(reprise({"explore", "say_hello", "--runs", ""}), 2, "--runs '' is empty");
  for (const char* limit : {"0s", "-1s", "5", "nan", "inf s", "1parsec", "1e30s"})
    check_mistake(reprise({"run", "say_hello", "--time-limit", limit}), 2,
                  std::string("time limit '") + limit);
  check_mistake(reprise({"run", "say_hello", "--step-limit", "0"}), 2,
                "step limit '0' is out of range");
  for (const char* size : {"0", "1K", "9999999999M", "x"})
    check_mistake(reprise({"run", "say_hello", "--stack-size", size}), 2,
                  std::string("stack size '") + size);
}

TEST_CASE("names that there are not") {
  check_mistake(reprise({"run", "say_helo"}), 2,
                "there is no scenario 'say_helo'. Did you mean 'say_hello'?");
  CHECK_THAT(reprise({"run", "say_helo"}).err,
             ContainsSubstring(std::string("`") + REPRISE_PROGRAM + " list` shows all "));
  check_mistake(reprise({"explore", "say_helo"}), 2, "there is no scenario 'say_helo'.");
  check_mistake(reprise({"run", ""}), 2, "there is no scenario ''.");
  check_mistake(reprise({"run", "a\xff\nb"}), 2, "there is no scenario 'a\\ufffd\\nb'.");
  check_mistake(reprise({"run", "say_hello", "--strategy", "luck"}), 2,
                "there is no strategy 'luck'. There are: fifo, ");
  check_mistake(reprise({"run", "say_hello", "--strategy", "fifo(3)"}), 2,
                "strategy 'fifo' takes 0 parameter(s)");
  check_mistake(reprise({"run", "say_hello", "--param", "n=1"}), 2,
                "scenario 'say_hello' has no parameter 'n'.");
  check_mistake(reprise({"run", "say_hello", "--trace-format", "xml"}), 2,
                "--trace-format 'xml' is none of: jsonl, oracle.");
  CHECK_THAT(reprise({"run", "say_hello", "--format", "jsn"}).err,
             ContainsSubstring("'jsn' is none of: text, json. Did you mean 'json'?"));
  check_mistake(reprise({"run", "say_hello", "--strategy", "Random_walk"}), 2,
                "there is no strategy 'Random_walk'. Did you mean 'random_walk'? There are: ");
  check_mistake(reprise({"run", "say_hello", "--strategy", "pct(1e6)"}), 2,
                "strategy 'pct(1e6)' is not of the form pct(depth), with whole numbers.");
  check_mistake(reprise({"run", "say_hello", "--without", "race"}), 2,
                "detector 'race' is none of: races, ");
  CHECK_THAT(reprise({"run", "say_hello", "--without", "race"}).err,
             ContainsSubstring("all. Did you mean 'races'?\n"));
  check_mistake(reprise({"run", "say_hello", "--format", "yaml"}), 2,
                "--format 'yaml' is none of: text, json.");
  check_mistake(reprise({"fly"}), 2, "there is no command 'fly'. `");
  check_mistake(reprise({"--fly"}), 2, "there is no option '--fly'. `");
  check_mistake(reprise({"run", "say_hello", "--fly"}), 2, "'run' has no option '--fly'. `");
  check_mistake(reprise({"lst"}), 2, "there is no command 'lst'. Did you mean 'list'? `");
  check_mistake(reprise({"--versoin"}), 2,
                "there is no option '--versoin'. Did you mean '--version'? `");
  check_mistake(reprise({"run", "say_hello", "--colour", "never"}), 2,
                "'run' has no option '--colour'. Did you mean '--color'? `");
  check_mistake(reprise({"run", "say_hello", "--sed=1"}), 2,
                "'run' has no option '--sed'. Did you mean '--seed'? `");
  check_mistake(reprise({"bogus", "--help"}), 2, "there is no command 'bogus'. `");
}

TEST_CASE("parameters") {
  check_mistake(odd({"run", "sized", "--param", "n"}), 2,
                "parameter 'n' is not of the form name=value.");
  check_mistake(odd({"run", "sized", "--param", "=1"}), 2,
                "parameter '=1' is not of the form name=value.");
  check_mistake(odd({"run", "sized", "--param", "n=1", "--param", "n=2"}), 2,
                "parameter 'n' is given twice.");
  check_mistake(odd({"run", "sized", "--param", "m=1"}), 2,
                "scenario 'sized' has no parameter 'm'. It has: n, loud.");
  for (const char* command : {"run", "explore"}) {
    check_mistake(odd({command, "sized", "--param", "n=many"}), 2,
                  "parameter 'n': 'many' is not a whole number from -2147483648 to 2147483647.");
    check_mistake(odd({command, "sized", "--param", "n=99999999999"}), 2,
                  "parameter 'n': '99999999999' is not a whole number from ");
    check_mistake(odd({command, "sized", "--param", "loud=maybe"}), 2,
                  "parameter 'loud': 'maybe' is neither true nor false");
  }
  CHECK(odd({"run", "sized", "--param", "n=1", "--param", "loud=true"}).code == 0);
}

TEST_CASE("running nothing, or two things at once") {
  check_mistake(reprise({}), 2, "no command is given.");
  check_mistake(reprise({"run"}), 2, "nothing to run");
  check_mistake(reprise({"explore"}), 2, "nothing to explore");
  check_mistake(reprise({"replay"}), 2, "nothing to replay");
  check_mistake(reprise({"run", "--all", "say_hello"}), 2,
                "scenarios are named and --all is given");
  check_mistake(reprise({"run", "say_hello", "say_hello"}), 2,
                "scenario 'say_hello' is named twice.");
  check_mistake(reprise({"run", "--all", "--trace", "-"}), 2,
                "--trace, --clock wall and -v watch one run");
  check_mistake(reprise({"explore", "say_hello", "lost_update"}), 2,
                "'lost_update' is one argument too many for 'explore'.");
  check_mistake(reprise({"run", "say_hello", "--seed"}), 2, "--seed wants a value.");
  check_mistake(reprise({"run", "say_hello", "--seed", "1", "--seed", "2"}), 2,
                "--seed is given more than once.");
}

TEST_CASE("two scenarios of one name") {
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"list"}, {"run", "twin"}, {"run", "--all"}, {"explore", "twin"}})
    check_mistake(support::run_child(REPRISE_TWINS_PROGRAM, arguments), 2,
                  "two scenarios have the name 'twin'. Rename one of them.");
}

TEST_CASE("a token that is mangled, or of another program") {
  const std::string token = failing_token("lost_update");
  std::string changed = token;
  changed[10] = changed[10] == '0' ? '1' : '0';
  check_mistake(reprise({"replay", changed}), 2, "the token '" + changed + "' does not check out");
  check_mistake(reprise({"replay", token.substr(0, token.size() - 1)}), 2, "the token '");
  check_mistake(reprise({"replay", token + "0"}), 2, "the token '");
  check_mistake(reprise({"replay", "rp2" + token.substr(3)}), 2, "the token 'rp2");
  check_mistake(reprise({"replay", "lost_update"}), 2, "'lost_update' is not a token");
  check_mistake(reprise({"replay", ""}), 2, "nothing to replay");
  check_mistake(odd({"replay", token}), 2,
                "the token is of scenario 'lost_update', which this program does not have.");
}

TEST_CASE(
    "a trace that can't be written is exit code 4, before anything runs, and leaves nothing") {
  const support::temporary_folder folder;
  check_mistake(reprise({"run", "say_hello", "--trace", folder.path()}), 4,
                "trace '" + folder.path() + "' can't be written (is a directory)");
  const std::string nowhere = folder.path() + "/missing/out.jsonl";
  check_mistake(reprise({"run", "say_hello", "--trace", nowhere}), 4,
                "trace '" + nowhere + "' can't be written (no such file or directory)");
  if (::geteuid() != 0) {  // root may write everywhere
    std::filesystem::permissions(
        folder.path(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
    check_mistake(reprise({"run", "say_hello", "--trace", folder.path() + "/x"}), 4, "trace '");
    std::filesystem::permissions(folder.path(), std::filesystem::perms::owner_all);
  }
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("a trace appears whole, replaces what was there, and leaves nothing beside it") {
  const support::temporary_folder folder;
  const std::string path = folder.path() + "/out.jsonl";
  std::ofstream(path) << "old\n";
  std::filesystem::create_symlink(path, folder.path() + "/link");
  const auto r = odd({"run", "throws", "--trace", folder.path() + "/link"});
  CHECK(r.code == 1);
  const auto lines = lines_of(support::read_file(path));
  REQUIRE(lines.size() >= 2);
  CHECK(json::parse(lines.front()).at("scenario") == "throws");
  CHECK(json::parse(lines.back()).at("verdict") == "failed");
  CHECK(std::filesystem::is_symlink(folder.path() + "/link"));
  CHECK(std::ranges::distance(std::filesystem::directory_iterator(folder.path())) == 2);
}

TEST_CASE("a disk that is full under a trace is exit code 4, after the verdict") {
  const auto r = odd({"run", "throws", "--trace", "/dev/full"});
  CHECK(r.code == 4);
  CHECK_THAT(r.out, ContainsSubstring("std::out_of_range: far away"));
  CHECK_THAT(r.err,
             ContainsSubstring("trace '/dev/full' can't be written (no space left on device)"));
  CHECK(odd({"run", "throws", "--trace", "/dev/null"}).code == 1);
  CHECK(std::filesystem::is_character_file("/dev/null"));
}

TEST_CASE("with --trace - stdout holds the trace and nothing else") {
  const auto r = odd({"run", "throws", "--trace", "-", "-v"});
  CHECK(r.code == 1);
  for (const auto& line : lines_of(r.out)) CHECK(json::accept(line));
  CHECK_THAT(r.err, ContainsSubstring("std::out_of_range: far away"));
  const auto as_json = odd({"run", "throws", "--trace", "-", "--format", "json"});
  CHECK(as_json.out == r.out);
  CHECK(json::parse(as_json.err).at("verdict") == "failed");
}

TEST_CASE("what a scenario prints is on stderr where stdout is a trace's or JSON's") {
  const auto printed = [](const std::string& text) {
    return std::ranges::count(lines_of(text), "here");
  };
  const auto traced = odd({"run", "prints", "--trace", "-"});
  CHECK(traced.code == 0);
  CHECK(lines_of(traced.out).size() == 2);  // header and footer
  for (const auto& line : lines_of(traced.out)) CHECK(json::accept(line));
  CHECK(printed(traced.err) == 1);
  const std::string token = json::parse(lines_of(traced.out).back()).at("token").get<std::string>();
  const auto again = odd({"replay", token, "--trace", "-"});
  CHECK(again.out == traced.out);
  CHECK(printed(again.err) == 2);
  for (const auto& command : {std::vector<std::string>{"run", "prints", "--format", "json"},
                              {"run", "prints", "--seeds", "0..2", "--format", "json"},
                              {"replay", token, "--format", "json"},
                              {"explore", "prints", "--runs", "3", "--format", "json"}}) {
    INFO(command[0]);
    const auto r = odd(command);
    CHECK(r.code == 0);
    CHECK(json::accept(r.out));
    CHECK(printed(r.err) >= 1);
  }
  CHECK(printed(odd({"run", "prints"}).out) == 1);
}

TEST_CASE("a stdout that is closed, full or unread keeps the exit code, quietly") {
  const std::string token = failing_token("lost_update");
  for (const auto where : {stdout_to::closed, stdout_to::full_disk, stdout_to::broken_pipe}) {
    INFO(static_cast<int>(where));
    for (const auto& [arguments, code] : std::vector<std::pair<std::vector<std::string>, int>>{
             {{"list"}, 0},
             {{"--help"}, 0},
             {{"run", "say_hello"}, 0},
             {{"run", "--all"}, 0},
             {{"run", "say_hello", "--trace", "-"}, 0},
             {{"explore", "lost_update"}, 1},
             {{"explore", "lost_update", "--keep-going", "--format", "json"}, 1},
             {{"replay", token}, 1},
         }) {
      INFO(arguments[0] << " " << arguments.back());
      const auto r = reprise(arguments, where);
      CHECK(r.code == code);
      // What is for a person goes to stderr only when the trace has stdout.
      CHECK((arguments.back() == "-" || r.err.empty()));
    }
  }
}

TEST_CASE("a closed stdout does not lend its number to the trace") {
  const support::temporary_file file;
  CHECK(reprise({"run", "say_hello", "--trace", file.path()}, stdout_to::closed).code == 0);
  for (const auto& line : lines_of(support::read_file(file.path()))) CHECK(json::accept(line));
}
