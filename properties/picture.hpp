#pragma once

#include <reprise/properties/history.hpp>

#include <span>
#include <string>

namespace reprise::detail {

struct pictured_call {
  call_times times;
  std::string process;
  std::string text;
};

/// The calls as bars over time, a row for each process; below each bar its virtual times, where
/// there are any. A process whose calls overlap has more rows.
///
///     writer  |-- write(1) --|
///             0 s            1 s
///     reader                    |-- read() = 0 --|
///                               2 s              3 s
[[nodiscard]] std::string draw(std::span<const pictured_call> calls);

}  // namespace reprise::detail
