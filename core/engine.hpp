#pragma once

#include "fiber.hpp"
#include "ready_entry.hpp"
#include "ready_queue.hpp"
#include "slab.hpp"
#include "stack_pool.hpp"
#include "task_core.hpp"
#include "timer_queue.hpp"
#include "waiter.hpp"
#include "watcher.hpp"

#include <reprise/core/choice.hpp>
#include <reprise/core/choice_log.hpp>
#include <reprise/core/co.hpp>
#include <reprise/core/errors.hpp>
#include <reprise/core/future_core.hpp>
#include <reprise/core/marks.hpp>
#include <reprise/core/operation.hpp>
#include <reprise/core/place.hpp>
#include <reprise/core/prng.hpp>
#include <reprise/core/run.hpp>
#include <reprise/core/stream.hpp>
#include <reprise/core/task.hpp>
#include <reprise/core/trace_event.hpp>
#include <reprise/core/virtual_clock.hpp>
#include <reprise/core/wait_queue.hpp>

#include <array>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The engine of one run: the ready queue and its turns, the clock and its timers, the tasks, the
// choices, the digest.
//
// Everything happens on one OS thread. Fibers hand over to one another directly: whoever has to
// wait asks next_fiber() who goes on, and switches there. The OS thread's own stack (the "main
// fiber") drives: it is switched to when a run has come to something (an end, a deadlock, a limit,
// a failure), and when a task wants a deep stack for a moment (formatting).
//
// Under fifo() the order is asyncio's: a turn runs exactly the entries that are ready at its start;
// expired timers join at the start of a turn, behind what is ready; completing a future appends its
// callbacks to the ready queue. Under every other strategy there are no turns: the library's own
// bookkeeping runs at once, and what could run next is a choice.

namespace reprise::detail {

struct job;
struct crowd;
struct crowd_chunk;
struct crowd_member;
struct pool_state;
class claim_list;
struct claim_text;

/// Thrown to unwind a frame that did not end when it was asked to. Not a std::exception, and not
/// `cancelled`.
struct forced_unwind {};
/// Thrown at the yield of a generator that is destroyed before its end.
struct generator_stop {};

struct user_event {
  std::int64_t at;
  std::uint64_t index;
  std::uint32_t task;       // number; 0 outside any task
  std::uint32_t name_size;  // 0: a log
  std::size_t text;         // offset in the texts: name, then text
  std::uint32_t text_size;
  std::uint32_t fields;  // how many
  std::size_t first_field;
};

struct step_event {
  std::int64_t at = 0;
  std::uint64_t object = 0;
  std::uint32_t task = 0;
  operation_kind kind = operation_kind::none;
};

/// The usual source of choices: streams split from the seed by purpose, and the strategy's policy.
class restartable_choices : public choice_source {
public:
  virtual void begin(std::uint64_t seed, const strategy& s) = 0;
  /// Whom it asks for schedule choices; null under `fifo()`.
  [[nodiscard]] virtual scheduling_policy* policy() noexcept = 0;
};

class engine final : private candidate_list {
public:
  /// The engine of the run that this OS thread is in, or null.
  [[nodiscard]] static engine* running() noexcept { return running_; }
  /// Throws: `no_simulation`.
  [[nodiscard]] static engine& checked(const char* call) {
    if (!running_) [[unlikely]]
      throw no_simulation(call);
    return *running_;
  }
  /// The one that this OS thread keeps between its runs.
  [[nodiscard]] static engine& of_thread();

  engine();
  engine(const engine&) = delete;
  ~engine();

  /// Runs to the end, teardown included.
  void execute(const config& options, box_base* body);
  [[nodiscard]] report make_report(bool brief);
  /// Whether a report would say more than that the run has passed.
  [[nodiscard]] bool has_news() const noexcept {
    return verdict_ != verdict::passed || !warnings_.empty() || !marks_.empty();
  }

