#pragma once

#include "engine.hpp"

// The switch itself. Inlined even at -O0: once TSan has been told, a return would leave the frame
// in the other fiber's call stack.

namespace reprise::detail {

#if defined(__x86_64__) && defined(__ELF__)
// jump_fcontext is entered by `call` and left by `jmp`, so each switch would leave a stale entry in
// the processor's return-address predictor, and every `ret` above it would miss (measured: 22 ns a
// switch; 5.5 ns through this thunk). Entered by a jump that looks like a call, it comes back to
// the `ret` there, and calls and returns stay paired.
extern "C" boost::context::detail::transfer_t reprise_jump(boost::context::detail::fcontext_t to,
                                                           void* data);
#else
using boost::context::detail::jump_fcontext;
inline boost::context::detail::transfer_t reprise_jump(boost::context::detail::fcontext_t to,
                                                       void* data) {
  return jump_fcontext(to, data);
}
#endif

/// `from` is the fiber that was left for the current one.
[[gnu::always_inline]] inline void arrive([[maybe_unused]] engine& e, fiber& from,
                                          boost::context::detail::fcontext_t context) noexcept {
  from.context = context;
#if defined(REPRISE_ASAN)
  fiber& self = *e.current_fiber();
  const void* bottom = nullptr;
  std::size_t size = 0;
  __sanitizer_finish_switch_fiber(self.fake_stack, &bottom, &size);
  if (!from.stack) {
    from.bottom = bottom;
    from.size = size;
  }
#endif
}

[[gnu::always_inline]] inline void depart([[maybe_unused]] fiber& from, [[maybe_unused]] fiber& to,
                                          [[maybe_unused]] bool last) noexcept {
#if defined(REPRISE_ASAN)
  const void* bottom = to.stack ? to.stack->base : to.bottom;
  const std::size_t size = to.stack ? to.stack->size() : to.size;
  __sanitizer_start_switch_fiber(last ? nullptr : &from.fake_stack, bottom, size);
#endif
#if defined(REPRISE_TSAN)
  // Asked each time: the next run of this engine may be on another OS thread.
  if (!from.stack) from.tsan = __tsan_get_current_fiber();
  // 0: what was done before the switch happened before what is done after it.
  __tsan_switch_to_fiber(to.stack ? to.stack->tsan : to.tsan, 0);
#endif
}

/// As `switch_fiber`, where a call would cost.
[[gnu::always_inline]] inline void switch_here(engine& e, fiber& from, fiber& to) {
  exception_globals& exceptions = e.exceptions();
  from.exceptions = exceptions;
  exceptions = to.exceptions;
  e.set_current_fiber(to);
  depart(from, to, false);
  const auto t = reprise_jump(to.context, &from);
  arrive(e, *static_cast<fiber*>(t.data), t.fctx);
}

}  // namespace reprise::detail
