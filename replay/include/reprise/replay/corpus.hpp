#pragma once

#include <reprise/core/run.hpp>
#include <reprise/replay/case_file.hpp>
#include <reprise/replay/explore.hpp>
#include <reprise/replay/replay_case.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace reprise {

/// A folder of case files, one for each kind of failure of each scenario, made for git: files are
/// small, named by their content, and written once.
///
/// Several processes may share it. Each file appears whole or not at all, and is on the disk when
/// `add` returns. Two that find a kind at the same moment may both store a case of it; `duplicates`
/// tells them.
class corpus {
public:
  explicit corpus(std::string folder) : folder_(std::move(folder)) {}
  [[nodiscard]] const std::string& folder() const noexcept { return folder_; }

  struct entry {
    std::string path;
    case_file kept;
  };
  struct listing {
    std::vector<entry> entries;           // by path
    std::vector<std::string> unreadable;  // what is wrong with which, a line each
  };
  /// All that is there; nothing when there is no such folder.
  ///
  /// Throws: `cannot_store` when the folder can't be read, or is none.
  [[nodiscard]] listing read() const;

  struct added {
    std::string path;
    bool is_new = false;
    std::string since = {};  // the day of the case that was there, "2026-10-02"
  };
  /// Stores `c`, unless there is a case of its scenario and signature. Throws: `cannot_store`.
  added add(const case_file& c);
  /// The case of that scenario and signature, if there is one.
  [[nodiscard]] std::optional<entry> find(std::string_view scenario,
                                          std::string_view signature) const;
  /// Of those in `all` that are of one scenario and signature, each but the one with the fewest
  /// choices.
  [[nodiscard]] static std::vector<entry> duplicates(const listing& all);

private:
  std::string folder_;
};

/// A case that was tried again.
struct case_outcome {
  replay_outcome outcome = replay_outcome::same;
  report now;
  /// It fails as it did, or in another way.
  [[nodiscard]] bool fails() const noexcept {
    return outcome == replay_outcome::other_failure ||
           ((outcome == replay_outcome::same || outcome == replay_outcome::found_again) && !now);
  }
};

namespace detail {
report run_in_child(const config& options, const body_maker& make,
                    std::chrono::nanoseconds hang_after);
case_file record_in_child(const report& failure, const body_maker& make);
case_outcome retry_in_child(const case_file& c, const body_maker& make,
                            std::chrono::nanoseconds hang_after,
                            const std::function<bool()>& goes_on, std::uint64_t memory);
}  // namespace detail

/// As `run`, in a child process: one that dies, or takes longer than `hang_after` of real time or
/// more than four fifths of the machine's memory, is `verdict::crashed`. Throws: `campaign_error`.
template <class F>
  requires std::invocable<std::decay_t<F>&>
report run_in_child(const config& options, F&& body,
                    std::chrono::nanoseconds hang_after = std::chrono::minutes(1)) {
  return detail::run_in_child(options, detail::maker_of(body), hang_after);
}

/// As `record_case`, in a child process; where that dies, or the run comes out as another one, the
/// case is without its choices and its events.
template <class F>
  requires std::invocable<std::decay_t<F>&>
case_file record_in_child(const report& failure, F&& body) {
  return detail::record_in_child(failure, detail::maker_of(body));
}

/// As `replay_case`, in a child process, which may take `memory` bytes (0: four fifths of the
/// machine's). `goes_on` is asked some twenty times a second; once it says no, the child is ended,
/// and the outcome means nothing. Throws: `campaign_error`.
template <class F>
  requires std::invocable<std::decay_t<F>&>
case_outcome retry_in_child(const case_file& c, F&& body,
                            std::chrono::nanoseconds hang_after = std::chrono::minutes(1),
                            const std::function<bool()>& goes_on = {}, std::uint64_t memory = 0) {
  return detail::retry_in_child(c, detail::maker_of(body), hang_after, goes_on, memory);
}

}  // namespace reprise
