// What fibers cost with nothing around them: Boost.Context's switch and the least that does each
// workload, without choices, digests, cancellation, exceptions or reports.

#include "raw.hpp"
#include "workload.hpp"

#include <boost/context/detail/fcontext.hpp>

#include <sys/mman.h>
#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

#include <array>
#include <cstdlib>
#include <utility>
#include <vector>

namespace bench {
namespace {

using boost::context::detail::fcontext_t;
using boost::context::detail::jump_fcontext;
using boost::context::detail::make_fcontext;
using boost::context::detail::transfer_t;

#if defined(__x86_64__)
// As in core: entered by `call` and come back to by `ret`, which the processor's return-address
// predictor pairs.
extern "C" transfer_t bench_raw_jump(fcontext_t to, void* data);
asm(R"(
.text
.p2align 4
.type bench_raw_jump,@function
bench_raw_jump:
  leaq 1f(%rip), %rax
  pushq %rax
  jmp jump_fcontext@PLT
1:
  ret
.size bench_raw_jump,.-bench_raw_jump
)");
#else
transfer_t bench_raw_jump(fcontext_t to, void* data) { return jump_fcontext(to, data); }
#endif

struct flow {
  fcontext_t context = nullptr;
  flow* next = nullptr;
};

class line {
public:
  [[nodiscard]] bool empty() const noexcept { return !first_; }
  void push(flow& f) noexcept {
    f.next = nullptr;
    (last_ ? last_->next : first_) = &f;
    last_ = &f;
  }
  flow& pop() noexcept {
    flow& f = *first_;
    first_ = f.next;
    if (!first_) last_ = nullptr;
    return f;
  }

private:
  flow* first_ = nullptr;
  flow* last_ = nullptr;
};

flow main_flow;
flow* current = &main_flow;
line ready;
std::uint64_t per_flow = 0;  // operations of each
std::uint64_t flows_left = 0;

void arrive(transfer_t t) noexcept { static_cast<flow*>(t.data)->context = t.fctx; }

template <transfer_t (*Jump)(fcontext_t, void*) = bench_raw_jump>
[[gnu::always_inline]] inline void go_to(flow& to) {
  flow& me = *current;
  if (&me == &to) return;
  current = &to;
  arrive(Jump(to.context, &me));
}

template <transfer_t (*Jump)(fcontext_t, void*) = bench_raw_jump>
[[gnu::noinline]] void raw_yield() {
  ready.push(*current);
  go_to<Jump>(ready.pop());
}

/// Runs Body once as a flow, then whoever is ready; the main flow after the last.
template <void (*Body)()>
void enter(transfer_t t) {
  arrive(t);
  Body();
  go_to(--flows_left == 0 ? main_flow : ready.pop());
  std::abort();
}

/// The same sticky flags everywhere: loading a changed control word costs some 15 switches.
void preset_flags() {
#if defined(__SSE2__)
  _mm_setcsr(_mm_getcsr() | 0x3fu);
#endif
}

constexpr std::size_t stack_size = std::size_t{16} * 1024;

/// Stacks side by side. Only what is touched costs memory. Tops are staggered, lest all share cache
/// sets.
class stacks {
public:
  explicit stacks(std::size_t n, std::size_t size = stack_size) : size_(size), bytes_(n * size) {
    base_ = static_cast<char*>(mmap(nullptr, bytes_, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    check(base_ != MAP_FAILED, "no memory for stacks");
  }
  stacks(const stacks&) = delete;
  ~stacks() { munmap(base_, bytes_); }
  fcontext_t make(std::size_t i, void (*entry)(transfer_t)) const {
    const std::size_t stagger = i * 7 % 16 * 64;
    return make_fcontext(base_ + (i + 1) * size_ - stagger, size_ - stagger, entry);
  }

private:
  std::size_t size_;
  std::size_t bytes_;
  char* base_;
};

/// Runs n flows of Body to their end.
template <class Flows>
void run_flows(Flows& flows, const stacks& on, void (*entry)(transfer_t)) {
  flows_left = flows.size();
  for (std::size_t i = 0; i < flows.size(); ++i) {
    flows[i].context = on.make(i, entry);
    ready.push(flows[i]);
  }
  go_to(ready.pop());
  check(flows_left == 0, "flows are left over");
}

// --- W1

bool inexact = false;

/// Two sides, with nothing between them but the jump.
measurement jump(std::uint64_t n, bool flags_differ) {
  if (!flags_differ) preset_flags();
  const stacks on(1);
  inexact = flags_differ;
  fcontext_t other = on.make(0, [](transfer_t t) {
    volatile double one = 1;
    [[maybe_unused]] volatile double third = 0;
    for (;; t = jump_fcontext(t.fctx, nullptr))
      if (inexact) third = one / 3;
  });
  const double start = cpu_seconds();
#if defined(__SSE2__)
  if (flags_differ) _mm_setcsr(_mm_getcsr() & ~0x3fu);  // reading the clock was inexact
#endif
  for (std::uint64_t i = 0; i < n / 2; ++i) other = jump_fcontext(other, nullptr).fctx;
  return {cpu_seconds() - start, n / 2 * 2};
}

template <transfer_t (*Jump)(fcontext_t, void*)>
void yielding() {
  for (std::uint64_t i = 0; i < per_flow; ++i) raw_yield<Jump>();
}
/// One of the two divides between its switches.
void yielding_or_dividing() {
  static bool first = true;
  if (std::exchange(first, false)) return yielding<bench_raw_jump>();
  volatile double one = 1;
  [[maybe_unused]] volatile double third = 0;
  for (std::uint64_t i = 0; i < per_flow; ++i) {
    third = one / 3;
    raw_yield();
  }
}
template <transfer_t (*Jump)(fcontext_t, void*), void (*Body)() = yielding<Jump>>
measurement switches(std::uint64_t n) {
  preset_flags();
  const stacks on(2);
  std::array<flow, 2> two;
  per_flow = n / 2;
  const double start = cpu_seconds();
  run_flows(two, on, enter<Body>);
  return {cpu_seconds() - start, per_flow * 2};
}

// --- W2

void nothing() {}

measurement spawn_and_join(std::uint64_t n) {
  preset_flags();
  const stacks on(1000);
  std::vector<flow> batch(1000);
  const double start = cpu_seconds();
  for (std::uint64_t i = 0; i < n / 1000; ++i) run_flows(batch, on, enter<nothing>);
  return {cpu_seconds() - start, n / 1000 * 1000};
}

// --- W3 and W4: sleepers

template <class Timers>
struct sleeping {
  static inline Timers* timers;
  static inline std::vector<flow>* flows;
  static inline std::uint64_t now;
  static inline std::uint32_t sequence;
  static inline delays naps;

  static flow& next() {
    if (!ready.empty()) return ready.pop();
    const raw::timer t = timers->pop();
    now = t.when;
    return (*flows)[t.sleeper];
  }
  static void body() {
    for (std::uint64_t i = 0; i < per_flow; ++i) {
      timers->push(
          {now + naps.next(), sequence++, static_cast<std::uint32_t>(current - flows->data())});
      go_to(next());
    }
  }
  static void enter_one(transfer_t t) {
    arrive(t);
    body();
    go_to(--flows_left == 0 ? main_flow : next());
    std::abort();
  }
  /// One simulation, from nothing ready to all awake.
  static void simulate(const stacks& on, std::vector<flow>& all, Timers& queue,
                       std::uint64_t naps_each) {
    timers = &queue;
    flows = &all;
    now = 0;
    sequence = 0;
    per_flow = naps_each;
    run_flows(all, on, enter_one);
  }
};

measurement cold_sleepers(std::uint64_t n, std::size_t slot) {
  preset_flags();
  const std::uint64_t before = resident_bytes();
  const double start = cpu_seconds();
  const stacks on(n, slot);
  std::vector<flow> all(n);
  raw::heap queue;
  queue.reserve(n);
  sleeping<raw::heap>::simulate(on, all, queue, 1);
  const double took = cpu_seconds() - start;
  return {took, n, static_cast<double>(peak_resident_bytes() - before) / static_cast<double>(n)};
}

/// The third simulation on the same stacks.
measurement warm_sleepers(std::uint64_t n) {
  preset_flags();
  const stacks on(n);
  std::vector<flow> all(n);
  raw::heap queue;
  queue.reserve(n);
  double start = 0;
  // Small ones are repeated, so that each figure is of some 100,000 sleepers at least.
  const std::uint64_t again = n > 100'000 ? 1 : 200'000 / n;
  for (std::uint64_t i = 0; i < 2 + again; ++i) {
    if (i == 2) start = cpu_seconds();
    sleeping<raw::heap>::simulate(on, all, queue, 1);
  }
  return {cpu_seconds() - start, n * again};
}

measurement timer_churn(std::uint64_t n) {
  preset_flags();
  constexpr std::uint64_t tasks = 10'000;
  const stacks on(tasks);
  std::vector<flow> all(tasks);
  raw::calendar queue(tasks, 2'000'000'000);
  const double start = cpu_seconds();
  sleeping<raw::calendar>::simulate(on, all, queue, n / tasks);
  return {cpu_seconds() - start, n / tasks * tasks};
}

// --- W5

std::array<std::uint64_t, 64> ring;
std::uint64_t written = 0;
std::uint64_t read_so_far = 0;
flow* writer = nullptr;  // waits for room
flow* reader = nullptr;  // waits for a message
std::uint64_t sum = 0;

void wait_in(flow*& place) {
  place = current;
  go_to(ready.pop());
}
void wake(flow*& place) {
  if (!place) return;
  ready.push(*place);
  place = nullptr;
}
void produce() {
  for (std::uint64_t i = 0; i < per_flow; ++i) {
    while (written - read_so_far == ring.size()) wait_in(writer);
    ring[written++ % ring.size()] = i;
    wake(reader);
    touch(&ring);
  }
}
void consume() {
  for (std::uint64_t i = 0; i < per_flow; ++i) {
    while (written == read_so_far) wait_in(reader);
    sum += ring[read_so_far++ % ring.size()];
    wake(writer);
    touch(&ring);
  }
}
void pass_messages() {
  static bool first = true;
  if (std::exchange(first, false)) {
    produce();
  } else {
    consume();
  }
}
measurement messages(std::uint64_t n) {
  preset_flags();
  const stacks on(2);
  std::array<flow, 2> two;
  per_flow = n;
  const double start = cpu_seconds();
  run_flows(two, on, enter<pass_messages>);
  check(sum == n * (n - 1) / 2, "messages were lost");
  return {cpu_seconds() - start, n};
}

// --- W6: a mutex that is handed over to who waits longest

line waiting;
bool locked = false;
std::uint64_t counter = 0;

void sections() {
  for (std::uint64_t i = 0; i < per_flow; ++i) {
    if (locked) {
      waiting.push(*current);
      go_to(ready.pop());
    } else {
      locked = true;
    }
    ++counter;
    raw_yield();
    if (waiting.empty()) {
      locked = false;
    } else {
      ready.push(waiting.pop());
    }
  }
}
measurement mutex_sections(std::uint64_t n) {
  preset_flags();
  const stacks on(100);
  std::vector<flow> all(100);
  per_flow = n / 100;
  const double start = cpu_seconds();
  run_flows(all, on, enter<sections>);
  check(counter == per_flow * 100, "sections were lost");
  return {cpu_seconds() - start, counter};
}

// --- W7: whoever goes next is drawn before each increment

std::array<flow, 2> threads;
std::size_t alive = 0;
std::array<flow*, 2> living;
std::uint64_t random_state = 0;

flow& drawn() {
  random_state += 0x9e37'79b9'7f4a'7c15;
  std::uint64_t x = random_state;
  x = (x ^ (x >> 30)) * 0xbf58'476d'1ce4'e5b9;
  return *living[alive == 2 ? (x >> 63) : 0];
}
void three_increments(transfer_t t) {
  arrive(t);
  for (int i = 0; i < 3; ++i) {
    go_to(drawn());
    ++counter;
    touch(&counter);
  }
  if (living[0] == current) living[0] = living[1];
  go_to(--alive == 0 ? main_flow : drawn());
  std::abort();
}
measurement schedules(std::uint64_t n) {
  preset_flags();
  const stacks on(2);
  const double start = cpu_seconds();
  for (std::uint64_t i = 0; i < n; ++i) {
    random_state = i;
    for (std::size_t j = 0; j < 2; ++j) {
      threads[j].context = on.make(j, three_increments);
      living[j] = &threads[j];
    }
    alive = 2;
    go_to(drawn());
  }
  check(counter == n * 6, "increments were lost");
  return {cpu_seconds() - start, n};
}

constexpr workload list[] = {
    {"raw/jump", [](std::uint64_t n) { return jump(n, false); }},
    {"raw/jump_flags_differ", [](std::uint64_t n) { return jump(n, true); }},
    {"raw/switch_by_call", switches<jump_fcontext>},
    {"raw/switch", switches<bench_raw_jump>},
    {"raw/switch_floating_point", switches<bench_raw_jump, yielding_or_dividing>},
    {"raw/spawn", spawn_and_join},
    {"raw/sleep_cold", [](std::uint64_t n) { return cold_sleepers(n, stack_size); }},
    {"raw/sleep_cold_256k",
     [](std::uint64_t n) { return cold_sleepers(n, std::size_t{256} * 1024); }},
    {"raw/sleep_warm", warm_sleepers},
    {"raw/churn", timer_churn},
    {"raw/messages", messages},
    {"raw/sections", mutex_sections},
    {"raw/schedules", schedules},
};

}  // namespace

std::span<const workload> raw_fibers() { return list; }

}  // namespace bench
