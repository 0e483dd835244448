// A debugger's way in.
#include "crowd.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace reprise::detail {

std::string engine::tasks_for_debugger() const {
  std::vector<const task_core*> live;
  tasks_.each([&](const task_core& t) {
    if (t.owner && !t.done()) live.push_back(&t);
  });
  std::ranges::sort(live, {}, &task_core::number);
  std::string text;
  for (const task_core* t : live) {
    const bool waits = t->leaf() || t->awaited() || t->join() || t->sleep == waiter::state::pending;
    const std::string state = t == current_task_ ? "runs"
                              : !t->started      ? "has not started"
                              : waits
                                  ? task_waits_for(*t)
                                  : fmt::format("could run: {}", reprise::to_string(t->next_kind));
    // The running one has lent itself to the OS thread's own stack while it logs.
    const fiber* const where = t != current_task_ ? t->top : on_main() ? service_from_ : nullptr;
    const void* const context = where ? where->context : nullptr;
    text += fmt::format("{}\t{}\t{}\t{:x}\n", t->number, t->name(), state,
                        reinterpret_cast<std::uintptr_t>(context));
  }
  return text;
}

/// What the script for gdb calls (packaging/gdb/reprise_gdb.py). Null outside a run.
extern "C" [[gnu::used, gnu::visibility("default")]] const char* reprise_debug_tasks();
extern "C" const char* reprise_debug_tasks() {
  static thread_local std::string text;
  if (!engine::running()) return nullptr;
  text = engine::running()->tasks_for_debugger();
  return text.c_str();
}

}  // namespace reprise::detail
