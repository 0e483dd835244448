// `check`: what CI runs, and the reports that it writes.

#include "cli/support.hpp"

#include <reprise/replay/case_file.hpp>

#include <pugixml.hpp>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

using namespace cli_test;
namespace fs = std::filesystem;

namespace {

support::child_result shop(const std::vector<std::string>& arguments,
                           const std::vector<std::string>& environment = {"GITHUB_ACTIONS="}) {
  return support::run_child(REPRISE_SHOP_PROGRAM, arguments, stdout_to::capture, environment);
}
support::child_result fixed_shop(const std::vector<std::string>& arguments) {
  return support::run_child(REPRISE_FIXED_SHOP_PROGRAM, arguments, stdout_to::capture,
                            {"GITHUB_ACTIONS="});
}

/// What Jenkins and GitLab read of JUnit's format: the counts must be those of the elements.
void check_junit(const std::string& path) {
  pugi::xml_document document;
  REQUIRE(document.load_file(path.c_str()));
  const pugi::xml_node root = document.child("testsuites");
  REQUIRE(root);
  unsigned tests = 0, failures = 0, errors = 0;
  for (const auto suite : root.children()) {
    REQUIRE(std::string(suite.name()) == "testsuite");
    CHECK(suite.attribute("name"));
    unsigned here = 0, failed = 0, broken = 0;
    for (const auto test : suite.children()) {
      REQUIRE(std::string(test.name()) == "testcase");
      CHECK(*test.attribute("name").value() != 0);
      CHECK(*test.attribute("classname").value() != 0);
      CHECK(test.attribute("time").as_double(-1) >= 0);
      ++here;
      for (const auto what : test.children()) {
        const std::string name = what.name();
        CHECK((name == "failure" || name == "error" || name == "system-out"));
        if (name == "system-out") continue;
        CHECK(*what.attribute("message").value() != 0);
        CHECK(*what.attribute("type").value() != 0);
      }
      failed += static_cast<bool>(test.child("failure"));
      broken += static_cast<bool>(test.child("error"));
    }
    CHECK(suite.attribute("tests").as_uint() == here);
    CHECK(suite.attribute("failures").as_uint() == failed);
    CHECK(suite.attribute("errors").as_uint() == broken);
    tests += here;
    failures += failed;
    errors += broken;
  }
  CHECK(root.attribute("tests").as_uint() == tests);
  CHECK(root.attribute("failures").as_uint() == failures);
  CHECK(root.attribute("errors").as_uint() == errors);
}

}  // namespace

