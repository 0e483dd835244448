#pragma once

#include <reprise/core/gather.hpp>
#include <reprise/core/mutex.hpp>
#include <reprise/core/queue.hpp>
#include <reprise/core/semaphore.hpp>
#include <reprise/core/task.hpp>
#include <reprise/core/timeout.hpp>
#include <reprise/core/virtual_clock.hpp>

#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace reprise {

/// The shape of a random concurrent program: a tree of sleeps, sequences, gathers, spawns, critical
/// sections and queue operations. `rc::gen::arbitrary<program>()` makes them, and makes them
/// smaller: by leaving out parts, by putting a part in place of the whole, by sleeping less. None
/// waits for ever: what holds a resource asks for later ones alone, and a get gives up.
struct program {
  enum class kind : std::uint8_t { sleep, sequence, gather, spawn, hold, put, get };
  static constexpr int resources = 3;  // two mutexes, and a semaphore of two permits
  static constexpr int queues = 2;
  static constexpr auto patience = std::chrono::milliseconds(3);  // of a get

  kind what = kind::sleep;
  int ms = 0;      // of a sleep
  int number = 0;  // of a resource or a queue
  std::vector<program> parts = {};

  /// "gather { sleep 3ms; hold 0 { put 1 } }".
  [[nodiscard]] std::string text() const {
    switch (what) {
      case kind::sleep:
        return "sleep " + std::to_string(ms) + "ms";
      case kind::put:
        return "put " + std::to_string(number);
      case kind::get:
        return "get " + std::to_string(number);
      default:
        break;
    }
    std::string all = what == kind::sequence ? "sequence"
                      : what == kind::gather ? "gather"
                      : what == kind::spawn  ? "spawn"
                                             : "hold " + std::to_string(number);
    all += " {";
    for (const auto& part : parts) all += (&part == parts.data() ? " " : "; ") + part.text();
    return all + " }";
  }
  friend void showValue(const program& p, std::ostream& to) { to << p.text(); }
  friend bool operator==(const program&, const program&) = default;
};

/// What the tasks of a program share.
struct program_world {
  std::array<mutex, 2> mutexes;
  semaphore permits{2};
  std::array<queue<int>, program::queues> queues;
  /// Called before each sleep, put and get, and after each sleep; nothing unless it is set.
  std::function<void(const program&)> step = {};
};

/// Does what `p` says, and returns when all that it waits for has ended: `spawn` waits for its
/// tasks in turn, and when it is cancelled the others go on.
inline void perform(const program& p, program_world& world) {
  const auto step = [&] {
    if (world.step) world.step(p);
  };
  const auto parts_as_tasks = [&] {
    std::vector<std::function<void()>> parts;
    for (const auto& part : p.parts) parts.emplace_back([&] { perform(part, world); });
    return parts;
  };
  const auto all_parts = [&] {
    for (const auto& part : p.parts) perform(part, world);
  };
  const auto at = static_cast<std::size_t>(p.number);
  switch (p.what) {
    case program::kind::sleep:
      step();
      sleep_for(std::chrono::milliseconds(p.ms));
      return step();
    case program::kind::sequence:
      return all_parts();
    case program::kind::gather:
      gather(parts_as_tasks());
      return;
    case program::kind::spawn: {
      std::vector<task<>> tasks;
      for (auto& part : parts_as_tasks()) tasks.push_back(spawn(std::move(part)));
      for (const auto& t : tasks) t.get();
      return;
    }
    case program::kind::hold:
      if (at < world.mutexes.size()) {
        const std::scoped_lock lock(world.mutexes.at(at));
        all_parts();
      } else {
        struct permit {
          semaphore& of;
          explicit permit(semaphore& s) : of(s) { of.acquire(); }
          permit(const permit&) = delete;
          ~permit() { of.release(); }
        };
        const permit mine(world.permits);
        all_parts();
      }
      return;
    case program::kind::put:
      step();
      return world.queues.at(at).put(p.ms);
    case program::kind::get:
      step();
      try {
        static_cast<void>(
            with_timeout(program::patience, [&] { return world.queues.at(at).get(); }));
      } catch (const timed_out&) {
      }
      return;
  }
}

namespace detail {

/// Programs that hold resources from `lowest` on.
inline rc::Gen<program> programs_from(int lowest) {
  using kind = program::kind;
  return rc::gen::withSize([lowest](int size) -> rc::Gen<program> {
    auto leaf = rc::gen::weightedOneOf<program>(
        {{3, rc::gen::map(rc::gen::inRange(0, 8),  // few different ones, so that there are ties
                          [](int ms) { return program{.what = kind::sleep, .ms = ms}; })},
         {1, rc::gen::map(rc::gen::inRange(0, program::queues),
                          [](int n) { return program{.what = kind::put, .number = n}; })},
         {1, rc::gen::map(rc::gen::inRange(0, program::queues),
                          [](int n) { return program{.what = kind::get, .number = n}; })}});
    if (size < 3) return leaf;
    const auto parts = [size](int from) {
      return rc::gen::resize(
          std::min(4, size / 3),
          rc::gen::container<std::vector<program>>(rc::gen::resize(size / 3, programs_from(from))));
    };
    const auto of = [&](kind what) {
      return rc::gen::map(parts(lowest), [what](std::vector<program> all) {
        return program{.what = what, .parts = std::move(all)};
      });
    };
    std::vector<std::pair<std::size_t, rc::Gen<program>>> kinds{
        {2, leaf}, {2, of(kind::sequence)}, {2, of(kind::gather)}, {2, of(kind::spawn)}};
    if (lowest < program::resources) {
      const auto held =
          rc::gen::mapcat(rc::gen::inRange(lowest, program::resources), [parts](int number) {
            return rc::gen::map(parts(number + 1), [number](std::vector<program> all) {
              return program{.what = kind::hold, .number = number, .parts = std::move(all)};
            });
          });
      kinds.emplace_back(2, held);
    }
    const auto any =
        rc::gen::mapcat(rc::gen::inRange<std::size_t>(0, lowest < program::resources ? 5 : 4),
                        [kinds](std::size_t i) { return kinds[i].second; });
    // A part in place of the whole.
    return rc::gen::shrink(any, [](const program& p) { return rc::seq::fromContainer(p.parts); });
  });
}

}  // namespace detail
}  // namespace reprise

namespace rc {
template <>
struct Arbitrary<reprise::program> {
  static Gen<reprise::program> arbitrary() { return reprise::detail::programs_from(0); }
};
}  // namespace rc
