#include "semantics/interpreter.hpp"

#include "semantics/scenarios.hpp"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

// The twin of the class World in generate.py, operation by operation.

namespace semantics {

namespace {

constexpr duration tick = duration(1s) / 512;

duration ticks(const json& n) { return n.get<int>() * tick; }

/// What stands around an operation in its function.
struct frame {
  task_group* group = nullptr;
  timeout_scope* timeout = nullptr;
};

class any_queue {
public:
  virtual ~any_queue() = default;
  virtual void put(int value) = 0;
  virtual std::optional<int> get() = 0;
  virtual bool try_put(int value) = 0;
  virtual std::optional<int> try_get() = 0;
  [[nodiscard]] virtual detail::queue_core& core() = 0;
};
template <class Queue>
class queue_of final : public any_queue {
public:
  explicit queue_of(std::size_t capacity) : queue_(capacity) {}
  void put(int value) override { queue_.put(value); }
  std::optional<int> get() override { return queue_.get(); }
  bool try_put(int value) override { return queue_.try_put(value); }
  std::optional<int> try_get() override { return queue_.try_get(); }
  detail::queue_core& core() override { return queue_; }

private:
  Queue queue_;
};

std::unique_ptr<any_queue> make_queue(const std::string& kind, std::size_t capacity) {
  if (kind == "lifo") return std::make_unique<queue_of<lifo_queue<int>>>(capacity);
  if (kind == "priority") return std::make_unique<queue_of<priority_queue<int>>>(capacity);
  return std::make_unique<queue_of<queue<int>>>(capacity);
}

trace_value outcome_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const exception_group& group) {
    trace_value::list list{"ExceptionGroup"};
    for (const auto& e : group.exceptions()) list.push_back(outcome_of(e));
    return list;
  } catch (const value_error& e) {
    return trace_value::list{"ValueError", e.what()};
  } catch (const cancelled& c) {
    return trace_value::list{"CancelledError", c.message()};
  } catch (...) {
    return trace_value::list{python_name(failure)};
  }
}

trace_value outcomes_of(const std::vector<outcome<int>>& outcomes) {
  trace_value::list list;
  for (const auto& o : outcomes) {
    if (o) {
      list.emplace_back(o.value());
    } else if (python_name(o.error()) == "CancelledError") {
      list.emplace_back(
          trace_value::list{"CancelledError"});  // not what it said: CPython forgets it
    } else {
      list.push_back(outcome_of(o.error()));
    }
  }
  return list;
}

trace_value or_null(const std::optional<int>& value) {
  return value ? trace_value(*value) : nullptr;
}

void log_list(const json& op, trace_value::list values) {
  note(op[0].get<std::string>(), "i", op[1].get<int>(), "v", std::move(values));
}
// Not by a list as parameter: of `{a list}` some compilers make a list of one, others that list.
void log(const json& op, std::initializer_list<trace_value> values = {}) { log_list(op, values); }

class world {
public:
  explicit world(const json& program)
      : program_(program),
        budget_(program["budget"]),
        pool_(program["workers"].get<std::size_t>()) {
    const auto count = [&](const char* what) { return program[what].get<std::size_t>(); };
    for (std::size_t i = 0; i < count("locks"); ++i) locks_.push_back(std::make_unique<mutex>());
    for (std::size_t i = 0; i < count("locks"); ++i)
      conditions_.push_back(std::make_unique<condition_variable>());
    counters_.resize(count("locks"));
    for (const auto& n : program["semaphores"])
      semaphores_.push_back(std::make_unique<semaphore>(n.get<int>()));
    for (std::size_t i = 0; i < count("events"); ++i) events_.push_back(std::make_unique<event>());
    for (const auto& q : program["queues"]) queues_.push_back(make_queue(q[0], q[1]));
    for (const auto& n : program["barriers"])
      barriers_.push_back(std::make_unique<barrier>(n.get<std::size_t>()));
    for (std::size_t i = 0; i < count("futures"); ++i) futures_.emplace_back();
    slots_.resize(program["slots"].size());
  }

  int function(int f) {
    block(program_["functions"][static_cast<std::size_t>(f)], {});
    return f;
  }

private:
  using operation = void (world::*)(const json& op, const frame& f);
  static const std::map<std::string, operation, std::less<>>& operations();

  void block(const json& ops, const frame& f) {
    for (const auto& op : ops)
      if (--budget_ >= 0) (this->*operations().at(op[0].get<std::string>()))(op, f);
  }