TEST_CASE("check finds, keeps and tells; the next one begins with what was kept") {
  const support::temporary_folder folder;
  const std::string kept = folder.path() + "/.reprise", junit = folder.path() + "/j.xml",
                    sarif = folder.path() + "/s.json", all = folder.path() + "/a.json";
  const auto first = shop({"check", kept, "--runs", "300", "--junit", junit});
  INFO(first.out << first.err);
  CHECK(first.code == 1);
  CHECK_THAT(first.out, ContainsSubstring("corpus    no case in '" + kept + "'\n") &&
                            ContainsSubstring("FAILED  transfer   ") &&
                            ContainsSubstring("   new\n") &&
                            ContainsSubstring("\n  replay: " REPRISE_SHOP_PROGRAM " replay rp1_") &&
                            ContainsSubstring("\n  case:   " + kept + "/transfer-"));
  CHECK_THAT(lines_of(first.out).back(), ContainsSubstring("1 of 2 scenarios held. exit 1"));
  CHECK(lines_of(first.out).size() <= 40);
  check_junit(junit);

  const auto again =
      shop({"check", kept, "--runs", "300", "--junit", junit, "--sarif", sarif, "--json", all});
  CHECK(again.code == 1);
  CHECK_THAT(again.out,
             ContainsSubstring(" still failing\n") && ContainsSubstring("   known since 20"));
  check_junit(junit);
  const json o = json::parse(support::read_file(all));
  CHECK(o.at("held") == false);
  CHECK(o.at("cases").at(0).at("outcome") == "same");
  CHECK(o.at("scenarios").size() == 2);
  const json s = json::parse(support::read_file(sarif));
  CHECK(s.at("version") == "2.1.0");
  const json& run = s.at("runs").at(0);
  CHECK(run.at("tool").at("driver").at("name") == "reprise");
  REQUIRE_FALSE(run.at("results").empty());
  for (const auto& result : run.at("results")) {
    CHECK(result.at("level") == "error");
    CHECK(result.at("message").at("text").get<std::string>().find("rp1_") != std::string::npos);
    CHECK(result.at("partialFingerprints").contains("repriseSignature/v1"));
    const std::string rule = result.at("ruleId");
    CHECK(std::ranges::count(run.at("tool").at("driver").at("rules"), rule,
                             [](const json& r) { return r.at("id").get<std::string>(); }) == 1);
  }

  SECTION("with the bug fixed the kept failure is fixed, and the check holds") {
    const auto fixed = fixed_shop({"check", kept, "--runs", "300", "--junit", junit});
    INFO(fixed.out << fixed.err);
    CHECK(fixed.code == 0);
    CHECK_THAT(fixed.out, ContainsSubstring(" 1 fixed\n") || ContainsSubstring(" fixed\n") ||
                              ContainsSubstring(" drifted"));
    CHECK_THAT(lines_of(fixed.out).back(), ContainsSubstring("2 of 2 scenarios held. exit 0"));
    check_junit(junit);
    CHECK_THAT(fixed_shop({"corpus", "prune", "--fixed", "--corpus", kept}).out,
               ContainsSubstring(" left in '"));
  }
  SECTION("a broken file, and one of another program, are passed over with a word") {
    std::ofstream(kept + "/broken.reprise") << "{";
    CHECK(odd({"explore", "many_kinds", "--seeds", "0..1", "--strategy", "fifo", "--corpus", kept})
              .code == 1);
    const auto r = shop({"check", kept, "--runs", "10"});
    CHECK_THAT(r.out, ContainsSubstring("passed over: ") && ContainsSubstring("broken.reprise") &&
                          ContainsSubstring("scenario 'many_kinds', which this program does not"));
  }
}

TEST_CASE("a scenario whose kept failure fails still has not held") {
  const support::temporary_folder folder;
  const std::string kept = folder.path() + "/.reprise";
  REQUIRE(shop({"check", kept, "--runs", "300"}).code == 1);
  // Exploring finds nothing.
  const std::vector<std::string> again{"check", kept, "--runs", "1", "--strategy", "fifo"};
  const auto r = shop(again);
  CHECK(r.code == 1);
  CHECK_THAT(r.out, ContainsSubstring(", 0 failures\n") &&
                        ContainsSubstring("FAILED  transfer   still failing"));
  CHECK(lines_of(r.out).back() == "1 of 2 scenarios held. exit 1");

  SECTION("nor has one whose kept failure is another run in the same program") {
    const auto file = fs::directory_iterator(kept)->path();
    reprise::case_file c = reprise::read_case(file);
    c.digest ^= 1;
    reprise::write_case(file, c);
    const auto diverged = shop(again);
    CHECK(diverged.code == 3);
    CHECK_THAT(diverged.out, ContainsSubstring("DIVERGED  transfer"));
    CHECK(lines_of(diverged.out).back() == "1 of 2 scenarios held. exit 3");
    CHECK_THAT(shop({"check", kept, "--runs", "1", "--strategy", "fifo", "--github"}).out,
               ContainsSubstring("title=transfer nondeterminism::"));
    CHECK(json::parse(
              shop({"check", kept, "--runs", "1", "--strategy", "fifo", "--format", "json"}).out)
              .at("held") == false);
  }
}

