#include "support/run.hpp"

#include <string>
#include <vector>

using namespace reprise;
using namespace support;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

TEST_CASE("an expectation that holds does nothing") {
  passes([] {
    expect(true);
    expect(true, "never {}", 1);
    expect_elapsed(0s, [] {});
    expect_order({});
  });
}

TEST_CASE("a failed expectation says what, where in the source, in which task and when") {
  int line = 0;
  const report r = run(0, [&] {
    spawn("checker", [&] {
      sleep_for(1500ms);
      line = __LINE__ + 1;
      expect(2 < 1, "{} is not below {}", 2, 1);
    }).get();
  });
  CHECK(r.result == verdict::failed);
  CHECK_THAT(r.what, StartsWith("2 is not below 1\n") &&
                         ContainsSubstring("claims_test.cpp:" + std::to_string(line)) &&
                         ContainsSubstring("checker") && ContainsSubstring("1.5 s"));
  const report bare = run(0, [&] {
    line = __LINE__ + 1;
    expect(false);
  });
  CHECK_THAT(bare.what, ContainsSubstring("does not hold") &&
                            ContainsSubstring("claims_test.cpp:" + std::to_string(line)));
}

TEST_CASE("fail says its text and its place") {
  const report r = run(0, [] { fail("lost {} of {}", 1, 2); });
  CHECK(r.result == verdict::failed);
  CHECK_THAT(r.what, StartsWith("lost 1 of 2\n") && ContainsSubstring("claims_test.cpp:"));
}

TEST_CASE(
    "elapsed is exact virtual time: a sequence takes the sum, a gather as long as its slowest") {
  passes([] {
    CHECK(elapsed([] {
            sleep_for(1s);
            sleep_for(2s);
          }) == 3s);
    CHECK(elapsed([] { gather([] { sleep_for(1s); }, [] { sleep_for(2s); }); }) == 2s);
    CHECK(elapsed([] { sleep_for(1ns); }) == 1ns);
    CHECK(elapsed([] {}) == 0s);
  });
}

TEST_CASE("expect_elapsed says how long it should have taken, and how long it took") {
  passes([] { expect_elapsed(1500ms, [] { sleep_for(1.5s); }); });
  const report r = run(0, [] { expect_elapsed(2s, [] { sleep_for(1500ms); }); });
  CHECK(r.result == verdict::failed);
  CHECK_THAT(r.what, StartsWith("expected to take 2 s, took 1.5 s") &&
                         ContainsSubstring("claims_test.cpp:"));
  CHECK(run(0, [] { expect_elapsed(1s, [] { sleep_for(1s + 1ns); }); }).result == verdict::failed);
}

TEST_CASE("expect_order allows others between, and wants the order") {
  passes([] {
    log("a");
    log("b");
    log("x");
    note("c", "n", 1);
    log("a");
    expect_order({"a", "b", "c"});
    expect_order({"a", "c", "a"});
    expect_order(std::vector<std::string>{"b", "x"});
    expect_order({"x"});
  });
}

TEST_CASE("expect_order names the event that is missing, after which, and shows what there was") {
  const report wrong = run(0, [] {
    log("first");
    sleep_for(1s);
    log("second");
    expect_order({"second", "first"});
  });
  CHECK(wrong.result == verdict::failed);
  CHECK_THAT(wrong.what,
             StartsWith("expected \"first\" after \"second\"; it happened only before") &&
                 ContainsSubstring("1 s  second"));
  const report never = run(0, [] {
    log("a");
    expect_order({"z"});
  });
  CHECK_THAT(never.what, StartsWith("expected \"z\" to happen; it did not"));
  const report none = run(0, [] { expect_order({"z"}); });
  CHECK_THAT(none.what, ContainsSubstring("there were no events"));
  const report twice = run(0, [] {
    log("a");
    expect_order({"a", "a"});
  });
  CHECK(twice.result == verdict::failed);
}
