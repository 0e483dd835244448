// What a run remembers of itself: the user's events, the scheduler's, the digest.

#include "engine.hpp"

#include <reprise/core/event_places.hpp>
#include <reprise/core/format.hpp>
#include <reprise/core/log.hpp>

#include <fmt/format.h>

#include <execinfo.h>

#include <array>
#include <bit>
#include <cstring>
#include <utility>

namespace reprise {

const char* to_string(operation_kind kind) noexcept {
  switch (kind) {
    case operation_kind::none:
      return "none";
    case operation_kind::start:
      return "start";
    case operation_kind::yield:
      return "yield";
    case operation_kind::sleep:
      return "sleep";
    case operation_kind::spawn:
      return "spawn";
    case operation_kind::join:
      return "join";
    case operation_kind::task_end_ok:
      return "task_end(ok)";
    case operation_kind::task_end_failed:
      return "task_end(failed)";
    case operation_kind::cancel:
      return "cancel";
    case operation_kind::callback:
      return "callback";
    case operation_kind::timer:
      return "timer";
    case operation_kind::gather:
      return "gather";
    case operation_kind::wait_any:
      return "wait";
    case operation_kind::as_completed:
      return "as_completed";
    case operation_kind::lock:
      return "lock";
    case operation_kind::try_lock:
      return "try_lock";
    case operation_kind::unlock:
      return "unlock";
    case operation_kind::lock_shared:
      return "lock_shared";
    case operation_kind::try_lock_shared:
      return "try_lock_shared";
    case operation_kind::unlock_shared:
      return "unlock_shared";
    case operation_kind::acquire:
      return "acquire";
    case operation_kind::try_acquire:
      return "try_acquire";
    case operation_kind::release:
      return "release";
    case operation_kind::event_wait:
      return "event_wait";
    case operation_kind::event_set:
      return "event_set";
    case operation_kind::event_clear:
      return "event_clear";
    case operation_kind::condition_wait:
      return "condition_wait";
    case operation_kind::condition_notify:
      return "condition_notify";
    case operation_kind::barrier_wait:
      return "barrier_wait";
    case operation_kind::latch_wait:
      return "latch_wait";
    case operation_kind::latch_count:
      return "latch_count";
    case operation_kind::queue_put:
      return "queue_put";
    case operation_kind::queue_get:
      return "queue_get";
    case operation_kind::queue_close:
      return "queue_close";
    case operation_kind::queue_join:
      return "queue_join";
    case operation_kind::future_wait:
      return "future_wait";
    case operation_kind::future_set:
      return "future_set";
    case operation_kind::offload:
      return "offload";
    case operation_kind::job:
      return "job";
    case operation_kind::spend:
      return "spend";
    case operation_kind::group_wait:
      return "group_wait";
    case operation_kind::shield:
      return "shield";
    case operation_kind::failure:
      return "failure";
    case operation_kind::atomic_load:
      return "atomic_load";
    case operation_kind::atomic_store:
      return "atomic_store";
    case operation_kind::atomic_update:
      return "atomic_update";
    case operation_kind::compare_exchange:
      return "compare_exchange";
    case operation_kind::compare_exchange_failed:
      return "compare_exchange_failed";
    case operation_kind::atomic_wait:
      return "atomic_wait";
    case operation_kind::atomic_notify:
      return "atomic_notify";
    case operation_kind::fence:
      return "fence";
    case operation_kind::shared_read:
      return "shared_read";
    case operation_kind::shared_write:
      return "shared_write";
    case operation_kind::barrier_break:
      return "barrier_break";
  }
  return "unknown";
}

namespace detail {

namespace {

/// Bytes into a digest, eight at a time, the same on every machine.
std::uint64_t mix_bytes(std::uint64_t h, std::string_view bytes) noexcept {
  h = stream::mix(h ^ bytes.size());
  for (std::size_t i = 0; i < bytes.size(); i += 8) {
    std::uint64_t word = 0;
    const std::size_t n = std::min<std::size_t>(8, bytes.size() - i);
    for (std::size_t k = 0; k < n; ++k)
      word |= std::uint64_t{static_cast<unsigned char>(bytes[i + k])} << (8 * k);
    h = stream::mix(h ^ word);
  }
  return h;
}

std::uint64_t mix_value(std::uint64_t h, const trace_value& value) noexcept {
  h = stream::mix(h + value.get().index());
  if (const auto* b = std::get_if<bool>(&value.get()))
    return stream::mix(h ^ static_cast<std::uint64_t>(*b));
  if (const auto* n = std::get_if<std::int64_t>(&value.get()))
    return stream::mix(h ^ static_cast<std::uint64_t>(*n));
  if (const auto* n = std::get_if<std::uint64_t>(&value.get())) return stream::mix(h ^ *n);
  if (const auto* x = std::get_if<double>(&value.get()))
    return stream::mix(h ^ std::bit_cast<std::uint64_t>(*x));
  if (const auto* s = std::get_if<std::string>(&value.get())) return mix_bytes(h, *s);
  if (const auto* list = std::get_if<trace_value::list>(&value.get())) {
    h = stream::mix(h ^ list->size());
    for (const auto& v : *list) h = mix_value(h, v);
  }
  return h;
}

/// The return addresses of those who called.
struct callers {
  std::array<void*, 24> frames{};
  int count = ::backtrace(frames.data(), static_cast<int>(frames.size()));

