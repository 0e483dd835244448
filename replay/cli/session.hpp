#pragma once

#include "terminal.hpp"

#include <reprise/core/run.hpp>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <unistd.h>

namespace reprise::cli {

/// What the process ends with. 128 + n is a signal's, as ever.
enum exit_code : int {
  held = 0,
  failure_found = 1,
  bad_usage = 2,
  nondeterminism = 3,
  environment = 4
};

/// The system said no: exit code 4.
class environment_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// What a command says that is to be attended, see `attend`.
struct attention {
  std::chrono::nanoseconds hang_after{0};  // of real time in one run; 0: any time will do
  bool words_to_stderr = false;
};

[[nodiscard]] inline std::string base_name(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));
}

/// How the program was called, and where it prints.
struct session {
  std::string program;  // as it was typed, for commands that can be copied
  colours colour = colours::automatic;
  bool json = false;
  std::optional<attention> attended = {};
  output out{STDOUT_FILENO};
  output err{STDERR_FILENO};

  /// A line on stderr, as mistakes are told: by the program's name without its path.
  void warn(std::string_view text) {
    err.print("{}: {}\n", printable(base_name(program)), printable(text));
  }
};

/// The code of a run's verdict.
[[nodiscard]] inline exit_code code_of(const report& r) { return r ? held : failure_found; }

}  // namespace reprise::cli
