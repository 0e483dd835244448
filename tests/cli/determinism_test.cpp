// `--check-determinism`: each planted reason is named, with its place; what is a function of its
// seed is left in peace.

#include "cli/support.hpp"

using namespace cli_test;

namespace {

support::child_result planted(const std::vector<std::string>& arguments) {
  return support::run_child(REPRISE_NONDETERMINISM_PROGRAM, arguments);
}

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
TEST_CASE("check tells of it, too") {
  const support::temporary_folder folder;
  const auto r = planted({"check", folder.path(), "--runs", "10", "--check-determinism", "100%"});
  CHECK(r.code == 3);
  CHECK_THAT(r.out, ContainsSubstring("pointer_keyed_map: two runs of one seed differ. exit 3"));
  CHECK_THAT(r.out, ContainsSubstring(" scenarios held. exit 3") &&
                        !ContainsSubstring("13 of 13 scenarios"));
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

TEST_CASE("shares that can't be") {
  for (const char* share : {"5", "-1%", "101%", "x%", "%", "nan%"})
    check_mistake(odd({"explore", "work", "--check-determinism", share}), 2,
                  std::string("check determinism '") + share + "' is not a share: 0% to 100%.");
}
