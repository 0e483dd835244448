#include "stack_pool.hpp"

#include "sanitizers.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <new>

namespace reprise::detail {

namespace {

constexpr int guard_install =
    102;  // MADV_GUARD_INSTALL; the C library's headers may be older than the kernel
// Two mappings a stack, of the 65,530 that the kernel allows by default; the program has its own.
constexpr std::size_t most_protected = 15'000;

std::size_t page_size() noexcept {
  static const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

}  // namespace

bool stack_slot::guards(const void* address) const noexcept {
  const char* p = static_cast<const char*>(address);
  return p >= base && p < base + page_size();
}

void stack_slot::leave_standing() const noexcept {
  register_root_region(base + page_size(), size() - page_size());  // the guard page can't be read
}

void stack_slot::clear_poison() const noexcept {
  unpoison(base + page_size(), size() - page_size());
}

stack_pool::~stack_pool() {
  for (const slab& s : slabs_) {
    unpoison(s.base, s.slots * s.slot_size);
    for (std::size_t i = 0; i < s.slots && s.first[i].base; ++i) {
      deregister_stack(s.first[i].valgrind_id);
#if defined(REPRISE_TSAN)
      if (s.first[i].tsan) __tsan_destroy_fiber(s.first[i].tsan);
#endif
    }
    ::munmap(s.base, s.slots * s.slot_size);
  }
}

stack_slot& stack_pool::make(std::uint8_t log) {
  if (log > most_log) throw std::bad_alloc();
  const std::size_t size = std::size_t{1} << log;
  size_class& c = classes_[log - least_log];
  if (c.left == 0) grow(c, size);
  slab& s = *std::find_if(slabs_.rbegin(), slabs_.rend(), [&](const slab& x) {
    return c.cursor >= x.base && c.cursor < x.base + x.slots * x.slot_size;
  });
  stack_slot& slot = s.first[static_cast<std::size_t>(c.cursor - s.base) / s.slot_size];
  slot.base = c.cursor;
  slot.log = log;
  slot.stagger = static_cast<std::uint8_t>(c.cut * 7 % 16);
  slot.lowest = slot.base == s.base;
  c.cursor += size;
  --c.left;
  ++c.cut;
  watch(slot);
  slot.valgrind_id = register_stack(slot.base, slot.base + slot.size());
  return slot;
}

void stack_pool::forget_parked() noexcept {
  for (size_class& c : classes_)
    for (stack_slot* slot = c.free; slot; slot = slot->next_free) slot->parked = false;
}

void stack_pool::prefer(guard_kind kind) noexcept {
  preferred_ = kind;
  for (size_class& c : classes_) {
    c.free = nullptr;
    c.left = 0;
  }
}

stack_slot* stack_pool::guard_at(const void* address) const noexcept {
  const char* p = static_cast<const char*>(address);
  for (const slab& s : slabs_) {
    if (p < s.base || p >= s.base + s.slots * s.slot_size) continue;
    stack_slot& slot = s.first[static_cast<std::size_t>(p - s.base) / s.slot_size];
    return slot.base && slot.guards(p) ? &slot : nullptr;
  }
  return nullptr;
}

void stack_pool::grow(size_class& c, std::size_t size) {
  const std::size_t slots = c.next_slab;
  // MAP_NORESERVE: a million slots are 256 GiB of address space, which nobody will ever touch.
  void* base = ::mmap(nullptr, slots * size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (base == MAP_FAILED) {
    if (slots == 1) throw std::bad_alloc();
    c.next_slab = 1;  // the address space is limited: slot by slot
    return grow(c, size);
  }
  // A stack in a huge page would cost 2 MiB at its first touch.
  static_cast<void>(::madvise(base, slots * size, MADV_NOHUGEPAGE));
  slabs_.push_back({static_cast<char*>(base), slots, size, std::make_unique<stack_slot[]>(slots)});
  c.cursor = static_cast<char*>(base);
  c.left = slots;
  c.next_slab = std::min<std::size_t>(slots * 4, 16'384);
}

void stack_pool::watch(stack_slot& slot) {
  if (preferred_ == guard_kind::install) {
    if (::madvise(slot.base, page_size(), guard_install) == 0) {
      slot.guard = guard_kind::install;
      return;
    }
    preferred_ = guard_kind::protect;
  }
  if (preferred_ == guard_kind::protect) {
    if (protected_ < most_protected && ::mprotect(slot.base, page_size(), PROT_NONE) == 0) {
      ++protected_;
      slot.guard = guard_kind::protect;
      return;
    }
    preferred_ = guard_kind::canary;
  }
  slot.guard = guard_kind::canary;
  *slot.canary() = stack_slot::canary_value;
}

}  // namespace reprise::detail