  // --- who runs
  [[nodiscard]] fiber* current_fiber() const noexcept { return current_fiber_; }
  void set_current_fiber(fiber& f) noexcept { current_fiber_ = &f; }
  [[nodiscard]] exception_globals& exceptions() const noexcept { return *exceptions_; }
  [[nodiscard]] task_core* current_task() const noexcept { return current_task_; }
  [[nodiscard]] job* current_job() const noexcept { return current_job_; }
  /// The running task. Throws: `cannot_wait` in a callback or a job.
  [[nodiscard]] task_core& task_that_waits(const char* call) {
    task_core* const t = current_task_;
    if (t && !t->forced && !t->is_coroutine && !on_main()) [[likely]]
      return *t;
    return check_who_waits(call);
  }

  // --- the clock
  [[nodiscard]] std::int64_t now() const noexcept { return now_; }
  void spend(std::int64_t d);

  // --- waiting
  /// A scheduling point before `op`, which the running task could do at once.
  void point(task_core& me, operation op) {
    me.announces(op);
    if (choosing_ && !tearing_by_force_) return choose_point(me);
    if (event_count_ >= event_limit_ && !tearing_by_force_) [[unlikely]]
      stop_at_limit(me);
    feed(me.number, op);
  }
  /// The same from where a callback may be, too.
  void point_anywhere(operation op) {
    if (current_task_ && !current_task_->forced && !current_task_->stackless())
      point(*current_task_, op);
    else
      announce(op);
  }
  /// Announces what neither waits nor may be preempted.
  void announce(operation op) noexcept { feed(current_task_ ? current_task_->number : 0, op); }
  void yield(task_core& me);
  /// Waits until `w` is woken; `cancelled` is not thrown but returned. The task must not have
  /// listed `w` in vain: `w.status` says what came.
  enum class wake_up : std::uint8_t { woken, expired, cancelled };
  wake_up block(task_core& me, waiter& w, operation_kind op, void* place,
                const delay* within = nullptr);
  /// Throws the cancellation that `block` or `await` returned.
  [[noreturn]] void throw_cancelled(task_core& me);
  /// Throws the cancellation that is pending, if any.
  void throw_if_cancelled(task_core& me) {
    if (!me.must_cancel) [[likely]]
      return;
    take_request(me);
    throw_cancelled(me);
  }
  /// Makes the request that is pending the one to be thrown.
  static void take_request(task_core& me);
  /// The same for a task that waited for `core`.
  static void hear_request(task_core& me, const future_core& core);
  /// Lists `me` with `core`, which is not done. A cancellation that is pending goes there first.
  void begin_await(task_core& me, future_core& core, callback_node& node);
  /// Waits until `core` is done; true when the caller was cancelled instead of hearing it.
  bool await(task_core& me, future_core& core, operation_kind op, void* place);
  void wake(waiter& w, waiter::state how = waiter::state::woken) noexcept;
  /// Wakes the first `count` who still wait; whether there was one.
  bool wake_first(const wait_queue& waiters, std::size_t count) noexcept;
  void push_step(task_core& t) noexcept {
    const ready_entry e(&t, 0, entry_kind::step);
    if (choosing_) return push_choosable_step(e);
    ready_.push(e);
  }
  void push(ready_entry e) {
    if (choosing_) return push_choosable(e);
    ready_.push(e);
  }

  // --- coroutines
  /// The running task, a coroutine that may let go. Throws: `cannot_wait` anywhere else.
  [[nodiscard]] task_core& coroutine_that_waits(const char* call);
  /// The running task, whatever it is. Throws: `cannot_wait` in a callback or a job.
  [[nodiscard]] task_core& task_here(const char* call);
  /// A point before `me.next`. False when another task was chosen: the coroutine has to let go.
  bool point_of_coroutine(task_core& me);
  /// Throws what the coroutine has to hear where it goes on.
  void arrive_in_coroutine(task_core& me) {
    if (me.forced) [[unlikely]]
      check_forced(me);
  }
  void timer_went_stale() noexcept;
  /// A sleep or a time limit on a wait is over: it was `how` that ended it.
  void end_timed(task_core& t, waiter::state how) noexcept;
  /// Makes the timers stale that carry this generation. They keep 16 bits of it, so that none must
  /// be left when those come round.
  template <class Generation>
  void outdate(Generation& generation) noexcept {
    if ((++generation & 0x7fffu) == 0) [[unlikely]]
      purge_timers();
  }
  void begin_borrowed(task_core& me, co_call& call, void* place);

