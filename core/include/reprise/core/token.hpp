#pragma once

#include <reprise/core/errors.hpp>
#include <reprise/core/run.hpp>

#include <string>
#include <string_view>

namespace reprise {

/// A token that can't be read: mangled, cut, or of a newer release. The text says which.
class bad_token : public error {
public:
  using error::error;
};

/// What repeats a run: "rp1_" and letters, digits and `_` only, with a check sum. Holds seed,
/// strategy, limits, scenario and parameters, and the choices when they are listed.
///
/// More than some hundred choices do not fit: then it holds their hash, and a case file has them.
/// The grammar is in docs/formats.md.
[[nodiscard]] std::string encode_token(const config& options);
/// Throws: `bad_token`.
[[nodiscard]] config decode_token(std::string_view token);

}  // namespace reprise
