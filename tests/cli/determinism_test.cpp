// `--check-determinism`: each planted reason is named, with its place; what is a function of its
// seed is left in peace.

#include "cli/support.hpp"

#include <pugixml.hpp>

#include <chrono>
#include <csignal>
#include <thread>

using namespace cli_test;

namespace {

support::child_result planted(const std::vector<std::string>& arguments) {
  return support::run_child(REPRISE_NONDETERMINISM_PROGRAM, arguments);
}

/// A program of which a run that is made again never ends, once it has come to that.
class standstill {
public:
  explicit standstill(const std::vector<std::string>& arguments)
      : child_("/usr/bin/env", words(arguments), out_.path()) {
    while (support::read_file(there_.path()).empty())
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  support::running_child& child() { return child_; }
  [[nodiscard]] std::string out() const { return support::read_file(out_.path()); }

private:
  [[nodiscard]] std::vector<std::string> words(const std::vector<std::string>& arguments) const {
    std::vector<std::string> all{"REPRISE_TEST_STANDSTILL=" + there_.path(),
                                 REPRISE_NONDETERMINISM_PROGRAM};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return all;
  }
  support::temporary_file there_, out_;
  support::running_child child_;
};

#if !defined(__SANITIZE_ADDRESS__)
/// The line of tests/planted/nondeterminism.cpp that is marked so.
std::string line_of(const std::string& mark) {
  const auto lines = lines_of(support::read_file(REPRISE_TESTS_DIR "/planted/nondeterminism.cpp"));
  for (std::size_t i = 0; i < lines.size(); ++i)
    if (lines[i].find("// place: " + mark) != std::string::npos)
      return "nondeterminism.cpp:" + std::to_string(i + 1);
  return "no line is marked " + mark;
}
#endif

}  // namespace

#if !defined(__SANITIZE_ADDRESS__)
TEST_CASE("each planted reason is told, with its class and its place") {
  struct reason {
    const char* scenario;
    const char* cause;
    const char* mark;  // empty: the scheduler's own event, at one of two lines
  };
  for (const auto& [scenario, cause, mark] : std::vector<reason>{
           {"pointer_keyed_map", "address-dependent order", "map"},
           {"unordered_pointers", "address-dependent order", "set"},
           {"order_of_tasks", "address-dependent order", ""},
           {"heap_read", "uninitialised read", "heap"},
           {"stack_read", "uninitialised read", "stack"},
           {"real_clock", "real clock", "clock"},
           {"unused_clock", "real clock", "unused"},
           {"real_entropy", "real entropy", "entropy"},
           {"stray_thread", "stray thread", "thread"},
           {"environment", "environment", "environment"},
       }) {
    const auto r = planted({"run", scenario, "--check-determinism", "--format", "json"});
    INFO(scenario << r.out << r.err);
    CHECK(r.code == 3);
    const json o = json::parse(r.out);
    CHECK(o.at("deterministic") == false);
    REQUIRE(o.contains("nondeterminism"));
    const json& why = o.at("nondeterminism");
    CHECK(why.at("cause") == cause);
#if !defined(REPRISE_NO_BACKTRACE)
    const std::string told = why.at("place");
    const std::string place = told.empty() ? why.at("first_place").get<std::string>() : told;
    if (*mark)
      CHECK(place == line_of(mark));
    else
      CHECK((place == line_of("get") || place == line_of("nap")));
#endif
    const auto text = planted({"run", scenario, "--check-determinism"});
    CHECK(text.code == 3);
    CHECK_THAT(text.out, ContainsSubstring(std::string("  cause: ") + cause + "\n") &&
                             ContainsSubstring(". exit 3\n"));
    CHECK(lines_of(text.out).back() == "  replay: " REPRISE_NONDETERMINISM_PROGRAM " run " +
                                           std::string(scenario) + " --seed 0 --check-determinism");
  }
}

TEST_CASE("a campaign checks a share of its runs") {
  for (const char* scenario : {"pointer_keyed_map", "heap_read", "real_clock", "environment"}) {
    INFO(scenario);
    const auto r = planted({"explore", scenario, "--runs", "100"});
    CHECK(r.code == 3);
    CHECK_THAT(r.out, ContainsSubstring("  cause: "));
    CHECK(planted({"explore", scenario, "--runs", "100", "--check-determinism", "0%"}).code == 0);
  }
}
TEST_CASE("check tells of it, too, and so do its reports") {
  const support::temporary_folder folder;
  const std::string junit = folder.path() + "/j.xml", sarif = folder.path() + "/s.json",
                    all = folder.path() + "/a.json", summary = folder.path() + "/summary.md";
  const auto r =
      support::run_child(REPRISE_NONDETERMINISM_PROGRAM,
                         {"check", folder.path() + "/c", "--runs", "10", "--check-determinism",
                          "100%", "--junit", junit, "--sarif", sarif, "--json", all, "--github"},
                         stdout_to::capture, {"GITHUB_STEP_SUMMARY=" + summary});
  CHECK(r.code == 3);
  const std::string again = "replay: " REPRISE_NONDETERMINISM_PROGRAM
                            " run pointer_keyed_map --seed 0 --strategy pos --check-determinism";
  CHECK_THAT(r.out, ContainsSubstring("pointer_keyed_map: two runs of one seed differ. exit 3") &&
                        ContainsSubstring("\n  " + again + '\n'));
  CHECK_THAT(r.out, ContainsSubstring(" of 14 scenarios held. exit 3") &&
                        !ContainsSubstring("14 of 14 scenarios"));

  pugi::xml_document document;
  REQUIRE(document.load_file(junit.c_str()));
  const pugi::xml_node root = document.child("testsuites");
  const pugi::xml_node test = root.find_child_by_attribute("testsuite", "name", "explore")
                                  .find_child_by_attribute("testcase", "name", "pointer_keyed_map");
  CHECK(root.attribute("errors").as_uint() >= 5);  // some come by chance
  CHECK(root.attribute("failures").as_uint() == 0);
  CHECK(std::string(test.child("error").attribute("type").value()) == "nondeterminism");
  CHECK_THAT(test.child("error").text().get(), ContainsSubstring(again));

  const json results = json::parse(support::read_file(sarif)).at("runs").at(0).at("results");
  CHECK(results.size() == root.attribute("errors").as_uint());
  const auto result = std::ranges::find_if(results, [](const json& one) {
    return one.at("message").at("text").get<std::string>().starts_with("pointer_keyed_map: ");
  });
  REQUIRE(result != results.end());
  CHECK(result->at("ruleId") == "nondeterminism");
  CHECK_THAT(result->at("message").at("text").get<std::string>(), ContainsSubstring(again));

  CHECK_THAT(r.out, ContainsSubstring("title=pointer_keyed_map nondeterminism::"));
  CHECK_THAT(support::read_file(summary), ContainsSubstring("| `pointer_keyed_map` |") &&
                                              ContainsSubstring(" | nondeterminism |\n") &&
                                              ContainsSubstring(again));

  const json o = json::parse(support::read_file(all));
  CHECK(o.at("held") == false);
  for (const auto& one : o.at("scenarios")) {
    CHECK(one.at("checked_again").get<int>() > 0);
    if (one.at("scenario") != "pointer_keyed_map") continue;
    CHECK(one.at("nondeterminism").at("seed") == 0);
    CHECK(one.at("nondeterminism").at("token").get<std::string>().starts_with("rp1_"));
  }
}

TEST_CASE("what was typed stands in the command that shows it again") {
  const auto r = planted({"run", "heap_read", "--seed", "7", "--strategy", "pct(2)", "--time-limit",
                          "1500ms", "--without", "races,livelock", "--check-determinism"});
  CHECK(r.code == 3);
  CHECK_THAT(r.out,
             ContainsSubstring(" run heap_read --seed 7 --strategy 'pct(2)' --without races "
                               "--without livelock --time-limit 1.5s --check-determinism\n"));
  const auto many = planted({"run", "heap_read", "heap_read_twin", "--seeds", "3..5",
                             "--check-determinism", "--format", "json"});
  CHECK(many.code == 3);
  CHECK(json::parse(many.out).at("scenarios").at(0).contains("first_differing_seed"));
  CHECK(json::parse(many.out).at("scenarios").at(1).at("deterministic") == true);
}
#endif

TEST_CASE("a twin that is a function of its seed is left in peace") {
  for (const char* scenario : {"pointer_keyed_map_twin", "heap_read_twin", "real_clock_twin"}) {
    const auto r = planted({"run", scenario, "--check-determinism"});
    INFO(scenario << r.out << r.err);
    CHECK(r.code == 0);
    CHECK(planted({"explore", scenario, "--runs", "100", "--check-determinism", "100%"}).code == 0);
  }
}

TEST_CASE("what earlier runs leave behind is told as that") {
  const auto r = odd({"explore", "differs", "--runs", "50"});
  CHECK(r.code == 3);
  CHECK_THAT(r.out, ContainsSubstring("  cause: earlier runs\n"));
}

TEST_CASE("the gallery is a function of its seeds") {
  const auto r = reprise({"run", "--all", "--seeds", "0..19", "--check-determinism"});
  INFO(r.out);
  CHECK(r.code == 0);
}

TEST_CASE("a budget holds for the runs that are made again, too") {
  const support::temporary_file there;
  const auto r =
      support::run_child(REPRISE_NONDETERMINISM_PROGRAM,
                         {"explore", "at_a_standstill", "--budget", "500ms", "--hang-after",
                          "3600s", "--check-determinism", "100%", "--format", "json"},
                         stdout_to::capture, {"REPRISE_TEST_STANDSTILL=" + there.path()});
  INFO(r.out << r.err);
  CHECK(r.code == 0);
  CHECK(json::parse(r.out).at("runs").get<int>() > 0);
  CHECK(json::parse(r.out).at("checked_again") == 0);
}

TEST_CASE("a signal while runs are made again ends it, and what was found is told") {
  const support::temporary_folder folder;
  SECTION("explore") {
    standstill s({"explore", "at_a_standstill", "--runs", "100", "--hang-after", "3600s",
                  "--check-determinism", "100%"});
    s.child().send(SIGINT);
    CHECK(s.child().wait() == 128 + SIGINT);
    CHECK(s.child().left_over() == 0);
    CHECK_THAT(s.out(), ContainsSubstring("stopped by SIGINT after 103 runs"));
  }
  SECTION("explore, as JSON") {
    standstill s({"explore", "at_a_standstill", "--runs", "100", "--hang-after", "3600s",
                  "--check-determinism", "100%", "--format", "json"});
    s.child().send(SIGTERM);
    CHECK(s.child().wait() == 128 + SIGTERM);
    const json o = json::parse(s.out());
    CHECK(o.at("stopped_by_signal") == SIGTERM);
    CHECK(o.at("runs") == 103);
    CHECK(o.at("checked_again") == 0);
  }
  SECTION("check") {
    standstill s({"check", folder.path() + "/c", "--runs", "20", "--hang-after", "3600s",
                  "--check-determinism", "100%"});
    s.child().send(SIGINT);
    CHECK(s.child().wait() == 128 + SIGINT);
    CHECK(s.child().left_over() == 0);
    CHECK_THAT(s.out(), ContainsSubstring("check: stopped by SIGINT") &&
                            ContainsSubstring("1 scenario held. exit 130"));
  }
  SECTION("run") {
    standstill s({"run", "at_a_standstill", "--check-determinism"});
    s.child().send(SIGINT);
    CHECK(s.child().wait() == 128 + SIGINT);
    CHECK(s.child().left_over() == 0);
  }
}

TEST_CASE("shares that can't be") {
  for (const char* share : {"5", "-1%", "101%", "x%", "%", "nan%"})
    check_mistake(odd({"explore", "work", "--check-determinism", share}), 2,
                  std::string("check determinism '") + share + "' is not a share: 0% to 100%.");
}
