// Programs of the published sets, each in a few lines: SCTBench's CS and CB (Thomson, Donaldson and
// Betts, PPoPP 2014), Chess's deque, and races of the kernel as ConVul cuts them down (Meng, Wang
// and Machiry, 2019).

#include "planted/programs.hpp"

#include <array>
#include <mutex>

namespace planted {

namespace {

using namespace reprise;

template <bool Fixed>
void account() {
  constexpr int x = 1, y = 2, z = 4;
  mutex m;
  shared<int> balance{x};
  shared<bool> deposited{false}, withdrawn{false};
  gather(
      [&] {
        const std::scoped_lock lock(m);
        if (deposited && withdrawn) expect(balance == (Fixed ? x + y : x - y) - z);
      },
      [&] {
        const std::scoped_lock lock(m);
        balance += y;
        deposited = true;
      },
      [&] {
        const std::scoped_lock lock(m);
        balance -= z;
        withdrawn = true;
      });
}

template <bool Fixed>
void bluetooth_driver() {
  mutex m;
  shared<int> pending{1};
  atomic<bool> stopping{false}, stopped{false};
  event drained;
  const auto enter = [&] {
    if constexpr (Fixed) {
      const std::scoped_lock lock(m);
      if (stopping) return false;
      ++pending;
      return true;
    } else {
      if (stopping) return false;
      const std::scoped_lock lock(m);
      ++pending;
      return true;
    }
  };
  const auto leave = [&] {
    bool last = false;
    {
      const std::scoped_lock lock(m);
      last = --pending == 0;
    }
    if (last) drained.set();
  };
  gather(
      [&] {
        if (!enter()) return;
        expect(!stopped, "the driver works, and was stopped");
        leave();
      },
      [&] {
        if constexpr (Fixed) {
          const std::scoped_lock lock(m);
          stopping = true;
        } else {
          stopping = true;
        }
        leave();
        drained.wait();
        stopped = true;
      });
}

template <bool Fixed>
void carter01() {
  mutex m, n, l;
  shared<int> a{0}, b{0};
  const auto work = [&](mutex& mine, shared<int>& count) {
    {
      const std::scoped_lock lock(mine);
      if (++count == 1) l.lock();
    }
    const std::scoped_lock lock(mine);
    if (--count == 0) l.unlock();
  };
  gather([&] { work(m, a); }, [&] { work(Fixed ? n : m, b); }, [] {}, [] {});
}

template <bool Fixed>
void circular_buffer() {
  constexpr int items = 7;
  mutex m;
  std::array<shared<int>, items> buffer;
  shared<int> first{0}, next{0};
  shared<bool> may_send{true}, may_receive{false};
  gather(
      [&] {
        for (int i = 0; i < items; ++i) {
          const std::scoped_lock lock(m);
          if (!may_send) continue;
          buffer[static_cast<std::size_t>(next)] = Fixed ? next.read() : i;
          ++next;
          may_send = false;
          may_receive = true;
        }
      },
      [&] {
        for (int i = 0; i < items; ++i) {
          const std::scoped_lock lock(m);
          if (!may_receive) continue;
          const int at = first++;
          expect(buffer[static_cast<std::size_t>(at)] == (Fixed ? at : i));
          may_receive = false;
          may_send = true;
        }
      });
}

template <bool Fixed>
void deadlock01() {
  mutex a{"a"}, b{"b"};
  shared<int> counter{0};
  gather(
      [&] {
        const std::lock_guard first(a);
        const std::lock_guard second(b);
        ++counter;
      },
      [&] {
        const std::lock_guard first(Fixed ? a : b);
        const std::lock_guard second(Fixed ? b : a);
        --counter;
      });
}

template <bool Fixed>
void lazy01() {
  mutex m;
  shared<int> data{0};
  gather(
      [&] {
        const std::scoped_lock lock(m);
        data += 1;
      },
      [&] {
        const std::scoped_lock lock(m);
        data += 2;
      },
      [&] {
        const std::scoped_lock lock(m);
        expect(data < (Fixed ? 4 : 3));
      });
}

template <int Setters, int Checkers, bool Fixed>
void reorder() {
  mutex m;
  shared<int> a{0}, b{0};
  together(Setters + Checkers, [&](int i) {
    std::unique_lock lock(m, std::defer_lock);
    if constexpr (Fixed) lock.lock();
    if (i < Setters) {
      a = 1;
      b = -1;
    } else {
      expect((a == 0 && b == 0) || (a == 1 && b == -1), "seen half done");
    }
  });
}

template <int Writers, int Readers, bool Fixed>
void twostage() {
  mutex m, n;
  shared<int> first{0}, second{0};
  together(Writers + Readers, [&](int i) {
    if (i < Writers) {
      std::unique_lock lock(m);
      first = 1;
      if constexpr (!Fixed) lock.unlock();
      const std::scoped_lock other(n);
      second = first + 1;
    } else {
      int seen = 0;
      {
        const std::scoped_lock lock(m);
        if (first == 0) return;
        seen = first;
      }
      const std::scoped_lock lock(n);
      expect(second == seen + 1, "the first stage is seen, the second is not");
    }
  });
}

template <bool Fixed>
void wronglock() {
  mutex data_lock, this_lock;
  shared<int> data{0};
  together(8, [&](int i) {
    if (i == 0) {
      const std::scoped_lock lock(data_lock);
      const int seen = data;
      ++data;
      expect(data == seen + 1);
    } else {
      const std::scoped_lock lock(Fixed ? data_lock : this_lock);
      ++data;
    }
  });
}

/// Chess's deque: its owner pushes and pops at the tail, thieves take from the head, and each says
/// what it takes before it looks at what the other has taken.
template <bool Fixed>
class work_stealing_deque {
public:
  void push(int item) {
    const int t = tail_;
    items_.at(static_cast<std::size_t>(t)) = item;
    tail_ = t + 1;
  }
  bool pop(int& item) {
    const int t = tail_ - 1;
    tail_ = t;
    const int h = head_;
    if (h <= t) {
      item = items_.at(static_cast<std::size_t>(t));
      return true;
    }
    tail_ = t + 1;
    const std::scoped_lock lock(foreign_);
    const int last = tail_ - 1;
    tail_ = last;
    if (head_ <= last) {
      item = items_.at(static_cast<std::size_t>(last));
      return true;
    }
    tail_ = last + 1;
    return false;
  }
  bool steal(int& item) {
    const std::scoped_lock lock(foreign_);
    const int h = head_;
    if constexpr (Fixed) head_ = h + 1;  // announced before the tail is looked at
    if (h < tail_) {
      item = items_.at(static_cast<std::size_t>(h));
      head_ = h + 1;
      return true;
    }
    head_ = h;
    return false;
  }

private:
  mutex foreign_;
  atomic<int> head_{0}, tail_{0};
  std::array<atomic<int>, 8> items_;
};

template <bool Fixed>
void work_steal_queue() {
  work_stealing_deque<Fixed> deque;
  std::array<atomic<int>, 5> taken;
  const auto take = [&](int item) { expect(taken.at(static_cast<std::size_t>(item))++ == 0); };
  gather(
      [&] {
        int item = 0;
        deque.push(1);
        deque.push(2);
        if (deque.pop(item)) take(item);
        deque.push(3);
        deque.push(4);
        if (deque.pop(item)) take(item);
        if (deque.pop(item)) take(item);
      },
      [&] {
        int item = 0;
        for (int i = 0; i < 2; ++i)
          if (deque.steal(item)) take(item);
      });
}

template <bool Fixed>
void stringbuffer() {
  mutex m;
  shared<int> length{8};
  gather(
      [&] {  // append(other): its length, then that many of its characters
        std::unique_lock lock(m);
        const int wanted = length;
        if constexpr (!Fixed) {
          lock.unlock();
          lock.lock();
        }
        expect(wanted <= length, "{} characters are asked for", wanted);
      },
      [&] {
        const std::scoped_lock lock(m);
        length = 0;
      });
}

template <bool Fixed>
void cve_2009_3547() {  // fs/pipe.c: the pipe is opened while its last end is released
  mutex m;
  shared<int> pipe{1};  // 0 stands for a null pointer
  gather(
      [&] {
        const std::scoped_lock lock(m);
        if (Fixed && pipe == 0) return;
        expect(pipe != 0, "null dereference");
      },
      [&] {
        const std::scoped_lock lock(m);
        pipe = 0;
      });
}

template <bool Fixed>
void cve_2013_1792() {  // security/keys: the user's keyrings are installed one after the other
  mutex m;
  shared<int> user_keyring{0}, session_keyring{0};
  const auto install = [&] {
    {
      std::unique_lock lock(m, std::defer_lock);
      if (Fixed) lock.lock();
      if (user_keyring != 0) return;
    }
    const std::scoped_lock lock(m);
    if (user_keyring != 0) return;
    if constexpr (Fixed) session_keyring = 1;
    user_keyring = 1;
    if constexpr (!Fixed) session_keyring = 1;
  };
  together(2, [&](int) {
    install();
    std::unique_lock lock(m, std::defer_lock);
    if (Fixed) lock.lock();
    expect(session_keyring != 0, "null dereference");
  });
}

template <bool Fixed>
void cve_2016_7911() {  // block/ioprio.c: the context is gone between the check and its use
  mutex m;
  shared<int> context{1};
  gather(
      [&] {
        std::unique_lock lock(m, std::defer_lock);
        if (Fixed) lock.lock();
        if (context != 0) expect(context != 0, "null dereference");
      },
      [&] {
        const std::scoped_lock lock(m);
        context = 0;
      });
}

template <bool Fixed>
void cve_2016_9806() {  // net/netlink: the dump's buffer is freed by whoever sees it running
  mutex m;
  shared<bool> running{true};
  shared<int> frees{0};
  const auto dump = [&] {
    std::unique_lock lock(m, std::defer_lock);
    if (Fixed) lock.lock();
    if (!running) return;
    running = false;
    frees += 1;
    expect(frees == 1, "freed twice");
  };
  gather(dump, dump);
}

template <bool Fixed>
void token_ring() {
  mutex m;
  std::array<shared<int>, 4> x;
  const auto pass = [&](int from, int to) {
    return [&, from, to] {
      const std::scoped_lock lock(m);
      const int n = x.at(static_cast<std::size_t>(from));
      x.at(static_cast<std::size_t>(to)) = to == 0 ? n + 1 : n;
    };
  };
  if constexpr (Fixed) {
    for (int i = 0; i < 4; ++i) gather(pass((i + 3) % 4, i));
  } else {
    gather(pass(3, 0), pass(0, 1), pass(1, 2), pass(2, 3));
  }
  expect(x[0] == 1 && x[1] == 1 && x[2] == 1 && x[3] == 1, "the token was passed out of turn");
}

template <bool Fixed>
void phase01() {
  mutex x{"x"}, y{"y"};
  const auto work = [&] {
    x.lock();
    x.unlock();
    y.lock();
    if (Fixed) y.unlock();
  };
  work();
  spawn(work).join();  // the second never gets y
}

template <bool Fixed>
void stack_bad() {
  constexpr int items = 3;
  mutex m;
  shared<int> top{0};
  shared<bool> pushed{false};
  gather(
      [&] {
        for (int i = 0; i < items; ++i) {
          const std::scoped_lock lock(m);
          ++top;
          pushed = true;
        }
      },
      [&] {
        for (int i = 0; i < items; ++i) {
          const std::scoped_lock lock(m);
          if (!(Fixed ? top > 0 : pushed.read())) continue;
          expect(top > 0, "pop of an empty stack");
          --top;
        }
      });
}

template <bool Fixed>
void din_phil() {
  constexpr int n = 4;
  std::array<mutex, n> forks;
  together(n, [&](int i) {
    int left = i, right = (i + 1) % n;
    if (Fixed && left > right) std::swap(left, right);
    const std::lock_guard first(forks.at(static_cast<std::size_t>(left)));
    const std::lock_guard second(forks.at(static_cast<std::size_t>(right)));
  });
}

constexpr program all[] = {
    {"account", "the check expects the wrong sum", account<false>, account<true>},
    {"bluetooth_driver", "checks that it may go on before it counts itself",
     bluetooth_driver<false>, bluetooth_driver<true>},
    {"carter01", "two locks in two orders, one of them conditional", carter01<false>,
     carter01<true>},
    {"circular_buffer", "counts turns instead of items", circular_buffer<false>,
     circular_buffer<true>},
    {"deadlock01", "two locks in two orders", deadlock01<false>, deadlock01<true>},
    {"lazy01", "expects that one of two additions comes late", lazy01<false>, lazy01<true>},
    {"reorder_3", "two writes seen half done", reorder<2, 1, false>, reorder<2, 1, true>},
    {"reorder_5", "the same with four writers", reorder<4, 1, false>, reorder<4, 1, true>},
    {"reorder_20", "the same with ten writers and ten readers", reorder<10, 10, false>,
     reorder<10, 10, true>},
    {"twostage", "two stages under two locks, seen between", twostage<1, 1, false>,
     twostage<1, 1, true>},
    {"twostage_20", "the same with ten writers and ten readers", twostage<10, 10, false>,
     twostage<10, 10, true>},
    {"wronglock", "one datum under two locks", wronglock<false>, wronglock<true>},
    {"WorkStealQueue", "a thief looks at the tail before it takes", work_steal_queue<false>,
     work_steal_queue<true>},
    {"stringbuffer-jdk1.4", "a length used after its lock was released", stringbuffer<false>,
     stringbuffer<true>},
    {"CVE-2009-3547", "a pointer that another nulls is not checked", cve_2009_3547<false>,
     cve_2009_3547<true>},
    {"CVE-2013-1792", "one of two pointers stands for both", cve_2013_1792<false>,
     cve_2013_1792<true>},
    {"CVE-2016-7911", "a pointer is checked, then read again", cve_2016_7911<false>,
     cve_2016_7911<true>},
    {"CVE-2016-9806", "a flag is checked and cleared without a lock", cve_2016_9806<false>,
     cve_2016_9806<true>},
    {"token_ring", "expects an order that nothing makes", token_ring<false>, token_ring<true>},
    {"phase01", "a lock that is never given back", phase01<false>, phase01<true>},
    {"stack", "pops by a flag that stays set", stack_bad<false>, stack_bad<true>},
    {"din_phil", "philosophers who all begin at the left", din_phil<false>, din_phil<true>},
};

}  // namespace

std::span<const program> published() { return all; }

}  // namespace planted
