#pragma once

#include "engine.hpp"

#include <exception>
#include <memory>

namespace reprise::detail {

struct generator_state {
  std::unique_ptr<box_base> body;
  fiber own;
  fiber* top = nullptr;       // where it goes on
  fiber* consumer = nullptr;  // who asked for the next value
  engine* owner = nullptr;    // while it has a stack
  std::uint64_t run = 0;
  std::exception_ptr failure;
  bool started = false;
  bool finished = false;
  bool stop = false;  // it is being destroyed
  generator_state* previous = nullptr;
  generator_state* next = nullptr;
};

/// Its frames stay for ever: it counts as ended.
void leave_standing(engine& e, generator_state& g) noexcept;
/// Unwinds a generator that has not ended.
void destroy_generator(engine& e, generator_state& g);

}  // namespace reprise::detail
