#pragma once

#include <reprise/core/choice.hpp>
#include <reprise/core/virtual_clock.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace reprise {

/// Where a run and the record of another first took different choices.
struct choice_divergence {
  std::size_t index = 0;           // from 0, of the choices of the record
  std::optional<choice> recorded;  // absent when the record has ended
  std::optional<choice> taken;     // absent when the run has ended
  duration at{0};                  // virtual time
  std::string task;                // who was about to choose; "-" outside any
};

/// Takes the choices of a record one by one, and sees whether each is the one that is asked for.
///
/// From the first that is not on, the run takes 0 everywhere: it is another run, and what the
/// record says no longer means anything.
class recorded_choices final : public choice_source {
public:
  /// `record` outlives it: every choice of a run, in order.
  explicit recorded_choices(std::span<const choice> record) : record_(record) {}

  std::uint64_t take(choice_kind kind, const choice_label& label, std::uint64_t bound) override;
  std::size_t take_schedule(const choice_label& label, const candidate_list& candidates) override;
  /// Once the run has ended: choices that are left over are a divergence too.
  [[nodiscard]] const std::optional<choice_divergence>& divergence();

private:
  std::uint64_t next(choice_kind kind, const choice_label& label, std::uint64_t bound);
  std::span<const choice> record_;
  std::size_t at_ = 0;
  std::optional<choice_divergence> divergence_;
};

}  // namespace reprise
