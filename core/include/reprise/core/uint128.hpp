#pragma once

namespace reprise::detail {

__extension__ typedef unsigned __int128
    uint128;  // `using` takes no __extension__, and -Wpedantic asks for it

}  // namespace reprise::detail
