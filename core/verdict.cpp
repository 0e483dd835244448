// How a run comes to its verdict, and how a report says it.

#include "engine.hpp"
#include "generator_internal.hpp"
#include "offload_internal.hpp"

#include <reprise/core/format.hpp>

#include <fmt/format.h>

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <typeinfo>
#include <utility>

namespace reprise::detail {

namespace {

std::string demangled(const char* mangled) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(
      abi::__cxa_demangle(mangled, nullptr, nullptr, &status), std::free);
  return status == 0 ? text.get() : mangled;
}

/// The fiber of the task, job or callback that `f` is a generator of.
fiber& base_of(fiber& f) noexcept {
  fiber* base = &f;
  while (base->generator) base = base->generator->consumer;
  return *base;
}

const char* verb(operation_kind kind) {
  switch (kind) {
    case operation_kind::sleep:
      return "sleeps for ever";
    case operation_kind::gather:
      return "waits for its children in gather";
    case operation_kind::group_wait:
      return "waits for its task group";
    case operation_kind::wait_any:
      return "waits for tasks in wait";
    case operation_kind::as_completed:
      return "waits for the next task in as_completed";
    case operation_kind::offload:
      return "waits for an offloaded job";
    case operation_kind::future_wait:
      return "waits for a future that nobody has set";
    case operation_kind::shield:
      return "waits behind a shield";
    case operation_kind::failure:
      return "stands where an expectation failed";
    default:
      return nullptr;
  }
}

const char* waits_to(operation_kind kind) {
  switch (kind) {
    case operation_kind::lock:
    case operation_kind::lock_shared:
      return "waits for";
    case operation_kind::acquire:
      return "waits for a permit of";
    case operation_kind::event_wait:
      return "waits for";
    case operation_kind::condition_wait:
      return "waits to be notified by";
    case operation_kind::queue_put:
      return "waits for room in";
    case operation_kind::queue_get:
      return "waits for an item of";
    default:
      return "waits for";
  }
}

}  // namespace

std::string describe(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const exception_group& group) {
    std::string text = fmt::format("{}", group.what());
    for (const auto& e : group.exceptions()) text += "\n    " + describe(e);
    return text;
  } catch (const std::exception& e) {
    return fmt::format("{}: {}", demangled(typeid(e).name()), e.what());
  } catch (const cancelled& c) {
    return c.message().empty() ? "reprise::cancelled" : "reprise::cancelled: " + c.message();
  } catch (...) {
    const std::type_info* type = abi::__cxa_current_exception_type();
    return type ? "an exception of type " + demangled(type->name()) : "an exception";
  }
}

std::string type_name(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (...) {
    const std::type_info* type = abi::__cxa_current_exception_type();
    return type ? demangled(type->name()) : "an exception";
  }
}

std::string task_core::name() const {
  return extras && !extras->given_name.empty() ? extras->given_name
                                               : fmt::format("Task-{}", number);
}

std::string engine::name_of_task(std::uint32_t number) const {
  if (number == 0) return "-";
  if (current_task_ && current_task_->number == number) return current_task_->name();
  const task_core* found = nullptr;
  tasks_.each([&](const task_core& t) {
    if (t.owner && t.number == number) found = &t;
  });
  if (found) return found->name();
  if (const auto named = task_names_.find(number); named != task_names_.end()) return named->second;
  return fmt::format("Task-{}", number);
}

std::string engine::whereabouts() const {
  std::string text = "\n  in ";
  text += current_task_ ? current_task_->name() : current_job_ ? "an offloaded job" : "a callback";
  text += fmt::format(" at {}, step {}", reprise::format_duration(duration(now_)),
                      reprise::format_count(steps_));
  if (choosing_)
    text += fmt::format(", {} preemption{}", reprise::format_count(preemptions_),
                        preemptions_ == 1 ? "" : "s");
  return text;
}

void engine::record_failure(verdict v, std::string what) {
  if (verdict_ != verdict::passed) return;
  verdict_ = v;
  what_ = std::move(what);
}

void engine::fail_soon(std::string what) noexcept {
  // A wait for a condition that is unwound by force does not take its lock again, and the frame's
  // guard unlocks it all the same.
  if (tearing_by_force_) return;
  record_failure(verdict::failed, std::move(what));
  failing_soon_ = true;
  if (phase_ == phase::running) event_limit_ = 0;  // seen where the task goes on without a wait
}

