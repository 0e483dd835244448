// What run.sh runs under TSan, ASan, valgrind and gdb, and in an ordinary build to compare with.
//
//   annotated threads [SEEDS]    two OS threads run the same seeds at once; nothing may be reported
//   annotated race               tasks on two OS threads write one plain integer: TSan must say so
//   annotated uninitialised      a task branches on what it never wrote: valgrind must say so
//   annotated overflow [WHERE]   a stack overflow, and a run after it; prints the verdicts
//   annotated stop [WHERE]       calls stop_here() in each place, for a breakpoint
//   annotated many N             N tasks that all have a stack at once

#include <reprise/core.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace reprise;

namespace {

// ---------------------------------------------------------------- places to be in

/// Runs `f` in one kind of flow after the other, or in one alone.
struct place {
  std::string_view name;
  void (*enter)(void (*f)());
};

co_task<> as_coroutine(void (*f)()) {
  co_await co::sleep_for(1s);
  f();
}
co_task<> on_borrowed_stack(void (*f)()) {
  co_await co::sleep_for(1s);
  co_await co::call([f] {
    sleep_for(1s);
    f();
  });
}

constexpr std::array places{
    place{"task",
          [](void (*f)()) {
            spawn("a task", [f] {
              sleep_for(1s);
              f();
            }).get();
          }},
    place{"coroutine", [](void (*f)()) { spawn("a coroutine", as_coroutine(f)).get(); }},
    place{"borrowed", [](void (*f)()) { spawn("a borrower", on_borrowed_stack(f)).get(); }},
    place{"generator",
          [](void (*f)()) {
            for (int i : generator<int>([f](auto give) {
                   give(1);
                   f();
                 }))
              static_cast<void>(i);
          }},
    place{"job",
          [](void (*f)()) {
            offload([f] {
              sleep_for(1s);
              f();
            });
          }},
    place{"callback",
          [](void (*f)()) {
            call_later(1s, f);
            sleep_for(2s);
          }},
};

int in_places(std::string_view only, void (*f)()) {
  int entered = 0;
  for (const place& p : places) {
    if (!only.empty() && p.name != only) continue;
    ++entered;
    const report r = run(0, [&] { p.enter(f); });
    std::printf("%s: %s %s\n", std::string(p.name).c_str(), to_string(r.result), r.what.c_str());
    const report after = run(1, [] { sleep_for(1s); });  // the process goes on
    std::printf("  and then: %s\n", to_string(after.result));
  }
  std::fflush(stdout);
  return entered == 0 ? 2 : 0;
}

// ---------------------------------------------------------------- two OS threads

co_task<int> halve(int n) {
  co_await co::sleep_for(std::chrono::milliseconds(n));
  if (n <= 1) co_return 1;
  co_return 1 + co_await halve(n / 2);
}

/// A bit of everything that switches.
void workload() {
  mutex m;
  queue<int> q(2);
  int sum = 0;
  std::vector<task<void>> tasks;
  for (int i = 0; i < 4; ++i)
    tasks.push_back(spawn([&, i] {
      sleep_for(std::chrono::milliseconds(rng().randint(0, 3)));
      const std::scoped_lock lock(m);
      sum += i;
      yield();
      q.put(i);
    }));
  const auto reader = spawn([&] {
    for (int i = 0; i < 4; ++i) sum += q.get().value();
  });
  const auto halver = spawn(halve(9));
  const auto borrower = spawn([](mutex& held) -> co_task<int> {
    co_await co::sleep_for(1ms);
    const int n = co_await co::call([&] {
      const std::scoped_lock lock(held);
      sleep_for(1ms);
      return 3;
    });
    co_return n + co_await co::offload([] {
      sleep_for(1ms);
      return 4;
    });
  }(m));
  call_later(2ms, [&] { ++sum; });
  for (int i : generator<int>([](auto give) {
         for (int k = 0; k < 3; ++k) {
           sleep_for(1ms);
           give(k);
         }
       }))
    sum += i;
  sum += offload([] {
    spend(1ms);
    return 5;
  });
  try {
    spawn([]() -> void { throw std::runtime_error("caught across a switch"); }).get();
  } catch (const std::runtime_error&) {
    sleep_for(1ms);  // in the handler: the switch carries it
  }
  try {
    with_timeout(1ms, [] { sleep_for(1s); });
  } catch (const timed_out&) {
    ++sum;
  }
  for (auto& t : tasks) t.get();
  reader.get();
  sum += halver.get() + borrower.get();
  spawn([] { sleep_for(1h); });  // left over, and unwound by the teardown
  log("{}", sum);
}

std::vector<std::uint64_t> digests(std::uint64_t seeds) {
  std::vector<std::uint64_t> all;
  for (std::uint64_t seed = 0; seed < seeds; ++seed)
    for (const strategy& s : {fifo(), random_walk()}) {
      const report r = run(config{.seed = seed, .schedule = s}, workload);
      if (!r) std::fprintf(stderr, "seed %ju: %s\n", std::uintmax_t{seed}, r.what.c_str());
      all.push_back(r ? r.digest : 0);
    }
  return all;
}

int threads(std::uint64_t seeds) {
  // Two rounds: the engines of the first go to other OS threads in the second.
  for (int round = 0; round < 2; ++round) {
    std::vector<std::uint64_t> a;
    std::vector<std::uint64_t> b;
    std::thread first([&] { a = digests(seeds); });
    std::thread second([&] { b = digests(seeds); });
    first.join();
    second.join();
    bool same = a == b;
    for (const std::uint64_t d : a) same = same && d != 0;
    if (!same) {
      std::puts("the two OS threads' runs differ");
      return 1;
    }
  }
  std::printf("%ju runs on each of four OS threads, two at once: the same digests\n",
              std::uintmax_t{seeds * 2});
  return 0;
}

// ---------------------------------------------------------------- planted

int shared = 0;

[[gnu::noinline]] void write_shared() { ++shared; }

int race() {
  std::atomic<int> ready = 0;
  const auto body = [&] {
    static_cast<void>(run(0, [&] {
      spawn([&] {
        sleep_for(1s);
        // Both are in their runs, and from here on neither takes a lock that would order them.
        ready.fetch_add(1, std::memory_order_relaxed);
        while (ready.load(std::memory_order_relaxed) < 2) std::this_thread::yield();
        write_shared();
      }).get();
    }));
  };
  std::thread first(body);
  std::thread second(body);
  first.join();
  second.join();
  std::printf("shared is %d\n", shared);
  return 0;
}

[[gnu::noinline]] void look_at(volatile int* p) {
  if (*p == 42) std::puts("forty-two");
}

int uninitialised() {
  const report r = run(0, [] {
    spawn([] {
      volatile int never_written[8];
      sleep_for(1s);
      look_at(never_written + 3);
    }).get();
  });
  return r ? 0 : 1;
}

[[gnu::noinline]] int dig(int depth) {
  volatile char block[512];
  block[0] = static_cast<char>(depth);
  return depth < 0 ? 0 : dig(depth + 1) + block[0];
}

int many(int n) {
  const report r = run(0, [n] {
    for (int i = 0; i < n; ++i) spawn([] { sleep_for(1s); });
    sleep_for(2s);
  });
  std::printf("%s %s\n", to_string(r.result), r.what.c_str());
  return r ? 0 : 1;
}

}  // namespace

extern "C" void stop_here();
extern "C" [[gnu::noinline]] void stop_here() {
  static volatile int stopped = 0;
  stopped = stopped + 1;
}

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  const std::string_view more = argc > 2 ? argv[2] : "";
  const int n = more.empty() ? 0 : std::atoi(argv[2]);
  if (what == "threads") return threads(n > 0 ? static_cast<std::uint64_t>(n) : 100);
  if (what == "race") return race();
  if (what == "uninitialised") return uninitialised();
  if (what == "overflow") return in_places(more, [] { static_cast<void>(dig(0)); });
  if (what == "stop") return in_places(more, stop_here);
  if (what == "many") return many(n);
  std::fputs(
      "usage: annotated threads|race|uninitialised|overflow|stop|many [ARGUMENT]; see the source\n",
      stderr);
  return 2;
}
