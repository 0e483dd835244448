#include <reprise/core/wait_queue.hpp>

#include "engine.hpp"

#include <fmt/format.h>

namespace reprise::detail {

wait_queue::~wait_queue() {
  // Whoever still waits must not look at an object that is gone.
  while (first_) {
    waiter& w = *first_;
    remove(w);
    w.object = nullptr;
    w.holder = nullptr;
    w.holder_place = nullptr;
  }
}

void wait_queue::push(waiter& w) noexcept {
  w.queue = this;
  w.previous = last_;
  w.next = nullptr;
  (last_ ? last_->next : first_) = &w;
  last_ = &w;
}

void wait_queue::remove(waiter& w) noexcept {
  (w.previous ? w.previous->next : first_) = w.next;
  (w.next ? w.next->previous : last_) = w.previous;
  w.queue = nullptr;
  w.previous = w.next = nullptr;
}

sync_object::sync_object(const char* type, std::string_view name) : sync_object(type) {
  if (!name.empty()) name_.emplace(name);
}

void sync_object::bind_to_running() const noexcept {
  if (engine* e = engine::running()) bind(*e);
}

namespace {
/// In place of the number of its run, in an object that is gone.
constexpr std::uint64_t gone = ~std::uint64_t{0};

/// Nothing where it is not known of all of them who they are.
std::string readers_text(const engine& e, const std::vector<held_locks::holder>& known,
                         std::uint32_t count) {
  if (known.size() != count) return {};
  constexpr std::size_t most = 4;
  std::string text;
  for (std::size_t i = 0; i < known.size() && i < most; ++i) {
    if (i > 0) text += i + 1 == known.size() ? " and " : ", ";
    text += e.name_of_number(known[i].task);
  }
  if (known.size() > most) text += fmt::format(" and {} more", known.size() - most);
  return text + (known.size() == 1 ? " holds it" : " hold it");
}
}  // namespace

sync_object::~sync_object() {
  // Volatile, or the compiler leaves it out: nobody may look any more, and some do.
  *const_cast<volatile std::uint64_t*>(&run_) = gone;
}

void sync_object::check_holder(std::uint32_t holder) const noexcept {
  engine& e = *engine::running();
  if (holder == e.current_number() || !e.judges_mutexes()) return;
  unlocked_beside(e.name_of_number(holder) + " holds it");
}

void sync_object::check_reader(std::uint32_t count) const noexcept {
  engine& e = *engine::running();
  if (!e.judges_mutexes() || e.watching()->held().has(e.current_number(), object_, true)) return;
  const std::string readers = readers_text(e, e.watching()->held().holders(object_), count);
  if (!readers.empty()) unlocked_beside(readers);
}

void sync_object::unlocked_beside(const std::string& holders) const noexcept {
  engine& e = *engine::running();
  e.fail_at_caller(fmt::format("{} was unlocked by {}, and {}", description(),
                               e.name_of_number(e.current_number()), holders),
                   object_);
}

void sync_object::destroyed_while_held(std::uint32_t holder, std::uint32_t readers) const noexcept {
  engine* const e = engine::running();
  if (!e || !e->watching() || run_ != e->serial()) return;
  if (e->judges_mutexes()) {
    std::string holders;
    if (readers > 0) {
      holders = readers_text(*e, e->watching()->held().holders(object_), readers);
      if (holders.empty()) holders = "readers hold it";
    } else {
      holders = e->name_of_number(holder) + " holds it";
    }
    e->fail_at_caller(fmt::format("{} was destroyed, and {}", description(), holders), object_);
  }
  e->watching()->gone(object_);
}

bool sync_object::bind(engine& e) const noexcept {
  if (run_ == 0) {
    run_ = e.serial();
    object_ = e.new_object();
  }
  return run_ == e.serial();
}

engine& sync_object::enter_first(const char* call) const {
  engine& e = engine::checked(call);
  if (run_ == gone) [[unlikely]]
    throw stale_handle(fmt::format("{}: it was destroyed before", call));
  if (!bind(e))
    throw stale_handle(fmt::format("{}: {} is of a run that has ended; make it inside the body",
                                   call, description()));
  return e;
}

engine* sync_object::try_enter_first() const noexcept {
  engine* e = engine::running();
  if (!e) return nullptr;
  if (run_ == gone) [[unlikely]] {
    if (e->judges_mutexes())
      e->fail_at_caller("a synchronisation object was used after it was destroyed");
    return nullptr;
  }
  if (bind(*e)) return e;
  if (!e->tearing_down())
    e->fail_at_caller(description() + " is of a run that has ended; make it inside the body");
  return nullptr;
}

std::string sync_object::description(const char* type, const std::string& name,
                                     std::uint64_t object) {
  if (!name.empty()) return name;
  const auto task = object >> 32;
  return task == 0 ? fmt::format("{} {}", type, object)
                   : fmt::format("{} {} of Task-{}", type, object & 0xffffffffu, task);
}

}  // namespace reprise::detail
