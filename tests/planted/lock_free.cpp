// Algorithms without locks, each with the mistake that its literature warns of.

#include "planted/programs.hpp"

#include <array>

namespace planted {

namespace {

using namespace reprise;

/// Waits by spinning, politely.
template <class F>
void spin_until(F holds) {
  while (!holds()) yield();
}

template <bool Fixed>
void dekker() {  // Dekker, in Dijkstra 1965: the flag goes up before the other one is looked at
  std::array<atomic<bool>, 2> wants;
  atomic<int> inside{0};
  together(2, [&](int i) {
    auto& mine = wants.at(static_cast<std::size_t>(i));
    auto& other = wants.at(static_cast<std::size_t>(1 - i));
    if constexpr (Fixed) mine = true;
    if (other) {
      mine = false;
      return;
    }
    if constexpr (!Fixed) mine = true;
    expect(++inside == 1, "two are inside");
    --inside;
    mine = false;
  });
}

template <bool Fixed>
void peterson() {  // Peterson 1981: the flag first, then the turn
  std::array<atomic<bool>, 2> wants;
  atomic<int> turn{0}, inside{0};
  together(2, [&](int i) {
    auto& mine = wants.at(static_cast<std::size_t>(i));
    auto& other = wants.at(static_cast<std::size_t>(1 - i));
    if constexpr (Fixed) {
      mine = true;
      turn = 1 - i;
    } else {
      turn = 1 - i;
      mine = true;
    }
    spin_until([&] { return !other || turn == i; });
    expect(++inside == 1, "two are inside");
    --inside;
    mine = false;
  });
}

template <bool Fixed>
void spinlock() {
  atomic<bool> locked{false};
  atomic<int> inside{0};
  together(2, [&](int) {
    if constexpr (Fixed) {
      spin_until([&] { return !locked.exchange(true); });
    } else {
      spin_until([&] { return !locked; });
      locked = true;
    }
    expect(++inside == 1, "two are inside");
    --inside;
    locked = false;
  });
}

template <bool Fixed>
void ticket_lock() {
  atomic<int> next{0}, serving{0}, inside{0};
  together(2, [&](int) {
    int mine = 0;
    if constexpr (Fixed) {
      mine = next.fetch_add(1);
    } else {
      mine = next;
      next = mine + 1;
    }
    // One whose turn has been taken by another would wait for ever.
    for (int tries = 0; serving != mine; ++tries) {
      if (tries == 20) return;
      yield();
    }
    expect(++inside == 1, "two have one ticket");
    --inside;
    serving = mine + 1;
  });
}

/// A stack of array cells; 0 ends it. The head carries a count in its high half, which the
/// mistaken one never moves.
template <bool Fixed>
class treiber_stack {  // Treiber 1986
public:
  void push(int cell) {
    int head = head_;
    do {
      next_.at(static_cast<std::size_t>(cell)) = head & 15;
    } while (!head_.compare_exchange_weak(head, tagged(head, cell)));
  }
  int pop() {
    int head = head_;
    for (;;) {
      const int cell = head & 15;
      if (cell == 0) return 0;
      const int next = next_.at(static_cast<std::size_t>(cell));
      if (head_.compare_exchange_weak(head, tagged(head, next))) return cell;
    }
  }

private:
  static int tagged(int head, int cell) { return Fixed ? (head / 16 + 1) * 16 + cell : cell; }
  atomic<int> head_{0};
  std::array<atomic<int>, 4> next_;
};

template <bool Fixed>
void aba() {
  treiber_stack<Fixed> stack;
  std::array<atomic<int>, 4> owners;
  const auto take = [&](int cell) {
    if (cell != 0)
      expect(++owners.at(static_cast<std::size_t>(cell)) == 1, "cell {} is taken twice", cell);
  };
  for (const int cell : {3, 2, 1}) stack.push(cell);
  gather([&] { take(stack.pop()); },
         [&] {
           const int first = stack.pop(), second = stack.pop();
           take(second);
           if (first != 0) stack.push(first);
         });
  for (int cell = stack.pop(), n = 0; cell != 0 && n < 4; cell = stack.pop(), ++n) take(cell);
}

template <bool Fixed>
void treiber_pop() {
  std::array<atomic<int>, 4> next;
  atomic<int> head{1};
  next[1] = 2, next[2] = 3;
  atomic<int> taken{0};
  together(2, [&](int) {
    int cell = head;
    if constexpr (Fixed) {
      while (!head.compare_exchange_weak(cell, next.at(static_cast<std::size_t>(cell)))) {
      }
    } else {
      head = next.at(static_cast<std::size_t>(cell)).load();
    }
    taken += cell;
  });
  expect(taken == 3, "one cell went to both");
}

template <bool Fixed>
void michael_scott() {  // Michael and Scott 1996: a node is linked by a compare-exchange
  std::array<atomic<int>, 4> next;
  atomic<int> tail{1};
  together(2, [&](int i) {
    const int node = 2 + i;
    for (;;) {
      int last = tail;
      auto& link = next.at(static_cast<std::size_t>(last));
      if constexpr (Fixed) {
        int end = 0;
        if (link.compare_exchange_strong(end, node)) {
          tail.compare_exchange_strong(last, node);
          return;
        }
        tail.compare_exchange_strong(last, end);  // help whoever linked
      } else {
        if (link == 0) {
          link = node;
          tail.compare_exchange_strong(last, node);
          return;
        }
        tail.compare_exchange_strong(last, link.load());
      }
    }
  });
  int count = 0;
  for (int at = 1; (at = next.at(static_cast<std::size_t>(at))) != 0;) ++count;
  expect(count == 2, "{} of two nodes are linked", count);
}

template <bool Fixed>
void seqlock() {
  atomic<int> sequence{0}, a{0}, b{0};
  gather(
      [&] {
        ++sequence;
        a = 1;
        b = 1;
        ++sequence;
      },
      [&] {
        const int before = sequence;
        if (before % 2 != 0) return;
        const int x = a, y = b;
        if (Fixed && sequence != before) return;
        expect(x == y, "torn: {} {}", x, y);
      });
}

template <bool Fixed>
void reference_count() {
  atomic<int> count{2}, frees{0};
  together(2, [&](int) {
    if constexpr (Fixed) {
      if (count.fetch_sub(1) == 1) ++frees;
    } else {
      --count;
      if (count == 0) ++frees;
    }
  });
  expect(frees == 1, "freed {} times", frees.load());
}

template <bool Fixed>
void weak_upgrade() {  // a weak reference becomes a strong one while the last strong one goes
  atomic<int> strong{1};
  atomic<bool> freed{false};
  gather(
      [&] {
        if (--strong == 0) freed = true;
      },
      [&] {
        int n = strong;
        if constexpr (Fixed) {
          while (n != 0 && !strong.compare_exchange_weak(n, n + 1)) {
          }
          if (n == 0) return;
        } else {
          if (n == 0) return;
          ++strong;
        }
        expect(!freed, "used after it was freed");
        if (--strong == 0) freed = true;
      });
}

template <bool Fixed>
void hazard_pointer() {  // Michael 2004: publish the hazard, then look again
  atomic<int> current{1}, hazard{0}, freed{0};
  gather(
      [&] {
        const int seen = current;
        hazard = seen;
        if (Fixed && current != seen) return;
        expect(freed != seen, "used after it was freed");
        hazard = 0;
      },
      [&] {
        const int old = current.exchange(2);
        if (hazard != old) freed = old;
      });
}

template <bool Fixed>
void spsc_ring() {  // Lamport 1983: the item is written before the index moves
  std::array<atomic<int>, 2> ring;
  atomic<int> written{0}, read{0};
  gather(
      [&] {
        for (int i = 1; i <= 3; ++i) {
          spin_until([&] { return written - read < 2; });
          const int at = written;
          if constexpr (!Fixed) written = at + 1;
          ring.at(static_cast<std::size_t>(at % 2)) = i;
          if constexpr (Fixed) written = at + 1;
        }
      },
      [&] {
        for (int i = 1; i <= 3; ++i) {
          spin_until([&] { return written > read; });
          const int item = ring.at(static_cast<std::size_t>(read % 2));
          expect(item == i, "read {}, and {} was due", item, i);
          ++read;
        }
      });
}

template <bool Fixed>
void lamport_bakery() {  // Lamport 1974: choosing a number takes time, and says so
  std::array<atomic<bool>, 2> choosing;
  std::array<atomic<int>, 2> number;
  atomic<int> inside{0};
  together(2, [&](int i) {
    const auto me = static_cast<std::size_t>(i), other = 1 - me;
    if constexpr (Fixed) choosing.at(me) = true;
    number.at(me) = number.at(other) + 1;
    if constexpr (Fixed) choosing.at(me) = false;
    if constexpr (Fixed) spin_until([&] { return !choosing.at(other); });
    spin_until([&] {
      const int theirs = number.at(other), mine = number.at(me);
      return theirs == 0 || mine < theirs || (mine == theirs && me < other);
    });
    expect(++inside == 1, "two are inside");
    --inside;
    number.at(me) = 0;
  });
}

template <bool Fixed>
void bit_flags() {
  atomic<unsigned> flags{0};
  together(3, [&](int i) {
    const unsigned bit = 1u << i;
    if constexpr (Fixed) {
      flags |= bit;
    } else {
      flags = flags | bit;
    }
  });
  expect(flags == 7, "flags are {}", flags.load());
}

constexpr program all[] = {
    {"dekker", "looks at the other before it raises its flag", dekker<false>, dekker<true>},
    {"peterson", "gives the turn away before it raises its flag", peterson<false>, peterson<true>},
    {"spinlock", "tests, then sets", spinlock<false>, spinlock<true>},
    {"ticket_lock", "a ticket is drawn in two steps", ticket_lock<false>, ticket_lock<true>},
    {"aba", "the head is the same again, and what is below is not", aba<false>, aba<true>},
    {"treiber_pop", "the head is stored, not exchanged", treiber_pop<false>, treiber_pop<true>},
    {"michael_scott", "a node is linked in two steps", michael_scott<false>, michael_scott<true>},
    {"seqlock", "the reader does not look at the sequence again", seqlock<false>, seqlock<true>},
    {"reference_count", "decremented, then read", reference_count<false>, reference_count<true>},
    {"weak_upgrade", "counted up from zero", weak_upgrade<false>, weak_upgrade<true>},
    {"hazard_pointer", "not looked at again once the hazard is published", hazard_pointer<false>,
     hazard_pointer<true>},
    {"spsc_ring", "the index moves before the item is there", spsc_ring<false>, spsc_ring<true>},
    {"lamport_bakery", "nobody says that a number is being chosen", lamport_bakery<false>,
     lamport_bakery<true>},
    {"bit_flags", "bits are set by a load and a store", bit_flags<false>, bit_flags<true>},
};

}  // namespace

std::span<const program> lock_free() { return all; }

}  // namespace planted