  // --- futures
  void complete(future_core& core, future_state state, std::exception_ptr failure = nullptr);
  void list(future_core& core, callback_node& node) noexcept;
  static void unlist(callback_node& node) noexcept;
  bool cancel(future_core& core, std::string_view message);
  bool cancel_chain(task_core& first, std::string_view message);
  void break_circle(task_core& t) noexcept;
  [[nodiscard]] future_core& make_promise(box_base* box);
  void release(future_core& core) noexcept;

  // --- tasks
  [[nodiscard]] task_core& spawn(const spawn_options& options, box_base* box);
  [[nodiscard]] std::uint64_t new_object() noexcept;

  // --- timers
  timer_id add_timer(std::int64_t when, box_base* box, void (*strike)(void*) noexcept,
                     void* argument);
  timer_id add_soon(box_base* box, void (*strike)(void*) noexcept, void* argument);
  bool cancel_timer(timer_id id) noexcept;
  void add_sleeper(std::int64_t when, task_core& t);
  void add_job_sleep(std::int64_t when, job& j);
  void purge_timers() noexcept;

  // --- gathers of coroutines
  void enlist(crowd& c) noexcept;
  void dismiss(crowd& c) noexcept;
  /// Takes the frame, which has not begun.
  void add_member(crowd& c, void* frame);
  /// The member as any other task.
  task_core& record_of(crowd_member& m);

  // --- jobs and generators
  void start_job(const std::shared_ptr<job>& j);
  void job_sleep(delay d, const char* call);
  std::size_t running_jobs = 0;
  std::shared_ptr<pool_state> default_pool;
  void enter_generator(generator_state& g);
  generator_state* generators = nullptr;  // those that have a stack
  [[nodiscard]] stack_pool& stacks() noexcept { return stacks_; }

  // --- choices
  [[nodiscard]] std::uint64_t choose(choice_kind kind, std::uint64_t bound, operation_kind op);
  [[nodiscard]] std::uint64_t choose_named(std::string_view name, std::uint64_t bound);
  [[nodiscard]] prng& workload();
  [[nodiscard]] const config& options() const noexcept { return *options_; }

  // --- events
  [[gnu::always_inline]] void feed(std::uint32_t task, operation op) noexcept {
    std::uint64_t h = digest_ ^ (std::uint64_t{task} << 8 | static_cast<std::uint64_t>(op.kind));
    h *= 0x9e3779b97f4a7c15u;
    h ^= (h >> 29) ^ op.object ^ (static_cast<std::uint64_t>(now_) * 0xd6e8feb86659fd93u);
    digest_ = h * 0xff51afd7ed558ccdu;
    recent_[event_count_++ % recent_.size()] = {now_, op.object, task, op.kind};
    if (observing_) [[unlikely]]
      observe(task, op);
  }
  void log(std::string_view name, std::string_view text, std::vector<trace_field> fields);
  const void* told_from = nullptr;  // return address of the latest call that told an event
  [[nodiscard]] const std::vector<user_event>& user_events() const noexcept { return user_events_; }
  [[nodiscard]] std::string_view name_of(const user_event& e) const noexcept {
    return std::string_view(texts_).substr(e.text, e.name_size);
  }
  [[nodiscard]] std::string_view text_of(const user_event& e) const noexcept {
    return std::string_view(texts_).substr(e.text + e.name_size, e.text_size);
  }
  [[nodiscard]] trace_event event_of(const user_event& e) const;
  /// "1.5 s  Task-2  took n=3".
  [[nodiscard]] std::string line_of(const user_event& e) const;
  /// Calls `f(argument)` on the OS thread's own stack, which is deep and warm.
  void call_on_main(void (*f)(void*), void* argument);
  [[nodiscard]] bool on_main() const noexcept { return current_fiber_ == &main_; }
  /// Switches away from the OS thread's own stack; returns when somebody comes back to stay, and
  /// does `call_on_main`'s work until then.
  void go_from_main(fiber& to);

