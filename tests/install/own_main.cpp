// A program with a main() of its own, a unit test perhaps: it links the library alone.
#include <reprise/reprise.hpp>

#include <cstdio>

int main() {
  using namespace std::chrono_literals;
  const auto report = reprise::run(7, [] {
    auto sleeper = reprise::spawn([] { reprise::sleep_for(1s); });
    reprise::expect_elapsed(1s, [&] { sleeper.get(); });
  });
  std::puts(report ? "ok" : "failed");
  return report ? 0 : 1;
}
