#pragma once

#include <reprise/replay/campaign.hpp>

#include <cstdint>
#include <unordered_map>

namespace reprise::detail {

/// Counts how often each kind is seen. The order of what comes does not matter.
class kind_counter {
public:
  /// A run that shows no kind.
  void add_none() { ++sum_.runs; }
  void add(std::uint64_t kind) {
    ++sum_.runs;
    switch (++seen_[kind]) {
      case 1:
        ++sum_.kinds;
        ++sum_.once;
        break;
      case 2:
        --sum_.once;
        ++sum_.twice;
        break;
      case 3:
        --sum_.twice;
        break;
      default:
        break;
    }
  }
  [[nodiscard]] const unseen& sum() const noexcept { return sum_; }

private:
  unseen sum_;
  std::unordered_map<std::uint64_t, std::uint64_t> seen_;
};

}  // namespace reprise::detail
