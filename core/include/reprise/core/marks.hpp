#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace reprise {

/// Something that must come up in at least one run of a campaign: coverage of what matters.
struct mark {
  std::string name;
  std::uint64_t times = 0;  // that it held in this run; 0: it was asked for, and never held
  friend bool operator==(const mark&, const mark&) = default;
};

/// Claims that `condition` holds here in at least one run of the campaign. The run goes on, whether
/// it does or not; `report::marks` and `exploration::marks` count.
///
/// Throws: `no_simulation` outside a run. Changes nothing of the run. Cost: a walk through the
/// run's marks. Source: "sometimes" assertions as of Antithesis, marks as of TigerBeetle.
void sometimes(std::string_view name, bool condition);

/// Claims that this line is reached in at least one run of the campaign. One that no run reaches is
/// known only to a search that names it: `search::marks`.
inline void reachable(std::string_view name) { sometimes(name, true); }

}  // namespace reprise