TEST_CASE("the exit code that is told is the one that comes") {
  const support::temporary_folder folder;
  const std::string sarif = folder.path() + "/s.json";
  const auto r = fixed_shop({"check", folder.path() + "/c", "--runs", "10", "--junit", "/dev/full",
                             "--sarif", sarif, "--json", "-"});
  CHECK(r.code == 4);
  CHECK_THAT(r.out, ContainsSubstring("\n2 of 2 scenarios held. exit 4\n{"));
  CHECK_THAT(r.err, ContainsSubstring("JUnit file '/dev/full' can't be written"));
  CHECK(json::parse(support::read_file(sarif)).at("version") == "2.1.0");
}

TEST_CASE("a corpus of five in a plain shell") {
  const support::temporary_folder folder;
  const std::string kept = folder.path() + "/.reprise";
  CHECK(odd({"explore", "many_kinds", "--seeds", "0..10", "--keep-going", "--strategy", "fifo",
             "--corpus", kept})
            .code == 1);
  REQUIRE(std::ranges::distance(fs::directory_iterator(kept)) == 5);
  const auto r = support::run_child(
      "/usr/bin/env", {"-i", "/bin/sh", "-c",
                       "cd " + folder.path() +
                           " && " REPRISE_SHOP_PROGRAM " check --budget 1s --junit reprise.xml"});
  INFO(r.out << r.err);
  CHECK(r.code == 1);
  check_junit(folder.path() + "/reprise.xml");
}

TEST_CASE("a signal while a kept hang is tried again ends the check at once") {
  const support::temporary_folder kept;
  const std::string folder = kept.path() + "/c";
  REQUIRE(odd({"explore", "spins", "--param", "seed=0", "--strategy", "fifo", "--runs", "1",
               "--hang-after", "1s", "--corpus", folder})
              .code == 1);
  const support::temporary_file out;
  support::running_child child(REPRISE_ODD_PROGRAM, {"check", folder, "--hang-after", "3600s"},
                               out.path());
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  child.send(SIGINT);
  CHECK(child.wait() == 128 + SIGINT);
  CHECK(child.left_over() == 0);
  const std::string text = support::read_file(out.path());
  CHECK_THAT(text, ContainsSubstring("check: stopped by SIGINT"));
  CHECK_THAT(text, !ContainsSubstring("FAILED"));
}

TEST_CASE("GitHub gets annotations and a summary") {
  const support::temporary_folder folder;
  const std::string summary = folder.path() + "/summary.md";
  const auto r = shop({"check", folder.path() + "/c", "--runs", "300"},
                      {"GITHUB_ACTIONS=true", "GITHUB_STEP_SUMMARY=" + summary});
  CHECK(r.code == 1);
  CHECK_THAT(r.out, ContainsSubstring("\n::error ") && ContainsSubstring("title=transfer"));
  CHECK_THAT(support::read_file(summary),
             ContainsSubstring("| `transfer` |") && ContainsSubstring("replay rp1_"));
  CHECK_THAT(shop({"check", folder.path() + "/c", "--runs", "10"}).out,
             !ContainsSubstring("::error"));
  CHECK_THAT(shop({"check", folder.path() + "/c", "--runs", "300", "--github"}).out,
             ContainsSubstring("::error"));
}

TEST_CASE("mistakes with check") {
  const support::temporary_folder folder;
  check_mistake(shop({"check", folder.path(), "--corpus", folder.path()}), 2,
                "a folder and --corpus are given both");
  check_mistake(shop({"check", folder.path(), "--budget", "1s", "--runs", "1"}), 2,
                "--budget and --runs are given both");
  check_mistake(shop({"check", folder.path(), "--junit", folder.path() + "/no/j.xml"}), 4,
                "JUnit file '" + folder.path() + "/no/j.xml' can't be written");
  const support::temporary_file file;
  check_mistake(shop({"check", file.path(), "--runs", "1"}), 4, "'" + file.path() + "' can't be");
}
