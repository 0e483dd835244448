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

}  // namespace detail
}  // namespace reprise