void engine::freeze() {
  fiber& base = base_of(*current_fiber_);
  if (&base == &main_) return;  // in a destructor, at the very end
  if (current_task_ && current_task_->forced) check_forced(*current_task_);
  if (current_job_ && current_job_->forced) check_forced(*current_job_);
  announce({operation_kind::failure, 0});
  if (std::uncaught_exceptions() > 0) {
    what_ += "\n  its frame was unwinding already, so it is left standing";
    abandon_current();
  }
  fiber& self = *current_fiber_;
  const bool running = phase_ == phase::running;
  if (task_core* const me = current_task_) {
    waiter w;
    w.task = me;
    me->wait_for(w);
    me->frozen = true;
    me->announces({operation_kind::failure, 0});
    const bool stackless = me->stackless();
    if (stackless) runner_ = nullptr;
    me->top = &self;
    fiber* to = running ? come_to(reason::failure) : next_fiber_any();
    if (to != &self) switch_fiber(*this, self, *to);
    me->wait_for_nothing();
    if (stackless) me->top = nullptr;
    if (me->forced) check_forced(*me);
    me->must_cancel = false;
    throw_cancelled(*me);
  }
  if (job* const j = current_job_) {
    j->frozen = true;
    j->top = &self;
    --running_jobs;
    if (fiber* starter = std::exchange(j->starter, nullptr)) {
      failing_soon_ = running;
      switch_fiber(*this, self, *starter);
    } else {
      fiber* to = running ? come_to(reason::failure) : next_fiber_any();
      switch_fiber(*this, self, *to);
    }
    check_forced(*j);
  }
  if (!tearing_by_force_) {
    frozen_runners_.push_back(&self);
    runner_ = nullptr;
    fiber* to = running ? come_to(reason::failure) : next_fiber_any();
    switch_fiber(*this, self, *to);
  }
  if (++runner_thrown_at_ > 8) {
    record_failure(
        verdict::failed,
        "a callback swallowed its unwinding: it went on after a catch (...) without `throw;`");
    abandon_current();
  }
  throw forced_unwind{};
}

void engine::record_overflow() {
  record_failure(verdict::crashed,
                 fmt::format("stack overflow in {}: it used all of its {} KiB{}\n  give it more: "
                             "spawn_options::stack_size, or "
                             "config::stack_size for all",
                             current_task_  ? current_task_->name()
                             : current_job_ ? "an offloaded job"
                                            : "a callback",
                             current_fiber_->stack->size() / 1024, whereabouts()));
}

void engine::abandon_current() {
  fiber& self = *current_fiber_;
  fiber& base = base_of(self);
  // The generators that it is in stay with it.
  for (fiber* f = &self; f != &base;) {
    generator_state& g = *f->generator;
    f = g.consumer;
    leave_standing(*this, g);
  }
  if (base.stack) base.stack->leave_standing();
  const auto keep_runner = [&] {
    if (runner_ == &base) runner_ = nullptr;
    // The fiber must outlive the run: its frames stand.
    for (auto& r : runners_)
      if (r.get() == &base) static_cast<void>(r.release());
    std::erase(runners_, nullptr);
  };
  if (task_core* const me = current_task_) {
    me->abandoned = true;
    if (me->is_coroutine) keep_runner();
    me->wait_for_nothing();
    --live_tasks_;
    ended_at_ = now_;
    if (me->is_member) end_member(*me, future_state::cancelled, nullptr);
    complete(*me, future_state::cancelled, nullptr);
    if (me->number == 1 && phase_ == phase::running) push({nullptr, 0, entry_kind::stop});
  } else if (job* const j = current_job_) {
    if (!j->frozen) --running_jobs;
    j->frozen = true;
    std::erase_if(active_jobs_, [j](const auto& a) { return a.get() == j; });
    if (fiber* starter = std::exchange(j->starter, nullptr)) {
      failing_soon_ = phase_ == phase::running;
      switch_fiber(*this, self, *starter);
      std::abort();
    }
  } else if (&base != &main_) {
    keep_runner();
  }
  fiber* to = phase_ == phase::running ? come_to(reason::failure) : next_fiber_any();
  switch_fiber(*this, self, *to);
  std::abort();
}