  // --- verdicts
  /// The first failure counts.
  void record_failure(verdict v, std::string what);
  /// Adds a line to the text of a failure, when there is one.
  void append_note(const std::string& note) {
    if (verdict_ != verdict::passed) what_ += "\n  " + note;
  }
  /// For a debugger, a line for each task: number, name, what it waits for, and the saved context
  /// of its fiber in hex or 0, with tabs between. Changes nothing.
  [[nodiscard]] std::string tasks_for_debugger() const;
  /// Where and when, for the end of a report's text.
  [[nodiscard]] std::string whereabouts() const;
  /// Leaves the running frame standing; returns only into an unwinding.
  void freeze();
  /// Ends the run as failed at the next scheduling point, without throwing or suspending here.
  void fail_soon(std::string what) noexcept;
  /// The same of a call of the user's that must not throw: says where it is, and where the holders
  /// of that lock took it.
  void fail_at_caller(std::string what, std::uint64_t lock = 0) noexcept;
  // --- claims
  std::uint64_t add_claim(claim_text&& text);
  void withdraw_claim(std::uint64_t number);
  void count_mark(std::string_view name, bool held);
  /// Whether a claim's predicate is being asked.
  [[nodiscard]] bool looking() const noexcept { return looking_; }
  /// What to say when a predicate has changed the run, which it must not.
  [[nodiscard]] std::optional<std::string> changed_by_predicate(const std::string& claim) const;
  /// Back to who was left for the claims.
  void stop_looking() noexcept;
  /// Whether the root runs and has not waited yet.
  [[nodiscard]] bool before_first_wait() const noexcept {
    return steps_ == 1 && current_number() == 1;
  }
  void record_overflow();
  /// Ends the run when the running fiber has overrun its stack, where only a canary shows it. Asked
  /// before each switch away.
  void check_stack() {
    if (current_fiber_->canary && *current_fiber_->canary != stack_slot::canary_value)
        [[unlikely]] {
      record_overflow();
      abandon_current();
    }
  }
  /// Leaves the running fiber for ever. From a terminate handler, or the landing of a stack
  /// overflow. The failure is recorded before: nothing of the frames that stay is destroyed.
  [[noreturn]] void abandon_current();
  [[nodiscard]] std::uint64_t serial() const noexcept { return serial_; }
  /// Whatever is left is destroyed, whoever holds it.
  [[nodiscard]] bool sweeping() const noexcept { return phase_ == phase::sweep; }
  [[nodiscard]] bool tearing_down() const noexcept { return phase_ != phase::running; }
  [[nodiscard]] std::string name_of_task(std::uint32_t number) const;
  void check_forced(task_core& me);
  void check_forced(job& j);

  /// The detectors, when they are on.
  [[nodiscard]] watcher* watching() const noexcept { return watching_; }
  /// The place of a call by the running task: a coroutine's own where it calls on a borrowed stack.
  [[nodiscard]] void* place_of_call(void* returns_to) const noexcept {
    void* const awaited_at = current_fiber_->awaited_at;
    return awaited_at ? awaited_at : returns_to;
  }
  /// The running task has taken `lock`.
  void took(const sync_object& lock, bool shared, lock_call call, void* place) {
    if (watching_) [[unlikely]]
      watch_lock(lock, shared, call, place);
  }
  /// What the running task has just done did not succeed.
  void tried_in_vain(operation op) {
    if (watching_) [[unlikely]]
      warn_of(watching_->in_vain(current_number(), op), current_number(), op);
  }
  /// The running task waited for `on` at `place` until its time limit, though what it waited for
  /// had come: it was notified by `from` before it waited, which began after `since` operations.
  void warn_of_late(const sync_object& on, void* place, std::uint32_t from, void* from_place,
                    std::uint64_t since);
  [[nodiscard]] std::uint64_t operation_count() const noexcept { return event_count_; }
  /// Whether nobody but the running task has done anything after so many operations but end; false
  /// when that is not known.
  [[nodiscard]] bool alone_since(std::uint64_t since) const noexcept;
  [[nodiscard]] bool judges_mutexes() const noexcept {
    return watching_ && options_->detect.mutexes && !tearing_down();
  }
  /// As a report says it.
  [[nodiscard]] std::string name_of_number(std::uint32_t task) const {
    return task == 0 ? "a callback" : name_of_task(task);
  }
  /// The number of the running task; 0 outside any.
  [[nodiscard]] std::uint32_t current_number() const noexcept {
    return current_task_ ? current_task_->number : 0;
  }

