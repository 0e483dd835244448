#pragma once

// What the sanitizers and valgrind must be told about stacks and slabs. Each is nothing where its
// tool is not there.

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define REPRISE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define REPRISE_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define REPRISE_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define REPRISE_TSAN 1
#endif
#endif

#if defined(REPRISE_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#endif
#if defined(REPRISE_TSAN)
#include <sanitizer/tsan_interface.h>
#endif
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#define REPRISE_VALGRIND 1
#endif

namespace reprise::detail {

inline void unpoison([[maybe_unused]] const void* p, [[maybe_unused]] std::size_t size) noexcept {
#if defined(REPRISE_ASAN)
  __asan_unpoison_memory_region(p, size);
#endif
}
inline void poison([[maybe_unused]] const void* p, [[maybe_unused]] std::size_t size) noexcept {
#if defined(REPRISE_ASAN)
  __asan_poison_memory_region(p, size);
#endif
}
/// Memory that the leak checker would not look through by itself.
inline void register_root_region([[maybe_unused]] const void* p,
                                 [[maybe_unused]] std::size_t size) noexcept {
#if defined(REPRISE_ASAN)
  __lsan_register_root_region(p, size);
#endif
}
/// Tells valgrind of a stack, so that it takes a jump there for a switch and not for a huge frame.
/// A handful of instructions anywhere else.
[[nodiscard]] inline unsigned register_stack([[maybe_unused]] const void* low,
                                             [[maybe_unused]] const void* high) noexcept {
#if defined(REPRISE_VALGRIND)
  return static_cast<unsigned>(VALGRIND_STACK_REGISTER(low, high));
#else
  return 0;
#endif
}
inline void deregister_stack([[maybe_unused]] unsigned id) noexcept {
#if defined(REPRISE_VALGRIND)
  VALGRIND_STACK_DEREGISTER(id);
#endif
}

}  // namespace reprise::detail