std::vector<held_locks::holder> engine::holders_before(const task_core& t) const {
  const waiter* const w = t.leaf();
  if (!w || !w->object || !w->holder) return {};
  if (*w->holder != 0)
    return {
        {*w->holder, {w->object->object(), w->holder_place ? *w->holder_place : nullptr, false}}};
  // Readers, whom the lock only counts. Who stands behind a writer waits for them, too.
  return watching_ ? watching_->held().holders(w->object->object())
                   : std::vector<held_locks::holder>();
}

std::string engine::place_of_wait(const task_core& t) {
  std::string place = place_of(t.place);
  if (place.empty() && t.top) place = place_of(t.top->awaited_at);
  return in_brackets(place);
}

std::string engine::where_taken(std::uint64_t lock) const {
  constexpr std::size_t most = 4;
  std::string text;
  std::size_t count = 0;
  for (const auto& h : watching_->held().holders(lock)) {
    const std::string place = place_of(h.what.place);
    if (!place.empty() && ++count <= most)
      text += fmt::format("\n  {} took it at {}", name_of_number(h.task), place);
  }
  return text;
}

std::string engine::held_by(const task_core& t) const {
  std::string itself, others;
  bool reads = false;
  std::size_t count = 0;
  constexpr std::size_t most = 4;
  for (const auto& h : holders_before(t)) {
    reads = h.what.shared;
    const std::string where = in_brackets(place_of(h.what.place));
    if (h.task == t.number) {
      itself = fmt::format(", which it holds itself{}{}", reads ? " as a reader" : "", where);
    } else if (++count <= most) {
      others += (count == 1 ? "" : ", ") + name_of_number(h.task) + where;
    }
  }
  if (count == 0) return itself;
  if (count > most) others += fmt::format(" and {} more", count - most);
  if (!itself.empty()) return fmt::format("{}, held by {} as well", itself, others);
  return fmt::format(", held by {}{}",
                     !reads       ? ""
                     : count == 1 ? "the reader "
                                  : "the readers ",
                     others);
}

std::string engine::task_waits_for(const task_core& t) const {
  const std::string place = place_of_wait(t);
  if (t.leaf() && t.leaf()->object) {
    if (t.next_kind == operation_kind::event_wait)
      if (const auto* const queue = static_cast<const event_waiter&>(*t.leaf()).items_of)
        return fmt::format("waits for task_done of every item of {}{}", queue->description(),
                           place);
    std::string text =
        fmt::format("{} {}{}", waits_to(t.next_kind), t.leaf()->object->description(), place);
    text += held_by(t);
    return text;
  }
  if (t.awaited() && t.awaited()->kind == future_kind::task)
    return fmt::format("waits for {}{}", static_cast<const task_core*>(t.awaited())->name(), place);
  if (const char* v = verb(t.next_kind)) return v + place;
  return fmt::format("waits in {}{}", to_string(t.next_kind), place);
}

