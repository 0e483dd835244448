#pragma once

#include <string>

namespace reprise::detail {

/// "balance.cpp:14": where the code that returns there lies; nothing when that is not known, or in
/// nobody's file but the library's. Cost: the first call reads the program's debug information.
[[nodiscard]] std::string place_of(const void* return_address);

}  // namespace reprise::detail
