#pragma once

#include <reprise/core/virtual_clock.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>

// Claims about a run as it goes on. Each is looked at at the run's scheduling points: where a task
// waits, yields or ends, and, under a strategy that chooses, before each operation that another
// task could come before. What happens between two such points nobody else could have seen.
//
// A predicate only looks: it may read what it likes, `atomic` and `shared` too, and neither waits
// nor changes anything. It may refer to what lives as long as the root task's frame: when that has
// returned no claim is looked at any more. For what lives shorter, `withdraw` the claim.
//
// Claims change neither the schedule nor the digest of a run, and their deadlines move no clock
// and keep no run alive. Cost: none for a run without claims; with them two switches and the
// predicates at each point.
//
// Source: the patterns of Dwyer, Avrunin and Corbett, "Patterns in property specifications for
// finite-state verification", ICSE 1999, over a finite run.

namespace reprise {

class claim;

namespace detail {

enum class claim_kind : std::uint8_t { always, never, eventually, leads_to, holds_until };

struct claim_text {
  claim_kind kind;
  std::string name;
  std::function<bool()> first;
  std::function<bool()> second;  // of leads_to and holds_until
  std::optional<duration> within;
  std::source_location place;
};

[[nodiscard]] claim make_claim(claim_text&& text);
void withdraw_claim(std::uint64_t run, std::uint64_t number);

}  // namespace detail

/// A claim that is being watched. Need not be kept.
class claim {
public:
  /// It is looked at no more, and what it still waited for is no longer due. Twice is as once, and
  /// after the run nothing.
  void withdraw() const { detail::withdraw_claim(run_, number_); }

private:
  friend claim detail::make_claim(detail::claim_text&& text);
  claim(std::uint64_t run, std::uint64_t number) noexcept : run_(run), number_(number) {}
  std::uint64_t run_;
  std::uint64_t number_;
};

/// Claims that `holds()` is true at each scheduling point from here on.
///
/// Throws: `no_simulation` outside a run; `error` in a predicate.
template <std::predicate F>
claim always(std::string_view name, F holds,
             std::source_location place = std::source_location::current()) {
  return detail::make_claim(
      {detail::claim_kind::always, std::string(name), std::move(holds), {}, {}, place});
}

/// Claims that `holds()` is false at each scheduling point from here on.
template <std::predicate F>
claim never(std::string_view name, F holds,
            std::source_location place = std::source_location::current()) {
  return detail::make_claim(
      {detail::claim_kind::never, std::string(name), std::move(holds), {}, {}, place});
}

/// Claims that `holds()` is true at some scheduling point before the root task returns.
template <std::predicate F>
claim eventually(std::string_view name, F holds,
                 std::source_location place = std::source_location::current()) {
  return detail::make_claim(
      {detail::claim_kind::eventually, std::string(name), std::move(holds), {}, {}, place});
}
/// The same, at most `within` of virtual time from now. Fails at the first scheduling point after
/// that, or at the end.
template <std::predicate F, class Rep, class Period>
claim eventually(std::string_view name, F holds, std::chrono::duration<Rep, Period> within,
                 std::source_location place = std::source_location::current()) {
  return detail::make_claim({detail::claim_kind::eventually,
                             std::string(name),
                             std::move(holds),
                             {},
                             to_duration(within),
                             place});
}

/// Claims that whenever `cause()` holds, `effect()` holds at that scheduling point or at a later
/// one.
template <std::predicate P, std::predicate Q>
claim leads_to(std::string_view name, P cause, Q effect,
               std::source_location place = std::source_location::current()) {
  return detail::make_claim({detail::claim_kind::leads_to,
                             std::string(name),
                             std::move(cause),
                             std::move(effect),
                             {},
                             place});
}
/// The same, at most `within` of virtual time later.
template <std::predicate P, std::predicate Q, class Rep, class Period>
claim leads_to(std::string_view name, P cause, Q effect, std::chrono::duration<Rep, Period> within,
               std::source_location place = std::source_location::current()) {
  return detail::make_claim({detail::claim_kind::leads_to, std::string(name), std::move(cause),
                             std::move(effect), to_duration(within), place});
}

/// Claims that `holds()` is true at each scheduling point before the first one at which
/// `released()` is, and that there is such a one before the root task returns. (`until` says what
/// `wait` waits for.)
template <std::predicate P, std::predicate Q>
claim holds_until(std::string_view name, P holds, Q released,
                  std::source_location place = std::source_location::current()) {
  return detail::make_claim({detail::claim_kind::holds_until,
                             std::string(name),
                             std::move(holds),
                             std::move(released),
                             {},
                             place});
}

}  // namespace reprise
