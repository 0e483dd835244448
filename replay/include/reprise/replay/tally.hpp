#pragma once

#include <reprise/replay/explore.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace reprise::detail {

/// What the runs of a search say beside their verdicts, added up in the order of the runs.
struct tally {
  std::vector<mark_count> marks;        // by name
  std::vector<found_warning> warnings;  // by their first run; each once

  /// So that a mark whose line no run comes to is listed, too.
  explicit tally(const std::vector<std::string>& known) {
    for (const auto& name : known) static_cast<void>(count_of(name));
  }
  void add(report& r) {
    for (warning& w : r.warnings) note(std::move(w), r);
    for (const mark& m : r.marks) {
      mark_count& count = count_of(m.name);
      count.times += m.times;
      if (m.times == 0) continue;
      ++count.runs;
      if (!count.first_seed) count.first_seed = r.seed;
    }
  }
  [[nodiscard]] bool all_reached() const {
    return std::ranges::all_of(marks, &mark_count::reached);
  }

private:
  mark_count& count_of(const std::string& name) {
    const auto at = std::ranges::lower_bound(marks, name, {}, &mark_count::name);
    if (at != marks.end() && at->name == name) return *at;
    return *marks.insert(at, {.name = name, .first_seed = {}});
  }
  void note(warning w, const report& r) {
    const auto known = std::ranges::find_if(warnings, [&](const found_warning& f) {
      return f.seen.kind == w.kind && f.seen.signature == w.signature;
    });
    if (known != warnings.end())
      ++known->runs;
    else
      warnings.push_back({std::move(w), r.seed, r.token, 1});
  }
};

}  // namespace reprise::detail
