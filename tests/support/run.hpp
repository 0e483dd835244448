#pragma once

// What the tests of runs share: a short way to say that a run passed, and what it logged.

#include "support/catch2.hpp"

#include <reprise/core.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace Catch {
template <>
struct StringMaker<reprise::verdict> {
  static std::string convert(reprise::verdict v) { return reprise::to_string(v); }
};
template <>
struct StringMaker<reprise::duration> {
  static std::string convert(reprise::duration d) { return reprise::format_duration(d); }
};
}  // namespace Catch

namespace support {

using namespace std::chrono_literals;

/// The virtual time of the run that we are in.
inline reprise::duration now() { return reprise::virtual_clock::now().time_since_epoch(); }

/// Checks that the run passed, and shows why it did not.
inline void check_passed(const reprise::report& r) {
  INFO(r.what);
  CHECK(r.result == reprise::verdict::passed);
}

/// Runs `body` under fifo() and checks that it passed.
template <class F>
reprise::report passes(F&& body, std::uint64_t seed = 0) {
  // A wrong scheduler would hang: the limit makes it a failure.
  reprise::report r = reprise::run({.seed = seed, .step_limit = 1'000'000}, std::forward<F>(body));
  check_passed(r);
  return r;
}

/// The texts of the user's logs, in order, with a blank between them.
inline std::string logged(const reprise::report& r) {
  std::string all;
  for (const auto& event : r.events) {
    if (!event.user) continue;
    if (!all.empty()) all += ' ';
    all += event.name == "log" ? event.text : event.name;
  }
  return all;
}

/// Checks that `f` throws an `E`, and returns its text.
template <class E, class F>
std::string text_of(F&& f) {
  try {
    f();
  } catch (const E& e) {
    return e.what();
  }
  FAIL("nothing was thrown");
  return {};
}

/// Counts what is alive.
struct counted {
  static inline int alive = 0;
  counted() { ++alive; }
  counted(const counted&) { ++alive; }
  counted(counted&&) noexcept { ++alive; }
  counted& operator=(const counted&) = default;
  counted& operator=(counted&&) = default;
  ~counted() { --alive; }
};

/// Calls a function at the end of its scope, as cleanup code does.
template <class F>
class at_exit {
public:
  explicit at_exit(F f) : f_(std::move(f)) {}
  at_exit(const at_exit&) = delete;
  at_exit& operator=(const at_exit&) = delete;
  ~at_exit() { f_(); }

private:
  F f_;
};

}  // namespace support
