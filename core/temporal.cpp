#include <reprise/core/temporal.hpp>

#include "claim_list.hpp"
#include "engine.hpp"

#include <reprise/core/format.hpp>
#include <reprise/core/marks.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace reprise {

void sometimes(std::string_view name, bool condition) {
  detail::engine::checked("sometimes").count_mark(name, condition);
}

namespace detail {

namespace {

constexpr std::size_t events_around = 8;

std::string quoted_name(claim_kind kind, const std::string& name) {
  switch (kind) {
    case claim_kind::always:
      return fmt::format("always \"{}\"", name);
    case claim_kind::never:
      return fmt::format("never \"{}\"", name);
    case claim_kind::eventually:
      return fmt::format("eventually \"{}\"", name);
    case claim_kind::leads_to:
      return fmt::format("leads_to \"{}\"", name);
    case claim_kind::holds_until:
      break;
  }
  return fmt::format("holds_until \"{}\"", name);
}

std::string shown(std::int64_t ns) { return reprise::format_duration(duration(ns)); }

}  // namespace

claim make_claim(claim_text&& text) {
  engine& e = engine::checked("a claim");
  return {e.serial(), e.add_claim(std::move(text))};
}

void withdraw_claim(std::uint64_t run, std::uint64_t number) {
  engine* const e = engine::running();
  if (e && e->serial() == run) e->withdraw_claim(number);
}

std::uint64_t claim_list::add(claim_text&& text, std::int64_t now, std::string task) {
  watched_.push_back({.text = std::move(text),
                      .number = ++count_,
                      .made_at = now,
                      .made_by = std::move(task),
                      .since = now});
  return count_;
}

void claim_list::withdraw(std::uint64_t number) noexcept {
  std::erase_if(watched_, [number](const watched_claim& c) { return c.number == number; });
}

std::int64_t claim_list::watched_claim::deadline() const noexcept {
  return text.within ? deadline_after(since, text.within->count()) : delay::forever;
}

std::string claim_list::watched_claim::title() const { return quoted_name(text.kind, text.name); }

std::string claim_list::watched_claim::late(std::int64_t now, bool at_end) const {
  const std::string when =
      at_end ? fmt::format("by the end, at {}", shown(now))
             : fmt::format("within {} of {}", shown(text.within->count()), shown(since));
  switch (text.kind) {
    case claim_kind::leads_to:
      return fmt::format("{}: its cause held at {}, and its effect did not follow {}", title(),
                         shown(since), when);
    case claim_kind::holds_until:
      return fmt::format("{} was not released {}", title(), when);
    default:
      return fmt::format("{} did not come true {}", title(), when);
  }
}

std::optional<std::string> claim_list::look_at(watched_claim& c, std::int64_t now) {
  switch (c.text.kind) {
    case claim_kind::always:
      if (!c.text.first()) return c.title() + " does not hold";
      return {};
    case claim_kind::never:
      if (c.text.first()) return c.title() + " holds";
      return {};
    case claim_kind::eventually:
      // Late is judged first: what came true after the deadline came too late.
      if (now > c.deadline()) return c.late(now, false);
      c.over = c.text.first();
      return {};
    case claim_kind::leads_to:
      if (c.pending && now > c.deadline()) return c.late(now, false);
      if (c.pending) {
        c.pending = !c.text.second();
      } else if (c.text.first() && !c.text.second()) {
        c.pending = true;
        c.since = now;
      }
      return {};
    case claim_kind::holds_until:
      c.over = c.text.second();
      if (!c.over && !c.text.first()) return c.title() + " does not hold, and was not released";
      return {};
  }
  return {};
}

std::string claim_list::tell(const engine& e, const watched_claim& c, std::string what,
                             const std::string& where) {
  what += at_place(c.text.place.file_name(), c.text.place.line());
  what += where;
  what += fmt::format("\n  claimed by {} at {}", c.made_by, shown(c.made_at));
  return what + last_events(e, events_around);
}

std::optional<std::string> claim_list::look(engine& e) {
  std::optional<std::string> broken;
  for (watched_claim& c : watched_) {
    try {
      broken = look_at(c, e.now());
      if (!broken) broken = e.changed_by_predicate(c.title());
    } catch (const failed_in_predicate& f) {
      broken = fmt::format("the predicate of {} failed: {}", c.title(), f.what);
    } catch (...) {
      broken = fmt::format("the predicate of {} threw {}", c.title(),
                           describe(std::current_exception()));
    }
    if (broken) {
      e.stop_looking();
      return tell(e, c, std::move(*broken), e.whereabouts());
    }
  }
  std::erase_if(watched_, [](const watched_claim& c) { return c.over; });
  return {};
}

std::optional<std::string> claim_list::unmet(const engine& e) const {
  for (const watched_claim& c : watched_) {
    const bool due = c.text.kind == claim_kind::eventually ||
                     c.text.kind == claim_kind::holds_until || c.pending;
    if (!due) continue;
    return tell(e, c, c.late(e.now(), e.now() <= c.deadline()), {});
  }
  return {};
}

std::string at_place(std::string_view file, std::uint32_t line) {
  while (file.starts_with("../")) file.remove_prefix(3);  // what the build system put before it
  return fmt::format("\n  at {}:{}", file, line);
}

std::string last_events(const engine& e, std::size_t most) {
  const auto& events = e.user_events();
  if (events.empty()) return {};
  std::string text = "\n  the last events:";
  for (std::size_t i = events.size() > most ? events.size() - most : 0; i < events.size(); ++i)
    text += "\n    " + e.line_of(events[i]);
  return text;
}

// What the engine does for them.

std::uint64_t engine::add_claim(claim_text&& text) {
  if (looking_) throw error("a claim can't be made by the predicate of another: it only looks");
  if (!claims_) claims_ = std::make_unique<claim_list>();
  // After the root's return nothing may be looked at.
  claiming_ = !claims_closed_ && root_.empty() && !tearing_down();
  return claims_->add(std::move(text), now_, current_task_ ? current_task_->name() : "a callback");
}

void engine::withdraw_claim(std::uint64_t number) {
  if (looking_) throw error("a claim can't be withdrawn by a predicate: it only looks");
  claims_->withdraw(number);
  if (claims_->empty()) claiming_ = false;
}

fiber* engine::fiber_of_claims() {
  before_claims_.task = current_task_;
  before_claims_.offloaded = current_job_;
  return run_on_runner(ready_entry(nullptr, 0, entry_kind::claims));
}

void engine::look_at_claims() {
  looked_from& before = before_claims_;
  before.digest = digest_;
  before.events = event_count_;
  before.callbacks = callback_count_;
  before.user_events = user_events_.size();
  before.tasks = task_count_;
  before.objects = outside_objects_;
  before.choices = outside_choices_;
  // What a predicate reads is no access of the run's.
  before.watching = std::exchange(watching_, nullptr);
  before.observing = std::exchange(observing_, false);
  looking_ = true;
  std::optional<std::string> broken = claims_->look(*this);
  if (looking_) stop_looking();
  if (broken) {
    record_failure(verdict::failed, std::move(*broken));
    failing_soon_ = true;
  } else if (claims_->empty()) {
    claiming_ = false;
  }
}

void engine::stop_looking() noexcept {
  looking_ = false;
  digest_ = before_claims_.digest;
  event_count_ = before_claims_.events;
  watching_ = before_claims_.watching;
  observing_ = before_claims_.observing;
  current_task_ = before_claims_.task;
  current_job_ = before_claims_.offloaded;
}

std::optional<std::string> engine::changed_by_predicate(const std::string& claim) const {
  const looked_from& before = before_claims_;
  const char* what = task_count_ != before.tasks                 ? "made a task"
                     : callback_count_ != before.callbacks       ? "called something later"
                     : user_events_.size() != before.user_events ? "logged"
                     : outside_choices_ != before.choices        ? "made a choice"
                     : outside_objects_ != before.objects        ? "made something that tasks share"
                                                                 : nullptr;
  if (!what) return {};
  return fmt::format("the predicate of {} {}; it may only look", claim, what);
}

void engine::count_mark(std::string_view name, bool held) {
  for (mark& m : marks_) {
    if (m.name != name) continue;
    m.times += held ? 1 : 0;
    return;
  }
  marks_.push_back({std::string(name), held ? 1u : 0u});
}

}  // namespace detail
}  // namespace reprise
