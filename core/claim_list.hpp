#pragma once

#include <reprise/core/temporal.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace reprise::detail {

class engine;

/// Thrown out of a predicate by an `expect` or a `fail` in it: there is no frame to leave standing.
struct failed_in_predicate {
  std::string what;
};

/// The claims of a run that are still watched, in the order of their making.
class claim_list {
public:
  [[nodiscard]] bool empty() const noexcept { return watched_.empty(); }
  void clear() noexcept { watched_.clear(); }
  std::uint64_t add(claim_text&& text, std::int64_t now, std::string task);
  void withdraw(std::uint64_t number) noexcept;
  /// Looks at each, and drops those that have come true for good. What the first that does not hold
  /// has to say; nothing when all do.
  [[nodiscard]] std::optional<std::string> look(engine& e);
  /// The run is over, and nothing may be looked at: what the first says that is still due.
  [[nodiscard]] std::optional<std::string> unmet(const engine& e) const;

private:
  struct watched_claim {
    claim_text text;
    std::uint64_t number = 0;
    std::int64_t made_at = 0;
    std::string made_by;
    bool pending = false;    // a cause was seen, and not its effect
    std::int64_t since = 0;  // when what is pending began
    bool over = false;       // has come true for good
    [[nodiscard]] std::int64_t deadline() const noexcept;
    [[nodiscard]] std::string title() const;
    [[nodiscard]] std::string late(std::int64_t now, bool at_end) const;
  };

  /// What `c` says when it does not hold.
  static std::optional<std::string> look_at(watched_claim& c, std::int64_t now);
  static std::string tell(const engine& e, const watched_claim& c, std::string what,
                          const std::string& where);

  std::vector<watched_claim> watched_;
  std::uint64_t count_ = 0;
};

/// "\n  at tests/x.cpp:12", the path as a person would type it.
[[nodiscard]] std::string at_place(std::string_view file, std::uint32_t line);
/// The last events of the run's own, a line each; nothing when there are none.
[[nodiscard]] std::string last_events(const engine& e, std::size_t most);

}  // namespace reprise::detail
