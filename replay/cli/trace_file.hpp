#pragma once

#include "terminal.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace reprise::cli {

/// Where a trace, or another file that was asked for, goes: stdout for "-"; else a file that
/// appears, or is replaced, whole and at the end.
///
/// A file is written under another name beside it and renamed by `finish`; without `finish` nothing
/// is left. What is no regular file (a pipe, a device) is written to as it is.
class trace_file {
public:
  /// Throws: `environment_error` when it can't be written.
  trace_file(std::string path, output& out, std::string_view what = "trace");
  trace_file(const trace_file&) = delete;
  ~trace_file();

  /// Keeps the first error for `finish`. What is written lies in the file a tenth of a second
  /// later, if more is written by then: a process that is killed leaves nearly all of it.
  void write(std::string_view text) noexcept;
  /// All that was written lies in the file.
  void flush() noexcept;
  /// Throws: `environment_error` when something of it could not be written.
  void finish();

private:
  [[noreturn]] void refuse(int error) const;

  std::string_view what_;  // what a message calls it
  std::string path_;
  std::string partial_;  // its name until it is whole; empty when it is written to directly
  output& out_;
  std::string buffer_;
  std::chrono::steady_clock::time_point next_flush_;
  int descriptor_ = -1;
  int error_ = 0;
};

}  // namespace reprise::cli
