#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// What the table has: a row a claim.

namespace bench {

/// A workload and how often: as a rule, and for a look.
struct measured {
  std::string_view workload;
  std::uint64_t n = 0;
  std::uint64_t quick_n = 0;
  explicit operator bool() const noexcept { return !workload.empty(); }
};

struct peer {
  measured what;
  double times = 0;  // that we are to be cheaper, at least
};

struct row {
  std::string_view id;
  std::string_view section;
  std::string_view label;  // "{}" stands for the count
  measured ours;
  measured limit = {};
  double ratio = 0;  // goal: at most this many times the limit's cost; 0: none
  double ns = 0;     // goal: at most this many nanoseconds an operation; 0: none
  double bytes = 0;  // goal: at most this much memory each; 0: none
  peer boost_fiber = {};
  peer asyncio = {};
  bool rate = false;   // shown as operations a second
  bool again = false;  // the memory is what a third run takes beyond the second
  bool heavy = false;  // seconds each: two rounds at most
};

[[nodiscard]] const std::vector<row>& rows();

}  // namespace bench
