#include "fiber.hpp"

#include "switch.hpp"

#include <cxxabi.h>

#include <cstdlib>
#include <new>

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace reprise::detail {

namespace {

using boost::context::detail::fcontext_t;
using boost::context::detail::jump_fcontext;
using boost::context::detail::make_fcontext;
using boost::context::detail::transfer_t;

}  // namespace

#if defined(__x86_64__) && defined(__ELF__)
asm(R"(
.text
.p2align 4
.globl reprise_jump
.hidden reprise_jump
.type reprise_jump,@function
reprise_jump:
  .cfi_startproc
  leaq 1f(%rip), %rax
  pushq %rax
  .cfi_adjust_cfa_offset 8
  jmp jump_fcontext@PLT
1:
  .cfi_adjust_cfa_offset -8
  ret
  .cfi_endproc
.size reprise_jump,.-reprise_jump
)");
#endif

namespace {

exception_globals& exceptions_of_thread() noexcept {
  return *reinterpret_cast<exception_globals*>(abi::__cxa_get_globals());
}

}  // namespace

#if defined(REPRISE_FIRST_FRAME)
extern "C" void reprise_fiber_entry(transfer_t t);
extern "C" [[gnu::used, gnu::visibility("hidden")]] void reprise_fiber_main(transfer_t t);
REPRISE_FIRST_FRAME(reprise_fiber_entry, reprise_fiber_main);
#else
static void reprise_fiber_main(transfer_t t);
static constexpr auto reprise_fiber_entry = reprise_fiber_main;
#endif

void reprise_fiber_main(transfer_t t) {
  engine& e = *engine::running();
  arrive(e, *static_cast<fiber*>(t.data), t.fctx);
  e.current_fiber()->entry(e);
  std::abort();  // an entry never returns
}

namespace {

void prepare_below(char* top, fiber& f, stack_slot& stack, void (*entry)(engine&)) {
  stack.parked = false;
  f.stack = &stack;
  f.canary = stack.canary();
  f.entry = entry;
  f.exceptions = {};
#if defined(REPRISE_ASAN)
  f.fake_stack = nullptr;
#endif
#if defined(REPRISE_TSAN)
  // A context for each flow, since a flow's last frames are never left. The one of before can only
  // be destroyed now: it was the current one to the end.
  if (stack.tsan) __tsan_destroy_fiber(stack.tsan);
  stack.tsan = __tsan_create_fiber(0);
#endif
  f.context = make_fcontext(top, static_cast<std::size_t>(top - stack.base), reprise_fiber_entry);
}

}  // namespace

void prepare(fiber& f, stack_slot& stack, void (*entry)(engine&)) {
  prepare_below(stack.top(), f, stack, entry);
}

fiber& bind(stack_slot& stack, void (*entry)(engine&)) {
  auto* const f = ::new (static_cast<void*>(fiber_on(stack))) fiber;
  prepare_below(reinterpret_cast<char*>(f), *f, stack, entry);
  return *f;
}

void switch_fiber(engine& e, fiber& from, fiber& to) { switch_here(e, from, to); }

void leave_fiber(engine& e, fiber& from, fiber& to) {
  e.exceptions() = to.exceptions;
  e.set_current_fiber(to);
  depart(from, to, true);
  reprise_jump(to.context, &from);
  std::abort();
}

float_flags::float_flags() noexcept {
#if defined(__SSE2__)
  saved_ = _mm_getcsr();
  _mm_setcsr(saved_ | 0x3fu);
#endif
}

float_flags::~float_flags() {
#if defined(__SSE2__)
  _mm_setcsr(saved_);
#endif
}

exception_globals& thread_exceptions() noexcept { return exceptions_of_thread(); }

}  // namespace reprise::detail
