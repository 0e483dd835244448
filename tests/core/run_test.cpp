#include "support/run.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace reprise;
using namespace support;
using Catch::Matchers::ContainsSubstring;

// ---------------------------------------------------------------- verdicts

TEST_CASE("a run that ends well passes, with its elapsed time, its seed and a token") {
  const report r = run(7, [] { sleep_for(1500ms); });
  CHECK(r);
  CHECK(r.result == verdict::passed);
  CHECK(r.elapsed == 1500ms);
  CHECK(r.seed == 7);
  CHECK(r.tasks == 1);
  CHECK(r.what.empty());
  CHECK_THAT(r.token, Catch::Matchers::StartsWith("rp1_"));
}

TEST_CASE("an exception out of the body fails the run and is named") {
  const report r = run(0, [] {
    sleep_for(2s);
    throw std::runtime_error("boom");
  });
  CHECK(r.result == verdict::failed);
  CHECK_FALSE(r);
  CHECK_THAT(r.what, ContainsSubstring("std::runtime_error: boom") && ContainsSubstring("Task-1") &&
                         ContainsSubstring("2 s"));
  const report odd = run(0, [] { throw 42; });
  CHECK(odd.result == verdict::failed);
  CHECK_THAT(odd.what, ContainsSubstring("int"));
}

TEST_CASE("a root that is cancelled fails the run") {
  const report r = run(0, [] {
    current_task().cancel();
    yield();
  });
  CHECK(r.result == verdict::failed);
  CHECK_THAT(r.what, ContainsSubstring("cancelled"));
}

TEST_CASE("the body runs exactly once, and is destroyed with the run") {
  int times = 0;
  passes([&times, c = counted()] { ++times; });
  CHECK(times == 1);
  CHECK(counted::alive == 0);
  run(0, [c = counted()] { throw 1; });
  CHECK(counted::alive == 0);
}

TEST_CASE("a body may be move-only") {
  passes([p = std::make_unique<int>(3)] { CHECK(*p == 3); });
}

TEST_CASE("a task that fails and that nobody looks at fails the run, at its end") {
  bool went_on = false;
  const report r = run(0, [&] {
    spawn("lonely", [] { throw std::runtime_error("orphan"); });
    sleep_for(1s);
    went_on = true;
  });
  CHECK(went_on);
  CHECK(r.result == verdict::failed);
  CHECK_THAT(r.what, ContainsSubstring("lonely") && ContainsSubstring("orphan") &&
                         ContainsSubstring("nobody"));
}

TEST_CASE(
    "get, exception, gather, gather_all, wait for the first failure and shield collect a failure; "
    "join and wait do not") {
  const auto with = [](auto collect) {
    return run(0,
               [collect] {
                 auto t = spawn([] { throw std::runtime_error("x"); });
                 collect(t);
                 sleep_for(1s);
               })
        .result;
  };
  using handle = task<>;
  CHECK(with([](handle t) { CHECK_THROWS_AS(t.get(), std::runtime_error); }) == verdict::passed);
  CHECK(with([](handle t) {
          yield();
          CHECK(t.exception());
        }) == verdict::passed);
  CHECK(with([](handle t) { CHECK_THROWS_AS(gather(t), std::runtime_error); }) == verdict::passed);
  CHECK(with([](handle t) { gather_all(t); }) == verdict::passed);
  CHECK(with([](handle t) { wait(std::vector{t}, until::first_failed); }) == verdict::passed);
  CHECK(with([](handle t) { CHECK_THROWS_AS(shield(t), std::runtime_error); }) == verdict::passed);
  CHECK(with([](handle t) { t.join(); }) == verdict::failed);
  CHECK(with([](handle t) { wait(std::vector{t}); }) == verdict::failed);
}

TEST_CASE("a gather looks at siblings that fail after the first failure") {
  CHECK(run(0, [] {
          auto first = spawn([] { throw std::runtime_error("first"); });
          auto late = spawn([] {
            sleep_for(1s);
            throw std::runtime_error("late");
          });
          CHECK_THROWS_WITH(gather(first, late), "first");
          sleep_for(2s);
        }).result == verdict::passed);
}

// ---------------------------------------------------------------- the end of a run

TEST_CASE("leftovers are cancelled in the order of their making, and unwound") {
  const report r = passes([] {
    for (int i = 0; i < 4; ++i)
      spawn([i] {
        const at_exit out([i] { log("out{}", i); });
        try {
          sleep_for(1h);
        } catch (const cancelled&) {
          log("cancelled{}", i);
          throw;
        }
      });
    yield();
  });
  CHECK(logged(r) == "cancelled0 out0 cancelled1 out1 cancelled2 out2 cancelled3 out3");
  CHECK(r.elapsed == 0s);
}

