// The adapters for test frameworks, by programs as users write them: what they print, and whether
// it can be repeated by what they print.

#include "support/catch2.hpp"
#include "support/child.hpp"

#include <string>
#include <vector>

using Catch::Matchers::ContainsSubstring;
using support::child_result;

namespace {

/// One failed test in Catch2's exit code: how many there were, and of late 42.
bool failed(const child_result& r) {
  return r.code == 1 || (CATCH_VERSION_MAJOR >= 3 && r.code == 42);
}

/// What follows `mark` up to the next blank.
std::string word_after(const std::string& text, const std::string& mark) {
  const std::size_t at = text.find(mark);
  if (at == std::string::npos) return {};
  const std::size_t begin = at + mark.size();
  return text.substr(begin, text.find_first_of(" \n", begin) - begin);
}

child_result tests_of(const char* program, const std::vector<std::string>& arguments,
                      const std::vector<std::string>& environment = {}) {
  return support::run_child(program, arguments, support::stdout_to::capture, environment);
}

child_result catch2(const std::vector<std::string>& arguments,
                    const std::vector<std::string>& environment = {}) {
  return tests_of(REPRISE_CATCH2_TESTS, arguments, environment);
}

}  // namespace

TEST_CASE("Catch2: what holds passes, and in a plain TEST_CASE assertions belong to the runs") {
  const auto r = catch2({"[good]"});
  INFO(r.out);
  CHECK(r.code == 0);
  CHECK(r.err.empty());
}

TEST_CASE("Catch2: a failed assertion is one failure, with its place, its messages and its token") {
  const auto r = catch2({"requires"});
  INFO(r.out);
  CHECK(failed(r));
  CHECK_THAT(r.out, ContainsSubstring("REQUIRE( n.load() == 2 )") &&
                        ContainsSubstring("with expansion: 1 == 2") &&
                        ContainsSubstring("n was counted twice") &&
                        ContainsSubstring("adapters/catch2_program.cpp:") &&
                        ContainsSubstring("1 preemption\n"));
  CHECK_THAT(r.out, !ContainsSubstring("of another task"));
  const std::string token = word_after(r.err, "REPRISE_REPLAY=");
  CHECK(token.starts_with("rp1_"));
  CHECK_THAT(r.err, ContainsSubstring(std::string(REPRISE_CATCH2_TESTS) + " \"requires\""));

  const auto again = catch2({"requires"}, {"REPRISE_REPLAY=" + token});
  CHECK(failed(again));
  CHECK_THAT(again.out, ContainsSubstring("the run of REPRISE_REPLAY failed again") &&
                            ContainsSubstring("with expansion: 1 == 2"));
  CHECK(word_after(again.err, "REPRISE_REPLAY=") == token);
  // Of other tests nothing is run.
  CHECK(catch2({"checks"}, {"REPRISE_REPLAY=" + token}).code == 0);
}

TEST_CASE("Catch2: CHECK fails the run, too") {
  const auto r = catch2({"checks"});
  CHECK(failed(r));
  CHECK_THAT(r.out, ContainsSubstring("CHECK( n.load() == 2 )"));
}

TEST_CASE("Catch2: a SECTION in a run is an error that says so") {
  const auto r = catch2({"has sections"});
  CHECK(failed(r));
  CHECK_THAT(r.out, ContainsSubstring("SECTION in a run: ") &&
                        ContainsSubstring("adapters/catch2_program.cpp:"));
}

TEST_CASE("Catch2: an assertion that waits can be cancelled, and one that throws is told") {
  CHECK(catch2({"requires in an expression that waits"}).code == 0);
  const auto r = catch2({"throws in an assertion"});
  CHECK(failed(r));
  CHECK_THAT(r.out, ContainsSubstring("an exception was thrown: boom"));
}

