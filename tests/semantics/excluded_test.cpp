#include "semantics/scenarios.hpp"

#include <algorithm>
#include <array>
#include <set>

// What of the oracle's scenarios has no counterpart, and what happens here instead.

namespace semantics {

namespace {

struct exclusion {
  std::string_view name;
  std::string_view reason;
};

constexpr std::array excluded{
    exclusion{"lock_release_unlocked",
              "unlock neither throws nor suspends, since destructors call it: unlocking a free "
              "mutex fails the run"},
    exclusion{
        "coroutine_never_awaited",
        "a callable that is not called is nothing in C++, and a coroutine's type is [[nodiscard]]"},
};

}  // namespace

TEST_CASE("every scenario of the oracle is a test here, or excluded with a reason", "[semantics]") {
  std::multiset<std::string> mine;
  for (const auto* s : scenarios()) mine.insert(std::string(s->name));
  for (const auto& e : excluded) mine.insert(std::string(e.name));
  std::multiset<std::string> theirs;
  for (const auto& name : golden_names()) theirs.insert(name);
  CHECK(theirs.size() == 153);
  CHECK(mine == theirs);
}

TEST_CASE("unlocking a free mutex fails the run, and says so", "[semantics]") {
  const auto report = run(0, [] { mutex().unlock(); });
  CHECK(report.result == verdict::failed);
  CHECK_THAT(report.what, Catch::Matchers::ContainsSubstring("nobody holds it"));
}

TEST_CASE("releasing a bounded semaphore too often fails the run, and says so", "[semantics]") {
  const auto report = run(0, [] {
    semaphore s(1, 1);
    s.acquire();
    s.release();
    s.release();
  });
  CHECK(report.result == verdict::failed);
  CHECK_THAT(report.what, Catch::Matchers::ContainsSubstring("released too many times"));
}

TEST_CASE("a failure that nobody looks at is in the report", "[semantics]") {
  const auto report = run(0, [] {
    spawn(boomer("a", 1s));
    sleep_for(2s);
  });
  CHECK(report.result == verdict::failed);
  CHECK_THAT(report.what, Catch::Matchers::ContainsSubstring("nobody looked at it"));
}

TEST_CASE("a failure in a callback is in the report", "[semantics]") {
  const auto report = run(0, [] {
    call_soon([] { throw key_error("k"); });
    sleep_for(1s);
  });
  CHECK(report.result == verdict::failed);
  CHECK_THAT(report.what, Catch::Matchers::ContainsSubstring("callback"));
}

}  // namespace semantics