TEST_CASE("a leftover that has not started never runs, and drops what it captured") {
  bool ran = false;
  passes([&ran] {
    // Made in the root's last turn but one: the next turn is the last, so it starts there; one made
    // there does not.
    call_soon([&ran] { call_soon([&ran] { spawn([&ran, c = counted()] { ran = true; }); }); });
    yield();
  });
  CHECK_FALSE(ran);
  CHECK(counted::alive == 0);
}

TEST_CASE("a leftover's cleanup may sleep, and elapsed is when the last one has unwound") {
  const report r = passes([] {
    spawn([] {
      try {
        sleep_for(1h);
      } catch (const cancelled&) {
        sleep_for(3s);
        log("cleaned");
        throw;
      }
    });
    sleep_for(1s);
  });
  CHECK(logged(r) == "cleaned");
  CHECK(r.elapsed == 4s);
}

TEST_CASE("a leftover that fails in its cleanup fails the run") {
  const report r = run(0, [] {
    spawn([] {
      try {
        sleep_for(1h);
      } catch (const cancelled&) {
        throw std::runtime_error("cleanup broke");
      }
    });
    yield();
  });
  CHECK(r.result == verdict::failed);
  CHECK_THAT(r.what, ContainsSubstring("cleanup broke"));
}

TEST_CASE("leftovers are ended also when another fails in the root's last turn") {
  // The end of the root, queued, must not end the teardown before its time.
  std::string seen;
  const report r = run(0, [&seen] {
    spawn([] {
      yield();
      fail("in the last turn");
    });
    spawn([&seen] {
      try {
        sleep_for(1h);
      } catch (const cancelled&) {
        sleep_for(1s);
        seen += "cleaned";
        throw;
      }
    });
    yield();
  });
  CHECK(r.result == verdict::failed);
  CHECK_THAT(r.what, ContainsSubstring("in the last turn"));
  CHECK(seen == "cleaned");
  CHECK(r.elapsed == 1s);
}

TEST_CASE("leftovers that wait for one another are all ended") {
  struct shared_state {
    mutex m;
    event never;
  };
  passes([] {
    const auto s = std::make_shared<shared_state>();
    auto a = spawn([s] {
      const std::scoped_lock lock(s->m);
      try {
        sleep_for(1h);
      } catch (const cancelled&) {
        s->never.wait();  // cancelled once more
      }
    });
    spawn([s, a] {
      try {
        a.join();
      } catch (const cancelled&) {
        const std::scoped_lock lock(s->m);
      }
    });
    yield();
    yield();
  });
}

TEST_CASE("a cancellation swallowed at every turn is named, and the run ends") {
  const report r = run(0, [] {
    spawn("stubborn", [] {
      for (;;) {
        try {
          sleep_for(1s);
        } catch (const cancelled&) {
        }
      }
    });
    yield();
  });
  CHECK(r.result == verdict::failed);
  CHECK_THAT(r.what, ContainsSubstring("stubborn") && ContainsSubstring("swallowed"));
}

TEST_CASE("a task that swallows its unwinding is thrown at again, then left standing and named") {
  for (const bool in_a_generator : {false, true}) {
    int thrown = 0;
    const report r = run(0, [&thrown, in_a_generator] {
      spawn("immortal", [&thrown, in_a_generator] {
        const auto stay = [&thrown] {
          for (;;) {
            try {
              sleep_for(1s);
            } catch (...) {
              ++thrown;
            }
          }
        };
        if (in_a_generator) {
          for (int i : generator<int>([&](auto) { stay(); })) static_cast<void>(i);
        } else {
          stay();
        }
      });
      yield();
    });
    CHECK(r.result == verdict::failed);
    CHECK(thrown > 1);
    CHECK(thrown < 50);
    CHECK_THAT(r.what, ContainsSubstring("immortal") && ContainsSubstring("swallowed"));
    passes([] { sleep_for(1s); });  // and the next run is as if nothing had been
  }
}

TEST_CASE("forced unwinding goes youngest first and runs every destructor") {
  std::string order;
  const report r = run({.step_limit = 10'000}, [&order] {
    mutex m;  // in the root's frame: its children must be gone before it
    for (int i = 0; i < 3; ++i)
      spawn([&order, &m, i] {
        const at_exit out([&order, i] { order += std::to_string(i); });
        const std::scoped_lock lock(m);
        for (;;) {
          try {
            sleep_for(1s);
          } catch (const cancelled&) {
          }
        }
      });
    const at_exit out([&order] { order += "root"; });
    for (;;) {
      try {
        sleep_for(1s);
      } catch (const cancelled&) {
      }
    }
  });
  CHECK(r.result == verdict::step_limit);
  // Children 1 and 2 waited for the lock, so their cancellation was heard; 0 and the root had to be
  // forced.
  CHECK(order == "120root");
}

