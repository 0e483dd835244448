// The stacks themselves, through private headers.

#include "stack_pool.hpp"
#include "engine.hpp"

#include "support/run.hpp"

#include <barrier>
#include <csetjmp>
#include <csignal>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

using reprise::detail::guard_kind;
using reprise::detail::stack_pool;
using reprise::detail::stack_slot;

namespace {

sigjmp_buf back;
void on_fault(int) { siglongjmp(back, 1); }

/// Whether a write to `address` is caught by the processor.
__attribute__((no_sanitize("address"))) bool faults(char* address) {
  struct sigaction action {};
  struct sigaction before_segv, before_bus;
  action.sa_handler = on_fault;
  sigaction(SIGSEGV, &action, &before_segv);
  sigaction(SIGBUS, &action, &before_bus);
  volatile bool caught = true;
  if (sigsetjmp(back, 1) == 0) {
    *const_cast<volatile char*>(address) = 1;
    caught = false;
  }
  sigaction(SIGSEGV, &before_segv, nullptr);
  sigaction(SIGBUS, &before_bus, nullptr);
  return caught;
}

}  // namespace

TEST_CASE("stacks have the size that was asked for, rounded up, and do not overlap") {
  stack_pool pool;
  std::set<char*> bases;
  for (const std::size_t size : {1u, 16384u, 16385u, 100000u, 262144u, 1048576u}) {
    for (int i = 0; i < 40; ++i) {
      stack_slot& s = pool.take(size);
      CHECK(s.size() >= size);
      CHECK(s.size() >= stack_pool::least_size);
      CHECK((s.size() & (s.size() - 1)) == 0);
      CHECK(s.top() > s.base);
      CHECK(s.top() <= s.base + s.size());
      CHECK(reinterpret_cast<std::uintptr_t>(s.top()) % 16 == 0);
      CHECK(bases.insert(s.base).second);
      s.top()[-1] = 1;
      const auto after = bases.upper_bound(s.base);
      if (after != bases.end()) CHECK(s.base + s.size() <= *after);
    }
  }
}

TEST_CASE("a stack that was given back is the next one taken, warm") {
  stack_pool pool;
  stack_slot& a = pool.take(stack_pool::default_size);
  stack_slot& b = pool.take(stack_pool::default_size);
  CHECK(&a != &b);
  pool.give_back(a);
  pool.give_back(b);
  CHECK(&pool.take(stack_pool::default_size) == &b);
  CHECK(&pool.take(stack_pool::default_size) == &a);
  // Not for another size.
  pool.give_back(a);
  CHECK(&pool.take(2 * stack_pool::default_size) != &a);
}

TEST_CASE("a guard page catches a write below the stack, by either way of making one") {
  for (const auto kind : {guard_kind::install, guard_kind::protect}) {
    stack_pool pool;
    pool.prefer(kind);
    for (int i = 0; i < 20; ++i) {
      stack_slot& s = pool.take(stack_pool::default_size);
      if (s.guard == guard_kind::canary) continue;  // the kernel has neither
      if (kind == guard_kind::protect) CHECK(s.guard == guard_kind::protect);
      CHECK(s.canary() == nullptr);
      CHECK(faults(s.base));
      CHECK(faults(s.base + 4095));
      CHECK_FALSE(faults(s.base + 4096));
      CHECK_FALSE(s.overrun());
      CHECK(pool.guard_at(s.base + 100) == &s);
      CHECK(pool.guard_at(s.base + 4096) == nullptr);
      CHECK(s.guards(s.base));
      CHECK_FALSE(s.guards(s.base - 1));
    }
    int elsewhere = 0;
    CHECK(pool.guard_at(&elsewhere) == nullptr);
  }
}

TEST_CASE("a canary shows a write below the stack, and is whole again for the next one") {
  stack_pool pool;
  pool.prefer(guard_kind::canary);
  std::vector<stack_slot*> all;
  for (int i = 0; i < 40; ++i) all.push_back(&pool.take(stack_pool::default_size));
  for (stack_slot* s : all) {
    REQUIRE(s->canary());
    CHECK(s->guard == guard_kind::canary);
    CHECK_FALSE(s->overrun());
    // At the very end of the stack, or just below it.
    CHECK(reinterpret_cast<char*>(s->canary()) <= s->base);
    CHECK(reinterpret_cast<char*>(s->canary()) >= s->base - 8);
  }
  for (stack_slot* s : all) {
    // Using all of a stack leaves its neighbours' canaries alone.
    std::memset(s->base + 8, 0x5a, static_cast<std::size_t>(s->top() - s->base) - 8);
    for (stack_slot* other : all) CHECK_FALSE(other->overrun());
  }
  *all[7]->canary() = 0;
  CHECK(all[7]->overrun());
  CHECK_FALSE(all[6]->overrun());
  pool.give_back(*all[7]);
  CHECK_FALSE(pool.take(stack_pool::default_size).overrun());
}

TEST_CASE("a stack of an impossible size is bad_alloc") {
  stack_pool pool;
  CHECK_THROWS_AS(pool.take(std::size_t{1} << 47), std::bad_alloc);
  CHECK_THROWS_AS(pool.take(~std::size_t{0}), std::bad_alloc);
  pool.take(stack_pool::default_size);
}

namespace {

/// As a frame that reached below its stack would.
void overrun() {
  const auto& e = *reprise::detail::engine::running();
  std::uint64_t* const canary = e.current_fiber()->stack->canary();
  REQUIRE(canary);
  *canary = 0;
}

}  // namespace

TEST_CASE(
    "with canaries an overrun is found when its fiber is left: at a wait, at its end, at a "
    "generator's yield") {
  using namespace reprise;
  using namespace std::chrono_literals;
  std::vector<report> reports;
  // In a thread whose engine is new: those of the threads that have ended are all taken.
  constexpr int threads = 32;
  std::barrier taken(threads + 1);
  std::barrier done(threads + 1);
  std::vector<std::jthread> others;
  for (int i = 0; i < threads; ++i) {
    others.emplace_back([&] {
      static_cast<void>(detail::engine::of_thread());
      taken.arrive_and_wait();
      done.arrive_and_wait();
    });
  }
  taken.arrive_and_wait();
  std::thread([&reports] {
    detail::engine::of_thread().stacks().prefer(guard_kind::canary);
    const auto add = [&reports](auto body) { reports.push_back(run(0, body)); };
    add([] {
      spawn("digger", [] {
        overrun();
        sleep_for(1s);
      }).join();
    });
    add([] { spawn("digger", [] { overrun(); }).join(); });
    add([] {
      for (int i : generator<int>([](auto give) {
             overrun();
             give(1);
           }))
        static_cast<void>(i);
    });
    add([] {
      for (int i : generator<int>([](auto) { overrun(); })) static_cast<void>(i);
    });
    add([] {
      offload([] {
        overrun();
        spend(1s);
      });
    });
    add([] { offload([] { overrun(); }); });
    add([] {
      call_soon([] { overrun(); });
      sleep_for(1s);
    });
    reports.push_back(run(0, [] { gather([] { sleep_for(1s); }, [] { yield(); }); }));
    detail::engine::of_thread().stacks().prefer(
        guard_kind::install);  // the next thread inherits the pool
  }).join();
  done.arrive_and_wait();
  const report fine = std::move(reports.back());
  reports.pop_back();
  support::check_passed(fine);
  int n = 0;
  for (const report& r : reports) {
    INFO("case " << n++ << ": " << r.what);
    CHECK(r.result == verdict::crashed);
    CHECK_THAT(r.what, Catch::Matchers::ContainsSubstring("stack overflow"));
  }
}