  block_pool blocks;

private:
  enum class phase : std::uint8_t { running, teardown, sweep };
  enum class reason : std::uint8_t {
    none,
    finished,
    deadlock,
    time_limit,
    step_limit,
    failure,
    budget
  };

  [[nodiscard]] static bool stale(ready_entry e) noexcept;

  // candidate_list: what the policy sees of the queue
  void list(std::size_t index) const override;

  void choose_point(task_core& me);
  /// The running task is left, since the run is over: it has failed, or the task goes on and on
  /// without a step.
  void stop_at_limit(task_core& me);
  /// Leaving the running task is no step of the run, which is over when it was left for the limit.
  void leave_at_limit() noexcept {
    if (event_count_ >= event_limit_ && !failing_soon_) step_limit_ = 0;
    --steps_;
  }
  void keep_books_before_choice();
  /// Nothing when the running task goes on; else who was chosen instead, and it is queued.
  [[gnu::always_inline]] ready_entry choose_beside(task_core& me);
  /// As `next_fiber`, of which that is the next.
  [[gnu::always_inline]] fiber* next_fiber_chosen(ready_entry e);
  /// Leaves the running task, whose wake-up is somebody's business, and returns when it goes on.
  void suspend(task_core& me);
  /// Goes to `to`, and returns when `me` goes on.
  void leave_for(task_core& me, fiber& to);
  /// Who goes on. The main fiber when the run has come to something.
  [[gnu::always_inline]] fiber* next_fiber();
  /// `looked`: the claims have been asked at this point.
  fiber* next_fiber_any(bool looked = false);
  fiber* fiber_of_claims();
  void look_at_claims();
  /// The root's frame has returned: nothing may be looked at any more.
  void close_claims() noexcept {
    claiming_ = false;
    claims_closed_ = true;
  }
  task_core& check_who_waits(const char* call);
  /// What will soon be woken is fetched into the cache.
  void fetch_sleepers() const noexcept;
  [[gnu::always_inline]] ready_entry take_entry();
  ready_entry no_entry(reason r) noexcept {
    reason_ = r;
    return {};
  }
  void push_choosable(ready_entry e);
  void push_choosable_step(ready_entry step);
  void watch_wake_up(const task_core& t);
  void watch(std::uint32_t task, const operation& op) {
    if (const auto found = watching_->ran(task, op, now_); found != progress::finding::none)
        [[unlikely]]
      warn_of(found, task, op);
  }
  void watch_lock(const sync_object& lock, bool shared, lock_call call, void* place);
  void warn_of(progress::finding found, std::uint32_t task, const operation& op);
  void warn(warning w);
  bool advance_clock();
  void expire_timers() {
    if (!timers_.empty()) expire_due_timers();
  }
  void expire_due_timers();
  /// The library's own work for an entry, which runs to completion before the next choice.
  void keep_books(ready_entry e);
  void limit_steps(std::uint64_t steps) noexcept {
    // As many operations in a step as few programs have, unless they spin.
    constexpr std::uint64_t operations_each = 100;
    step_limit_ = steps_ + steps;
    event_limit_ = steps < ~std::uint64_t{0} / operations_each - event_count_
                       ? event_count_ + steps * operations_each
                       : ~std::uint64_t{0};
  }
  fiber* come_to(reason r) noexcept {
    reason_ = r;
    return &main_;
  }
  bool start(task_core& t);
  /// The tasks that have not ended, in the order of their making. Cost: linear in the tasks that
  /// ever were at once.
  [[nodiscard]] std::vector<task_core*> live_tasks();
  /// Null, and the run ends, when there is no memory for it.
  stack_slot* stack_of(std::uint8_t log) noexcept {
    if (stack_slot* const stack = stacks_.reuse(log)) [[likely]]
      return stack;
    return new_stack(log);
  }
  stack_slot* new_stack(std::uint8_t log) noexcept;
  [[gnu::always_inline]] fiber* step(task_core& t);
  fiber* first_step(task_core& t);
  fiber* run_on_runner(ready_entry e);
  /// The runner, that will do `e`'s work; null, and the run ends, when there is no memory for it.
  fiber* runner_for(ready_entry e);
  void step_coroutine(task_core& t);
  /// A task that has not begun.
  task_core& take_task(std::uint32_t number, std::uint64_t path);
  [[nodiscard]] static std::uint64_t path_of_child(std::uint64_t parent,
                                                   std::uint32_t child) noexcept {
    return stream::mix(parent * 31 + child);
  }
  /// Leaves a member that sleeps without its record, when nothing would be lost.
  void forget_record(task_core& t) noexcept;
  [[nodiscard]] static bool member_sleeps(const crowd_member& m, ready_entry e) noexcept;
  void end_member_sleep(ready_entry e) noexcept;
  void end_member(task_core& t, future_state state, const std::exception_ptr& failure);
  void note_member_end(crowd_member& m);
  void keep_member_value(task_core& t);
  void go_on_from_runner(fiber& self, bool looked = false);
  void end_sleep(task_core& t) noexcept;
  /// Begins the wait that the coroutine announced; false when it has to let go.
  bool begin_join(task_core& t);
  void end_coroutine(task_core& t, future_state state, std::exception_ptr failure);
  /// How a task ends that `f` is the last of.
  template <class F>
  future_state settle(task_core& t, std::exception_ptr& failure, F f);
  [[noreturn]] void borrowed_main();
  static void borrowed_entry(engine& e) { e.borrowed_main(); }
  [[nodiscard]] choice_source& source() {
    if (!source_) [[unlikely]]
      make_source();
    return *source_;
  }
  void make_source();
  std::size_t pick(std::size_t bound, bool running_goes_on) {
    if (plain_draws_) return bound < 2 ? 0 : plain_draws_->below(bound);
    return policy_ && bound < 2 ? 0 : ask(bound, running_goes_on);
  }
  std::size_t ask(std::size_t bound, bool running_goes_on);
  void drive();
  void enter_from_main(fiber& to);
  void tear_down();
  void end_what_is_left();
  void tear_down_round(bool frozen);
  /// Takes entries out of the ready queue, in the turn or behind it.
  void forget_queued(bool (*unwanted)(ready_entry));
  void force_the_rest();
  void sweep();
  [[nodiscard]] bool nothing_queued() const noexcept {
    return ready_.empty() && runnable_.empty() && timers_.empty();
  }
  void sweep_up();
  void judge();
  void judge_further();
  void finish_task(task_core& t, future_state state, std::exception_ptr failure);
  [[noreturn]] void task_main();
  [[noreturn]] void runner_main();
  [[noreturn]] void job_main();
  static void task_entry(engine& e) { e.task_main(); }
  static void runner_entry(engine& e) { e.runner_main(); }
  static void job_entry(engine& e) { e.job_main(); }
  void finish_job(job& j);
  void destroy(future_core& core) noexcept;
  void observe(std::uint32_t task, operation op) noexcept;
  void tell(std::uint32_t task, operation op);
  void move_clock(std::int64_t to);
  [[nodiscard]] std::string describe_deadlock();
  /// Of a task that waits for what has come before; empty when it is no such.
  [[nodiscard]] static std::string lost_wakeup_of(const engine& e, const task_core& t);
  void describe_failure(std::exception_ptr failure, const std::string& task_name,
                        std::string prefix);
  [[nodiscard]] std::string task_waits_for(const task_core& t) const;
  /// Who holds the lock that `t` waits for, as far as that is known.
  [[nodiscard]] std::vector<held_locks::holder> holders_before(const task_core& t) const;
  /// " (main.cpp:7)": where it waits; nothing where that is not known.
  [[nodiscard]] static std::string place_of_wait(const task_core& t);
  /// A line for each holder of which it is known.
  [[nodiscard]] std::string where_taken(std::uint64_t lock) const;
  /// ", held by Task-2 (main.cpp:7)"; nothing where it is not known.
  [[nodiscard]] std::string held_by(const task_core& t) const;

