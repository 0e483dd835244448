// Locks and plain memory, used wrongly: what the studies of real bugs find (Lu, Park, Seo and Zhou,
// "Learning from mistakes", ASPLOS 2008).

#include "planted/programs.hpp"

#include <array>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <utility>

namespace planted {

namespace {

using namespace reprise;

template <bool Fixed>
void lost_update() {
  atomic<int> n{0};
  const auto add = [&] {
    if constexpr (Fixed) {
      ++n;
    } else {
      const int seen = n;
      n = seen + 1;
    }
  };
  gather(add, add);
  expect(n == 2, "n is {}", n.load());
}

template <bool Fixed>
void check_then_act() {
  mutex m;
  shared<int> seats{1}, sold{0};
  together(2, [&](int) {
    std::unique_lock lock(m);
    if (seats == 0) return;
    if constexpr (!Fixed) {
      lock.unlock();
      lock.lock();
    }
    --seats;
    ++sold;
  });
  expect(sold <= 1, "{} sold, of one", sold.read());
}

template <bool Fixed>
void put_if_absent() {
  mutex m;
  shared<int> value{0}, made{0};
  together(2, [&](int i) {
    if constexpr (Fixed) {
      const std::scoped_lock lock(m);
      if (value == 0) {
        value = i + 1;
        ++made;
      }
    } else {
      bool absent = false;
      {
        const std::scoped_lock lock(m);
        absent = value == 0;
      }
      if (!absent) return;
      const std::scoped_lock lock(m);
      value = i + 1;
      ++made;
    }
  });
  expect(made == 1, "made {} times", made.read());
}

template <bool Fixed>
void double_checked_locking() {
  mutex m;
  atomic<bool> ready{false};
  atomic<int> value{0};
  together(2, [&](int) {
    if (!ready) {
      const std::scoped_lock lock(m);
      if (!ready) {
        if constexpr (Fixed) {
          value = 42;
          ready = true;
        } else {
          ready = true;  // published before it is made
          value = 42;
        }
      }
    }
    expect(value == 42, "used before it is made");
  });
}

template <bool Fixed>
void racy_publication() {
  shared<int> data{0};
  atomic<bool> ready{false};
  gather(
      [&] {
        if constexpr (Fixed) {
          data = 42;
          ready = true;
        } else {
          ready = true;
          data = 42;
        }
      },
      [&] {
        if (ready) expect(data == 42, "seen before it is written");
      });
}

template <bool Fixed>
void lock_order_of_three() {
  std::array<mutex, 3> locks;
  together(3, [&](int i) {
    int a = i, b = (i + 1) % 3;
    if (Fixed && a > b) std::swap(a, b);
    const std::lock_guard first(locks.at(static_cast<std::size_t>(a)));
    const std::lock_guard second(locks.at(static_cast<std::size_t>(b)));
  });
}

template <bool Fixed>
void transfer_and_audit() {
  mutex m, n;
  shared<int> a{50}, b{50};
  gather(
      [&] {
        std::unique_lock lock(m);
        a -= 10;
        if constexpr (!Fixed) lock.unlock();
        const std::scoped_lock other(n);
        b += 10;
      },
      [&] {
        const std::lock_guard first(m);
        const std::lock_guard second(n);
        expect(a + b == 100, "the books do not balance");
      });
}

template <bool Fixed>
void reader_writer_upgrade() {
  shared_mutex m;
  shared<int> value{0}, made{0};
  together(2, [&](int) {
    {
      const std::shared_lock lock(m);
      if (value != 0) return;
    }
    const std::scoped_lock lock(m);
    if (Fixed && value != 0) return;
    value = 1;
    ++made;
    expect(made == 1, "made twice");
  });
}

template <bool Fixed>
void upgrade_deadlock() {
  shared_mutex m;
  shared<int> n{0};
  together(2, [&](int) {
    std::shared_lock reads(m);
    const int seen = n;
    if constexpr (Fixed) reads.unlock();
    const std::unique_lock writes(m);  // waits for the other reader, who waits for us
    n = seen + 1;
  });
}

template <bool Fixed>
void iterator_invalidated() {
  mutex m;
  shared<std::size_t> size{3};
  std::array<shared<int>, 3> items;
  gather(
      [&] {
        if constexpr (Fixed) {
          const std::scoped_lock lock(m);
          for (std::size_t i = 0; i < size; ++i) expect(items.at(i) == 0);
        } else {
          std::size_t last = 0;
          {
            const std::scoped_lock lock(m);
            last = size;
          }
          for (std::size_t i = 0; i < last; ++i) {
            const std::scoped_lock lock(m);
            expect(items.at(i) == 0, "item {} was removed", i);
          }
        }
      },
      [&] {
        const std::scoped_lock lock(m);
        items[2] = -1;
        size = 2;
      });
}

template <bool Fixed>
void once() {
  atomic<int> state{0};  // 0: not begun, 1: done
  atomic<int> calls{0};
  together(3, [&](int) {
    if constexpr (Fixed) {
      int expected = 0;
      if (state.compare_exchange_strong(expected, 1)) ++calls;
    } else if (state == 0) {
      state = 1;
      ++calls;
    }
  });
  expect(calls == 1, "called {} times", calls.load());
}

template <bool Fixed>
void semaphore_of_two() {
  semaphore s{Fixed ? 1 : 2};
  atomic<int> inside{0};
  together(3, [&](int) {
    s.acquire();
    expect(++inside == 1, "two are inside");
    --inside;
    s.release();
  });
}

template <bool Fixed>
void early_unlock() {
  mutex m;
  shared<int> a{0}, b{0};
  const auto move = [&] {
    std::unique_lock lock(m);
    ++a;
    if constexpr (!Fixed) {
      lock.unlock();
      lock.lock();
    }
    ++b;
  };
  gather(move, move, [&] {
    const std::scoped_lock lock(m);
    // One after the other: in one call's arguments each compiler has an order of its own.
    const int first = a;
    const int second = b;
    expect(first == second, "a is {}, b is {}", first, second);
  });
}

template <bool Fixed>
void try_lock_ignored() {
  mutex m;
  shared<int> n{0};
  together(2, [&](int) {
    const bool mine = m.try_lock();
    if (Fixed && !mine) return;
    const int seen = n;
    n = seen + 1;
    expect(n == seen + 1, "another wrote meanwhile");
    if (mine) m.unlock();
  });
}

template <bool Fixed>
void one_lock_each() {
  mutex m[2];
  shared<int> n{0};
  together(2, [&](int i) {
    const std::scoped_lock lock(m[Fixed ? 0 : i]);
    const int seen = n;
    n = seen + 1;
  });
  expect(n == 2, "n is {}", n.read());
}

/// A race that no expectation sees: the writer and the reader share nothing but the variable.
template <bool Fixed>
void silent_race() {
  mutex m;
  shared<int> n{0};
  gather(
      [&] {
        std::unique_lock lock(m, std::defer_lock);
        if (Fixed) lock.lock();
        n = 1;
      },
      [&] {
        const std::scoped_lock lock(m);
        static_cast<void>(n.read());
      });
}

/// Sequentially consistent in every schedule, and a data race all the same: a relaxed store
/// publishes nothing.
template <bool Fixed>
void relaxed_publication() {
  shared<int> data{0};
  atomic<bool> ready{false};
  gather(
      [&] {
        data = 42;
        ready.store(true, Fixed ? std::memory_order_release : std::memory_order_relaxed);
      },
      [&] {
        if (ready.load(std::memory_order_acquire)) expect(data == 42);
      });
}

template <bool Fixed>
void foreign_unlock() {  // whoever did not get the lock gives it back all the same
  mutex m;
  shared<int> n{0};
  together(2, [&](int) {
    const bool mine = m.try_lock();
    if (mine) ++n;
    if (Fixed ? mine : m.locked()) m.unlock();
  });
}

template <bool Fixed>
void last_reader_unlocks_for_all() {
  shared_mutex m;
  shared<int> n{0};
  atomic<int> left{2};
  together(2, [&](int) {
    m.lock_shared();
    static_cast<void>(n.read());
    if (Fixed) return m.unlock_shared();
    if (--left > 0) return;
    m.unlock_shared();
    m.unlock_shared();  // the other's
  });
}

template <bool Fixed>
void destroyed_too_early() {  // what the last user does with the lock comes after what it says
  std::optional<mutex> owner(std::in_place);
  mutex& m = *owner;
  atomic<bool> done{false};
  atomic<int> uses{0};
  gather(
      [&] {
        m.lock();
        done = true;
        ++uses;
        m.unlock();
      },
      [&] {
        while (!done) yield();
        if constexpr (Fixed) const std::scoped_lock after(m);
        owner.reset();
      });
}

template <bool Fixed>
void used_after_destruction() {
  std::optional<mutex> owner(std::in_place);
  mutex& m = *owner;
  atomic<int> users{2};
  together(2, [&](int) {
    bool last = false;
    if constexpr (!Fixed) last = --users == 0;
    { const std::scoped_lock lock(m); }
    if constexpr (Fixed) last = --users == 0;
    if (last) owner.reset();
  });
}

constexpr program all[] = {
    {"lost_update", "a load and a store instead of an addition", lost_update<false>,
     lost_update<true>},
    {"check_then_act", "the lock is released between", check_then_act<false>, check_then_act<true>},
    {"put_if_absent", "looked up under one lock, put under the next", put_if_absent<false>,
     put_if_absent<true>},
    {"double_checked_locking", "the flag is set before the value", double_checked_locking<false>,
     double_checked_locking<true>},
    {"racy_publication", "the flag is set before the data", racy_publication<false>,
     racy_publication<true>},
    {"lock_order_of_three", "three locks in a circle", lock_order_of_three<false>,
     lock_order_of_three<true>},
    {"transfer_and_audit", "money is nowhere for a moment", transfer_and_audit<false>,
     transfer_and_audit<true>},
    {"reader_writer_upgrade", "not checked again under the writer's lock",
     reader_writer_upgrade<false>, reader_writer_upgrade<true>},
    {"upgrade_deadlock", "two readers wait for each other to become writers",
     upgrade_deadlock<false>, upgrade_deadlock<true>},
    {"iterator_invalidated", "a size used after its lock was released", iterator_invalidated<false>,
     iterator_invalidated<true>},
    {"once", "a flag is checked, then set", once<false>, once<true>},
    {"semaphore_of_two", "a semaphore for one has two permits", semaphore_of_two<false>,
     semaphore_of_two<true>},
    {"early_unlock", "two variables that belong together, changed one by one", early_unlock<false>,
     early_unlock<true>},
    {"try_lock_ignored", "nobody looks at what try_lock says", try_lock_ignored<false>,
     try_lock_ignored<true>},
    {"one_lock_each", "each has a lock of its own", one_lock_each<false>, one_lock_each<true>},
    {"silent_race", "a write without the lock", silent_race<false>, silent_race<true>},
    {"foreign_unlock", "the lock of another is given back", foreign_unlock<false>,
     foreign_unlock<true>},
    {"last_reader_unlocks_for_all", "the hold of another reader is given back",
     last_reader_unlocks_for_all<false>, last_reader_unlocks_for_all<true>},
    {"destroyed_too_early", "a lock is destroyed while it is held", destroyed_too_early<false>,
     destroyed_too_early<true>},
    {"used_after_destruction", "a lock is taken after it was destroyed",
     used_after_destruction<false>, used_after_destruction<true>},
    {"relaxed_publication", "published by a relaxed store", relaxed_publication<false>,
     relaxed_publication<true>},
};

}  // namespace

std::span<const program> lock_based() { return all; }

}  // namespace planted
