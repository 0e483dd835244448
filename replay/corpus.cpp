#include <reprise/replay/corpus.hpp>

#include "messages.hpp"
#include "worker.hpp"

#include <reprise/core/token.hpp>
#include <reprise/replay/campaign.hpp>
#include <reprise/replay/replay_case.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

namespace reprise {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view extension = ".reprise";

/// Fewer and simpler choices first; those that were never recorded last.
std::pair<bool, std::size_t> size_of(const case_file& c) {
  const auto switched = static_cast<std::size_t>(
      std::ranges::count_if(c.log, [](const choice& one) { return one.value != 0; }));
  return {c.log.empty(), switched};
}

}  // namespace

corpus::listing corpus::read() const {
  std::error_code failure;
  const fs::file_status status = fs::status(folder_, failure);
  if (status.type() == fs::file_type::not_found) return {};
  if (!failure && status.type() != fs::file_type::directory)
    failure = std::make_error_code(std::errc::not_a_directory);
  std::vector<std::string> paths;
  if (!failure)
    for (fs::directory_iterator at(folder_, failure), end; !failure && at != end;
         at.increment(failure))
      if (const std::string path = at->path().string(); path.ends_with(extension))
        paths.push_back(path);
  if (failure)
    throw cannot_store(fmt::format("'{}' can't be read ({}).", folder_, failure.message()));
  std::ranges::sort(paths);
  listing all;
  for (const auto& path : paths) {
    try {
      all.entries.push_back({path, read_case(path)});
    } catch (const bad_case_file& e) {
      all.unreadable.emplace_back(e.what());
    }
  }
  return all;
}

std::optional<corpus::entry> corpus::find(std::string_view scenario,
                                          std::string_view signature) const {
  for (auto& e : read().entries)
    if (e.kept.run.scenario == scenario && e.kept.signature == signature) return std::move(e);
  return std::nullopt;
}

corpus::added corpus::add(const case_file& c) {
  if (auto there = find(c.run.scenario, c.signature))
    return {std::move(there->path), false, std::move(there->kept.kept_since)};
  return {store_case(folder_, c), true};
}

std::vector<corpus::entry> corpus::duplicates(const listing& all) {
  std::map<std::pair<std::string, std::string>, const entry*> best;
  std::vector<entry> others;
  for (const auto& e : all.entries) {
    const entry*& kept = best[{e.kept.run.scenario, e.kept.signature}];
    if (!kept) {
      kept = &e;
    } else if (size_of(e.kept) < size_of(kept->kept)) {
      others.push_back(*std::exchange(kept, &e));
    } else {
      others.push_back(e);
    }
  }
  std::ranges::sort(others, {}, &entry::path);
  return others;
}

namespace detail {

namespace {

/// The run of a process that died.
report crashed(const config& options, const std::string& how) {
  report r;
  r.result = verdict::crashed;
  r.seed = options.seed;
  r.token = encode_token(options);
  r.what = how;
  return r;
}

}  // namespace

report run_in_child(const config& options, const body_maker& make,
                    std::chrono::nanoseconds hang_after) {
  const isolated_result told =
      in_child([&] { return pack(run_box(options, make()), true); }, hang_after);
  return told.died.empty() ? unpack_report(told.text) : crashed(options, told.died);
}

case_file record_in_child(const report& failure, const body_maker& make) {
  if (failure.result != verdict::crashed) {
    const isolated_result told = in_child(
        [&] {
          try {
            return to_json(record_case(failure, make));
          } catch (const error&) {
            return std::string();
          }
        },
        std::chrono::minutes(1));
    if (!told.text.empty()) return parse_case(told.text, "the recorded case");
  }
  return make_case(failure);
}

case_outcome retry_in_child(const case_file& c, const body_maker& make,
                            std::chrono::nanoseconds hang_after,
                            const std::function<bool()>& goes_on, std::uint64_t memory) {
  // What hung before, and hangs again, need not be waited for any longer.
  if (c.result == verdict::crashed) {
    const isolated_result told = in_child(
        [&] {
          static_cast<void>(run_box(c.run, make()));
          return std::string("ended");
        },
        hang_after, goes_on, memory);
    if (told.died.empty() && told.text.empty()) return {};  // nobody waits for it
    if (!told.died.empty()) {
      const report again = crashed(c.run, told.died);
      if (failure_signature(again) == c.signature) return {replay_outcome::same, again};
    }
  }
  // Of an edited program many runs are made, and the child says nothing until the last.
  constexpr std::uint64_t neighbours = 300;
  constexpr int patience = 10;
  const isolated_result told = in_child(
      [&] {
        const case_replay found = replay_case(c, {.neighbours = neighbours}, make);
        return static_cast<char>(found.outcome) + pack(found.result, false);
      },
      patience * hang_after, goes_on, memory);
  if (told.died.empty() && told.text.empty()) return {};
  if (told.died.empty())
    return {static_cast<replay_outcome>(told.text.front()),
            unpack_report(std::string_view(told.text).substr(1))};
  case_outcome outcome{.outcome = replay_outcome::same, .now = crashed(c.run, told.died)};
  if (failure_signature(outcome.now) != c.signature)
    outcome.outcome = replay_outcome::other_failure;
  return outcome;
}

}  // namespace detail

}  // namespace reprise
