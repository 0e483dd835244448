// What a schedule of a search costs in memory once it is warm: nothing.

#include <reprise/core.hpp>
#include <reprise/replay/explore.hpp>

#include "support/catch2.hpp"

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <new>

// The sanitizers have operators of their own, and must keep them.
#if defined(__SANITIZE_ADDRESS__)
#define COUNTED 0
#elif defined(__has_feature)
#define COUNTED !__has_feature(address_sanitizer)
#else
#define COUNTED 1
#endif

namespace {
std::uint64_t allocations = 0;
}

#if COUNTED
void* operator new(std::size_t size) {
  ++allocations;
  if (void* block = std::malloc(size)) return block;
  throw std::bad_alloc();
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
#endif

using namespace reprise;

namespace {

void increments() {
  atomic<int> n{0};
  mutex m;
  shared<int> k{0};
  const auto add = [&] {
    for (int i = 0; i < 3; ++i) n.fetch_add(1);
    m.lock();
    ++k;
    m.unlock();
  };
  auto a = spawn(add);
  auto b = spawn(add);
  a.join();
  b.join();
  gather(std::cref(add), std::cref(add));
}

std::uint64_t allocations_of(const strategy& s, std::uint64_t runs, detectors detect) {
  const std::uint64_t before = allocations;
  CHECK(explore({.schedule = s, .runs = runs, .detect = detect}, increments));
  return allocations - before;
}

}  // namespace

TEST_CASE("a schedule costs no allocation once the search is warm") {
  for (const detectors detect : {detectors{}, detectors::none()}) {
    for (const strategy& s : {random_walk(), pct(3), pos(), surw(), delay_bounded(),
                              preemption_bounded(), starvation(), portfolio()}) {
      INFO(s.to_string());
      static_cast<void>(allocations_of(s, 2000, detect));  // its memory grows to what it needs
      const std::uint64_t few = allocations_of(s, 100, detect);
      const std::uint64_t many = allocations_of(s, 1100, detect);
      CHECK(many == few);
    }
  }
}
