// What the detectors say without making the run fail.

#include "engine.hpp"

#include <reprise/core/condition_variable.hpp>
#include <reprise/core/format.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>
#include <utility>

namespace reprise {

const char* to_string(warning_kind kind) noexcept {
  switch (kind) {
    case warning_kind::lock_order:
      return "lock order";
    case warning_kind::livelock:
      return "livelock";
    case warning_kind::starvation:
      return "starvation";
    case warning_kind::lost_wakeup:
      return "lost wake-up";
  }
  return "unknown";
}

namespace detail {

namespace {

std::string describe(const operation& op) {
  return op.object == 0 ? std::string(to_string(op.kind))
                        : fmt::format("{} of object {} of Task-{}", to_string(op.kind),
                                      op.object & 0xffffffffu, op.object >> 32);
}

}  // namespace

void engine::warn(warning w) {
  // Enough for any person; a run that goes wrong all the time says the same all the time.
  constexpr std::size_t most = 16;
  if (warnings_.size() < most &&
      std::ranges::find(warnings_, w.signature, &warning::signature) == warnings_.end())
    warnings_.push_back(std::move(w));
}

void engine::watch_lock(const sync_object& lock, bool shared, lock_call call, void* place) {
  if (tearing_down()) return;
  const auto circle = watching_->took(current_number(), lock, shared, call, place);
  if (circle.empty()) return;
  std::string text = "lock order: these can wait for each other for ever, though not in this run";
  for (const lock_order::edge* e : circle)
    text +=
        fmt::format("\n  {} holds {}{} and takes {}{}", name_of_number(e->task),
                    watching_->name_of_lock(e->from.object), in_brackets(place_of(e->from.place)),
                    watching_->name_of_lock(e->to.object), in_brackets(place_of(e->to.place)));
  text += "\n  Take them in one order everywhere, or all of them by std::scoped_lock.";
  warn({warning_kind::lock_order, std::move(text), lock_order::signature(circle)});
}

void engine::warn_of(progress::finding found, std::uint32_t task, const operation& op) {
  if (found == progress::finding::none || tearing_down()) return;
  const std::string at = reprise::format_duration(duration(now_));
  const progress& seen = watching_->seen_of_progress();
  if (found == progress::finding::starvation) {
    if (!options_->detect.starvation) return;
    return warn(
        {warning_kind::starvation,
         fmt::format("starvation: {} has tried {} times in vain until {} ({}), while others "
                     "got further",
                     name_of_number(task), reprise::format_count(seen.losses(task)), at,
                     describe(op)),
         stream::mix(op.object ^ stream::mix(task))});
  }
  if (!options_->detect.livelock) return;
  const bool for_ever = found == progress::finding::no_way_out;
  std::string text =
      fmt::format("livelock: in {} operations at {} nobody got further",
                  reprise::format_count(detectors::livelock_bound * (for_ever ? 50 : 1)), at);
  std::uint64_t signature = 1;
  constexpr std::size_t most = 8;
  const auto idlers = seen.idlers();
  for (std::size_t i = 0; i < idlers.size(); ++i) {
    signature = stream::mix(signature ^ idlers[i].task);
    if (i == most) text += fmt::format("\n  and {} more", idlers.size() - most);
    if (i >= most) continue;
    text += fmt::format("\n  {}: {} operations, the last {}", name_of_number(idlers[i].task),
                        reprise::format_count(idlers[i].times), describe(idlers[i].last));
  }
  if (for_ever) return fail_soon(std::move(text));
  warn({warning_kind::livelock, std::move(text), signature});
}

bool engine::alone_since(std::uint64_t since) const noexcept {
  if (event_count_ - since > recent_.size()) return false;
  for (std::uint64_t i = since; i < event_count_; ++i) {
    const step_event& e = recent_[i % recent_.size()];
    if (e.task != current_number() && e.kind != operation_kind::task_end_ok &&
        e.kind != operation_kind::task_end_failed)
      return false;
  }
  return true;
}

void engine::warn_of_late(const sync_object& on, void* place, std::uint32_t from, void* from_place,
                          std::uint64_t since) {
  if (!watching_ || !options_->detect.lost_wakeups || tearing_down()) return;
  // Had anybody done something while it waited, what it waited for might have come only then, by
  // one who knows that it looks again, or with a notification to follow.
  if (!alone_since(since)) return;
  warn({warning_kind::lost_wakeup,
        fmt::format("lost wake-up: {} waited for {}{} until its time limit at {}, though what it "
                    "waits for had come; it was notified before it waited, by {}{}",
                    current_task_->name(), on.description(), in_brackets(place_of(place)),
                    reprise::format_duration(duration(now_)), name_of_number(from),
                    in_brackets(place_of(from_place))),
        stream::mix(on.object() ^ current_number())});
}

std::string engine::lost_wakeup_of(const engine& e, const task_core& t) {
  if (!t.leaf() || !t.leaf()->object) return {};
  const std::string place = place_of_wait(t);
  if (t.next_kind == operation_kind::condition_wait) {
    const auto& cv = static_cast<const condition_variable&>(*t.leaf()->object);
    // Who has notified knows of it, and waits for something else.
    if (!static_cast<const condition_waiter&>(*t.leaf()).missed &&
        (!cv.unheard_ || cv.unheard_from_ == t.number))
      return {};
    return fmt::format(
        "{} waits to be notified by {}{}, and was notified before it waited, by {}{}", t.name(),
        cv.description(), place, e.name_of_number(cv.unheard_from_),
        in_brackets(place_of(cv.unheard_place_)));
  }
  if (t.next_kind == operation_kind::atomic_wait) {
    const auto& w = static_cast<const atomic_waiter&>(*t.leaf());
    if (w.same(w.self, w.old)) return {};
    return fmt::format("{} waits for {} to change{}; it has changed, and nobody notified", t.name(),
                       w.object->description(), place);
  }
  return {};
}

}  // namespace detail
}  // namespace reprise
