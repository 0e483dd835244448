// What would end the process, as a verdict of the run: stack overflow, std::terminate.

#include "engine.hpp"

#include <fmt/format.h>

#include <sys/mman.h>
#include <ucontext.h>
#include <csignal>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <utility>

namespace reprise::detail {

namespace {

constexpr std::size_t emergency_size = std::size_t{256} * 1024;

struct sigaction previous_segv;
struct sigaction previous_bus;
std::terminate_handler previous_terminate = nullptr;
thread_local char* emergency_stack = nullptr;

}  // namespace

#if defined(REPRISE_FIRST_FRAME)
extern "C" void reprise_overflow_entry();
extern "C" [[noreturn, gnu::used, gnu::visibility("hidden")]] void reprise_land_overflow();
REPRISE_FIRST_FRAME(reprise_overflow_entry, reprise_land_overflow);

/// Where an overflowed fiber goes on: on a stack of its own, as ordinary code, after the signal
/// handler has returned.
void reprise_land_overflow() {
#if defined(REPRISE_ASAN)
  void* fake = nullptr;
  __sanitizer_start_switch_fiber(&fake, emergency_stack, emergency_size);
  __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#endif
  engine& e = *engine::running();
  e.record_overflow();
  e.abandon_current();
}
#endif

namespace {

void pass_on(const struct sigaction& previous, int number, siginfo_t* info, void* context) {
  // A handler of before that has reported the signal puts back what was there, us, and raises it
  // again to end the process.
  static volatile std::sig_atomic_t passed_on = 0;
  if (passed_on && info->si_code <= 0) {
    std::signal(number, SIG_DFL);
    std::raise(number);
    return;
  }
  passed_on = 1;
  if (previous.sa_flags & SA_SIGINFO) {
    previous.sa_sigaction(number, info, context);
  } else if (previous.sa_handler == SIG_DFL || previous.sa_handler == SIG_IGN) {
    ::sigaction(
        number, &previous,
        nullptr);  // the instruction faults again, and is nobody's business but the system's
  } else {
    previous.sa_handler(number);
  }
}

void on_fault(int number, siginfo_t* info, void* context) {
  [[maybe_unused]] engine* e = engine::running();
#if defined(REPRISE_FIRST_FRAME)
  if (e && emergency_stack && e->current_fiber()->stack) {
    const stack_slot* hit = e->stacks().guard_at(info->si_addr);
    if (hit && hit == e->current_fiber()->stack) {
      unpoison(emergency_stack, emergency_size);  // frames of an earlier landing stand there still
      auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
      registers[REG_RSP] =
          static_cast<greg_t>((reinterpret_cast<std::uintptr_t>(emergency_stack) + emergency_size) &
                              ~std::uintptr_t{15}) -
          8;
      registers[REG_RIP] =
          static_cast<greg_t>(reinterpret_cast<std::uintptr_t>(&reprise_overflow_entry));
      return;
    }
  }
#endif
  pass_on(number == SIGSEGV ? previous_segv : previous_bus, number, info, context);
}

/// Says why std::terminate was called. A function of its own, so that nothing of it stays on a
/// stack that does.
[[gnu::noinline]] void record_termination(engine& e) {
  std::string what = e.current_task() ? e.current_task()->name() : std::string("a callback");
  const std::exception_ptr failure = std::current_exception();
  bool unwinding = false;
  if (failure) {
    try {
      std::rethrow_exception(failure);
    } catch (const forced_unwind&) {
      unwinding = true;
    } catch (const cancelled&) {
      unwinding = e.tearing_down();
    } catch (...) {
    }
  } else {
    // A frame with something to destroy before its noexcept edge comes here in mid-flight, and
    // there is no current exception.
    unwinding = e.tearing_down() && std::uncaught_exceptions() > 0;
  }
  if (unwinding) {
    what += " stands under a noexcept function, so it could not be unwound and is left standing";
    e.append_note(what);
    e.record_failure(verdict::failed, std::move(what));
  } else {
    e.record_failure(verdict::crashed,
                     fmt::format("std::terminate was called in {}{}{}", what,
                                 failure ? " for " + describe(failure) : "", e.whereabouts()));
  }
}

[[noreturn]] void on_terminate() {
  engine* e = engine::running();
  if (e && e->current_fiber()->stack) {
    record_termination(*e);
    e->abandon_current();
  }
  if (previous_terminate) previous_terminate();
  std::abort();
}

}  // namespace

void watch_for_crashes() {
  // Again and again: a test framework puts its own handlers in front of ours for each test.
  static std::mutex mutex;
  const std::scoped_lock lock(mutex);
  struct sigaction action {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  for (const auto& [number, previous] :
       {std::pair(SIGSEGV, &previous_segv), std::pair(SIGBUS, &previous_bus)}) {
    struct sigaction present {};
    ::sigaction(number, nullptr, &present);
    if ((present.sa_flags & SA_SIGINFO) && present.sa_sigaction == on_fault) continue;
    *previous = present;
    ::sigaction(number, &action, nullptr);
  }
  if (const auto present = std::get_terminate(); present != on_terminate) {
    previous_terminate = present;
    std::set_terminate(on_terminate);
  }

  // The handler needs a stack to stand on, and the overflowed task one to go on.
  stack_t present{};
  ::sigaltstack(nullptr, &present);
  if (present.ss_flags & SS_DISABLE) {
    constexpr std::size_t size = std::size_t{64} * 1024;
    static thread_local void* memory =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory != MAP_FAILED) {
      present = {};
      present.ss_sp = memory;
      present.ss_size = size;
      ::sigaltstack(&present, nullptr);
    }
  }
  if (emergency_stack) return;
  void* memory = ::mmap(nullptr, emergency_size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return;
  emergency_stack = static_cast<char*>(memory);
  static_cast<void>(register_stack(emergency_stack, emergency_stack + emergency_size));
}

void watch_for_crashes_once() {
  if (!emergency_stack) watch_for_crashes();
}

}  // namespace reprise::detail
