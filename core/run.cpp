#include <reprise/core/run.hpp>

#include "claim_list.hpp"
#include "crowd.hpp"
#include "generator_internal.hpp"
#include "offload_internal.hpp"
#include "switch.hpp"

#include <reprise/core/errors.hpp>
#include <reprise/core/format.hpp>
#include <reprise/core/token.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <utility>

namespace reprise {

const char* to_string(verdict v) noexcept {
  switch (v) {
    case verdict::passed:
      return "passed";
    case verdict::failed:
      return "failed";
    case verdict::deadlock:
      return "deadlock";
    case verdict::time_limit:
      return "time_limit";
    case verdict::step_limit:
      return "step_limit";
    case verdict::crashed:
      return "crashed";
    case verdict::diverged:
      return "diverged";
  }
  return "unknown";
}

namespace detail {

/// One task that is asked to end at the end of the run; the last one that has ended stops the loop,
/// as asyncio's gather of them does.
struct leftover_node : callback_node {
  static void ended(engine& e, callback_node&) {
    if (--e.leftovers_ == 0) e.push({nullptr, 0, entry_kind::stop});
  }
  static constexpr callback_kind counts{ended, nullptr};
};

// Inlined into their callers: each return on the way out of the fibers is one that the processor
// can't predict.

[[gnu::always_inline]] inline void engine::enter_from_main(fiber& to) {
  switch_here(*this, main_, to);
  while (service_) [[unlikely]] {
    const auto service = std::exchange(service_, nullptr);
    fiber& from = *service_from_;
    service(service_argument_);
    switch_here(*this, main_, from);
  }
}

void engine::go_from_main(fiber& to) { enter_from_main(to); }

[[gnu::always_inline]] inline void engine::drive() {
  reason_ = reason::none;
  stopping_ = false;
  for (;;) {
    fiber* to = next_fiber_any();
    if (to != &main_) enter_from_main(*to);
    if (reason_ == reason::none) continue;
    if (reason_ == reason::deadlock && options_->sink) options_->sink->on_deadlock(duration(now_));
    return;
  }
}

[[gnu::always_inline]] inline void engine::execute(const config& options, box_base* body) {
  watch_for_crashes_once();
  options_ = &options;
  if (serial_ == last_serial_) {
    // Many at once: the OS threads share the counter.
    constexpr std::uint64_t at_once = 1'000'000;
    static std::atomic<std::uint64_t> serials{0};
    serial_ = serials.fetch_add(at_once);
    last_serial_ = serial_ + at_once;
  }
  ++serial_;
  now_ = ended_at_ = 0;
  digest_ = stream::mix(options.seed);
  event_count_ = steps_ = preemptions_ = 0;
  step_limit_ = event_limit_ = ~std::uint64_t{0};
  if (options.step_limit > 0) limit_steps(options.step_limit);
  choosing_ = options.schedule.kind().make != nullptr;
  telling_ = options.record || (options.sink && options.sink->wants_scheduler_events());
  stopping_ = failing_soon_ = no_memory_ = tearing_by_force_ = waiting_for_jobs_ = false;
  phase_ = phase::running;
  reason_ = reason::none;
  turn_left_ = 0;
  callback_count_ = 0;
  stale_timers_ = 0;
  task_count_ = 0;
  outside_objects_ = outside_choices_ = 0;
  if (!draws_.empty()) draws_.clear();
  workload_.reset();
  choices_.clear();
  texts_.clear();
  if (!task_names_.empty()) task_names_.clear();
  user_events_.clear();
  fields_.clear();
  recorded_.clear();
  verdict_ = verdict::passed;
  what_.clear();
  root_exception_.clear();
  abandoned_.clear();
  source_ = options.source;
  given_choices_.reset();
  following_ = choosing_ && source().follows();
  policy_ = choosing_ && source_ == seeded_.get() && !options.record ? seeded_->policy() : nullptr;
  plain_draws_ = policy_ ? policy_->plain_draws() : nullptr;
  claiming_ = claims_closed_ = looking_ = false;
  marks_.clear();
  watching_ = nullptr;
  warnings_.clear();
  if (choosing_ && (options.detect.any() || options.seen)) {
    if (!watcher_) watcher_ = std::make_unique<watcher>();
    watching_ = watcher_.get();
    watching_->begin(options.detect, options.seen);
  }
  observing_ = telling_ || following_ || watching_;
  handover_ = nullptr;
  stack_log_ =
      stack_pool::log_of(options.stack_size ? options.stack_size : stack_pool::default_size);
  co_next = {};
  const float_flags flags;
  running_ = this;
  current_fiber_ = &main_;
  current_task_ = nullptr;
  current_job_ = nullptr;
  try {
    static_cast<void>(spawn({}, body));
    drive();
    judge();
    tear_down();
    if (watching_) watching_->end();
  } catch (...) {
    running_ = nullptr;
    throw;
  }
  running_ = nullptr;
  if (no_memory_) throw std::bad_alloc();
}

inline void engine::judge() {
  close_claims();
  if (reason_ == reason::finished && !claims_ && !root_.empty() &&
      root_.raw()->state == future_state::value) [[likely]] {
    root_.raw()->collected = true;
    return;
  }
  judge_further();
}

void engine::judge_further() {
  // Said in the trace, so that one sees what the teardown did from there.
  if (reason_ == reason::deadlock || reason_ == reason::time_limit || reason_ == reason::step_limit)
    feed(0, {operation_kind::failure, 0});
  switch (reason_) {
    case reason::deadlock:
      record_failure(verdict::deadlock, describe_deadlock());
      break;
    case reason::time_limit:
      record_failure(verdict::time_limit,
                     fmt::format("the time limit of {} has passed",
                                 reprise::format_duration(options_->time_limit)));
      break;
    case reason::step_limit:
      record_failure(
          verdict::step_limit,
          steps_ < options_->step_limit
              ? fmt::format("{} went on and on at {}: {} operations in {} steps, where "
                            "the limit is {} steps",
                            current_task_ ? current_task_->name() : "a callback",
                            reprise::format_duration(duration(now_)),
                            reprise::format_count(event_count_), reprise::format_count(steps_),
                            reprise::format_count(options_->step_limit))
              : fmt::format("the limit of {} {} is reached at {}; last ran {}",
                            reprise::format_count(options_->step_limit),
                            options_->step_limit == 1 ? "step" : "steps",
                            reprise::format_duration(duration(now_)),
                            current_task_ ? current_task_->name() : "a callback"));
      break;
    default:
      break;
  }
  if (root_.empty()) return;
  auto& root = *static_cast<task_core*>(root_.raw());
  root.collected = true;
  if (root.state == future_state::failed) {
    root_exception_ = type_name(root.failure);
    record_failure(verdict::failed,
                   fmt::format("{}\n  out of {} at {}", describe(root.failure), root.name(),
                               reprise::format_duration(duration(ended_at_))));
  } else if (root.state == future_state::cancelled) {
    root_exception_ = "reprise::cancelled";
    record_failure(verdict::failed, fmt::format("{} was cancelled at {}", root.name(),
                                                reprise::format_duration(duration(ended_at_))));
  } else if (claims_) {
    if (auto text = claims_->unmet(*this)) record_failure(verdict::failed, std::move(*text));
  }
}

inline void engine::tear_down() {
  phase_ = phase::teardown;
  reason_ = reason::none;
  cleanup_ran_over_ = false;
  if (live_tasks_ > 0 || !active_jobs_.empty() || !frozen_runners_.empty() || generators)
      [[unlikely]]
    end_what_is_left();
  tearing_by_force_ = true;
  sweep();
  tearing_by_force_ = false;
}

void engine::end_what_is_left() {
  // Enough for any cleanup that ends; what goes on for ever is unwound by force.
  const auto allow = [this] { limit_steps(100'000 + 1000 * live_tasks_); };
  allow();
  tear_down_round(false);
  cleanup_ran_over_ = cleanup_ran_over_ || reason_ == reason::budget;
  allow();
  tear_down_round(true);
  if (running_jobs > 0) {
    waiting_for_jobs_ = true;
    forget_queued([](ready_entry e) { return e.kind() == entry_kind::stop; });
    allow();
    drive();
    waiting_for_jobs_ = false;
  }
  force_the_rest();
}

void engine::tear_down_round(bool frozen) {
  // Once; again only when they wait for one another.
  for (int round = 0; round < 10; ++round) {
    // An end that came just before, of the root or of an earlier round, must not end this one.
    forget_queued([](ready_entry e) { return e.kind() == entry_kind::stop; });
    std::vector<task_core*> left;
    for (task_core* t : live_tasks())
      if (t->frozen == frozen && !t->abandoned) left.push_back(t);
    if (left.empty()) return;
    std::vector<leftover_node> nodes(left.size());
    leftovers_ = left.size();
    for (std::size_t i = 0; i < left.size(); ++i) {
      if (frozen) {
        left[i]->frozen = false;
        ++left[i]->extra().cancel_requests;
        left[i]->set_thrown_message({});
        wake(*left[i]->leaf(), waiter::state::cancelled);
      } else {
        static_cast<void>(cancel(*left[i], {}));
      }
      nodes[i].kind = &leftover_node::counts;
      list(*left[i], nodes[i]);
    }
    drive();
    if (reason_ == reason::finished) return;
    for (auto& node : nodes) unlist(node);
    // Nodes that are queued already would dangle.
    forget_queued([](ready_entry e) {
      return e.kind() == entry_kind::node && e.as<callback_node>().kind == &leftover_node::counts;
    });
    if (reason_ != reason::deadlock) return;
  }
  cleanup_ran_over_ = true;
}

void engine::forget_queued(bool (*unwanted)(ready_entry)) {
  const std::size_t in_turn = turn_left_;
  const std::size_t size = ready_.size();
  for (std::size_t i = 0; i < size; ++i) {
    const ready_entry e = ready_.pop();
    if (!unwanted(e))
      ready_.push(e);
    else if (i < in_turn)
      --turn_left_;
  }
}

void engine::force_the_rest() {
  tearing_by_force_ = true;
  const std::vector<task_core*> left = live_tasks();
  for (std::size_t i = left.size(); i-- > 0;) {
    task_core* const t = left[i];
    if (!t->abandoned && !t->done()) {
      t->forced = true;
      t->frozen = false;
      current_task_ = t;
      if (cleanup_ran_over_ && !t->awaited())  // who waits for another could not end before it
        record_failure(verdict::failed,
                       fmt::format("{} swallowed its cancellation and went on", t->name()));
      if (!t->started) {
        finish_task(*t, future_state::cancelled, nullptr);
      } else if (t->top) {
        go_from_main(*t->top);
      } else if (fiber* const runner = runner_for(ready_entry(t, 0, entry_kind::step));
                 runner != &main_) {
        go_from_main(*runner);
      }
    }
  }
  current_task_ = nullptr;
  for (const auto& j : std::vector(active_jobs_)) {
    j->forced = true;
    current_job_ = j.get();
    go_from_main(*j->top);
  }
  current_job_ = nullptr;
  for (fiber* const top : std::exchange(frozen_runners_, {})) {
    runner_thrown_at_ = 0;
    go_from_main(*top);  // then it is idle
  }
  while (generators) destroy_generator(*this, *generators);
}

inline void engine::sweep() {
  phase_ = phase::sweep;
  current_task_ = nullptr;
  const auto tidy = [this] {
    return nothing_queued() && failed_.empty() && !default_pool && !claims_ && !retired_job_;
  };
  if (tidy()) root_ = {};  // its locals' destructors may do anything
  if (!tidy() || tasks_.in_use() != abandoned_slots_ || promises_.in_use() != 0) [[unlikely]]
    sweep_up();
  turn_left_ = 0;
  stale_timers_ = 0;
  live_tasks_ = 0;
}

void engine::sweep_up() {
  // What is queued and will never run drops what it captured.
  const auto drop = [&](const ready_entry& e) {
    if (e.kind() == entry_kind::timer) {
      auto& slot = e.as<timer_slot>();
      if (e.is_of(slot.generation)) static_cast<void>(cancel_timer({&slot, slot.generation}));
    } else if (e.kind() == entry_kind::delivery) {
      delete static_cast<std::shared_ptr<job>*>(e.target());
    } else if (e.kind() == entry_kind::member_end) {
      crowd_chunk::of(e.as<crowd_member>()).owner->drop_user();
    } else if (e.kind() == entry_kind::node) {
      auto& node = e.as<callback_node>();
      if (node.kind->drop) node.kind->drop(node);
    }
  };
  const auto drop_what_is_queued = [&] {
    while (!ready_.empty()) drop(ready_.pop());
    while (!runnable_.empty()) drop(runnable_.pop());
    if (!timers_.empty()) {
      std::vector<ready_entry> callbacks;
      timers_.each([&](ready_entry e) {
        if (e.kind() == entry_kind::timer) callbacks.push_back(e);
      });
      timers_.clear();
      for (const ready_entry e : callbacks) drop(e);
    }
    turn_left_ = 0;
    stale_timers_ = 0;
  };
  drop_what_is_queued();

  // Failures that nobody looked at are judged now.
  for (const auto& ref : failed_) {
    auto& t = *static_cast<task_core*>(ref.raw());
    if (t.collected) continue;
    record_failure(verdict::failed, fmt::format("{} failed with {}, and nobody looked at it",
                                                t.name(), describe(t.failure)));
    break;
  }
  default_pool.reset();
  if (claims_) claims_->clear();
  failed_.clear();
  root_ = {};
  retired_job_.reset();
  active_jobs_.clear();
  // Results that handles still hold are destroyed with the run; the handles notice.
  const auto drop_callbacks = [](future_core& core) {
    for (callback_node* n = core.callbacks.take_all(); n;) {
      callback_node* next = std::exchange(n->next, nullptr);
      if (n->kind && n->kind->drop) n->kind->drop(*n);
      n = next;
    }
  };
  // A destructor may start something at the last moment; that is dropped, too, and what it drops.
  // Some rounds are enough for any that ends.
  bool again = true;
  for (int round = 0; again && round < 100; ++round) {
    again = false;
    const auto drop_task = [&](task_core& t) {
      if (!t.owner) return;
      again = true;
      drop_callbacks(t);
      if (t.abandoned) {
        // Its frames stay for ever, and so does its slot: nothing may be bound to it again.
        ++t.generation;
        t.owner = nullptr;
        ++abandoned_slots_;
      } else {
        destroy(t);
      }
    };
    if (tasks_.in_use() > abandoned_slots_) tasks_.each(drop_task);
    const auto drop_promise = [&](promise_core& core) {
      if (!core.owner) return;
      again = true;
      drop_callbacks(core);
      destroy(core);
    };
    if (promises_.in_use() > 0) promises_.each(drop_promise);
    again = again || !nothing_queued();
    drop_what_is_queued();
  }
}

report engine::make_report(bool brief) {
  report r;
  r.result = verdict_;
  r.seed = options_->seed;
  r.elapsed = duration(ended_at_);
  r.steps = steps_;
  r.preemptions = preemptions_;
  r.tasks = task_count_;
  r.digest = digest_;
  if (!marks_.empty()) r.marks = std::move(marks_);
  if (brief && verdict_ == verdict::passed && warnings_.empty()) return r;
  r.warnings = std::move(warnings_);
  r.what = std::move(what_);
  r.exception = std::move(root_exception_);
  r.token = encode_token(*options_);
  if (options_->record) {
    r.events = std::move(recorded_);
    r.choices = std::move(choices_);
  } else {
    r.events.reserve(user_events_.size());
    for (const auto& e : user_events_) r.events.push_back(event_of(e));
  }
  return r;
}

void prepare_run() {
  if (engine::running()) throw error("run: a run inside a run; `spawn` a task instead");
}

namespace {

enum class wanted : std::uint8_t { report, brief_report, news };

/// The one place that runs, and returns to it as directly as can be.
[[gnu::noinline]] std::optional<report> run_as(const config& options, box_base* body, wanted what) {
  if (options.stored_choices != 0 && !options.choices && !options.source) [[unlikely]] {
    destroy_box(body);
    throw error(
        fmt::format("the choices of this run lie in a case file, {:016x}, which is not at hand. "
                    "Replay that file instead of the token.",
                    options.stored_choices));
  }
  engine& e = engine::of_thread();
  e.execute(options, body);
  if (what == wanted::news && !e.has_news()) return std::nullopt;
  return e.make_report(what != wanted::report);
}

}  // namespace

report run_box(const config& options, box_base* body) {
  watch_for_crashes();
  return *run_as(options, body, wanted::report);
}
report run_briefly(const config& options, box_base* body) {
  return *run_as(options, body, wanted::brief_report);
}
std::optional<report> run_for_news(const config& options, box_base* body) {
  return run_as(options, body, wanted::news);
}

void* pool_allocate(std::size_t size) {
  engine* e = engine::running();
  return (e ? *e : engine::of_thread()).blocks.take(size);
}

void pool_free(void* block, std::size_t size) noexcept {
  engine* e = engine::running();
  (e ? *e : engine::of_thread()).blocks.give_back(block, size);
}

void destroy_box(box_base* box) noexcept {
  const std::size_t size = box->size();
  box->~box_base();
  pool_free(box, size);
}

}  // namespace detail

std::uint64_t run_seed() { return detail::engine::checked("run_seed").options().seed; }

prng& rng() { return detail::engine::checked("rng").workload(); }

std::uint64_t choose(std::string_view name, std::uint64_t bound) {
  auto& e = detail::engine::checked("choose");
  if (bound == 0)
    throw std::invalid_argument("choose: bound is 0; it is the number of values to choose from");
  return e.choose_named(name, bound);
}

const std::string& param_text(std::string_view name) {
  const auto& params = detail::engine::checked("param").options().params;
  const auto found = params.find(name);
  if (found == params.end())
    throw std::invalid_argument(fmt::format("param: this run has no parameter '{}'", name));
  return found->second;
}

}  // namespace reprise
