#pragma once

#include "sanitizers.hpp"
#include "stack_pool.hpp"

#include <boost/context/detail/fcontext.hpp>

#include <cstddef>
#include <cstdint>

namespace reprise::detail {

class engine;
struct generator_state;

/// The C++ runtime's record of the exceptions that are being handled: one per OS thread, so it must
/// follow every switch (Boost.Context before 1.88 leaves it be, and then a `throw;` after a wait
/// rethrows another fiber's exception).
struct exception_globals {
  void* caught = nullptr;
  unsigned int uncaught = 0;
};

/// A flow of control with a stack of its own.
struct fiber {
  boost::context::detail::fcontext_t context = nullptr;
  exception_globals exceptions;
  const std::uint64_t* canary = nullptr;  // of its stack, where that is all that guards it
  stack_slot* stack = nullptr;            // null: the OS thread's own
  void (*entry)(engine&) = nullptr;       // never returns
  generator_state* generator = nullptr;   // when it is a generator's
  void* awaited_at = nullptr;  // when a coroutine has borrowed it: return address of its co_await
#if defined(REPRISE_ASAN)
  void* fake_stack = nullptr;
  const void* bottom = nullptr;
  std::size_t size = 0;
#endif
#if defined(REPRISE_TSAN)
  void* tsan = nullptr;  // the OS thread's own; the others' are their stacks'
#endif
};

// The first frame of a stack: `name` calls `main`, which never returns, with the arguments that it
// got. The unwinder and gdb end there, where the words above are nobody's return address.
#if defined(__x86_64__) && defined(__ELF__)
#define REPRISE_FIRST_FRAME(name, main)   \
  asm(".text\n"                           \
      ".p2align 4\n"                      \
      ".globl " #name                     \
      "\n"                                \
      ".hidden " #name                    \
      "\n"                                \
      ".type " #name ",@function\n" #name \
      ":\n"                               \
      "  .cfi_startproc\n"                \
      "  .cfi_undefined rip\n"            \
      "  .cfi_undefined rbp\n"            \
      "  pushq $0\n" /* alignment */      \
      "  .cfi_adjust_cfa_offset 8\n"      \
      "  call " #main                     \
      "\n"                                \
      "  ud2\n"                           \
      "  .cfi_endproc\n"                  \
      ".size " #name ",.-" #name "\n")
#endif

/// Makes `f` start at its entry, on `stack`, when it is first switched to.
void prepare(fiber& f, stack_slot& stack, void (*entry)(engine&));
/// The same for a fiber that lies on its own stack, for as long as that is taken.
[[nodiscard]] fiber& bind(stack_slot& stack, void (*entry)(engine&));
/// The fiber that is bound to `stack`: it lies beside the frames that are touched at each switch,
/// and in no page of its own.
[[nodiscard]] inline fiber* fiber_on(const stack_slot& stack) noexcept {
  constexpr std::size_t room = (sizeof(fiber) + 63) / 64 * 64;
  return reinterpret_cast<fiber*>(stack.top() - room);
}
/// Goes on in `to`; returns when something switches back to `from`.
void switch_fiber(engine& e, fiber& from, fiber& to);
/// The same for the last time: `from` never goes on, and its stack may be given to another.
[[noreturn]] void leave_fiber(engine& e, fiber& from, fiber& to);

/// Sets the sticky floating-point flags, so that the control word never differs between fibers:
/// loading a changed one costs 15 switches. Restores the caller's word at the end.
class float_flags {
public:
  float_flags() noexcept;
  float_flags(const float_flags&) = delete;
  ~float_flags();

private:
  unsigned int saved_ = 0;
};

}  // namespace reprise::detail
