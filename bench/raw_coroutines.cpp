// What coroutines cost with nothing around them: frames from a free list, a ring of ready handles,
// symmetric transfer.

#include "raw.hpp"
#include "workload.hpp"

#include <array>
#include <coroutine>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <utility>
#include <vector>

namespace bench {
namespace {

using handle = std::coroutine_handle<>;

/// Frames of one size, reused last in first out.
class frames {
public:
  void* take(std::size_t size) {
    if (free_) return std::exchange(free_, *static_cast<void**>(free_));
    size = (size + 15) / 16 * 16;
    if (left_ < size) {
      left_ = std::size_t{1} << 20;
      cursor_ = static_cast<char*>(std::malloc(left_));
      check(cursor_, "no memory for frames");
    }
    left_ -= size;
    return std::exchange(cursor_, cursor_ + size);
  }
  void give_back(void* frame) noexcept {
    *static_cast<void**>(frame) = std::exchange(free_, frame);
  }

private:
  void* free_ = nullptr;
  char* cursor_ = nullptr;
  std::size_t left_ = 0;
};
frames pool;

struct routine {
  struct promise_type {
    routine get_return_object() noexcept {
      return {std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    static std::suspend_always initial_suspend() noexcept { return {}; }
    static std::suspend_never final_suspend() noexcept { return {}; }
    static void return_void() noexcept {}
    static void unhandled_exception() noexcept { std::terminate(); }
    static void* operator new(std::size_t size) { return pool.take(size); }
    static void operator delete(void* frame) noexcept { pool.give_back(frame); }
  };
  handle h;
};

/// A ring that holds at least n handles.
class ring {
public:
  void fit(std::size_t n) {
    std::size_t size = 1;
    while (size < n + 1) size *= 2;
    handles_.resize(size);
  }
  [[nodiscard]] bool empty() const noexcept { return head_ == tail_; }
  void push(handle h) noexcept { handles_[tail_++ & (handles_.size() - 1)] = h; }
  handle pop() noexcept { return handles_[head_++ & (handles_.size() - 1)]; }

private:
  std::vector<handle> handles_;
  std::size_t head_ = 0;
  std::size_t tail_ = 0;
};
ring ready;

handle next_ready() noexcept { return ready.empty() ? handle(std::noop_coroutine()) : ready.pop(); }

struct suspended {
  [[nodiscard]] static bool await_ready() noexcept { return false; }
  static void await_resume() noexcept {}
};
struct yielded : suspended {
  static handle await_suspend(handle me) noexcept {
    ready.push(me);
    return ready.pop();
  }
};
struct let_go : suspended {
  handle* place;
  explicit let_go(handle& where) : place(&where) {}
  handle await_suspend(handle me) const noexcept {
    *place = me;
    return next_ready();
  }
};

void drive() {
  while (!ready.empty()) ready.pop().resume();
}

// --- W1

routine yielding(std::uint64_t n) {
  for (std::uint64_t i = 0; i < n; ++i) co_await yielded{};
}
measurement switches(std::uint64_t n) {
  ready.fit(2);
  const double start = cpu_seconds();
  ready.push(yielding(n / 2).h);
  ready.push(yielding(n / 2).h);
  drive();
  return {cpu_seconds() - start, n / 2 * 2};
}

// --- W2

std::uint64_t ended = 0;
routine nothing() {
  ++ended;
  co_return;
}
measurement spawn_and_join(std::uint64_t n) {
  ready.fit(1000);
  const double start = cpu_seconds();
  for (std::uint64_t i = 0; i < n / 1000; ++i) {
    for (int j = 0; j < 1000; ++j) ready.push(nothing().h);
    drive();
  }
  check(ended == n / 1000 * 1000, "tasks were lost");
  return {cpu_seconds() - start, ended};
}

// --- W3 and W4

template <class Timers>
struct sleeping {
  static inline Timers* timers;
  static inline std::vector<handle> sleepers;
  static inline std::uint64_t now;
  static inline std::uint32_t sequence;
  static inline delays naps;