  [[nodiscard]] auto caller(int f) {
    return [this, f] { return function(f); };
  }
  [[nodiscard]] int function_of(const json& slot) const {
    return program_["slots"][slot.get<std::size_t>()];
  }
  task<int>& slot(const json& s) { return slots_[s.get<std::size_t>()]; }
  std::vector<task<int>> tasks_of(const json& slots) {
    std::vector<task<int>> found;
    for (const auto& s : slots) {
      const auto& t = slot(s);
      if (t && std::ranges::find(found, t) == found.end()) found.push_back(t);
    }
    return found;
  }
  template <class Objects>
  static auto& pick(Objects& objects, const json& i) {
    return *objects[i.get<std::size_t>()];
  }
  promise<int>& future_at(const json& i) { return futures_[i.get<std::size_t>()]; }

  // ---------------------------------------------------------------- what a callback can do, too

  void act(const json& op, const json& action) {
    const std::string what = action[0];
    if (what == "log") return log(op);
    const json& a = action[1];
    if (what == "cancel") {
      const auto& t = slot(a);
      log(op, {t ? trace_value(t.cancel()) : nullptr});
    } else if (what == "set") {
      pick(events_, a).set();
      log(op);
    } else if (what == "clear") {
      pick(events_, a).clear();
      log(op);
    } else if (what == "release") {
      auto& s = pick(semaphores_, a);
      s.release();
      log(op, {s.locked()});
    } else if (what == "put") {
      try {
        const bool put = pick(queues_, a).try_put(action[2]);
        log(op, {put});
      } catch (const queue_closed&) {
        log(op, {"closed"});
      }
    } else if (what == "take") {
      log(op, {or_null(pick(queues_, a).try_get())});
    } else if (what == "task_done") {
      bool done = true;
      try {
        pick(queues_, a).core().task_done();
      } catch (const error&) {
        done = false;
      }
      log(op, {done});
    } else if (what == "close") {
      pick(queues_, a).core().close();
      log(op);
    } else if (what == "fulfil") {
      const auto& p = future_at(a);
      const bool pending = !p.done();
      if (pending && action[2].is_null())
        p.set_exception(std::make_exception_ptr(value_error("f")));
      if (pending && !action[2].is_null()) p.set_value(action[2].get<int>());
      log(op, {pending});
    } else if (what == "cancel_future") {
      log(op, {future_at(a).cancel()});
    } else if (what == "cancel_timer") {
      if (const auto found = timers_.find(a.get<int>()); found != timers_.end())
        found->second.cancel();
      log(op);
    } else if (what == "soon") {
      log(op);
      timers_[op[1]] = call_soon([this, &op, &a] { act(op, a); });
    } else if (what == "later") {
      log(op);
      timers_[op[1]] = call_later(ticks(a), [this, &op, &next = action[2]] { act(op, next); });
    } else if (what == "at") {
      log(op);
      timers_[op[1]] = call_at(virtual_clock::time_point(ticks(a)),
                               [this, &op, &next = action[2]] { act(op, next); });
    } else if (what == "spawn") {
      slot(a) = spawn(caller(function_of(a)));
      log(op);
    }
  }
  void do_act(const json& op, const frame&) { act(op, op[2]); }

  // ---------------------------------------------------------------- time

  void do_sleep(const json& op, const frame&) {
    sleep_for(ticks(op[2]));
    log(op);
  }
  void do_spend(const json& op, const frame&) {
    spend(ticks(op[2]));
    log(op);
  }
  void do_random(const json& op, const frame&) {
    const auto n = rng().randint(0, op[2].get<int>());
    log(op, {n});
    sleep_for(n * 8 * tick);
  }

  // ---------------------------------------------------------------- synchronisation

