// The same two functions, one after the other and at once: the sum of their times against the
// longest.

#include "traced.hpp"

#include <reprise/reprise.hpp>

using namespace std::chrono_literals;

namespace {

constexpr gallery::traced say_hello("say_hello", [] {
  reprise::sleep_for(1s);
  reprise::log("Hello");
});

constexpr gallery::traced say_world("say_world", [] {
  reprise::sleep_for(1s);
  reprise::log("World");
});

}  // namespace

REPRISE_SCENARIO("hello_world_sequential", "one after the other: two seconds") {
  reprise::note("start", "fn", "main");
  reprise::expect_elapsed(2s, [] {
    say_hello();
    say_world();
  });
  reprise::note("done", "fn", "main");
}

REPRISE_SCENARIO("hello_world_gather", "at once: one second") {
  reprise::note("start", "fn", "main");
  reprise::expect_elapsed(1s, [] { reprise::gather(say_hello, say_world); });
  reprise::note("done", "fn", "main");
}
