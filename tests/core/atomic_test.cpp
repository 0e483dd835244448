#include <reprise/core/atomic.hpp>

#include "support/run.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

using namespace reprise;
using namespace support;
using Catch::Matchers::ContainsSubstring;

namespace {

struct padded {
  char c;
  int n;
};

/// What a sequence of members gives, for ours and for std's.
template <class Atomic>
std::vector<long long> integer_members() {
  using T = typename Atomic::value_type;
  std::vector<long long> seen;
  Atomic a{T{5}};
  const auto note = [&](auto value) { seen.push_back(static_cast<long long>(value)); };
  note(a.fetch_add(7));
  note(a.fetch_sub(2));
  note(a.fetch_and(T{6}));
  note(a.fetch_or(T{9}));
  note(a.fetch_xor(T{3}));
  note(a.exchange(T{40}));
  note(++a);
  note(a++);
  note(--a);
  note(a--);
  note(a += 3);
  note(a -= 50);
  note(a |= T{6});
  note(a &= T{5});
  note(a ^= T{1});
  note(a = T{17});
  note(static_cast<T>(a));
  T expected{3};
  note(a.compare_exchange_strong(expected, T{4}));
  note(expected);
  note(a.compare_exchange_strong(expected, T{4}));
  note(a.load());
  a.store(std::numeric_limits<T>::max());
  note(a.fetch_add(1));
  note(a.load());
  return seen;
}

}  // namespace

TEMPLATE_TEST_CASE("an atomic integer does what std's does", "", int, unsigned, std::int8_t,
                   std::uint16_t, long long, char) {
  passes([] {
    CHECK(integer_members<atomic<TestType>>() == integer_members<std::atomic<TestType>>());
    CHECK(integer_members<volatile atomic<TestType>>() == integer_members<std::atomic<TestType>>());
  });
}

TEST_CASE("atomics of pointers, floating-point numbers, bool, structures and shared_ptr") {
  passes([] {
    int numbers[4] = {10, 11, 12, 13};
    atomic<int*> p{numbers};
    CHECK(*p.fetch_add(2) == 10);
    CHECK(*p.load() == 12);
    CHECK(*++p == 13);
    CHECK(*p-- == 13);
    CHECK(*(p -= 1) == 11);
    CHECK(p.fetch_sub(1) == numbers + 1);

    atomic<double> d{1.5};
    CHECK(d.fetch_add(1.25) == 1.5);
    CHECK((d -= 0.75) == 2.0);
    double negative_zero = -0.0;
    d = 0.0;
    CHECK_FALSE(d.compare_exchange_strong(negative_zero, 1.0));  // bit by bit, as std's

    atomic<bool> b{false};
    CHECK_FALSE(b.exchange(true));
    CHECK(b);

    atomic<padded> s{padded{'a', 1}};
    padded expected = s.load();
    CHECK(s.compare_exchange_strong(expected, padded{'b', 2}));
    CHECK(s.load().n == 2);

    auto first = std::make_shared<int>(1);
    atomic<std::shared_ptr<int>> owner{first};
    auto wrong = std::make_shared<int>(1);
    CHECK_FALSE(owner.compare_exchange_strong(wrong, nullptr));
    CHECK(wrong == first);
    CHECK(owner.compare_exchange_weak(wrong, nullptr));
    CHECK(owner.load() == nullptr);

    atomic_flag flag;
    CHECK_FALSE(flag.test_and_set());
    CHECK(flag.test_and_set());
    flag.clear();
    CHECK_FALSE(flag.test());

    atomic<int> n{1};
    atomic_store(&n, 3);
    int was = 3;
    CHECK(atomic_compare_exchange_strong(&n, &was, 4));
    CHECK(atomic_fetch_add(&n, 2) == 4);
    CHECK(atomic_load(&n) == 6);
    CHECK(atomic_exchange(&n, 1) == 6);
    reprise::atomic_thread_fence(std::memory_order_seq_cst);
    CHECK(n.is_lock_free());
  });
  STATIC_REQUIRE(atomic<int>::is_always_lock_free);
  STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<atomic<int>>);
}