  void do_lock(const json& op, const frame& f) {
    const std::scoped_lock lock(pick(locks_, op[2]));
    log(op);
    block(op[3], f);
  }
  void do_semaphore(const json& op, const frame& f) {
    auto& s = pick(semaphores_, op[2]);
    s.acquire();
    const std::shared_ptr<void> at_exit(nullptr, [&s](void*) { s.release(); });
    log(op);
    block(op[3], f);
  }
  void do_event(const json& op, const frame&) {
    pick(events_, op[2]).wait();
    log(op, {pick(events_, op[2]).is_set()});
  }
  void do_put(const json& op, const frame&) {
    auto& q = pick(queues_, op[2]);
    try {
      q.put(op[3]);
      log(op, {q.core().size()});
    } catch (const queue_closed&) {
      log(op, {"closed"});
    }
  }
  void do_get(const json& op, const frame&) {
    const auto item = pick(queues_, op[2]).get();
    log(op, {or_null(item)});
  }
  void do_join(const json& op, const frame&) {
    pick(queues_, op[2]).core().join();
    log(op);
  }
  void do_condition(const json& op, const frame&) {
    std::unique_lock lock(pick(locks_, op[2]));
    pick(conditions_, op[2]).wait(lock);
    log(op);
  }
  void do_condition_for(const json& op, const frame&) {
    const int& counter = counters_[op[2].get<std::size_t>()];
    std::unique_lock lock(pick(locks_, op[2]));
    pick(conditions_, op[2]).wait(lock, [&] { return counter >= op[3].get<int>(); });
    log(op, {counter});
  }
  void do_notify(const json& op, const frame&) {
    const std::scoped_lock lock(pick(locks_, op[2]));
    ++counters_[op[2].get<std::size_t>()];
    auto& c = pick(conditions_, op[2]);
    if (op[3] == 0) {
      c.notify_all();
    } else {
      c.notify(op[3]);
    }
    log(op);
  }
  void do_barrier(const json& op, const frame&) {
    try {
      const auto index = pick(barriers_, op[2]).arrive_and_wait();
      log(op, {index});
    } catch (const broken_barrier&) {
      log(op, {nullptr});
    }
  }
  void do_abort(const json& op, const frame&) {
    pick(barriers_, op[2]).abort();
    log(op);
  }
  void do_reset(const json& op, const frame&) {
    pick(barriers_, op[2]).reset();
    log(op);
  }

  // ---------------------------------------------------------------- futures and tasks

  void do_future(const json& op, const frame&) {
    const int value = future_at(op[2]).get_future().get();
    log(op, {value});
  }
  void do_fresh(const json& op, const frame&) {
    if (future_at(op[2]).done()) future_at(op[2]) = {};
    log(op);
  }
  void do_await(const json& op, const frame&) {
    const auto t = slot(op[2]);
    const auto value = t ? trace_value(t.get()) : nullptr;
    log(op, {value});
  }
  void do_state(const json& op, const frame&) {
    const auto& t = slot(op[2]);
    log_list(op,
             t ? trace_value::list{t.done(), t.cancelled(), t.cancelling()} : trace_value::list{});
  }
  void do_callback(const json& op, const frame&) {
    const auto t = slot(op[2]);
    if (!t) return;
    t.add_done_callback([&op, t](const any_task&) {
      if (t.cancelled()) return log(op, {"cancelled"});
      const auto failure = t.exception();
      log(op, {failure ? outcome_of(failure) : trace_value(t.result())});
    });
  }
  void do_cancel_message(const json& op, const frame&) {
    const auto& t = slot(op[2]);
    log(op, {t ? trace_value(t.cancel(op[3].get<std::string>())) : nullptr});
  }
  void do_cancel_self(const json& op, const frame&) { log(op, {current_task().cancel()}); }
  void do_uncancel(const json& op, const frame&) {
    const auto me = current_task();
    const auto before = me.cancelling();
    log(op, {before, me.uncancel()});
  }