  /// The innermost that lies in a user's file.
  [[nodiscard]] const void* users() const {
    for (int i = 1; i < count; ++i)
      if (const void* at = frames.at(static_cast<std::size_t>(i)); !place_of(at).empty()) return at;
    return nullptr;
  }
};
[[gnu::noinline]] const void* users_caller() { return callers().users(); }

}  // namespace

void engine::fail_at_caller(std::string what, std::uint64_t lock) noexcept {
  if (tearing_by_force_ || verdict_ != verdict::passed) return;
  struct request {
    const engine& e;
    std::uint64_t lock;
    std::string& what;
    callers who;
  } r{*this, lock, what, {}};
  // Reading the program's lines takes a deep stack.
  call_on_main(
      [](void* p) {
        auto& self = *static_cast<request*>(p);
        if (const std::string place = place_of(self.who.users()); !place.empty())
          self.what += "\n  at " + place;
        if (self.lock != 0) self.what += self.e.where_taken(self.lock);
      },
      &r);
  fail_soon(what + whereabouts());
}

void engine::log(std::string_view name, std::string_view text, std::vector<trace_field> fields) {
  const std::uint32_t task = current_task_ ? current_task_->number : 0;
  std::uint64_t h = digest_ ^ stream::mix(std::uint64_t{task} << 1 | (name.empty() ? 1 : 0));
  h = stream::mix(h ^ static_cast<std::uint64_t>(now_));
  h = mix_bytes(mix_bytes(h, name), text);
  for (const auto& f : fields) h = mix_value(mix_bytes(h, f.key), f.value);
  digest_ = h;
  const user_event e{.at = now_,
                     .index = event_count_++,
                     .task = task,
                     .name_size = static_cast<std::uint32_t>(name.size()),
                     .text = texts_.size(),
                     .text_size = static_cast<std::uint32_t>(text.size()),
                     .fields = static_cast<std::uint32_t>(fields.size()),
                     .first_field = fields_.size()};
  // The name of a task that has one goes along: the task may be gone when a report is made.
  texts_.append(name).append(text);
  if (current_task_ && current_task_->extras && !current_task_->extras->given_name.empty())
    task_names_.insert_or_assign(task, current_task_->extras->given_name);
  fields_.insert(fields_.end(), std::make_move_iterator(fields.begin()),
                 std::make_move_iterator(fields.end()));
  user_events_.push_back(e);
  if (watching_) watching_->went_on();
  if (options_->sink || options_->record) {
    trace_event event = event_of(e);
    event.place = told_from;
    if (options_->sink) options_->sink->on_event(event);
    if (options_->record) recorded_.push_back(std::move(event));
  }
}

trace_event engine::event_of(const user_event& e) const {
  trace_event event;
  event.index = e.index;
  event.at = duration(e.at);
  const auto named = task_names_.find(e.task);
  event.task = e.task == 0                  ? "-"
               : named != task_names_.end() ? named->second
                                            : fmt::format("Task-{}", e.task);
  event.name = e.name_size ? std::string(name_of(e)) : "log";
  event.text = text_of(e);
  const auto first = fields_.begin() + static_cast<std::ptrdiff_t>(e.first_field);
  event.fields.assign(first, first + e.fields);
  return event;
}

std::string engine::line_of(const user_event& e) const {
  const trace_event event = event_of(e);
  std::string text = fmt::format("{:>8}  {:<8}  {}", reprise::format_duration(event.at), event.task,
                                 e.name_size ? event.name : event.text);
  for (const auto& f : event.fields) {
    text += ' ' + f.key + '=';
    append_json(text, f.value);
  }
  return text;
}

void engine::observe(std::uint32_t task, operation op) noexcept {
  if (following_) policy_ ? policy_->ran(task, op) : source_->ran(task, op);
  if (watching_) watch(task, op);
  if (telling_) tell(task, op);
}

void engine::tell(std::uint32_t task, operation op) {
  trace_event event;
  event.index = event_count_ - 1;
  event.at = duration(now_);
  event.task = name_of_task(task);
  event.name = to_string(op.kind);
  if (op.object)
    event.fields.push_back(
        {"object", fmt::format("{}.{}", op.object >> 32, op.object & 0xffffffffu)});
  event.user = false;
  if (events_have_places && current_task_ && current_task_->number == task && !on_main())
      [[unlikely]]
    event.place = users_caller();
  if (options_->sink && options_->sink->wants_scheduler_events()) options_->sink->on_event(event);
  if (options_->record) recorded_.push_back(std::move(event));
}

void log(fmt::string_view format, fmt::format_args args) {
  engine& e = engine::checked("log");
  if (events_have_places) [[unlikely]]
    e.told_from = users_caller();
  struct request {
    fmt::string_view format;
    fmt::format_args args;
    engine& e;
    std::exception_ptr failure;
  } r{format, args, e, nullptr};
  // Formatting a double takes 6 KB of stack: on the scheduler's own, so that a task that only waits
  // stays in one page.
  e.call_on_main(
      [](void* p) {
        auto& self = *static_cast<request*>(p);
        try {
          fmt::memory_buffer text;
          fmt::vformat_to(std::back_inserter(text), self.format, self.args);
          self.e.log({}, {text.data(), text.size()}, {});
        } catch (...) {
          self.failure = std::current_exception();
        }
      },
      &r);
  if (r.failure) std::rethrow_exception(r.failure);
}

void note(std::string_view name, std::vector<trace_field> fields) {
  engine& e = engine::checked("note");
  if (events_have_places) [[unlikely]]
    e.told_from = users_caller();
  e.log(name.empty() ? "note" : name, {}, std::move(fields));
}

}  // namespace detail
}  // namespace reprise
