// libreprise_traps.so: preloaded into a process that checks a run. Calls that read the real clock,
// real entropy or the environment, and those that start threads, are told to whoever listens,
// and then made as ever. It knows nothing of reprise, and reprise.a nothing of it but one symbol.

#include <dlfcn.h>
#include <execinfo.h>
#include <pthread.h>
#include <sys/random.h>
#include <sys/time.h>
#include <unistd.h>
#include <ctime>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

// The shapes of `trap_kind`, `trap_filter` and `trap_listener` in replay/determinism.cpp.
namespace {

enum kind : int { clock_read = 0, entropy_read = 1, thread_start = 2, environment_read = 3 };
using filter = bool (*)();
using listener = void (*)(int kind, const char* call, void* const* frames, int count);

constexpr int most_frames = 24;

std::atomic<filter> is_of_interest{nullptr};
std::atomic<listener> who_listens{nullptr};
thread_local bool telling = false;  // what the listener itself does is not told

[[gnu::noinline]] void tell(kind what, const char* call) {
  const filter wanted = is_of_interest.load(std::memory_order_acquire);
  if (!wanted || telling || !wanted()) return;
  telling = true;
  std::array<void*, most_frames> frames{};
  const int count = ::backtrace(frames.data(), most_frames);
  if (const listener hear = who_listens.load(std::memory_order_acquire))
    hear(what, call, frames.data(), count);
  telling = false;
}

/// The function of that name behind ours.
template <class F>
F* next(const char* name) {
  return reinterpret_cast<F*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

// A call of NAME is told, then made.
#define REPRISE_TRAP(kind, result, name, parameters, arguments) \
  extern "C" result name parameters {                           \
    static const auto real = next<result parameters>(#name);    \
    tell(kind, #name);                                          \
    return real arguments;                                      \
  }

extern "C" {
void reprise_traps_listen(bool (*wanted)(), void (*hear)(int, const char*, void* const*, int));

void reprise_traps_listen(bool (*wanted)(), void (*hear)(int, const char*, void* const*, int)) {
  // The first backtrace loads the unwinder, which is better done before a run.
  std::array<void*, 2> warm{};
  ::backtrace(warm.data(), static_cast<int>(warm.size()));
  who_listens.store(hear, std::memory_order_release);
  is_of_interest.store(wanted, std::memory_order_release);
}
}

// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name)
REPRISE_TRAP(clock_read, int, clock_gettime, (clockid_t id, timespec* at) noexcept, (id, at))
REPRISE_TRAP(clock_read, int, gettimeofday, (timeval * at, void* zone) noexcept, (at, zone))
REPRISE_TRAP(clock_read, time_t, time, (time_t * at) noexcept, (at))
REPRISE_TRAP(clock_read, clock_t, clock, () noexcept, ())
REPRISE_TRAP(clock_read, int, timespec_get, (timespec * at, int base) noexcept, (at, base))
REPRISE_TRAP(entropy_read, ssize_t, getrandom, (void* to, size_t size, unsigned flags),
             (to, size, flags))
REPRISE_TRAP(entropy_read, int, getentropy, (void* to, size_t size), (to, size))
REPRISE_TRAP(entropy_read, std::uint32_t, arc4random, () noexcept, ())
REPRISE_TRAP(entropy_read, void, arc4random_buf, (void* to, size_t size) noexcept, (to, size))
REPRISE_TRAP(entropy_read, std::uint32_t, arc4random_uniform, (std::uint32_t bound) noexcept,
             (bound))
REPRISE_TRAP(thread_start, int, pthread_create,
             (pthread_t * id, const pthread_attr_t* how, void* (*start)(void*),
              void* argument) noexcept,
             (id, how, start, argument))
REPRISE_TRAP(environment_read, char*, getenv, (const char* name) noexcept, (name))
REPRISE_TRAP(environment_read, char*, secure_getenv, (const char* name) noexcept, (name))

// std::random_device may ask the processor, which no call of the system shows.
extern "C" unsigned reprise_random_device(void* self) __asm__("_ZNSt13random_device9_M_getvalEv");
extern "C" unsigned reprise_random_device(void* self) {
  static const auto real = next<unsigned(void*)>("_ZNSt13random_device9_M_getvalEv");
  tell(entropy_read, "std::random_device");
  return real(self);
}
// NOLINTEND(readability-inconsistent-declaration-parameter-name)
