#pragma once

#include <reprise/core/operation.hpp>

#include <cstdint>
#include <initializer_list>

namespace reprise::detail {

/// A set of operation kinds, asked in one step where a switch would be a jump that is hard to
/// predict.
class kind_set {
public:
  consteval kind_set(std::initializer_list<operation_kind> kinds) {
    for (const operation_kind k : kinds) bits_ |= std::uint64_t{1} << static_cast<unsigned>(k);
  }
  [[nodiscard]] constexpr bool has(operation_kind k) const noexcept {
    return (bits_ >> static_cast<unsigned>(k) & 1) != 0;
  }

private:
  std::uint64_t bits_ = 0;
};
static_assert(static_cast<unsigned>(operation_kind::barrier_break) < 64);

}  // namespace reprise::detail
