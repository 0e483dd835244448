#pragma once

namespace reprise::cli {

/// While it lives, the first SIGINT, SIGTERM or SIGHUP asks to stop, and the second, unless it
/// comes in the same moment, ends the process as ever.
class interrupt_guard {
public:
  interrupt_guard();
  interrupt_guard(const interrupt_guard&) = delete;
  ~interrupt_guard();
  /// The signal that asked; 0 while none has.
  [[nodiscard]] static int asked() noexcept;
};

}  // namespace reprise::cli