  static thread_local constinit engine* running_;

  // hot
  fiber* current_fiber_ = nullptr;
  task_core* current_task_ = nullptr;
  exception_globals* exceptions_ = nullptr;
  ready_queue<ready_entry> ready_;  // fifo: everything; else the bookkeeping
  std::size_t turn_left_ = 0;
  std::int64_t now_ = 0;
  std::uint64_t digest_ = 0;
  std::uint64_t event_count_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t step_limit_ = 0;   // ~0: none
  std::uint64_t event_limit_ = 0;  // the same, for a task that goes on and on without a step
  // Asked all at once where a task is left for the next.
  bool choosing_ : 1 = false;
  bool stopping_ : 1 = false;
  bool failing_soon_ : 1 = false;
  bool tearing_by_force_ : 1 = false;
  bool claiming_ : 1 = false;  // there are claims to look at
  bool observing_ = false;
  bool telling_ = false;     // the scheduler's own events are kept, or a sink hears them
  bool no_memory_ = false;   // for a stack
  bool circle_met_ = false;  // a cancellation came back to where it had been
  bool waiting_for_jobs_ = false;
  bool cleanup_ran_over_ = false;  // a leftover went on and on when it was asked to end
  stack_slot* offered_ = nullptr;  // the stack of a task that has ended and is choosing who goes on
  phase phase_ = phase::running;
  reason reason_ = reason::none;
  std::array<step_event, 512> recent_{};

