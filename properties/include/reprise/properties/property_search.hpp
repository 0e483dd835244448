#pragma once

#include <reprise/core/co_task.hpp>
#include <reprise/core/detectors.hpp>
#include <reprise/core/run.hpp>
#include <reprise/core/strategy.hpp>
#include <reprise/replay/explore.hpp>

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reprise {

/// How a property is tried.
struct property_options {
  std::uint64_t seed = 0;              // of the arguments and of the first run
  std::uint64_t cases = 100;           // sets of arguments
  std::uint64_t runs_per_case = 4;     // with each of them; the first under fifo()
  int max_size = 100;                  // of the arguments, as rapidcheck means it
  strategy schedule = portfolio();     // of the other runs; under fifo() there are none
  std::uint64_t shrink_runs = 10'000;  // at most, to make a failure smaller; 0: as it was found
  duration time_limit = {};            // of each run, as in `config`
  std::uint64_t step_limit = 1'000'000;
  std::size_t stack_size = 0;
  detectors detect = {};
  /// Names of `sometimes` and `reachable` that are known beforehand, as in `search`.
  std::vector<std::string> marks = {};
  bool require_marks = false;  // each mark must hold in some run, or the property has failed
};

/// What trying a property came to.
struct property_result {
  std::string name;
  std::uint64_t cases = 0;              // that were tried
  std::uint64_t discarded = 0;          // that did not meet the body's precondition
  std::uint64_t runs = 0;               // all of them
  std::uint64_t shrink_runs = 0;        // of those, to make the failure smaller
  bool gave_up = false;                 // most cases were discarded
  bool skipped = false;                 // REPRISE_REPLAY holds the token of another test
  std::optional<report> failure;        // the smallest that was found
  std::string counterexample;           // its arguments, "[1ns, 1ns]", and what its body drew
  std::vector<mark_count> marks;        // by name; runs that make a failure smaller don't count
  bool lacks_marks = false;             // no failure, but a mark that was required never held
  std::vector<found_warning> warnings;  // by their first run; each once
  std::string message;  // all that a person wants to know, and the lines that repeat it
  explicit operator bool() const noexcept { return !failure && !gave_up && !lacks_marks; }
};

/// The message, so that an assertion of any test framework shows it.
std::ostream& operator<<(std::ostream& to, const property_result& result);

namespace detail {

/// Which values: those drawn with this seed at this size, then of each draw which of its shrinks,
/// which of that one's, and so on.
struct drawn_case {
  std::uint64_t seed = 0;
  int size = 0;
  std::vector<std::vector<std::uint32_t>> shrinks;  // by draw: first the arguments, then the body's

  /// "4a:12:0*3.1;2" is: with seed 0x4a at size 12, of the arguments the first shrink three times
  /// and then the second, of the first draw in the body the third. For a token.
  [[nodiscard]] std::string to_string() const;
  /// Throws: `bad_token` that names the text.
  [[nodiscard]] static drawn_case parse(std::string_view text);
};

/// The body of a property and its values: what knows rapidcheck.
class property_body {
public:
  virtual ~property_body() = default;
  /// The next runs are of `values`. False when these lead nowhere: there is no such shrink.
  virtual bool begin(const drawn_case& values) = 0;
  /// In a run: calls the body. False when its values do not meet its precondition. Throws what the
  /// body throws.
  virtual bool call() = 0;
  /// The same of a body that is a coroutine, and whether it is one.
  virtual co_task<bool> co_call() = 0;
  [[nodiscard]] virtual bool is_coroutine() const noexcept = 0;
  /// How many draws the last run knew, the arguments included.
  [[nodiscard]] virtual std::size_t draws() const = 0;
  /// Whether each shrink that `begin` was given has been found by the last run.
  [[nodiscard]] virtual bool followed() const = 0;
  /// The values of the last run.
  [[nodiscard]] virtual std::string text() const = 0;
};

/// Tries `body`, makes a failure small, and says it.
property_result search_property(std::string_view name, const property_options& options,
                                property_body& body, const std::string& repeat);
/// How a token names a test: by a hash, so that it stays short.
[[nodiscard]] std::string name_in_token(std::string_view test);
/// The token of REPRISE_REPLAY; null when there is none.
[[nodiscard]] const char* token_to_replay();

}  // namespace detail
}  // namespace reprise