std::string engine::describe_deadlock() {
  std::vector<const task_core*> live;
  for (const task_core* t : live_tasks())
    if (!t->abandoned) live.push_back(t);
  // They lie in the order of their numbers.
  constexpr std::size_t none = ~std::size_t{0};
  const auto find = [&](std::uint32_t number) {
    const auto found = std::ranges::lower_bound(live, number, {}, &task_core::number);
    return found == live.end() || (*found)->number != number
               ? none
               : static_cast<std::size_t>(found - live.begin());
  };
  // Whom each waits for, itself first.
  const auto waits_for = [&](const task_core& t) {
    std::vector<std::size_t> all;
    for (const auto& h : holders_before(t))
      if (const std::size_t i = find(h.task); i != none) {
        all.push_back(i);
        if (h.task == t.number) std::swap(all.front(), all.back());
      }
    if (t.awaited() && t.awaited()->kind == future_kind::task)
      if (const std::size_t i = find(static_cast<const task_core*>(t.awaited())->number); i != none)
        all.push_back(i);
    return all;
  };
  // Each is waited through once: along one path, until it leads into itself.
  struct stop {
    std::size_t task;
    std::vector<std::size_t> next;
    std::size_t tried = 0;
  };
  std::vector<char> seen(live.size()), on_path(live.size());
  std::vector<stop> path;
  std::vector<const task_core*> cycle;
  const auto go_to = [&](std::size_t i) {
    seen[i] = on_path[i] = 1;
    path.push_back({i, waits_for(*live[i])});
  };
  for (std::size_t start = 0; start < live.size() && cycle.empty(); ++start) {
    if (!seen[start]) go_to(start);
    while (!path.empty() && cycle.empty()) {
      stop& at = path.back();
      if (at.tried == at.next.size()) {
        on_path[at.task] = 0;
        path.pop_back();
        continue;
      }
      const std::size_t i = at.next[at.tried++];
      if (!seen[i]) {
        go_to(i);
      } else if (on_path[i]) {
        for (auto p = std::ranges::find(path, i, &stop::task); p != path.end(); ++p)
          cycle.push_back(live[p->task]);
      }
    }
  }
  std::ranges::sort(cycle, {}, &task_core::number);
  const std::string at = reprise::format_duration(duration(now_));
  std::string text;
  const task_core* told = nullptr;  // of a lost wake-up
  for (std::size_t i = 0; i < live.size() && cycle.empty() && options_->detect.lost_wakeups; ++i) {
    const std::string lost = lost_wakeup_of(*this, *live[i]);
    if (lost.empty()) continue;
    told = live[i];
    text = fmt::format("lost wake-up at {}: {}", at, lost);
    break;
  }
  if (told) {
    // said
  } else if (cycle.size() == 1) {
    text = fmt::format("deadlock at {}: a task waits for itself", at);
  } else if (!cycle.empty()) {
    text = fmt::format("deadlock at {}: {} tasks wait for each other", at, cycle.size());
  } else {
    text = fmt::format("deadlock at {}: {} task{} wait{}, nothing can run and no timer is pending",
                       at, live.size(), live.size() == 1 ? "" : "s", live.size() == 1 ? "s" : "");
  }
  for (const task_core* t : cycle) {
    std::string held;
    for (const task_core* other : cycle) {
      if (other == t) continue;
      for (const auto& h : holders_before(*other))
        if (h.task == t->number)
          held = fmt::format("holds {}{}{} and ", other->leaf()->object->description(),
                             h.what.shared ? " shared" : "", in_brackets(place_of(h.what.place)));
    }
    if (held.empty() || !t->leaf() || !t->leaf()->object) {
      text += fmt::format("\n  {} {}{}", t->name(), held, task_waits_for(*t));
    } else {
      text += fmt::format("\n  {} {}{} {}{}", t->name(), held, waits_to(t->next_kind),
                          t->leaf()->object->description(), place_of_wait(*t));
    }
  }
  constexpr std::size_t most = 12;
  const std::size_t said = told ? 1 : cycle.size();
  std::size_t shown = 0;
  for (const task_core* t : live) {
    if (t == told || std::ranges::find(cycle, t) != cycle.end()) continue;
    if (++shown > most) {
      text += fmt::format("\n  and {} more", live.size() - said - most);
      break;
    }
    text += fmt::format("\n  {} {}", t->name(), task_waits_for(*t));
  }
  return text;
}

// ---------------------------------------------------------------- a debugger's way in

// Here, and in no file of its own: nobody but the debugger calls it, and of an archive only files
// that are asked for are linked.
std::string engine::tasks_for_debugger() const {
  std::vector<const task_core*> live;
  tasks_.each([&](const task_core& t) {
    if (t.owner && !t.done()) live.push_back(&t);
  });
  std::ranges::sort(live, {}, &task_core::number);
  std::string text;
  for (const task_core* t : live) {
    const bool waits = t->leaf() || t->awaited() || t->join() || t->sleep == waiter::state::pending;
    const std::string state = t == current_task_ ? "runs"
                              : !t->started      ? "has not started"
                              : waits
                                  ? task_waits_for(*t)
                                  : fmt::format("could run: {}", reprise::to_string(t->next_kind));
    // The running one has lent itself to the OS thread's own stack while it logs.
    const fiber* const where = t != current_task_ ? t->top : on_main() ? service_from_ : nullptr;
    const void* const context = where ? where->context : nullptr;
    text += fmt::format("{}\t{}\t{}\t{:x}\n", t->number, t->name(), state,
                        reinterpret_cast<std::uintptr_t>(context));
  }
  return text;
}

/// What the script for gdb calls (packaging/gdb/reprise_gdb.py). Null outside a run.
extern "C" [[gnu::used, gnu::visibility("default")]] const char* reprise_debug_tasks();
extern "C" const char* reprise_debug_tasks() {
  static thread_local std::string text;
  if (!engine::running()) return nullptr;
  text = engine::running()->tasks_for_debugger();
  return text.c_str();
}

}  // namespace reprise::detail