TEST_CASE("each access is a scheduling point: random_walk loses the update, fetch_add keeps it") {
  const auto lost = [] {
    atomic<int> n{0};
    const auto add = [&] {
      const int seen = n.load();
      n.store(seen + 1);
    };
    gather(add, add);
    expect(n.load() == 2, "n is {}", n.load());
  };
  const auto kept = [] {
    atomic<int> n{0};
    const auto add = [&] { n.fetch_add(1); };
    gather(add, add);
    expect(n.load() == 2);
  };
  int failures = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const report r = run({.seed = seed, .schedule = random_walk()}, lost);
    if (!r) CHECK_THAT(r.what, ContainsSubstring("n is 1"));
    failures += !r;
    check_passed(run({.seed = seed, .schedule = random_walk()}, kept));
  }
  CHECK(failures > 5);
  CHECK(failures < 45);
  check_passed(run(0, lost));  // asyncio's order never shows it
}

TEST_CASE(
    "an access announces its kind and its object, and a compare-exchange that failed is a read") {
  const report r = run({.record = true}, [] {
    atomic<int> n{0};
    int expected = 1;
    static_cast<void>(n.load());
    static_cast<void>(n.compare_exchange_strong(expected, 2));
    static_cast<void>(n.compare_exchange_strong(expected, 2));
    n.notify_all();
  });
  std::string kinds;
  std::set<std::string> objects;
  for (const auto& e : r.events) {
    if (e.name.find("atomic") == std::string::npos && e.name.find("compare") == std::string::npos)
      continue;
    kinds += e.name + ' ';
    REQUIRE(e.fields.size() == 1);
    objects.insert(std::get<std::string>(e.fields[0].value.get()));
  }
  CHECK(kinds ==
        "atomic_load compare_exchange compare_exchange_failed compare_exchange atomic_notify ");
  CHECK(objects == std::set<std::string>{"1.1"});

  const operation load{operation_kind::atomic_load, 7};
  const operation failed{operation_kind::compare_exchange_failed, 7};
  const operation store{operation_kind::atomic_store, 7};
  CHECK_FALSE(conflict(load, failed));
  CHECK(conflict(load, store));
  CHECK(conflict(failed, store));
  CHECK_FALSE(conflict(store, {operation_kind::atomic_store, 8}));
}

TEST_CASE("wait goes on once the value is another and it was notified") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const report r = run({.seed = seed, .schedule = random_walk()}, [] {
      atomic<int> turn{0};
      std::string order;
      const auto player = [&](int mine) {
        return [&, mine] {
          for (int round = 0; round < 3; ++round) {
            for (int seen = turn.load(); seen != mine; seen = turn.load()) turn.wait(seen);
            order += static_cast<char>('a' + mine);
            turn = 1 - mine;
            turn.notify_all();
          }
        };
      };
      gather(player(0), player(1));
      expect(order == "ababab", "{}", order);
    });
    check_passed(r);
  }
  const report r = run(0, [] {
    atomic<int> n{0, "the gate"};
    n.notify_one();
    n.wait(0);
  });
  CHECK(r.result == verdict::deadlock);
  CHECK_THAT(r.what, ContainsSubstring("the gate"));
  passes([] {  // a wait can be cancelled
    atomic_flag flag;
    auto waits = spawn([&] { flag.wait(false); });
    sleep_for(1s);
    waits.cancel();
    waits.join();
    CHECK(waits.cancelled());
  });
}

TEST_CASE("outside a run an atomic is made and destroyed, and nothing else") {
  {
    atomic<int> n{0};
    CHECK_THAT(text_of<no_simulation>([&] { n.store(1); }), ContainsSubstring("atomic::store"));
    CHECK_THROWS_AS(n.load(), no_simulation);
    CHECK_THROWS_AS(reprise::atomic_thread_fence(std::memory_order_seq_cst), no_simulation);
  }
  atomic<int> n{0};
  passes([&] { CHECK(n.fetch_add(1) == 0); });
  const report r = run(0, [&] { n.fetch_add(1); });
  CHECK(r.exception == "reprise::stale_handle");
}

namespace {
constinit atomic<int> static_number{3};
constinit atomic<const int*> static_pointer;
constinit atomic_flag static_flag;
}  // namespace

TEST_CASE("a static atomic is a constant until it is used") {
  passes([] {
    CHECK(static_number.fetch_add(1) == 3);
    CHECK(static_pointer.load() == nullptr);
    CHECK_FALSE(static_flag.test_and_set());
  });
  STATIC_REQUIRE(std::is_nothrow_default_constructible_v<atomic<int>>);
  STATIC_REQUIRE(std::is_nothrow_constructible_v<atomic<int>, int>);
  STATIC_REQUIRE(std::is_nothrow_default_constructible_v<atomic_flag>);
}

