#include "cli.hpp"

#include <reprise/replay/scenario.hpp>

#include <fmt/format.h>

namespace reprise::cli {

int run(int, char**) {
  for (const auto& s : scenarios()) fmt::print("{}  {}\n", s.name, s.about);
  return 0;
}

}  // namespace reprise::cli
