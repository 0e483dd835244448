#pragma once

#include <cstdint>
#include <span>
#include <string_view>

// What the parts of the benchmark share. A workload runs in a process of its own, so that what one
// leaves in caches, pools and page tables is no help and no burden to the next.

namespace bench {

/// What a workload came to.
struct measurement {
  double seconds = 0;            // CPU time of the process, user and system
  std::uint64_t operations = 0;  // switches, tasks, events, messages, sections or schedules
  double bytes = 0;  // resident memory that the operations took at the peak, each; 0: not asked
};

struct workload {
  std::string_view name;
  measurement (*run)(std::uint64_t n);
};

std::span<const workload> fibers();
std::span<const workload> coroutines();
std::span<const workload> raw_fibers();
std::span<const workload> raw_coroutines();
/// None where Boost.Fiber was not found.
std::span<const workload> boost_fiber();

/// CPU time of this process. Wall time would be the neighbours' as much as ours: nothing here waits
/// for the world.
[[nodiscard]] double cpu_seconds();
[[nodiscard]] std::uint64_t resident_bytes();
/// The most that this program has had resident. Unlike getrusage's, not the parent's from before
/// exec.
[[nodiscard]] std::uint64_t peak_resident_bytes();
/// Ends the process with a line on stderr when a workload did not do what it says.
void check(bool holds, std::string_view what);

/// Delays of 0.5 s to 2 s in nanoseconds: the same ones, at the same price, on both sides.
/// Source: xorshift128+, S. Vigna, 2014.
class delays {
public:
  std::uint64_t next() noexcept {
    std::uint64_t a = a_;
    const std::uint64_t b = b_;
    a ^= a << 23;
    a ^= b ^ (a >> 17) ^ (b >> 26);
    a_ = b;
    b_ = a;
    return 500'000'000 + ((a + b) >> 33) * 1'500'000'000 / (std::uint64_t{1} << 31);
  }

private:
  std::uint64_t a_ = 0x0123'4567'89ab'cdef;
  std::uint64_t b_ = 0xfedc'ba98'7654'3210;
};

/// Keeps the compiler from thinking away what lies behind `p`.
inline void touch(void* p) { asm volatile("" : : "r"(p) : "memory"); }

}  // namespace bench