  ready_queue<ready_entry> runnable_;          // what could run, under a strategy that chooses
  scheduling_policy* policy_ = nullptr;        // whom to ask, where nobody asks for labels
  stream* plain_draws_ = nullptr;              // where the policy only draws
  mutable std::vector<candidate> candidates_;  // of the choice that is made, as far as listed
  timer_queue<ready_entry> timers_;
  std::size_t stale_timers_ = 0;
  std::uint64_t callback_count_ = 0;

  fiber main_;
  void (*service_)(void*) = nullptr;
  void* service_argument_ = nullptr;
  fiber* service_from_ = nullptr;

  fiber* runner_ = nullptr;  // where the user's callbacks run
  ready_entry runner_entry_;
  std::vector<std::unique_ptr<fiber>> runners_;
  std::vector<fiber*> idle_runners_;  // that were replaced, and came back
  co_call* borrowing_ = nullptr;      // the call that the fiber of `handover_` will make
  fiber* handover_ = nullptr;         // whom the runner goes to next, without a turn
  job* current_job_ = nullptr;
  std::vector<std::shared_ptr<job>> active_jobs_;
  std::shared_ptr<job> retired_job_;  // the last one that ended, on its own stack
  // Runners that stand in a failed expectation, each as where it goes on: itself, or a generator
  // that its callback is in.
  std::vector<fiber*> frozen_runners_;
  unsigned runner_thrown_at_ = 0;  // times that one's unwinding was thrown

  slab<task_core, &task_core::waits_for> tasks_;
  slab<promise_core, &promise_core::spare> promises_;
  slab<timer_slot, &timer_slot::argument> timer_slots_;
  stack_pool stacks_;
  crowd* crowds_ = nullptr;
  crowd_chunk* free_chunks_ = nullptr;
  mapped_arena chunk_memory_;
  std::size_t live_tasks_ = 0;
  std::size_t abandoned_slots_ = 0;  // of tasks whose frames stay for ever
  std::uint8_t stack_log_ = 0;       // of a task that asks for no size of its own
  std::uint32_t task_count_ = 0;
  std::size_t leftovers_ = 0;
  core_ref root_;                 // once it has ended
  std::vector<core_ref> failed_;  // tasks that failed, to be judged at the end
  std::vector<std::string> abandoned_;

