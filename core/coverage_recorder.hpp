#pragma once

#include "object_table.hpp"

#include <reprise/core/coverage.hpp>
#include <reprise/core/operation.hpp>

#include <cstdint>

namespace reprise::detail {

/// Notes what one run sees.
class coverage_recorder {
public:
  /// `into` null: nothing is noted.
  void begin(coverage* into) noexcept;
  [[nodiscard]] bool on() const noexcept { return into_ != nullptr; }
  void ran(std::uint32_t task, const operation& op);
  void end();

private:
  struct last_write {
    std::uint64_t write = 0;   // task and its how-manieth, 0 for none
    std::uint64_t before = 0;  // the one before
    void clear() noexcept { *this = {}; }
  };
  struct count {
    std::uint32_t reads = 0;
    std::uint32_t writes = 0;
    void clear() noexcept { *this = {}; }
  };

  coverage* into_ = nullptr;
  std::uint64_t order_ = 0;
  object_table<last_write> objects_;
  object_table<count> accesses_;  // by object and task
};

}  // namespace reprise::detail