TEST_CASE("an atomic weak_ptr changes what it observes") {
  passes([] {
    const auto one = std::make_shared<int>(1), two = std::make_shared<int>(2);
    atomic<std::weak_ptr<int>> seen{one};
    std::weak_ptr<int> expected = two;
    CHECK_FALSE(seen.compare_exchange_strong(expected, {}));
    CHECK(expected.lock() == one);
    CHECK(seen.compare_exchange_strong(expected, two));
    CHECK(seen.load().lock() == two);
    CHECK(seen.exchange({}).lock() == two);
    CHECK(seen.load().expired());
    CHECK(one.use_count() == 1);
  });
}

TEST_CASE("the functions beside the members do what those do") {
  const report r = run({.record = true}, [] {
    constexpr auto relaxed = std::memory_order_relaxed;
    atomic_int n;
    atomic_init(&n, 12);  // no access
    expect(atomic_fetch_add_explicit(&n, 3, relaxed) == 12);
    expect(atomic_fetch_sub_explicit(&n, 1, relaxed) == 15);
    expect(atomic_fetch_and_explicit(&n, 6, relaxed) == 14);
    expect(atomic_fetch_or_explicit(&n, 1, relaxed) == 6);
    expect(atomic_fetch_xor_explicit(&n, 2, relaxed) == 7);
    atomic_wait_explicit(&n, 0, relaxed);
    expect(atomic_load(&n) == 5);
    atomic_flag f;
    expect(!atomic_flag_test_and_set(&f));
    expect(atomic_flag_test_and_set_explicit(&f, relaxed));
    expect(atomic_flag_test(&f));
    atomic_flag_wait(&f, false);
    atomic_flag_wait_explicit(&f, false, relaxed);
    atomic_flag_clear(&f);
    expect(!atomic_flag_test_explicit(&f, relaxed));
    atomic_flag_clear_explicit(&f, relaxed);
    atomic_flag_notify_one(&f);
    atomic_flag_notify_all(&f);
  });
  check_passed(r);
  int accesses = 0;
  for (const auto& e : r.events) accesses += e.name.starts_with("atomic");
  CHECK(accesses == 17);
  STATIC_REQUIRE(std::is_same_v<atomic_size_t, atomic<std::size_t>>);
  STATIC_REQUIRE(std::is_same_v<atomic_uint_fast16_t, atomic<std::uint_fast16_t>>);
}

TEST_CASE("callbacks, jobs and coroutines access atomics without a preemption") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const report r = run({.seed = seed, .schedule = random_walk()}, [] {
      atomic<int> n{0};
      call_soon([&] { ++n; });
      const auto steps = [&]() -> co_task<void> {
        const int seen = n.load();
        n.store(seen + 1);
        co_return;
      };
      gather(steps, steps);
      offload([&] { ++n; });
      sleep_for(1s);
      expect(n.load() == 4);
    });
    check_passed(r);
  }
  const report r = run(0, [] {
    atomic<int> n{0};
    spawn([&]() -> co_task<void> {
      n.wait(0);
      co_return;
    }).join();
  });
  CHECK_THAT(r.what, ContainsSubstring("atomic::wait") && ContainsSubstring("co::call"));
}

TEST_CASE("a compare-exchange of what was loaded succeeds, whatever the padding holds") {
  struct with_gap {
    char c;
    long double x;
  };
  passes([] {
    atomic<long double> x{1.5L};
    long double seen = x.load();
    CHECK(x.compare_exchange_strong(seen, 2.5L));
    long double other = 2.5L;
    CHECK(x.compare_exchange_strong(other, 3.5L));
    CHECK_FALSE(x.compare_exchange_strong(other, 4.5L));
    CHECK(other == 3.5L);
    CHECK((x += 1.0L) == 4.5L);

    // With what was seen it succeeds, whether or not the compiler can leave the padding out.
    atomic<with_gap> gap{with_gap{'a', 1.5L}};
    with_gap old{'a', 1.5L};
    if (!gap.compare_exchange_strong(old, with_gap{'b', 2.5L}))
      CHECK(gap.compare_exchange_strong(old, with_gap{'b', 2.5L}));
    CHECK(gap.load().c == 'b');
  });
}
