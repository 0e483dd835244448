// Signals that are lost, waits that are not asked again, time-outs and cancellations that meet what
// they end.

#include "planted/programs.hpp"

#include <chrono>
#include <mutex>
#include <optional>

namespace planted {

namespace {

using namespace reprise;
using namespace std::chrono_literals;

template <bool Fixed>
void lost_signal() {
  mutex m;
  condition_variable changed;
  shared<bool> ready{false};
  gather(
      [&] {
        {
          const std::scoped_lock lock(m);
          ready = true;
        }
        changed.notify_one();
      },
      [&] {
        std::unique_lock lock(m);
        if constexpr (Fixed) {
          changed.wait(lock, [&] { return ready.read(); });
        } else {
          changed.wait(lock);
        }
      });
}

template <bool Fixed>
void signal_between() {  // looked at outside the lock, so the signal comes between look and wait
  mutex m;
  condition_variable changed;
  atomic<bool> ready{false};
  gather(
      [&] {
        if constexpr (Fixed) {
          const std::scoped_lock lock(m);
          ready = true;
        } else {
          ready = true;
        }
        changed.notify_all();
      },
      [&] {
        std::unique_lock lock(m);
        while (!ready) changed.wait(lock);
      });
}

template <bool Fixed>
void if_instead_of_while() {
  mutex m;
  condition_variable changed;
  shared<int> items{0};
  const auto consume = [&] {
    std::unique_lock lock(m);
    if constexpr (Fixed) {
      while (items == 0) changed.wait(lock);
    } else if (items == 0) {
      changed.wait(lock);
    }
    expect(items > 0, "took from nothing");
    --items;
  };
  gather(consume, consume, [&] {
    for (int i = 0; i < 2; ++i) {
      const std::scoped_lock lock(m);
      ++items;
      changed.notify_all();
    }
  });
}

/// One condition for two kinds of waiters: notify_one may wake the kind that can do nothing.
template <bool Fixed>
void bounded_buffer() {
  mutex m;
  condition_variable changed;
  shared<int> items{0};
  const auto notify = [&] {
    if constexpr (Fixed)
      changed.notify_all();
    else
      changed.notify_one();
  };
  const auto produce = [&] {
    for (int i = 0; i < 2; ++i) {
      std::unique_lock lock(m);
      while (items == 1) changed.wait(lock);
      ++items;
      notify();
    }
  };
  const auto consume = [&] {
    for (int i = 0; i < 2; ++i) {
      std::unique_lock lock(m);
      while (items == 0) changed.wait(lock);
      --items;
      notify();
    }
  };
  gather(produce, produce, consume, consume);
}

template <bool Fixed>
void event_cleared() {  // auto-reset by hand: what was set between is lost
  event work;
  atomic<int> jobs{0}, done{0};
  gather(
      [&] {
        for (int i = 0; i < 2; ++i) {
          ++jobs;
          work.set();
        }
      },
      [&] {
        while (done < 2) {
          work.wait();
          if constexpr (Fixed) work.clear();
          while (jobs > done) ++done;
          if constexpr (!Fixed) work.clear();
        }
      });
}

template <bool Fixed>
void stop_flag() {  // the worker looks at the flag, then waits for work that nobody sends
  queue<int> work;
  atomic<bool> stop{false};
  gather(
      [&] {
        if constexpr (Fixed) {
          while (work.get()) {
          }
        } else {
          while (!stop) static_cast<void>(work.get());
        }
      },
      [&] {
        work.put(1);
        stop = true;
        if constexpr (Fixed) work.close();
      });
}

template <bool Fixed>
void queue_closed_early() {
  queue<int> q{1};
  atomic<int> producers{2};
  gather(
      [&] {
        q.put(1);
        if (!Fixed || --producers == 0) q.close();
      },
      [&] {
        q.put(2);
        if (!Fixed || --producers == 0) q.close();
      },
      [&] {
        while (q.get()) {
        }
      });
}

template <bool Fixed>
void timeout_against_completion() {  // the answer comes as the time is up: both believe they won
  atomic<int> state{0}, outcomes{0};
  const auto settle = [&] {
    if constexpr (Fixed) {
      int expected = 0;
      if (state.compare_exchange_strong(expected, 1)) ++outcomes;
    } else if (state == 0) {
      state = 1;
      ++outcomes;
    }
  };
  gather(
      [&] {
        sleep_for(10ms);
        settle();
      },
      [&] {
        sleep_for(10ms);
        settle();
      });
  expect(outcomes == 1, "{} outcomes", outcomes.load());
}

template <bool Fixed>
void cancellation_against_completion() {  // cancelled between taking an item and noting it
  queue<int> q;
  atomic<int> noted{0};
  q.put(1);
  auto worker = spawn([&] {
    std::optional<int> item = q.get();
    if constexpr (!Fixed) yield();  // may be cancelled here, with the item in hand
    noted += item.value_or(0);
  });
  gather([&] { yield(); }, [&] { worker.cancel(); });
  worker.join();
  const int left = static_cast<int>(q.size());
  expect(noted + left == 1, "the item is neither done nor left");
}

template <bool Fixed>
void barrier_reused() {  // a count that the last one resets while others still look at it
  atomic<int> arrived{0}, generation{0};
  const auto wait = [&] {
    const int mine = generation;
    if (++arrived == 2) {
      arrived = 0;
      ++generation;
      return;
    }
    if constexpr (Fixed) {
      while (generation == mine) yield();
    } else {
      for (int i = 0; arrived != 0; ++i) {
        expect(i < 50, "left behind at the barrier");
        yield();
      }
    }
  };
  together(2, [&](int) {
    for (int round = 0; round < 2; ++round) wait();
  });
}

template <bool Fixed>
void latch_too_small() {
  latch ready{Fixed ? 2 : 1};
  atomic<int> prepared{0};
  gather(
      [&] {
        ++prepared;
        ready.count_down();
      },
      [&] {
        ++prepared;
        if constexpr (Fixed) ready.count_down();
      },
      [&] {
        ready.wait();
        expect(prepared == 2, "{} of two are prepared", prepared.load());
      });
}

template <bool Fixed>
void atomic_wait_without_notify() {
  atomic<int> value{0};
  gather(
      [&] {
        value = 1;
        if constexpr (Fixed) value.notify_one();
      },
      [&] { value.wait(0); });
}

template <bool Fixed>
void semaphore_signal_lost() {  // released only if somebody seems to wait
  semaphore wake{0};
  atomic<int> waiting{0};
  gather(
      [&] {
        ++waiting;
        wake.acquire();
      },
      [&] {
        if (Fixed || waiting > 0) wake.release();
      });
}

template <bool Fixed>
void future_set_twice() {
  promise<int> p;
  atomic<bool> set{false};
  auto f = p.get_future();
  together(2, [&](int i) {
    if constexpr (Fixed) {
      if (!set.exchange(true)) p.set_value(i);
    } else if (!set) {
      set = true;
      p.set_value(i);
    }
  });
  static_cast<void>(f.get());
}

constexpr program all[] = {
    {"lost_signal", "waits without a condition", lost_signal<false>, lost_signal<true>},
    {"signal_between", "the flag is set without the lock", signal_between<false>,
     signal_between<true>},
    {"if_instead_of_while", "the condition is not asked again", if_instead_of_while<false>,
     if_instead_of_while<true>},
    {"bounded_buffer", "notify_one where two kinds wait", bounded_buffer<false>,
     bounded_buffer<true>},
    {"event_cleared", "cleared after the work was looked for", event_cleared<false>,
     event_cleared<true>},
    {"stop_flag", "nobody wakes the worker to see the flag", stop_flag<false>, stop_flag<true>},
    {"queue_closed_early", "closed by the first producer that ends", queue_closed_early<false>,
     queue_closed_early<true>},
    {"timeout_against_completion", "both settle it", timeout_against_completion<false>,
     timeout_against_completion<true>},
    {"cancellation_against_completion", "cancelled with an item in hand",
     cancellation_against_completion<false>, cancellation_against_completion<true>},
    {"barrier_reused", "the count is reset under those who look at it", barrier_reused<false>,
     barrier_reused<true>},
    {"latch_too_small", "does not wait for all", latch_too_small<false>, latch_too_small<true>},
    {"atomic_wait_without_notify", "nobody is notified", atomic_wait_without_notify<false>,
     atomic_wait_without_notify<true>},
    {"semaphore_signal_lost", "released only if somebody seems to wait",
     semaphore_signal_lost<false>, semaphore_signal_lost<true>},
    {"future_set_twice", "a flag is checked, then set", future_set_twice<false>,
     future_set_twice<true>},
};

}  // namespace

std::span<const program> waiting() { return all; }

std::vector<program> programs() {
  std::vector<program> every;
  for (const auto part : {published(), lock_based(), lock_free(), waiting()})
    every.insert(every.end(), part.begin(), part.end());
  return every;
}

}  // namespace planted
