#pragma once

#include <reprise/core/choice.hpp>
#include <reprise/core/errors.hpp>
#include <reprise/core/strategy.hpp>
#include <reprise/core/stream.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace reprise {

/// Bytes that are no choice log: cut, mangled, or of a newer release.
class bad_choice_log : public error {
public:
  using error::error;
};

/// How many words of the workload's generator are choices: those of its first refill.
inline constexpr std::size_t workload_choices = 624;
/// The label of the choice that says that those words are 0 unless they are listed. Without it they
/// are what the seed makes them.
inline constexpr choice_label workload_is_listed{0, ~std::uint32_t{0}, operation_kind::none};

/// The bytes of a choice log; docs/formats.md has their grammar. Cost: linear, a few bytes a
/// choice.
[[nodiscard]] std::string encode_choices(std::span<const choice> choices);
/// Throws: `bad_choice_log`. Never allocates more than the bytes can hold.
[[nodiscard]] std::vector<choice> decode_choices(std::string_view bytes);
/// Names a choice log by its content.
[[nodiscard]] std::uint64_t hash_choices(std::span<const choice> choices);

/// Takes listed choices where their label comes up, and 0, the simplest, everywhere else.
///
/// What is listed and does not come up, or no longer lies below its bound, is left out: so a list
/// that was made of one run still says much about a run of the program after an edit. What loops
/// until something happens must not loop for ever: a user's draw that is not listed is 0 only 1,000
/// times in a row, and then comes from the run's seed; a task that goes on is left at the 10,000th
/// time in a row.
class listed_choices final : public choice_source {
public:
  /// `listed` outlives it.
  listed_choices(std::span<const choice> listed, std::uint64_t seed);

  std::uint64_t take(choice_kind kind, const choice_label& label, std::uint64_t bound) override;
  std::size_t take_schedule(const choice_label& label, const candidate_list& candidates) override;
  void workload(std::span<std::uint32_t> words) noexcept override;

  /// For each that is listed, whether it was taken as it says. Those of value 0 count as taken.
  [[nodiscard]] const std::vector<bool>& used() const noexcept { return used_; }

private:
  [[nodiscard]] std::uint64_t value_of(choice_kind kind, const choice_label& label,
                                       std::uint64_t bound);
  struct hash {
    std::size_t operator()(const choice& c) const noexcept;
  };
  struct same_place {
    bool operator()(const choice& a, const choice& b) const noexcept {
      return a.kind == b.kind && a.label == b.label;
    }
  };
  std::span<const choice> listed_;
  // Looked up by label, and never walked through.
  std::unordered_map<choice, std::size_t, hash, same_place> index_;
  std::vector<bool> used_;
  stream late_;                   // of a user's draws after many zeros
  std::uint32_t user_zeros_ = 0;  // in a row
  std::uint32_t went_on_ = 0;     // times in a row that the running task did
};

/// Hands on what another source decides, and keeps it.
class choice_recorder final : public choice_source {
public:
  /// `inner` outlives it.
  explicit choice_recorder(choice_source& inner) : inner_(inner) {}

  std::uint64_t take(choice_kind kind, const choice_label& label, std::uint64_t bound) override;
  std::size_t take_schedule(const choice_label& label, const candidate_list& candidates) override;
  void workload(std::span<std::uint32_t> words) noexcept override;
  [[nodiscard]] bool follows() const noexcept override { return inner_.follows(); }
  void ran(std::uint32_t task, const operation& op) noexcept override { inner_.ran(task, op); }

  /// Each choice in the order in which it was made.
  [[nodiscard]] const std::vector<choice>& choices() const noexcept { return choices_; }
  /// Whether the choice of that index was made while the running task could go on.
  [[nodiscard]] const std::vector<bool>& preemptible() const noexcept { return preemptible_; }
  /// The first words of the workload's generator; empty when the run drew none.
  [[nodiscard]] const std::vector<std::uint32_t>& words() const noexcept { return words_; }

private:
  choice_source& inner_;
  std::vector<choice> choices_;
  std::vector<bool> preemptible_;
  std::vector<std::uint32_t> words_;
};

/// The source that a run of `seed` under `how` has: streams split from the seed, and the strategy's
/// policy.
[[nodiscard]] std::unique_ptr<choice_source> seeded_choices(std::uint64_t seed,
                                                            const strategy& how);

}  // namespace reprise
