#pragma once

#include "fiber.hpp"
#include "waiter.hpp"

#include <reprise/core/co.hpp>
#include <reprise/core/future_core.hpp>
#include <reprise/core/operation.hpp>
#include <reprise/core/task.hpp>

#include <any>
#include <coroutine>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

// The records of the three kinds of future.

namespace reprise::detail {

class engine;
struct crowd_member;

/// What few tasks have.
struct task_extras {
  std::string given_name;
  std::uint32_t cancel_requests = 0;
  std::string cancel_message;  // of the last request
  // Of the request that it is woken with: a later one does not change it.
  std::string thrown_message;
  std::map<const void*, std::any> locals;
};

/// A million of them may sleep at once, so they are small, two cache lines: what few tasks have is
/// apart, and what belongs to a stack lies on the stack.
struct alignas(64) task_core : future_core {
  bool started : 1 = false;
  bool must_cancel : 1 = false;          // `cancelled` is thrown at its next step
  bool asked_while_waiting : 1 = false;  // a cancellation was passed on to what it waits for
  bool being_asked : 1 = false;          // a cancellation is on its way through it
  bool frozen : 1 = false;               // stands in a failed expectation
  bool forced : 1 = false;               // is being unwound by force
  bool abandoned : 1 = false;            // its frames stay for ever
  bool is_coroutine : 1 = false;
  std::uint8_t thrown_at = 0;                   // times that its forced unwinding was thrown
  std::uint8_t stack_log = 0;                   // log2 of the bytes of its stack
  future_state ending = future_state::pending;  // a coroutine's that has ended, and was preempted
                                                // before it said so
  waiter::state sleep = waiter::state::woken;   // what ended a coroutine's sleep; pending meanwhile
  enum class wait_kind : std::uint8_t { nothing, leaf, future, join };
  wait_kind waits = wait_kind::nothing;
  operation_kind next_kind = operation_kind::none;  // announced
  std::uint16_t sleep_generation = 0;  // grows when a sleep is over, so that its timer is stale
  bool is_member = false;              // of a gather of coroutines: `box` is the member
  std::uint32_t number = 0;
  std::uint32_t children = 0;  // spawned so far
  std::uint32_t objects = 0;   // made so far
  std::uint32_t choices = 0;   // scheduling points so far, for labels
  std::uint64_t next_object = 0;
  std::uint64_t path = 0;  // hash of which child of which parent it is
  fiber* top = nullptr;    // where it goes on: its own fiber, or that of a generator that it is in
  void* place = nullptr;   // return address of the call that waits
  void* waits_for = nullptr;  // as `waits` says
  // A coroutine runs on the runner, and has a stack only while it makes a call that blocks or
  // stands in a failed expectation: then `top` is set.
  std::coroutine_handle<> innermost;  // the frame that goes on
  std::unique_ptr<task_extras> extras;

  [[nodiscard]] crowd_member* member() const noexcept {
    return is_member ? reinterpret_cast<crowd_member*>(box) : nullptr;
  }
  void announces(operation op) noexcept { next_kind = op.kind, next_object = op.object; }
  [[nodiscard]] operation next() const noexcept { return {next_kind, next_object}; }
  [[nodiscard]] std::uint32_t cancel_requests() const noexcept {
    return extras ? extras->cancel_requests : 0;
  }
  [[nodiscard]] std::string name() const;
  /// It is a coroutine and runs as one, so it can't block.
  [[nodiscard]] bool stackless() const noexcept { return is_coroutine && !top; }

  /// What it waits for: a leaf, a future, or nothing of that kind.
  [[nodiscard]] waiter* leaf() const noexcept {
    return waits == wait_kind::leaf ? static_cast<waiter*>(waits_for) : nullptr;
  }
  [[nodiscard]] future_core* awaited() const noexcept {
    return waits == wait_kind::future ? static_cast<future_core*>(waits_for) : nullptr;
  }
  /// A coroutine's join that is to be begun when it goes on.
  [[nodiscard]] co_join* join() const noexcept {
    return waits == wait_kind::join ? static_cast<co_join*>(waits_for) : nullptr;
  }
  void wait_for(waiter& w) noexcept { waits = wait_kind::leaf, waits_for = &w; }
  void wait_for(future_core& f) noexcept { waits = wait_kind::future, waits_for = &f; }
  void wait_for(co_join& j) noexcept { waits = wait_kind::join, waits_for = &j; }
  void wait_for_nothing() noexcept { waits = wait_kind::nothing; }

  [[nodiscard]] task_extras& extra() {
    if (!extras) extras = std::make_unique<task_extras>();
    return *extras;
  }
  /// Of the last request, and of the one that it is woken with; empty when nothing was said.
  [[nodiscard]] std::string cancel_message() const {
    return extras ? extras->cancel_message : std::string();
  }
  [[nodiscard]] std::string thrown_message() const {
    return extras ? extras->thrown_message : std::string();
  }
  void set_cancel_message(std::string_view text) {
    if (extras || !text.empty()) extra().cancel_message = text;
  }
  void set_thrown_message(std::string_view text) {
    if (extras || !text.empty()) extra().thrown_message = text;
  }
};

/// A future that is several: cancelling it cancels them.
struct gather_core : future_core {
  std::uint64_t number = 0;  // among the objects of its maker
  virtual bool cancel_children(engine& e, std::string_view message) = 0;

protected:
  ~gather_core() = default;
};

struct promise_core : future_core {
  std::uint64_t number = 0;  // among the objects of its maker
  void* spare = nullptr;     // the slab's
};

static_assert(sizeof(task_core) <= 128);

inline std::uint64_t future_core::object() const noexcept {
  switch (kind) {
    case future_kind::task:
      return std::uint64_t{static_cast<const task_core*>(this)->number} << 32;
    case future_kind::gather:
      return static_cast<const gather_core*>(this)->number;
    case future_kind::promise:
      break;
  }
  return static_cast<const promise_core*>(this)->number;
}

}  // namespace reprise::detail