TEST_CASE(
    "a time limit, a step limit and a deadlock end the run, and the leftovers as at its end") {
  std::string seen;
  const auto body = [&seen](auto wait) {
    return [&seen, wait] {
      try {
        wait();
      } catch (const cancelled&) {
        sleep_for(1s);
        seen += "c";
        throw;
      }
    };
  };
  const report late = run({.time_limit = 10s}, body([] {
                            for (;;) sleep_for(3s);
                          }));
  CHECK(late.result == verdict::time_limit);
  CHECK(late.elapsed == 11s);
  CHECK_THAT(late.what, ContainsSubstring("10 s"));
  const report long_one = run({.step_limit = 100}, body([] {
                                for (;;) yield();
                              }));
  CHECK(long_one.result == verdict::step_limit);
  CHECK_THAT(long_one.what, ContainsSubstring("100"));
  CHECK(run(0, body([] { event().wait(); })).result == verdict::deadlock);
  CHECK(seen == "ccc");
}

TEST_CASE("a limit that is not reached is none, and a limit of nothing is none") {
  CHECK(run({.time_limit = 1s}, [] { sleep_for(1s); }).result == verdict::passed);
  CHECK(run({.time_limit = 1s}, [] { sleep_for(1s + 1ns); }).result == verdict::time_limit);
  CHECK(run({.time_limit = 0s, .step_limit = 0}, [] {
          sleep_for(1h);
          for (int i = 0; i < 10'000; ++i) yield();
        }).result == verdict::passed);
  CHECK(run({.time_limit = 1s}, [] { spend(2s); }).result == verdict::time_limit);
  const report two = run({.step_limit = 2}, [] { yield(); });
  CHECK(two.result == verdict::step_limit);  // start, goes on, stop
  CHECK(run({.step_limit = 3}, [] { yield(); }).result == verdict::passed);
}

TEST_CASE("two tasks that wait for each other's end are a deadlock, and can be ended") {
  const report r = run(0, [] {
    task<> a, b;
    a = spawn("left", [&] { b.get(); });
    b = spawn("right", [&] { a.get(); });
    a.join();
  });
  CHECK(r.result == verdict::deadlock);
  CHECK_THAT(r.what, ContainsSubstring("left") && ContainsSubstring("right"));
}

TEST_CASE("tasks that wait for each other through a gather can be cancelled") {
  const report r = run(0, [] {
    task<> a, b;
    a = spawn([&] { gather(b); });
    b = spawn([&] { a.get(); });
    yield();
    yield();
    a.cancel();
    sleep_for(1s);
    CHECK(a.done());
    CHECK(b.done());
  });
  check_passed(r);
}

TEST_CASE("a cancellation that is pending where a task closes a circle is thrown there") {
  const report joined = run(config{}, [] {
    task<> a, b;
    a = spawn([&] { b.join(); });
    b = spawn([&] {
      current_task().cancel();
      a.join();
    });
    for (int i = 0; i < 5; ++i) yield();
    expect(b.cancelled(), "it went on");
    expect(a.done(), "who joins it was not told");
  });
  CHECK((joined ? "" : joined.what) == "");
  const report gathered = run(config{}, [] {
    task<> b;
    b = spawn([&] {
      current_task().cancel();
      gather_all([&] { b.join(); });
    });
    for (int i = 0; i < 5; ++i) yield();
    expect(b.cancelled(), "it went on");
  });
  CHECK((gathered ? "" : gathered.what) == "");
}

TEST_CASE("a long chain of tasks that wait for one another can be cancelled") {
  passes([] {
    task<> last = spawn([] { sleep_for(1h); });
    for (int i = 0; i < 20'000; ++i)
      last = spawn(spawn_options{.stack_size = 16 * 1024}, [last] { last.get(); });
    sleep_for(1s);
    last.cancel();
    last.join();
    CHECK(last.cancelled());
  });
}

// ---------------------------------------------------------------- failing

TEST_CASE("a failed expectation ends the run, and no catch can swallow it") {
  bool caught = false, went_on = false;
  const report r = run(0, [&] {
    try {
      expect(1 + 1 == 3, "one and one is {}", 2);
      went_on = true;
    } catch (const std::exception&) {
      caught = true;
    }
    went_on = true;
  });
  CHECK(r.result == verdict::failed);
  CHECK_FALSE(caught);
  CHECK_FALSE(went_on);
  CHECK_THAT(r.what, ContainsSubstring("one and one is 2") && ContainsSubstring("run_test.cpp:") &&
                         ContainsSubstring("Task-1"));
  const report swallowed = run(0, [] {
    try {
      fail("for good");
    } catch (...) {
    }
  });
  CHECK(swallowed.result == verdict::failed);
  CHECK_THAT(swallowed.what, ContainsSubstring("for good"));
}

TEST_CASE("every frame stands when an expectation fails, and is unwound in the teardown") {
  std::string order;
  const report r = run(0, [&order] {
    int shared_by_all = 1;
    const at_exit root_out([&] {
      order += "root ";
      shared_by_all = 0;
    });
    gather(
        [&] {
          const at_exit out([&] { order += shared_by_all ? "sibling " : "dangling "; });
          sleep_for(1h);
        },
        [&] {
          const at_exit out([&] { order += shared_by_all ? "failing " : "dangling "; });
          sleep_for(1s);
          order += "fails ";
          fail("now");
        });
  });
  CHECK(r.result == verdict::failed);
  CHECK(order == "fails sibling failing root ");
}

TEST_CASE("the first failure counts") {
  const report r = run(0, [] {
    spawn([] {
      try {
        sleep_for(1h);
      } catch (const cancelled&) {
        fail("second");
      }
    });
    yield();
    fail("first");
  });
  CHECK(r.result == verdict::failed);
  CHECK_THAT(r.what, ContainsSubstring("first") && !ContainsSubstring("second"));
}

TEST_CASE("a frame that fails while it unwinds is left standing, and the report says so") {
  const report r = run(0, [] {
    try {
      const at_exit out([] { fail("in a destructor"); });
      throw std::runtime_error("unwinding");
    } catch (const std::runtime_error&) {
      log("never");
    }
  });
  CHECK(r.result == verdict::failed);
  CHECK_THAT(r.what, ContainsSubstring("in a destructor") && ContainsSubstring("left standing"));
  CHECK(logged(r).empty());
}

namespace {
// Not inline: g++ forgets that a function was noexcept when it inlines it, and unwinds it like any
// other.
[[gnu::noinline]] void fails_under_noexcept() noexcept { fail("under noexcept"); }
}  // namespace

TEST_CASE("a frame that fails under noexcept is left standing, and the report says so") {
  const report r = run(0, [] { fails_under_noexcept(); });
  CHECK(r.result == verdict::failed);
  CHECK_THAT(r.what, ContainsSubstring("under noexcept") && ContainsSubstring("left standing"));
  passes([] { sleep_for(1s); });
}

TEST_CASE("an expectation may fail in a callback") {
  for (const int how : {0, 1, 2}) {
    int unwound = 0;
    const report r = run(0, [&unwound, how] {
      const auto callback = [&unwound](auto&&...) {
        const at_exit out([&unwound] { ++unwound; });
        fail("in a callback");
      };
      if (how == 0) call_soon(callback);
      if (how == 1) call_later(1s, callback);
      if (how == 2) spawn([] {}).add_done_callback(callback);
      sleep_for(2s);
    });
    CHECK(r.result == verdict::failed);
    CHECK_THAT(r.what, ContainsSubstring("in a callback"));
    CHECK(unwound == 1);
    passes([] {
      call_soon([] { log("fine"); });
      yield();
    });
  }
}

TEST_CASE("an expectation may fail in an offloaded job, at once or after a while") {
  for (const bool at_once : {true, false}) {
    int unwound = 0;
    const report r = run(0, [&unwound, at_once] {
      offload([&unwound, at_once] {
        const at_exit out([&unwound] {
          log("unwinding");
          ++unwound;
        });
        if (!at_once) spend(1s);
        fail("in a job");
      });
    });
    CHECK(r.result == verdict::failed);
    CHECK_THAT(r.what, ContainsSubstring("in a job"));
    CHECK(unwound == 1);
    CHECK(logged(r) == "unwinding");
    passes([] { log("{}", 1); });
  }
}

TEST_CASE("an expectation may fail in a generator") {
  int unwound = 0;
  const report r = run(0, [&unwound] {
    const at_exit outer([&unwound] { ++unwound; });
    for (int i : generator<int>([&](auto give) {
           const at_exit out([&unwound] { ++unwound; });
           give(1);
           fail("in a generator");
         }))
      CHECK(i == 1);
  });
  CHECK(r.result == verdict::failed);
  CHECK(unwound == 2);
}

TEST_CASE("one that fails again and again while it is unwound is left standing") {
  for (const int where : {0, 1, 2}) {
    const report r = run(0, [where] {
      const auto stubborn = [] {
        for (;;) {
          try {
            fail("again");
          } catch (...) {
          }
        }
      };
      if (where == 0) spawn(stubborn);
      if (where == 1) call_soon(stubborn);
      if (where == 2) offload(stubborn);
      sleep_for(1s);
    });
    CHECK(r.result == verdict::failed);
    CHECK_THAT(r.what, ContainsSubstring("again"));
    passes([] {
      call_soon([] {});
      sleep_for(1s);
    });
  }
}

TEST_CASE("a job that swallows its unwinding is left standing") {
  const report r = run(0, [] { offload([] { fail("first"); }); });
  CHECK(r.result == verdict::failed);
  const report stays = run(0, [] {
    spawn([] {
      offload([] {
        for (;;) {
          try {
            sleep_for(std::chrono::duration<double>(1e30));
          } catch (...) {
          }
        }
      });
    });
    sleep_for(1s);
  });
  CHECK(stays.result == verdict::failed);
  CHECK_THAT(stays.what, ContainsSubstring("swallowed"));
  passes([] { sleep_for(1s); });
}

TEST_CASE("an exception out of a callback fails the run, which goes on") {
  bool went_on = false;
  const report r = run(0, [&] {
    call_soon([] { throw std::runtime_error("callback broke"); });
    sleep_for(1s);
    went_on = true;
  });
  CHECK(r.result == verdict::failed);
  CHECK_THAT(r.what, ContainsSubstring("callback broke"));
  CHECK(went_on);
  CHECK(run(0, [] {
          call_later(1s, [] { throw std::runtime_error("late"); });
          sleep_for(2s);
        }).result == verdict::failed);
}

namespace {

[[noreturn]] void throw_it(const char* what) { throw std::runtime_error(what); }

}  // namespace

TEST_CASE("std::terminate in a task is a crash of that run, and the process goes on") {
  const report r = run(0, [] {
    sleep_for(5s);
    spawn("doomed", []() noexcept { throw_it("through noexcept"); });
    try {
      sleep_for(1s);
    } catch (const cancelled&) {
      log("cancelled");
      throw;
    }
  });
  CHECK(r.result == verdict::crashed);
  CHECK_THAT(r.what, ContainsSubstring("doomed") && ContainsSubstring("through noexcept"));
  CHECK(logged(r) == "cancelled");
  const report root = run(0, [] {
    sleep_for(5s);
    std::terminate();
  });
  CHECK(root.result == verdict::crashed);
  CHECK(root.elapsed == 5s);
  passes([] { sleep_for(1s); });
}

TEST_CASE("a root that crashes ends its children as any end does") {
  std::string seen;
  const report r = run(0, [&seen] {
    spawn([&seen] {
      try {
        sleep_for(1h);
      } catch (const cancelled&) {
        sleep_for(1s);
        seen += "cleaned";
        throw;
      }
    });
    yield();
    std::terminate();
  });
  CHECK(r.result == verdict::crashed);
  CHECK(seen == "cleaned");
}

TEST_CASE("std::terminate in a callback, a job or a generator is a crash of that run") {
  CHECK(run(0, [] {
          call_soon([] { std::terminate(); });
          sleep_for(1s);
        }).result == verdict::crashed);
  CHECK(run(0, [] { offload([] { std::terminate(); }); }).result == verdict::crashed);
  CHECK(run(0, [] {
          for (int i : generator<int>([](auto) { std::terminate(); })) static_cast<void>(i);
        }).result == verdict::crashed);
  CHECK(run(0, [] {
          call_soon([] {
            for (int i : generator<int>([](auto) { std::terminate(); })) static_cast<void>(i);
          });
          sleep_for(1s);
        }).result == verdict::crashed);
  passes([] {
    call_soon([] {});
    CHECK(offload([] { return 1; }) == 1);
    for (int i : generator<int>([](auto give) { give(2); })) CHECK(i == 2);
  });
}

namespace {

[[gnu::noinline]] int dig(int depth) {
  volatile char block[512];
  block[0] = static_cast<char>(depth);
  return depth < 0 ? 0 : dig(depth + 1) + block[0];
}

}  // namespace

TEST_CASE("a stack overflow is a verdict that names the task, and the process goes on") {
  for (int i = 0; i < 3; ++i) {
    const report r = run(0, [] {
      spawn("digger", [] { static_cast<void>(dig(0)); });
      try {
        sleep_for(1s);
      } catch (const cancelled&) {
        log("cancelled");
        throw;
      }
    });
    CHECK(r.result == verdict::crashed);
    CHECK_THAT(r.what, ContainsSubstring("stack overflow") && ContainsSubstring("digger") &&
                           ContainsSubstring("256 KiB"));
    CHECK(logged(r) == "cancelled");
    passes([] { sleep_for(1s); });
  }
}

TEST_CASE("a stack overflow in a callback, a job or a generator is a verdict, too") {
  const auto overflow = [](auto&&...) { static_cast<void>(dig(0)); };
  CHECK(run(0, [&] {
          call_soon(overflow);
          sleep_for(1s);
        }).result == verdict::crashed);
  CHECK(run(0, [&] { offload(overflow); }).result == verdict::crashed);
  CHECK(run(0, [&] {
          for (int i : generator<int>(overflow)) static_cast<void>(i);
        }).result == verdict::crashed);
  passes([] { sleep_for(1s); });
}

namespace {

/// Goes down in small frames, as code does that meets its guard page.
[[gnu::noinline]] int go_down(std::size_t size, const char* top) {
  volatile char block[512];
  block[0] = 1;
  const auto* here = static_cast<const char*>(__builtin_frame_address(0));
  if (static_cast<std::size_t>(top - here) >= size) return block[0];
  return go_down(size, top) + block[0];
}

}  // namespace

TEST_CASE("a stack has the size that was asked for") {
  const auto needs = [](std::size_t size) {
    return [size] {
      static_cast<void>(go_down(size, static_cast<const char*>(__builtin_frame_address(0))));
    };
  };
  CHECK(run(0, needs(200 * 1024)).result == verdict::passed);
  CHECK(run({.stack_size = 1 << 20}, needs(900 * 1024)).result == verdict::passed);
  CHECK(run({.stack_size = 32 * 1024}, needs(200 * 1024)).result == verdict::crashed);
  CHECK(run({.stack_size = 32 * 1024}, [&] {
          spawn({.stack_size = 1 << 20}, needs(900 * 1024)).get();
        }).result == verdict::passed);
}

// ---------------------------------------------------------------- usage errors

TEST_CASE("a run inside a run is an error") {
  passes([] {
    CHECK_THROWS_AS(run(0, [] {}), error);
    CHECK_THAT(text_of<error>([] { run(0, [] {}); }), ContainsSubstring("inside a run"));
  });
}

TEST_CASE("a call outside a run throws no_simulation and names itself") {
  const auto names = [](const char* call, auto f) {
    CHECK_THAT(text_of<no_simulation>(f), ContainsSubstring(call));
  };
  names("sleep_for", [] { sleep_for(1s); });
  names("sleep_for", [] { sleep_for(0s); });
  names("sleep_until", [] { sleep_until(virtual_clock::time_point(1s)); });
  names("yield", [] { yield(); });
  names("spend", [] { spend(1s); });
  names("spawn", [] { spawn([] {}); });
  names("gather", [] { gather([] {}, [] {}); });
  names("gather", [] { gather(std::vector<std::function<void()>>{[] {}}); });
  names("gather_all", [] { gather_all([] {}); });
  names("with_timeout", [] { with_timeout(1s, [] {}); });
  names("with_task_group", [] { with_task_group([](task_group&) {}); });
  names("shield", [] { shield([] {}); });
  names("offload", [] { offload([] {}); });
  names("worker_pool", [] { worker_pool pool(1); });
  names("call_soon", [] { call_soon([] {}); });
  names("call_later", [] { call_later(1s, [] {}); });
  names("call_at", [] { call_at(virtual_clock::time_point(1s), [] {}); });
  names("virtual_clock::now", [] { static_cast<void>(virtual_clock::now()); });
  names("rng", [] { static_cast<void>(rng()); });
  names("choose", [] { static_cast<void>(choose("x", 2)); });
  names("log", [] { log("x"); });
  names("note", [] { note("x"); });
  names("expect", [] { expect(true); });
  names("fail", [] { fail("x"); });
  names("elapsed", [] { static_cast<void>(elapsed([] {})); });
  names("promise", [] { promise<int> p; });
  names("mutex::lock", [] { mutex().lock(); });
  names("mutex::try_lock", [] { static_cast<void>(mutex().try_lock()); });
  names("semaphore::acquire", [] { semaphore().acquire(); });
  names("event::wait", [] { event().wait(); });
  names("event::set", [] { event().set(); });
  names("queue::put", [] { queue<int>().put(1); });
  names("queue::get", [] { static_cast<void>(queue<int>().get()); });
  names("queue::try_put", [] { static_cast<void>(queue<int>().try_put(1)); });
  names("queue::join", [] { queue<int>().join(); });
  names("shared_mutex::lock", [] { shared_mutex().lock(); });
  names("task_local", [] { task_local<int>().set(1); });
}

TEST_CASE("a call that waits is refused in a callback and in a job, and leaves nothing running") {
  passes([] {
    bool ran = false;
    int refused = 0;
    const auto each = [&] {
      CHECK_THROWS_AS(yield(), cannot_wait);
      CHECK_THROWS_AS(mutex().lock(), cannot_wait);
      CHECK_THROWS_AS(gather([&] { ran = true; }), cannot_wait);
      CHECK_THROWS_AS(gather_all([&] { ran = true; }), cannot_wait);
      CHECK_THROWS_AS(with_timeout(1s, [] {}), cannot_wait);
      CHECK_THROWS_AS(with_task_group([](task_group&) {}), cannot_wait);
      CHECK_THROWS_AS(offload([] {}), cannot_wait);
      ++refused;
    };
    call_soon([&] {
      each();
      CHECK_THROWS_AS(sleep_for(1s), cannot_wait);
    });
    yield();
    offload(each);
    sleep_for(1s);
    CHECK(refused == 2);
    CHECK_FALSE(ran);
  });
}

// ---------------------------------------------------------------- what outlives a run

TEST_CASE(
    "handles and objects that outlive their run are errors with a name, and safe to destroy") {
  task<int> t;
  any_task any;
  future<int> f;
  std::optional<promise<int>> p;
  timer later;
  std::optional<mutex> m;
  std::optional<semaphore> s;
  std::optional<event> e;
  std::optional<queue<int>> q;
  std::optional<barrier> b;
  std::optional<condition_variable> cv;
  std::optional<worker_pool> pool;
  std::optional<generator<int>> g;
  passes([&] {
    t = spawn([] { return 3; });
    any = current_task();
    p.emplace();
    f = p->get_future();
    later = call_later(1h, [c = counted()] {});
    m.emplace("fork");
    s.emplace();
    e.emplace();
    q.emplace();
    b.emplace(2);
    cv.emplace();
    pool.emplace(1);
    g.emplace([](auto give) {
      const at_exit out([] { log("unwound"); });
      give(1);
      give(2);
    });
    CHECK(*g->begin() == 1);
    CHECK(t.get() == 3);
  });
  CHECK(counted::alive == 0);
  const auto use_all = [&] {
    CHECK_THROWS_AS(t.get(), stale_handle);
    CHECK_THROWS_AS(t.done(), stale_handle);
    CHECK_THROWS_AS(t.cancel(), stale_handle);
    CHECK_THROWS_AS(any.name(), stale_handle);
    CHECK_THROWS_AS(f.get(), stale_handle);
    CHECK_THROWS_AS(p->set_value(1), stale_handle);
    CHECK_FALSE(later.cancel());
    const task<int> copy = t;
    CHECK(copy == t);
  };
  use_all();
  CHECK_THROWS_AS(m->lock(), no_simulation);
  m->unlock();
  CHECK_THROWS_AS(q->put(1), no_simulation);
  passes([&] {
    use_all();
    CHECK_THROWS_AS(m->lock(), stale_handle);
    CHECK_THAT(text_of<stale_handle>([&] { m->lock(); }),
               ContainsSubstring("fork") && ContainsSubstring("ended"));
    CHECK_THROWS_AS(s->acquire(), stale_handle);
    CHECK_THROWS_AS(e->set(), stale_handle);
    CHECK_THROWS_AS(q->put(1), stale_handle);
    CHECK_THROWS_AS(b->arrive_and_wait(), stale_handle);
    mutex own;
    std::unique_lock lock(own);
    CHECK_THROWS_AS(cv->wait(lock), stale_handle);
    CHECK_THROWS_AS(offload(*pool, [] {}), stale_handle);
    auto it = g->begin();
    CHECK((it == g->end()));
    // Handles that are dropped in another run leave its tasks alone.
    auto mine = spawn([] { return 1; });
    t = {};
    any = {};
    CHECK(mine.get() == 1);
  });
}

TEST_CASE("a generator that outlives its run is unwound in it") {
  std::optional<generator<int>> g;
  const report r = passes([&] {
    g.emplace([](auto give) {
      const at_exit out([] { log("unwound {}", 1.5); });
      give(1);
    });
    CHECK(*g->begin() == 1);
  });
  CHECK(logged(r) == "unwound 1.5");
  g.reset();
  passes([] { log("fine"); });
}

TEST_CASE(
    "a generator that fails, waits or throws while the run's end unwinds it leaves the next run "
    "alone") {
  for (const int how : {0, 1, 2, 3}) {
    std::optional<generator<int>> g;
    const report r = run(0, [&] {
      g.emplace([how](auto give) {
        const at_exit out([how] {
          if (how == 0) expect(false, "too late");
          if (how == 1) CHECK_THROWS(sleep_for(1s));
        });
        try {
          give(1);
        } catch (...) {
          if (how == 2) expect(false, "in a handler");
          if (how == 3) sleep_for(1s);
          throw;
        }
      });
      CHECK(*g->begin() == 1);
    });
    if (how == 0 || how == 2) CHECK(r.result == verdict::failed);
    g.reset();
    passes([] {
      call_soon([] { log("fine"); });
      sleep_for(1s);
    });
    CHECK(run(0, [] { fail("x"); }).result == verdict::failed);
  }
}

TEST_CASE("what destructors start at the very end never runs, in this run or the next") {
  bool ran = false;
  struct starter {
    bool* ran;
    explicit starter(bool* r) : ran(r) {}
    starter(starter&& other) noexcept : ran(std::exchange(other.ran, nullptr)) {}
    ~starter() {
      if (!ran) return;
      spawn([r = ran, c = counted()] { *r = true; });
      call_soon([r = ran, c = counted()] { *r = true; });
      call_later(1s, [r = ran, c = counted()] { *r = true; });
    }
  };
  task<starter> kept;
  passes([&] {
    call_later(1h, [s = starter(&ran)] {});
    kept = spawn([&] { return starter(&ran); });
    yield();
  });
  CHECK(counted::alive == 0);
  passes([] { sleep_for(10s); });
  CHECK_FALSE(ran);
}

// ---------------------------------------------------------------- determinism

namespace {

void some_workload() {
  mutex m;
  queue<int> q(3);
  gather(
      [&] {
        for (int i = 0; i < 20; ++i) {
          const auto d = rng().randint(0, 5);
          sleep_for(std::chrono::milliseconds(d));
          q.put(i);
        }
        q.close();
      },
      [&] {
        while (const auto v = q.get()) {
          const std::scoped_lock lock(m);
          log("got {}", *v);
          const auto d = rng().randint(0, 5);
          sleep_for(std::chrono::milliseconds(d));
        }
      });
}

}  // namespace

TEST_CASE("runs in several threads at once know nothing of each other") {
  std::vector<std::uint64_t> expected;
  for (std::uint64_t seed = 0; seed < 40; ++seed)
    expected.push_back(run({.seed = seed, .schedule = random_walk()}, some_workload).digest);
  for (int round = 0; round < 3; ++round) {
    std::vector<std::vector<std::uint64_t>> found(4);
    {
      std::vector<std::thread> threads;
      for (auto& mine : found)
        threads.emplace_back([&mine] {
          for (std::uint64_t seed = 0; seed < 40; ++seed) {
            mine.push_back(run({.seed = seed, .schedule = random_walk()}, some_workload).digest);
            run(0, [] {
              call_soon([] { throw 1; });
              yield();
            });
          }
        });
      for (auto& t : threads) t.join();
    }
    for (const auto& mine : found) CHECK(mine == expected);
  }
}

TEST_CASE("runs on one OS thread after the other are alike, exceptions and all") {
  // What stays of a run, its stacks with the fibers that stand on them, goes to the next thread.
  std::vector<report> reports;
  for (int i = 0; i < 3; ++i)
    std::thread([&] {
      reports.push_back(run({.seed = 7, .schedule = random_walk()}, [] {
        const auto catches = [] {
          try {
            throw 1;
          } catch (int) {
            yield();
            CHECK_THROWS_AS([] { throw; }(), int);
          }
        };
        for (int round = 0; round < 3; ++round) gather(catches, catches, catches);
      }));
    }).join();
  for (const report& r : reports) {
    CHECK(r);
    CHECK(r.digest == reports.front().digest);
  }
}

TEST_CASE("a handle used in another thread's run is refused") {
  task<int> t;
  passes([&t] {
    t = spawn([] { return 1; });
    std::string what;
    std::thread([&] { run(0, [&] { what = text_of<stale_handle>([&] { t.get(); }); }); }).join();
    CHECK_THAT(what, ContainsSubstring("another run"));
    CHECK(t.get() == 1);
  });
}

TEST_CASE("a stack that can't be had is bad_alloc, and the next run is as new") {
  CHECK_THROWS_AS(run({.stack_size = std::size_t{1} << 47}, [c = counted()] {}), std::bad_alloc);
  CHECK(counted::alive == 0);
  passes([] {
    CHECK(current_task().id() == 1);
    sleep_for(1s);
  });
  passes([] { CHECK(spawn([] { return 2; }).get() == 2); });
}

TEST_CASE("two streams of one name go on together, two names apart") {
  std::vector<std::uint64_t> a, b;
  passes([&] {
    for (int i = 0; i < 20; ++i) a.push_back(choose("a", 1000));
    for (int i = 0; i < 20; ++i) b.push_back(choose("b", 1000));
    CHECK(choose("a", 1) == 0);
    CHECK_THROWS_AS(choose("a", 0), std::invalid_argument);
  });
  CHECK(a != b);
  passes([&] {
    // Interleaved, each stream is the same: one more draw in one never shifts the other.
    for (std::size_t i = 0; i < 20; ++i) {
      CHECK(choose("b", 1000) == b[i]);
      CHECK(choose("a", 1000) == a[i]);
    }
  });
}

TEST_CASE("a parameter is read by name, and a missing one is named") {
  run({.params = {{"n", "5"}}}, [] {
    CHECK(param_text("n") == "5");
    CHECK_THAT(text_of<std::invalid_argument>([] { static_cast<void>(param_text("m")); }),
               ContainsSubstring("'m'"));
  });
}