  void gather_and_log(const json& op, const std::vector<task<int>>& ts) {
    if (op[3] == true) {
      log(op, {outcomes_of(gather_all(ts))});
    } else {
      const auto values = gather(ts);
      log(op, {trace_value::list(values.begin(), values.end())});
    }
  }
  void do_gather(const json& op, const frame&) { gather_and_log(op, tasks_of(op[2])); }
  void do_gather_new(const json& op, const frame&) {
    std::vector<task<int>> ts;
    for (const int f : op[2]) ts.push_back(spawn(caller(f)));
    gather_and_log(op, ts);
  }
  void do_gather_own(const json& op, const frame&) {
    std::vector<std::function<int()>> children;
    for (const int f : op[2]) children.emplace_back(caller(f));
    const auto outcomes = gather_all(children);
    log(op, {outcomes_of(outcomes)});
  }
  void do_wait(const json& op, const frame&) {
    const auto ts = tasks_of(op[2]);
    if (ts.empty()) return;
    constexpr until modes[]{until::all_completed, until::first_completed, until::first_failed};
    const auto mode = modes[op[3].get<std::size_t>()];
    const auto result = op[4].is_null() ? wait(ts, mode) : wait(ts, mode, ticks(op[4]));
    trace_value::list done;
    for (const auto& t : ts)
      done.emplace_back(std::ranges::find(result.done, t) != result.done.end());
    log(op, {done});
  }
  void do_as_completed(const json& op, const frame&) {
    auto ts = tasks_of(op[2]);
    // Of several that are done already, CPython's order is by address.
    bool one = false;
    std::erase_if(ts, [&](const auto& t) { return t.done() && std::exchange(one, true); });
    auto items = op[3].is_null() ? as_completed(ts) : as_completed(ts, ticks(op[3]));
    for (int n = 0; items.remaining() > 0 && n != op[4].get<int>(); ++n) {
      try {
        const int value = items.next().get();
        log(op, {value});
      } catch (const std::exception&) {
        log(op, {outcome_of(std::current_exception())});
      }
    }
    log(op);
  }
  void do_shield(const json& op, const frame&) {
    const auto t = slot(op[2]);
    if (!t) return;
    const int value = shield(t);
    log(op, {value});
  }
  void do_shield_call(const json& op, const frame&) {
    const int value = shield(caller(op[2]));
    log(op, {value});
  }

  // ---------------------------------------------------------------- scopes

  void do_timeout(const json& op, const frame& f) {
    const auto body = [&](timeout_scope& scope) { block(op[4], {f.group, &scope}); };
    bool in_time = true;
    try {
      if (op[3].is_null()) {
        with_deadline(virtual_clock::time_point::max(), body);
      } else if (op[2] == "at") {
        with_deadline(virtual_clock::time_point(ticks(op[3])), body);
      } else {
        with_timeout(ticks(op[3]), body);
      }
    } catch (const timed_out&) {
      in_time = false;
    }
    log(op, {in_time});
  }
  void do_reschedule(const json& op, const frame& f) {
    if (!f.timeout) return;
    try {
      if (op[2].is_null()) {
        f.timeout->disable();
      } else {
        f.timeout->reschedule(virtual_clock::now() + ticks(op[2]));
      }
      log(op, {f.timeout->expired()});
    } catch (const error&) {
      log(op, {"late"});
    }
  }
  void do_wait_for_call(const json& op, const frame&) {
    try {
      const auto d = ticks(op[3]);
      const int value = d > 0s ? with_timeout(d, caller(op[2])) : wait_for(spawn(caller(op[2])), d);
      log(op, {value});
    } catch (const timed_out&) {
      log(op, {"time"});
    }
  }
  void do_wait_for(const json& op, const frame&) {
    const auto t = slot(op[2]);
    if (!t) return;
    try {
      const int value = wait_for(t, ticks(op[3]));
      log(op, {value});
    } catch (const timed_out&) {
      log(op, {"time"});
    }
  }
  void do_group(const json& op, const frame& f) {
    try {
      with_task_group([&](task_group& g) { block(op[2], {&g, f.timeout}); });
      log(op);
    } catch (const exception_group&) {
      log(op, {outcome_of(std::current_exception())});
    }
  }
  void do_group_spawn(const json& op, const frame& f) {
    if (!f.group) return;
    try {
      slot(op[2]) = f.group->spawn(caller(function_of(op[2])));
      log(op, {true});
    } catch (const error&) {
      log(op, {false});
    }
  }
  void do_offload(const json& op, const frame&) {
    const int value = offload(pool_, [&op] {
      spend(ticks(op[2]));
      log(op);
      if (op[3] < 0) throw value_error("j");
      return op[3].get<int>();
    });
    log(op, {value});
  }

  // ---------------------------------------------------------------- control

  void do_raise(const json& op, const frame&) {
    log(op);
    throw value_error(op[2].get<std::string>());
  }
  void do_try(const json& op, const frame& f) {
    const std::string how = op[2];
    const auto handle = [&](bool finally) {
      log_list(op, finally ? trace_value::list{}
                           : trace_value::list{outcome_of(std::current_exception())});
      block(op[4], f);
    };
    try {
      block(op[3], f);
    } catch (const cancelled&) {
      if (how == "value" || how == "any") throw;
      handle(how == "finally");
      if (how != "swallow") throw;
      return;
    } catch (const std::exception& e) {
      const bool mine = how == "any" || how == "finally" ||
                        (how == "value" && dynamic_cast<const value_error*>(&e));
      if (!mine) throw;
      handle(how == "finally");
      if (how == "finally") throw;
      return;
    }
    if (how == "finally") handle(true);
  }
  void do_loop(const json& op, const frame& f) {
    for (int i = 0; i < op[2].get<int>(); ++i) block(op[3], f);
  }
  void do_call(const json& op, const frame&) {
    const int value = function(op[2]);
    log(op, {value});
  }
  void do_variable(const json& op, const frame&) {
    log(op, {variable_.get()});
    variable_.set(op[2]);
  }

