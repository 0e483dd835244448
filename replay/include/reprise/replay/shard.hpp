#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace reprise {

/// A part of a campaign: with count machines, that of the index-th, counted from 1.
struct shard {
  std::uint64_t index = 1;
  std::uint64_t count = 1;
  friend bool operator==(const shard&, const shard&) = default;
};

/// "2/5". Throws: `std::invalid_argument`.
[[nodiscard]] shard parse_shard(std::string_view text);

/// The part that the environment names, by the variables of Bazel, GoogleTest, GitLab, CircleCI,
/// Buildkite, Slurm's job arrays and Kubernetes' indexed jobs (these with JOB_COMPLETIONS beside
/// them); the whole when there are none. Bazel is told that its variables were heeded.
///
/// Throws: `std::invalid_argument` when two of them disagree, or one of a pair is missing or
/// is no number.
[[nodiscard]] shard shard_of_environment();

}  // namespace reprise
