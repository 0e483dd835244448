#pragma once

#include <reprise/core/run.hpp>

#include <optional>
#include <string_view>

namespace reprise::detail {

/// The verdict that `to_string` calls so.
[[nodiscard]] inline std::optional<verdict> verdict_of(std::string_view name) noexcept {
  for (const verdict v : {verdict::passed, verdict::failed, verdict::deadlock, verdict::time_limit,
                          verdict::step_limit, verdict::crashed, verdict::diverged})
    if (name == to_string(v)) return v;
  return std::nullopt;
}

}  // namespace reprise::detail