  const config* options_ = nullptr;
  std::uint64_t serial_ = 0;  // of the run, among all of the process
  std::uint64_t last_serial_ = 0;
  std::unique_ptr<restartable_choices> seeded_;  // kept: its policies' memory is
  choice_source* source_ = nullptr;  // made at the first choice, or before the run when it follows
  std::optional<listed_choices> given_choices_;
  std::unique_ptr<watcher> watcher_;  // kept: its memory is
  watcher* watching_ = nullptr;
  std::vector<warning> warnings_;
  bool following_ = false;  // it hears what runs
  std::optional<prng> workload_;
  // Claims: null until the thread's first one. While they are asked, the run is as `before_claims_`
  // says.
  std::unique_ptr<claim_list> claims_;
  struct looked_from {
    task_core* task = nullptr;  // who was left
    job* offloaded = nullptr;
    std::uint64_t digest = 0, events = 0, callbacks = 0;
    std::size_t user_events = 0;
    std::uint32_t tasks = 0, objects = 0, choices = 0;
    watcher* watching = nullptr;
    bool observing = false;
  } before_claims_;
  bool looking_ = false;
  bool claims_closed_ = false;
  std::vector<mark> marks_;

  std::vector<choice> choices_;
  std::uint64_t preemptions_ = 0;
  std::uint32_t outside_objects_ = 0;
  std::uint32_t outside_choices_ = 0;
  std::map<std::uint64_t, std::uint32_t> draws_;  // of each name in each task, so far

  // Of named tasks that logged, or ended while they were watched.
  std::map<std::uint32_t, std::string> task_names_;
  std::string texts_;
  std::vector<user_event> user_events_;
  std::vector<trace_field> fields_;
  std::vector<trace_event> recorded_;

  verdict verdict_ = verdict::passed;
  std::string what_;
  std::string root_exception_;
  std::int64_t ended_at_ = 0;

  friend struct leftover_node;
  friend struct generator_state;
};

inline engine& sync_object::enter(const char* call) const {
  engine* const e = engine::running();
  if (e && run_ == e->serial()) [[likely]]
    return *e;
  return enter_first(call);
}
inline engine* sync_object::try_enter() const noexcept {
  engine* const e = engine::running();
  if (e && run_ == e->serial()) [[likely]]
    return e;
  return try_enter_first();
}

/// Removes a waiter from its queue on every way out of a wait.
class queued {
public:
  queued(wait_queue& q, waiter& w) noexcept : waiter_(w) { q.push(w); }
  queued(const queued&) = delete;
  ~queued() { leave(); }
  void leave() noexcept {
    if (waiter_.queue) waiter_.queue->remove(waiter_);
  }

private:
  waiter& waiter_;
};

[[nodiscard]] exception_globals& thread_exceptions() noexcept;
/// What to write in a coroutine instead of a call that blocks.
[[nodiscard]] std::string twin_of(std::string_view call);
/// "std::runtime_error: boom".
[[nodiscard]] std::string describe(const std::exception_ptr& failure);
/// "std::runtime_error".
[[nodiscard]] std::string type_name(const std::exception_ptr& failure);
/// The same of whom the function at that place was inlined into; nothing when it was not.
[[nodiscard]] std::string caller_of(const void* return_address);
/// " (balance.cpp:14)", or nothing.
[[nodiscard]] std::string in_brackets(const std::string& place);
/// `watch_for_crashes`, unless this OS thread has done so before.
void watch_for_crashes_once();
[[nodiscard]] std::unique_ptr<restartable_choices> make_seeded_source();
[[nodiscard]] std::unique_ptr<choice_source> make_seeded_source(std::uint64_t seed,
                                                                const strategy& s);

}  // namespace reprise::detail
