#pragma once

#include <reprise/core/run.hpp>

#include <string>

namespace reprise {

/// What kind of failure a run came to: the same for runs that fail the same way, whatever the
/// numbers in the text and wherever the lines have moved to. Empty when it passed.
[[nodiscard]] std::string signature_of(const report& r);

}  // namespace reprise
