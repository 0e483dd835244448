#include <reprise/core/allow_real.hpp>

#include "engine.hpp"

namespace reprise {

namespace {
thread_local unsigned allowed = 0;
}

allow_real::allow_real() noexcept { ++allowed; }
allow_real::~allow_real() { --allowed; }

namespace detail {
bool real_is_forbidden() noexcept { return engine::running() != nullptr && allowed == 0; }
}  // namespace detail

}  // namespace reprise
