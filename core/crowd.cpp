#include "crowd.hpp"

#include <coroutine>
#include <utility>

namespace reprise::detail {

crowd::crowd(engine& e, failures how_, std::unique_ptr<crowd_values> values_)
    : how(how_), values(std::move(values_)) {
  kind = future_kind::gather;
  owner = &e;
  references = 1;
  const task_core& parent = *e.current_task();
  parent_path = parent.path;
  if (parent.extras && !parent.extras->locals.empty())
    locals = std::make_unique<std::map<const void*, std::any>>(parent.extras->locals);
  e.enlist(*this);
}

crowd::~crowd() {
  // Timers that were overtaken refer to members.
  if (left_timers) owner->purge_timers();
  owner->dismiss(*this);
}

bool crowd::cancel_children(engine& e, std::string_view message) {
  if (done()) return false;
  bool any = false;
  each_alive([&](crowd_member& m) { any = e.cancel(e.record_of(m), message) || any; });
  cancel_asked = cancel_asked || any;
  return any;
}

void crowd::note_end(engine& e, const crowd_member& m) {
  ++ended;
  const crowd_chunk& chunk = crowd_chunk::of(m);
  if (e.watching())
    e.watching()->pass_on(std::uint64_t{chunk.first_number + chunk.place_of(m)} << 32, number);
  if (done()) return;
  const auto found = ends.find(chunk.first_index + chunk.place_of(m));
  const end* const how_it_ended = found == ends.end() ? nullptr : &found->second;
  if (how == failures::thrown && how_it_ended && how_it_ended->state != future_state::value &&
      !first_failure) {
    first_failure =
        how_it_ended->failure ? how_it_ended->failure : std::make_exception_ptr(cancelled());
    if (!cancel_asked) each_alive([&](crowd_member& other) { e.cancel(e.record_of(other), {}); });
  }
  if (ended < size) return;
  if (first_failure) return e.complete(*this, future_state::failed, first_failure);
  if (!cancel_asked) return e.complete(*this, future_state::value);
  // A gather that was cancelled throws what its last child was told.
  std::exception_ptr told;
  if (how_it_ended && how_it_ended->state == future_state::cancelled) told = how_it_ended->failure;
  if (!told)
    told = std::make_exception_ptr(
        cancelled(how_it_ended ? how_it_ended->cancel_message : std::string()));
  e.complete(*this, future_state::failed, std::move(told));
}

// ---------------------------------------------------------------- the engine's

void engine::enlist(crowd& c) noexcept {
  c.older = crowds_;
  if (crowds_) crowds_->younger = &c;
  crowds_ = &c;
}

void engine::dismiss(crowd& c) noexcept {
  (c.younger ? c.younger->older : crowds_) = c.older;
  if (c.older) c.older->younger = c.younger;
  for (crowd_chunk* chunk = c.first; chunk;) {
    crowd_chunk* const next = std::exchange(chunk->next, free_chunks_);
    free_chunks_ = chunk;
    chunk = next;
  }
}

void engine::add_member(crowd& c, void* frame) {
  task_core& parent = *current_task_;
  const std::uint32_t number = task_count_ + 1;
  const std::uint32_t child = parent.children + 1;
  crowd_chunk* chunk = c.last;
  if (!chunk || chunk->count == std::size(chunk->members) ||
      chunk->first_number + chunk->count != number || chunk->first_child + chunk->count != child) {
    if (free_chunks_) {
      chunk = std::exchange(free_chunks_, free_chunks_->next);
    } else {
      chunk = static_cast<crowd_chunk*>(chunk_memory_.cut(sizeof(crowd_chunk)));
    }
    chunk->owner = &c;
    chunk->next = nullptr;
    chunk->first_index = static_cast<std::uint32_t>(c.size);
    chunk->first_number = number;
    chunk->first_child = child;
    chunk->count = 0;
    (c.last ? c.last->next : c.first) = chunk;
    c.last = chunk;
  }
  crowd_member& m = chunk->members[chunk->count];
  m.frame = frame;
  m.at = {nullptr, 0, crowd_member::state::unborn};
  ++chunk->count;
  ++c.size;
  ++c.users;
  task_count_ = number;
  parent.children = child;
  ++live_tasks_;
  announce({operation_kind::spawn, std::uint64_t{number} << 32});
  // What is to be chosen among is a task.
  if (choosing_)
    push_step(record_of(m));
  else
    push({&m, 0, entry_kind::member});
}

task_core& engine::record_of(crowd_member& m) {
  using enum crowd_member::state;
  const auto was = m.at.kind();
  if (was == recorded) return m.at.as<task_core>();
  const crowd_chunk& chunk = crowd_chunk::of(m);
  const std::uint32_t place = chunk.place_of(m);
  task_core& t = take_task(chunk.first_number + place,
                           path_of_child(chunk.owner->parent_path, chunk.first_child + place));
  t.is_coroutine = t.is_member = true;
  t.collected = true;  // the gather looks at every end
  t.box = reinterpret_cast<box_base*>(&m);
  t.stack_log = stack_log_;
  if (was == unborn) {
    if (chunk.owner->locals) t.extra().locals = *chunk.owner->locals;
  } else {
    t.started = true;
    t.innermost = std::coroutine_handle<>::from_address(m.at.target());
    t.announces({operation_kind::sleep, 0});
    t.sleep = was == asleep ? waiter::state::pending : waiter::state::expired;
    t.sleep_generation = m.at.generation();
  }
  m.at = {&t, 0, recorded};
  return t;
}

void engine::forget_record(task_core& t) noexcept {
  // Everything that the member does not keep has to be as in a new record.
  if (choosing_ || t.done() || t.sleep != waiter::state::pending || t.references != 1 || t.extras ||
      t.callbacks.first() || t.children != 0 || t.objects != 0 || t.choices != 0 || t.must_cancel ||
      t.asked_while_waiting || t.forced || t.frozen || t.top ||
      t.waits != task_core::wait_kind::nothing || t.thrown_at != 0)
    return;
  t.member()->at = {t.innermost.address(), t.sleep_generation, crowd_member::state::asleep};
  ++t.generation;
  t.references = 0;
  t.owner = nullptr;
  t.box = nullptr;
  t.is_member = false;
  tasks_.give_back(t);
}

bool engine::member_sleeps(const crowd_member& m, ready_entry e) noexcept {
  if (m.over()) return false;
  if (m.at.kind() == crowd_member::state::recorded)
    return e.is_of(m.at.as<task_core>().sleep_generation);
  return m.at.kind() == crowd_member::state::asleep && e.is_of(m.at.generation());
}

void engine::end_member_sleep(ready_entry e) noexcept {
  auto& m = e.as<crowd_member>();
  if (!member_sleeps(m, e)) return;
  if (m.at.kind() == crowd_member::state::recorded) return end_sleep(m.at.as<task_core>());
  ++steps_;
  m.at = {m.at.target(), m.at.generation(), crowd_member::state::woken};
  push({&m, 0, entry_kind::member});
}

void engine::end_member(task_core& t, future_state state, const std::exception_ptr& failure) {
  crowd_member& m = *t.member();
  const crowd_chunk& chunk = crowd_chunk::of(m);
  if (state != future_state::value || t.extras)
    chunk.owner->ends.emplace(
        chunk.first_index + chunk.place_of(m),
        crowd::end{state, failure, t.extras ? t.extras->cancel_message : std::string()});
  if (!t.abandoned) std::coroutine_handle<>::from_address(m.frame).destroy();
  m.frame = nullptr;
  push({&m, 0, entry_kind::member_end});
}

void engine::keep_member_value(task_core& t) {
  crowd_member& m = *t.member();
  const crowd_chunk& chunk = crowd_chunk::of(m);
  chunk.owner->values->take(chunk.first_index + chunk.place_of(m), m.frame);
}

void engine::end_timed(task_core& t, waiter::state how) noexcept {
  outdate(t.sleep_generation);
  if (how == waiter::state::expired) return;
  if (t.is_member) crowd_chunk::of(*t.member()).owner->left_timers = true;
  timer_went_stale();
}

void engine::note_member_end(crowd_member& m) {
  crowd& c = *crowd_chunk::of(m).owner;
  c.note_end(*this, m);
  c.drop_user();
}

// ---------------------------------------------------------------- the gatherer's

gathered_coroutines::gathered_coroutines(failures how, std::unique_ptr<crowd_values> values,
                                         const char* call)
    : crowd_(new crowd(engine::checked(call), how, std::move(values))) {}

gathered_coroutines::~gathered_coroutines() {
  join_.leave();
  // Members that go on are looked at when they end, though nobody waits.
  if (!crowd_->done()) crowd_->state = future_state::cancelled;
  crowd_->drop_user();
}

void gathered_coroutines::add(std::coroutine_handle<> frame) {
  crowd_->owner->add_member(*crowd_, frame.address());
}

std::size_t gathered_coroutines::size() const noexcept { return crowd_->size; }
crowd_values& gathered_coroutines::values() const noexcept { return *crowd_->values; }

void gathered_coroutines::wait() {
  if (crowd_->size == 0) return;
  engine& e = *crowd_->owner;
  crowd_->number = e.new_object();
  task_core& me = *e.current_task();
  if (e.await(me, *crowd_, operation_kind::gather, __builtin_return_address(0)))
    e.throw_cancelled(me);
  if (crowd_->state != future_state::value) std::rethrow_exception(crowd_->failure);
}

bool gathered_coroutines::begin(std::coroutine_handle<> frame) {
  if (crowd_->size == 0) return false;
  crowd_->number = crowd_->owner->new_object();
  return join_.begin(*crowd_, operation_kind::gather, frame, __builtin_return_address(0));
}

void gathered_coroutines::end() {
  if (crowd_->size == 0) return;
  join_.end();
  if (crowd_->state != future_state::value) std::rethrow_exception(crowd_->failure);
}

std::exception_ptr gathered_coroutines::failure_of(std::size_t index) const {
  const auto found = crowd_->ends.find(index);
  if (found == crowd_->ends.end() || found->second.state == future_state::value) return nullptr;
  return found->second.failure ? found->second.failure : std::make_exception_ptr(cancelled());
}

}  // namespace reprise::detail
