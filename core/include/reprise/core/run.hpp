#pragma once

#include <reprise/core/choice.hpp>
#include <reprise/core/co_task.hpp>
#include <reprise/core/coverage.hpp>
#include <reprise/core/detectors.hpp>
#include <reprise/core/future_core.hpp>
#include <reprise/core/marks.hpp>
#include <reprise/core/prng.hpp>
#include <reprise/core/strategy.hpp>
#include <reprise/core/trace_event.hpp>
#include <reprise/core/virtual_clock.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace reprise {

/// Parameters of a scenario, by name.
using param_map = std::map<std::string, std::string, std::less<>>;

/// Everything that a run depends on, besides the program.
struct config {
  std::uint64_t seed = 0;
  strategy schedule = fifo();
  duration time_limit = {};         // of virtual time; 0: none
  std::uint64_t step_limit = 0;     // entries of the ready queue that run; 0: none
  bool record = false;              // keep the scheduler's own events, and the choices
  std::size_t stack_size = 0;       // bytes of a task's stack; 0: 256 KiB
  std::string scenario = {};        // stands in the token
  param_map params = {};            // what `param()` reads; stands in the token
  detectors detect = {};            // what is looked for under a strategy that chooses
  coverage* seen = nullptr;         // gets what the run sees, under such a strategy; outlives it
  trace_sink* sink = nullptr;       // hears each event as it happens; outlives the run
  choice_source* source = nullptr;  // instead of seeded streams; outlives the run
  /// Instead of seeded streams: what is listed, and 0 elsewhere (`listed_choices`). Stand in the
  /// token. The strategy then only says whether there are turns, as under `fifo()`.
  std::shared_ptr<const std::vector<choice>> choices = {};
  /// `hash_choices` of choices that were too many for a token, and have to be found elsewhere.
  std::uint64_t stored_choices = 0;
};

enum class verdict { passed, failed, deadlock, time_limit, step_limit, crashed, diverged };
[[nodiscard]] const char* to_string(verdict v) noexcept;

/// What a run came to.
struct report {
  verdict result = verdict::passed;
  explicit operator bool() const noexcept { return result == verdict::passed; }
  std::uint64_t seed = 0;
  std::string token;  // `reprise replay TOKEN` repeats it
  std::string
      what;  // one paragraph for a person: what failed, where, when (virtual), in which task
  std::string exception;  // type of what left the root task; empty when nothing did
  duration elapsed{0};    // virtual time when the last leftover had unwound
  std::uint64_t steps = 0;
  std::uint64_t preemptions = 0;  // choices that left a task that could have gone on
  std::uint64_t tasks = 0;        // how many were made, the root included
  std::uint64_t digest = 0;       // of its events: the same for the same seed, on every machine
  std::vector<trace_event> events;
  std::vector<choice> choices;    // when recorded
  std::vector<warning> warnings;  // of the detectors, each once
  std::vector<mark> marks;        // of `sometimes` and `reachable`, in the order of their first use
};

namespace detail {
report run_box(const config& options, box_base* body);
/// As `run_box`, but what nobody asked for is not built: no token, no events.
report run_briefly(const config& options, box_base* body);
/// The same; nothing for a run that passed and has neither warnings nor marks.
std::optional<report> run_for_news(const config& options, box_base* body);
/// Puts the handlers of stack overflow and std::terminate in place, in front of what a test
/// framework has put there. Each `run_box` does; many brief runs do it once, before. Cost: three
/// system calls.
void watch_for_crashes();
/// Where a body's box is made: in the run's memory, which an OS thread keeps between its runs.
void prepare_run();

template <class F>
box_base* body_box(F&& body) {
  prepare_run();
  if constexpr (is_co_task<std::invoke_result_t<std::decay_t<F>&>>) {
    using result = typename std::invoke_result_t<std::decay_t<F>&>::value_type;
    return make_box<co_closure<std::decay_t<F>, result>>(std::forward<F>(body));
  }
  auto call = [f = std::decay_t<F>(std::forward<F>(body))]() mutable {
    static_cast<void>(std::invoke(f));
  };
  return make_box<closure<decltype(call), void>>(std::move(call));
}
}  // namespace detail

/// Runs `body` in a simulated world, as the root task "Task-1", to its end. A pure function of the
/// program and `options`.
///
/// Never lets an exception of the body out: it becomes `verdict::failed`. Tasks left over are
/// cancelled and unwound. Throws: `error` inside a run; `std::bad_alloc` when there is no memory
/// for stacks. One run at a time in an OS thread.
template <class F>
  requires std::invocable<std::decay_t<F>&>
report run(const config& options, F&& body) {
  return detail::run_box(options, detail::body_box(std::forward<F>(body)));
}
template <class F>
  requires std::invocable<std::decay_t<F>&>
report run(std::uint64_t seed, F&& body) {
  return run(config{.seed = seed}, std::forward<F>(body));
}

/// The seed of the run. Throws: `no_simulation`.
[[nodiscard]] std::uint64_t run_seed();

/// The run's own workload stream: seeded by the run's seed as Python's `random.seed(seed)` would
/// be. Throws: `no_simulation`.
[[nodiscard]] prng& rng();

/// A choice of the user's own, in [0, bound), from the stream `name` of the run. Recorded and
/// replayed like every choice.
///
/// Throws: `std::invalid_argument` for bound 0.
[[nodiscard]] std::uint64_t choose(std::string_view name, std::uint64_t bound);

/// The scenario's parameter `name`, as text. Throws: `std::invalid_argument` when the run has none
/// of that name.
[[nodiscard]] const std::string& param_text(std::string_view name);

}  // namespace reprise