  const json& program_;
  int budget_;
  worker_pool pool_;
  std::vector<std::unique_ptr<mutex>> locks_;
  std::vector<std::unique_ptr<condition_variable>> conditions_;
  std::vector<int> counters_;
  std::vector<std::unique_ptr<semaphore>> semaphores_;
  std::vector<std::unique_ptr<event>> events_;
  std::vector<std::unique_ptr<any_queue>> queues_;
  std::vector<std::unique_ptr<barrier>> barriers_;
  std::vector<promise<int>> futures_;
  std::vector<task<int>> slots_;
  std::map<int, timer> timers_;
  task_local<int> variable_;
};

const std::map<std::string, world::operation, std::less<>>& world::operations() {
  static const std::map<std::string, operation, std::less<>> all{
      {"abort", &world::do_abort},
      {"act", &world::do_act},
      {"as_completed", &world::do_as_completed},
      {"await", &world::do_await},
      {"barrier", &world::do_barrier},
      {"call", &world::do_call},
      {"callback", &world::do_callback},
      {"cancel_message", &world::do_cancel_message},
      {"cancel_self", &world::do_cancel_self},
      {"condition", &world::do_condition},
      {"condition_for", &world::do_condition_for},
      {"event", &world::do_event},
      {"fresh", &world::do_fresh},
      {"future", &world::do_future},
      {"gather", &world::do_gather},
      {"gather_new", &world::do_gather_new},
      {"gather_own", &world::do_gather_own},
      {"get", &world::do_get},
      {"group", &world::do_group},
      {"group_spawn", &world::do_group_spawn},
      {"join", &world::do_join},
      {"lock", &world::do_lock},
      {"loop", &world::do_loop},
      {"notify", &world::do_notify},
      {"offload", &world::do_offload},
      {"put", &world::do_put},
      {"raise", &world::do_raise},
      {"random", &world::do_random},
      {"reschedule", &world::do_reschedule},
      {"reset", &world::do_reset},
      {"semaphore", &world::do_semaphore},
      {"shield", &world::do_shield},
      {"shield_call", &world::do_shield_call},
      {"sleep", &world::do_sleep},
      {"spend", &world::do_spend},
      {"state", &world::do_state},
      {"timeout", &world::do_timeout},
      {"try", &world::do_try},
      {"uncancel", &world::do_uncancel},
      {"variable", &world::do_variable},
      {"wait", &world::do_wait},
      {"wait_for", &world::do_wait_for},
      {"wait_for_call", &world::do_wait_for_call},
  };
  return all;
}

}  // namespace

std::vector<json> run_program(const json& program, report* report_out) {
  std::string raised;
  std::unique_ptr<world> w;  // it outlives the tasks that the root leaves
  const auto report =
      run({.seed = program["seed"].get<std::uint64_t>(), .schedule = fifo(), .record = true}, [&] {
        w = std::make_unique<world>(program);
        try {
          w->function(0);
        } catch (const cancelled&) {
          raised = "CancelledError";
          throw;
        } catch (const std::exception&) {
          raised = python_name(std::current_exception());
          throw;
        }
      });
  w.reset();
  if (report_out) *report_out = report;

  std::vector<json> trace;
  for (const auto& e : oracle_trace(report, raised)) {
    const std::string name = e["event"];
    const std::string task = e["task"];
    json event{e["t"].get<double>() * 512, task == "-" ? 0 : std::stoi(task.substr(5)), name};
    if (name == "end") {
      event.push_back(e["outcome"]);
      if (e.contains("exc")) event.push_back(e["exc"]);
    } else if (name != "deadlock") {
      event.push_back(e["i"]);
      for (const auto& v : e["v"]) event.push_back(v);
    }
    trace.push_back(std::move(event));
  }
  return trace;
}

}  // namespace semantics