TEST_CASE("Catch2: a property shrinks, and its token repeats it") {
  const auto r = catch2({"sum"});
  CHECK(failed(r));
  CHECK_THAT(r.out, ContainsSubstring("with [1ns, 1ns]") && ContainsSubstring("1 == 2"));
  const std::string token = word_after(r.err, "REPRISE_REPLAY=");
  const auto again = catch2({"sum"}, {"REPRISE_REPLAY=" + token});
  CHECK(failed(again));
  CHECK_THAT(again.out,
             ContainsSubstring("after 1 case, 1 runs") && ContainsSubstring("with [1ns, 1ns]"));
}

TEST_CASE("Catch2: a report and an exploration in CHECK say how to repeat them") {
  const auto r = catch2({"plain and failing"});
  CHECK(failed(r));
  CHECK_THAT(r.out, ContainsSubstring("a seven") && ContainsSubstring("REPRISE_REPLAY=rp1_"));
}

TEST_CASE("Catch2: --rng-seed moves the seeds that are tried") {
  const auto usual = catch2({"checks"});
  const auto same = catch2({"checks", "--rng-seed", "0"});
  const auto moved = catch2({"checks", "--rng-seed", "12345"});
  CHECK(same.err == usual.err);
  CHECK(failed(moved));
  CHECK(moved.err != usual.err);
}

/// The command that `out` ends in, in a shell.
[[maybe_unused]] static support::child_result pasted(const std::string& out) {
  const std::size_t begin = out.find("replay: ") + 8;
  return support::run_child("/bin/sh", {"-c", out.substr(begin, out.find('\n', begin) - begin)});
}

#if REPRISE_HAVE_GTEST
TEST_CASE("GoogleTest: assertions fail the run, properties shrink, tokens repeat") {
  CHECK(tests_of(REPRISE_GTEST_TESTS, {"--gtest_filter=counter.holds"}).code == 0);
  for (const std::string name : {"counter.asserts", "counter.expects"}) {
    const auto r = tests_of(REPRISE_GTEST_TESTS, {"--gtest_filter=" + name});
    INFO(r.out);
    CHECK(r.code == 1);
    CHECK_THAT(r.out, ContainsSubstring("count_twice()") &&
                          ContainsSubstring("gtest_program.cpp:") &&
                          ContainsSubstring("1 preemption\n"));
    const std::string replay = "REPRISE_REPLAY=" + word_after(r.out, "REPRISE_REPLAY=");
    const auto again = tests_of(REPRISE_GTEST_TESTS, {"--gtest_filter=" + name}, {replay});
    CHECK(again.code == 1);
    CHECK_THAT(again.out, ContainsSubstring("failed again"));
    CHECK_THAT(pasted(r.out).out, ContainsSubstring("failed again") && ContainsSubstring(name));
    CHECK_THAT(tests_of(REPRISE_GTEST_TESTS, {"--gtest_filter=counter.holds"}, {replay}).out,
               ContainsSubstring("SKIPPED"));
  }
  CHECK_THAT(tests_of(REPRISE_GTEST_TESTS, {"--gtest_filter=gather.sum"}).out,
             ContainsSubstring("with [1ns, 1ns]"));
}
#endif

#if REPRISE_HAVE_DOCTEST
TEST_CASE("doctest: a failure is told once, properties shrink, tokens repeat") {
  CHECK(tests_of(REPRISE_DOCTEST_TESTS, {"--test-case=holds"}).code == 0);
  const auto r = tests_of(REPRISE_DOCTEST_TESTS, {"--test-case=loses"});
  CHECK(r.code == 1);
  CHECK_THAT(r.out, ContainsSubstring("1 of 2") && ContainsSubstring("doctest_program.cpp:"));
  const auto again = tests_of(REPRISE_DOCTEST_TESTS, {"--test-case=loses"},
                              {"REPRISE_REPLAY=" + word_after(r.out, "REPRISE_REPLAY=")});
  CHECK(again.code == 1);
  CHECK_THAT(again.out, ContainsSubstring("failed again"));
  CHECK_THAT(pasted(r.out).out, ContainsSubstring("failed again"));
  CHECK_THAT(tests_of(REPRISE_DOCTEST_TESTS, {"--test-case=sum"}).out,
             ContainsSubstring("with [1ns, 1ns]"));
}
#endif