  struct asleep : suspended {
    std::uint32_t index;
    explicit asleep(std::uint32_t i) : index(i) {}
    void await_suspend(handle me) const {
      sleepers[index] = me;
      timers->push({now + naps.next(), sequence++, index});
    }
  };
  static routine sleeper(std::uint32_t index, std::uint64_t times) {
    for (std::uint64_t i = 0; i < times; ++i) co_await asleep{index};
    ++ended;
  }
  static void simulate(Timers& queue, std::uint64_t n, std::uint64_t times) {
    timers = &queue;
    now = 0;
    sequence = 0;
    ended = 0;
    sleepers.resize(n);
    for (std::uint32_t i = 0; i < n; ++i) ready.push(sleeper(i, times).h);
    drive();
    while (!queue.empty()) {
      const raw::timer t = queue.pop();
      now = t.when;
      sleepers[t.sleeper].resume();
    }
    check(ended == n, "sleepers were lost");
  }
};

measurement cold_sleepers(std::uint64_t n) {
  const std::uint64_t before = resident_bytes();
  const double start = cpu_seconds();
  ready.fit(n);
  raw::heap queue;
  queue.reserve(n);
  sleeping<raw::heap>::simulate(queue, n, 1);
  const double took = cpu_seconds() - start;
  return {took, n, static_cast<double>(peak_resident_bytes() - before) / static_cast<double>(n)};
}
measurement warm_sleepers(std::uint64_t n) {
  ready.fit(n);
  raw::heap queue;
  queue.reserve(n);
  double start = 0;
  const std::uint64_t again = n > 100'000 ? 1 : 200'000 / n;
  for (std::uint64_t i = 0; i < 2 + again; ++i) {
    if (i == 2) start = cpu_seconds();
    sleeping<raw::heap>::simulate(queue, n, 1);
  }
  return {cpu_seconds() - start, n * again};
}
measurement timer_churn(std::uint64_t n) {
  constexpr std::uint64_t tasks = 10'000;
  ready.fit(tasks);
  raw::calendar queue(tasks, 2'000'000'000);
  const double start = cpu_seconds();
  sleeping<raw::calendar>::simulate(queue, tasks, n / tasks);
  return {cpu_seconds() - start, n / tasks * tasks};
}

// --- W5

std::array<std::uint64_t, 64> items;
std::uint64_t written = 0;
std::uint64_t read_so_far = 0;
handle writer;
handle reader;
std::uint64_t sum = 0;

void wake(handle& place) {
  if (place) ready.push(std::exchange(place, {}));
}
routine produce(std::uint64_t n) {
  for (std::uint64_t i = 0; i < n; ++i) {
    while (written - read_so_far == items.size()) co_await let_go{writer};
    items[written++ % items.size()] = i;
    wake(reader);
    touch(&items);
  }
}
routine consume(std::uint64_t n) {
  for (std::uint64_t i = 0; i < n; ++i) {
    while (written == read_so_far) co_await let_go{reader};
    sum += items[read_so_far++ % items.size()];
    wake(writer);
    touch(&items);
  }
}
measurement messages(std::uint64_t n) {
  ready.fit(2);
  const double start = cpu_seconds();
  ready.push(produce(n).h);
  ready.push(consume(n).h);
  drive();
  check(sum == n * (n - 1) / 2, "messages were lost");
  return {cpu_seconds() - start, n};
}

// --- W6

ring waiting;
bool locked = false;
std::uint64_t counter = 0;

struct in_line : suspended {
  static handle await_suspend(handle me) noexcept {
    waiting.push(me);
    return next_ready();
  }
};
routine sections(std::uint64_t n) {
  for (std::uint64_t i = 0; i < n; ++i) {
    if (locked) {
      co_await in_line{};
    } else {
      locked = true;
    }
    ++counter;
    co_await yielded{};
    if (waiting.empty()) {
      locked = false;
    } else {
      ready.push(waiting.pop());
    }
  }
}
measurement mutex_sections(std::uint64_t n) {
  ready.fit(100);
  waiting.fit(100);
  const double start = cpu_seconds();
  for (int i = 0; i < 100; ++i) ready.push(sections(n / 100).h);
  drive();
  check(counter == n / 100 * 100, "sections were lost");
  return {cpu_seconds() - start, counter};
}

constexpr workload list[] = {
    {"raw_co/switch", switches},          {"raw_co/spawn", spawn_and_join},
    {"raw_co/sleep_cold", cold_sleepers}, {"raw_co/sleep_warm", warm_sleepers},
    {"raw_co/churn", timer_churn},        {"raw_co/messages", messages},
    {"raw_co/sections", mutex_sections},
};

}  // namespace

std::span<const workload> raw_coroutines() { return list; }

}  // namespace bench
