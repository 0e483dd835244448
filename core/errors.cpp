#include <reprise/core/errors.hpp>

#include <fmt/format.h>

namespace reprise {

no_simulation::no_simulation(const char* call)
    : error(fmt::format("{} was called outside a run; call it inside the body of reprise::run",
                        call)) {}

}  // namespace reprise
