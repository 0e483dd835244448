#include "watcher.hpp"

#include <reprise/core/wait_queue.hpp>

namespace reprise::detail {

namespace {

bool acquires(std::memory_order order) noexcept {
  return order != std::memory_order_relaxed && order != std::memory_order_release;
}
bool releases(std::memory_order order) noexcept {
  return order == std::memory_order_release || order == std::memory_order_acq_rel ||
         order == std::memory_order_seq_cst;
}

}  // namespace

void watcher::begin(const detectors& on, coverage* seen) {
  tasks_.clear();
  off_ = !on.races;
  lock_order_on_ = on.lock_order;
  if (lock_order_on_) {
    lock_order_.clear();
    last_.clear();
  }
  progress_on_ = on.livelock || on.starvation;
  if (progress_on_) progress_.clear();
  coverage_.begin(seen);
  objects_.clear();
  variables_.clear();
  held_.clear();
  lock_names_.clear();
}

void watcher::meet(std::uint32_t task) {
  for (auto i = static_cast<std::uint32_t>(tasks_.size()); i <= task; ++i)
    tasks_[i].clock.set(i, 1);
}

std::span<const lock_order::edge* const> watcher::took(std::uint32_t task, const sync_object& lock,
                                                       bool shared, lock_call call, void* place) {
  if (task > most_tasks) return {};
  if (progress_on_ && call == lock_call::try_lock) progress_.granted(task);
  const held_locks::hold taken{lock.object(), place, shared};
  if (lock_name& name = lock_names_[taken.object]; !name.type) {
    name.type = lock.type_;
    name.given = lock.name_ ? *lock.name_ : std::string();
  }
  std::span<const lock_order::edge* const> circle;
  if (lock_order_on_) circle = lock_order_.took(task, held_.of(task), taken, call);
  held_.took(task, taken);
  return circle;
}

std::string watcher::name_of_lock(std::uint64_t object) {
  const lock_name& name = lock_names_[object];
  return sync_object::description(name.type ? name.type : "mutex", name.given, object);
}

inline void watcher::gave_back(std::uint32_t task, const operation& op) {
  const bool shared = op.kind == operation_kind::unlock_shared;
  // What those beyond hold is not known; an exclusive lock has one holder, who is.
  if (task > most_tasks && shared) return;
  held_.gave(std::min(task, most_tasks), op.object, shared);
  if (lock_order_on_ && task <= most_tasks) lock_order_.gave(task, op.object, shared);
}

inline void watcher::order_locks(std::uint32_t task, const operation& op) {
  constexpr kind_set own_affair{operation_kind::lock,        operation_kind::try_lock,
                                operation_kind::lock_shared, operation_kind::try_lock_shared,
                                operation_kind::unlock,      operation_kind::unlock_shared,
                                operation_kind::start,       operation_kind::yield,
                                operation_kind::sleep,       operation_kind::spend,
                                operation_kind::shared_read, operation_kind::shared_write};
  last_[task] = op.kind;
  if (own_affair.has(op.kind)) return;
  if (op.kind != operation_kind::spawn) return lock_order_.synchronised(task);
  if (const auto child = static_cast<std::uint32_t>(op.object >> 32); child <= most_tasks)
    lock_order_.passed(child, task);
}

inline void watcher::order(std::uint32_t task, const operation& op) {
  if (gives_up(task)) return;
  static_cast<void>(of(task));
  if (task == 0) {
    // A callback, or a job: taken to come after everything before it.
    for (std::uint32_t i = 1; i < tasks_.size(); ++i) tasks_[0].clock.join(tasks_[i].clock);
  }
  constexpr kind_set told_otherwise{// or nothing
                                    operation_kind::start,
                                    operation_kind::callback,
                                    operation_kind::timer,
                                    operation_kind::job,
                                    operation_kind::event_clear,
                                    operation_kind::shared_read,
                                    operation_kind::shared_write,
                                    operation_kind::atomic_load,
                                    operation_kind::atomic_store,
                                    operation_kind::atomic_update,
                                    operation_kind::compare_exchange,
                                    operation_kind::compare_exchange_failed,
                                    operation_kind::atomic_wait,
                                    operation_kind::atomic_notify};
  if (op.object == 0 || told_otherwise.has(op.kind)) return;
  switch (op.kind) {
    case operation_kind::spawn:
    case operation_kind::cancel: {
      const auto other = static_cast<std::uint32_t>(op.object >> 32);
      if ((op.object & 0xffffffffu) != 0 || gives_up(other)) return;
      static_cast<void>(of(other));  // may move them all
      tasks_[other].clock.join(tasks_[task].clock);
      return tasks_[task].clock.advance(task);
    }
    case operation_kind::task_end_ok:
    case operation_kind::task_end_failed:
    case operation_kind::future_set:
    case operation_kind::event_set:
    case operation_kind::unlock:
    case operation_kind::release:
    case operation_kind::latch_count:
    case operation_kind::barrier_break:
    case operation_kind::condition_notify:
      return release(task, op.object);
    case operation_kind::barrier_wait:
      // Who comes after all the others is waited for by none of them.
      acquire(task, op.object);
      return release(task, op.object);
    case operation_kind::unlock_shared:
      return release_into(task, objects_[op.object].others);
    case operation_kind::lock_shared:
    case operation_kind::try_lock_shared:
      return of(task).clock.join(objects_[op.object].clock);
    case operation_kind::queue_put:
      of(task).clock.join(objects_[op.object].others);
      return release(task, op.object);
    case operation_kind::queue_get:
      of(task).clock.join(objects_[op.object].clock);
      return release_into(task, objects_[op.object].others);
    case operation_kind::queue_close:
      release_into(task, objects_[op.object].others);
      return release(task, op.object);
    default:
      return acquire(task, op.object);
  }
}

progress::finding watcher::ran(std::uint32_t task, const operation& op, std::int64_t now) {
  if (coverage_.on()) coverage_.ran(task, op);
  order(task, op);
  if (op.kind == operation_kind::unlock || op.kind == operation_kind::unlock_shared)
    gave_back(task, op);
  if (task > most_tasks) return progress::finding::none;
  if (lock_order_on_) order_locks(task, op);
  return progress_on_ ? progress_.ran(task, op, now) : progress::finding::none;
}

void watcher::woken(std::uint32_t task, std::uint32_t waker) {
  if (task == waker) return;
  // Not by a mutex: that some schedule took turns there is no reason that all do.
  if (lock_order_on_ && std::max(task, waker) <= most_tasks &&
      last_[waker] != operation_kind::unlock && last_[waker] != operation_kind::unlock_shared)
    lock_order_.passed(task, waker);
  if (gives_up(std::max(task, waker))) return;
  static_cast<void>(of(std::max(task, waker)));
  tasks_[task].clock.join(tasks_[waker].clock);
  tasks_[waker].clock.advance(waker);
}

void watcher::acquire(std::uint32_t task, std::uint64_t object) {
  if (gives_up(task)) return;
  const sync_state& s = objects_[object];
  vector_clock& mine = of(task).clock;
  mine.join(s.clock);
  mine.join(s.others);
}

void watcher::release(std::uint32_t task, std::uint64_t object) {
  if (gives_up(task)) return;
  release_into(task, objects_[object].clock);
}

void watcher::pass_on(std::uint64_t from, std::uint64_t to) {
  if (off_) return;
  static_cast<void>(objects_[to]);  // may move them all
  const vector_clock& source = objects_[from].clock;
  objects_[to].clock.join(source);
}

watcher::race watcher::touch(std::uint32_t task, std::uint64_t object, bool write, void* place) {
  if (gives_up(task)) return {};
  const vector_clock& now = of(task).clock;
  access mine{.task = task, .time = now[task], .place = place, .write = write};
  if (const auto held = held_.of(task); !held.empty()) {
    mine.lock = held.front().object;
    mine.lock_shared = held.front().shared;
  }
  const auto unordered = [&](const access& other) {
    return other.time != 0 && other.task != task && other.time > now[other.task];
  };
  variable& v = variables_[object];
  if (unordered(v.last_write)) return {v.last_write, mine, true};
  if (!write) {
    for (access& r : v.reads) {
      if (r.task != task) continue;
      r = mine;
      return {};
    }
    v.reads.push_back(mine);
    return {};
  }
  for (const access& r : v.reads)
    if (unordered(r)) return {r, mine, true};
  v.reads.clear();
  v.last_write = mine;
  return {};
}

void watcher::atomic_access(std::uint32_t task, std::uint64_t object, operation_kind kind,
                            std::memory_order order) {
  if (gives_up(task)) return;
  vector_clock& released = objects_[object].clock;
  task_state& me = of(task);
  if (kind != operation_kind::atomic_store)
    (acquires(order) ? me.clock : me.fence_acquired).join(released);
  if (kind != operation_kind::atomic_store && kind != operation_kind::atomic_update &&
      kind != operation_kind::compare_exchange)
    return;
  // A store begins anew what can be acquired; an update goes on with what was released before it.
  if (kind == operation_kind::atomic_store) released.clear();
  if (releases(order))
    release_into(task, released);
  else
    released.join(me.fence_released);
}

void watcher::fence(std::uint32_t task, std::memory_order order) {
  if (gives_up(task)) return;
  task_state& me = of(task);
  if (acquires(order)) me.clock.join(me.fence_acquired);
  if (!releases(order)) return;
  me.fence_released.assign(me.clock);
  me.clock.advance(task);
}

}  // namespace reprise::detail
