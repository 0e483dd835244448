#pragma once

namespace reprise {

/// While it lives, this OS thread may read the real clock and real entropy and may start threads
/// inside a run: a check of determinism does not blame it.
///
/// For what no result depends on, such as measuring the program under simulation. Do not wait while
/// it lives: what other tasks do meanwhile would be allowed too. Cost: an increment.
class allow_real {
public:
  allow_real() noexcept;
  ~allow_real();
  allow_real(const allow_real&) = delete;
  allow_real& operator=(const allow_real&) = delete;
};

namespace detail {
/// Whether this OS thread is inside a run, and no `allow_real` lives.
[[nodiscard]] bool real_is_forbidden() noexcept;
}  // namespace detail

}  // namespace reprise
