#include <reprise/replay/shard.hpp>

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <stdexcept>

namespace reprise {

namespace {

/// The variables of one runner.
struct pair_of_variables {
  const char* runner;
  const char* index;
  const char* count;
  std::uint64_t first;                   // what the first part's index is
  const char* first_variable = nullptr;  // the variable that says so instead
};

constexpr std::array<pair_of_variables, 7> runners{{
    {"Bazel", "TEST_SHARD_INDEX", "TEST_TOTAL_SHARDS", 0},
    {"GoogleTest", "GTEST_SHARD_INDEX", "GTEST_TOTAL_SHARDS", 0},
    {"GitLab", "CI_NODE_INDEX", "CI_NODE_TOTAL", 1},
    {"CircleCI", "CIRCLE_NODE_INDEX", "CIRCLE_NODE_TOTAL", 0},
    {"Buildkite", "BUILDKITE_PARALLEL_JOB", "BUILDKITE_PARALLEL_JOB_COUNT", 0},
    {"Slurm", "SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", 0, "SLURM_ARRAY_TASK_MIN"},
    {"Kubernetes", "JOB_COMPLETION_INDEX", "JOB_COMPLETIONS", 0},
}};

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t n = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (text.empty() || failure != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return n;
}

std::uint64_t variable(const char* name, const char* text) {
  if (const auto n = number(text)) return *n;
  throw std::invalid_argument(
      fmt::format("{} '{}' is not a whole number. Set it, or give --shard I/N.", name, text));
}

std::optional<shard> shard_of(const pair_of_variables& names) {
  const char* index = std::getenv(names.index);
  const char* count = std::getenv(names.count);
  if (!index && !count) return std::nullopt;
  // A pipeline of GitLab that is not parallel has a total of 1 and no index.
  if (!index && number(count) == 1) return shard{};
  if (!index || !count)
    throw std::invalid_argument(fmt::format("{} sets {} and not {}. Set both, or give --shard I/N.",
                                            names.runner, index ? names.index : names.count,
                                            index ? names.count : names.index));
  std::uint64_t first = names.first;
  if (names.first_variable)
    if (const char* text = std::getenv(names.first_variable))
      first = variable(names.first_variable, text);
  const std::uint64_t i = variable(names.index, index), n = variable(names.count, count);
  if (n == 0 || i < first || i - first >= n)
    throw std::invalid_argument(fmt::format("{} '{}' is out of range: {} to {}, as {} is {}.",
                                            names.index, index, first,
                                            n > 0 ? first + n - 1 : first, names.count, count));
  return shard{i - first + 1, n};
}

}  // namespace

shard parse_shard(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto index = number(text.substr(0, slash));
  const auto count =
      slash == std::string_view::npos ? std::nullopt : number(text.substr(slash + 1));
  if (!index || !count)
    throw std::invalid_argument(
        fmt::format("shard '{}' is not of the form I/N, such as 1/4, nor auto.", text));
  if (*count == 0)
    throw std::invalid_argument(
        fmt::format("shard '{}' is of no parts: I/N has an N of 1 or more, such as 1/4.", text));
  if (*index == 0 || *index > *count)
    throw std::invalid_argument(
        fmt::format("shard '{}' is out of range: 1/{} to {}/{}.", text, *count, *count, *count));
  return {*index, *count};
}

shard shard_of_environment() {
  const pair_of_variables* by = nullptr;
  shard found;
  for (const auto& names : runners) {
    const auto here = shard_of(names);
    if (!here) continue;
    if (by && *here != found)
      throw std::invalid_argument(fmt::format(
          "{} says shard {}/{}, and {} says {}/{}. Unset the one, or give --shard I/N.", by->runner,
          found.index, found.count, names.runner, here->index, here->count));
    by = &names;
    found = *here;
  }
  // Bazel takes a test that leaves this file alone for one that can't be sharded.
  if (const char* file = std::getenv("TEST_SHARD_STATUS_FILE"); by && file)
    std::ofstream(file, std::ios::app).flush();
  return found;
}

}  // namespace reprise
