#pragma once

namespace reprise::detail {

// `using` takes no __extension__, and -Wpedantic asks for it.
__extension__ typedef unsigned __int128 uint128;  // NOLINT(modernize-use-using)

}  // namespace reprise::detail
