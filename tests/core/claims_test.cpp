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
                 ContainsSubstring("1 s  Task-1    second"));
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

TEST_CASE("expect_elapsed allows what it is told to") {
  passes([] {
    expect_elapsed(2s, {.early = 1ms, .late = 5ms}, [] { sleep_for(2005ms); });
    expect_elapsed(2s, {.early = 1ms}, [] { sleep_for(1999ms); });
  });
  CHECK_THAT(
      run(0, [] { expect_elapsed(2s, {.early = 1ms, .late = 1ms}, [] { sleep_for(3s); }); }).what,
      StartsWith("expected to take 2 s ± 1 ms, took 3 s"));
  CHECK_THAT(run(0, [] { expect_elapsed(2s, {.late = 1s}, [] { sleep_for(1999ms); }); }).what,
             StartsWith("expected to take 2 s (- 0 s, + 1 s), took 1.999 s"));
}

TEST_CASE("an event may be meant by its fields and its task") {
  passes([] {
    spawn("other", [] { note("draw", "n", 1); }).get();
    note("draw", "n", 2, "text", "x");
    expect_order(
        {logged_event("draw").in("other"), logged_event("draw").with("n", 2).with("text", "x")});
    expect_before(logged_event("draw").with("n", 1), logged_event("draw").in("Task-1"));
  });
  const report r =
      run(0, [] { expect_order({logged_event("draw").with("n", 3).with("s", "x").in("other")}); });
  CHECK_THAT(r.what, StartsWith("expected \"draw\" n=3 s=\"x\" in other to happen; it did not"));
}

TEST_CASE("expect_before wants both, and the first before each second") {
  passes([] {
    log("a");
    log("b");
    log("a");
    expect_before("a", "b");
  });
  const auto what_of = [](auto... texts) {
    return run(0,
               [=] {
                 (log("{}", texts), ...);
                 expect_before("a", "b");
               })
        .what;
  };
  CHECK_THAT(what_of("b", "a"), StartsWith("expected \"a\" before \"b\", which happened at 0 s"));
  CHECK_THAT(what_of("a"), StartsWith("expected \"a\" before \"b\"; \"b\" did not happen"));
  CHECK_THAT(what_of(), StartsWith("expected \"a\" before \"b\"; \"a\" did not happen"));
  // One event is not before itself.
  CHECK_FALSE(run(0, [] {
    log("a");
    expect_before("a", "a");
  }));
}

TEST_CASE("expect_between wants each inside an opening and its closing") {
  const auto what_of = [](auto... texts) {
    return run(0,
               [=] {
                 (log("{}", texts), ...);
                 expect_between("x", "lock", "unlock");
               })
        .what;
  };
  CHECK(what_of("lock", "x", "y", "x", "unlock", "lock", "unlock", "lock", "x", "unlock").empty());
  CHECK_THAT(what_of("lock", "x", "unlock", "x", "lock"),
             ContainsSubstring("it happened outside of them, at 0 s"));
  CHECK_THAT(what_of("lock", "x"), ContainsSubstring("was followed by no \"unlock\""));
  CHECK_THAT(what_of("lock", "unlock"), ContainsSubstring("it did not happen"));
  passes([] {
    const auto work = [](int n) {
      note("lock", "n", n);
      yield();
      note("write", "n", n);
      yield();
      note("unlock", "n", n);
    };
    gather([&] { work(1); }, [&] { work(2); });
    for (const int n : {1, 2})
      expect_between(logged_event("write").with("n", n), logged_event("lock").with("n", n),
                     logged_event("unlock").with("n", n));
  });
}
