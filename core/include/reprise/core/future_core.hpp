#pragma once

// What the templates of task.hpp, future.hpp and their like stand on. Nothing here is for users.

#include <array>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace reprise::detail {

class engine;
struct future_core;
struct task_core;

/// What happens a turn after a future is done: a task goes on, or a callback runs.
struct alignas(16) callback_node {
  callback_node* next = nullptr;               // null while it is in no list
  future_core* core = nullptr;                 // the future it is, or was, listed in
  const struct callback_kind* kind = nullptr;  // null: it wakes a task
  union {
    task_core* wakes = nullptr;
    void* owner;
  };

  [[nodiscard]] bool listed() const noexcept { return next != nullptr; }
};
struct callback_kind {
  /// A turn after the future is done.
  void (*run)(engine&, callback_node&);
  /// The run is over, and it will never be called.
  void (*drop)(callback_node&);
  bool user = false;  // calls the user's code, so it runs on the runner
};

/// Callbacks in the order in which they were listed: a circle, known by its last.
class callback_list {
public:
  [[nodiscard]] callback_node* first() const noexcept { return last_ ? last_->next : nullptr; }
  /// The one behind `n`; null behind the last.
  [[nodiscard]] callback_node* after(const callback_node& n) const noexcept {
    return &n == last_ ? nullptr : n.next;
  }
  void push(callback_node& n) noexcept {
    n.next = last_ ? std::exchange(last_->next, &n) : &n;
    last_ = &n;
  }
  /// Cost: linear.
  void remove(callback_node& n) noexcept {
    callback_node* before = last_;
    while (before->next != &n) before = before->next;
    before->next = n.next;
    if (last_ == &n) last_ = before == &n ? nullptr : before;
    n.next = nullptr;
  }
  /// All of them, linked by `next` to a null, and none is left.
  [[nodiscard]] callback_node* take_all() noexcept {
    callback_node* const last = std::exchange(last_, nullptr);
    return last ? std::exchange(last->next, nullptr) : nullptr;
  }

private:
  callback_node* last_ = nullptr;
};

/// A pending timer or callback; stale once it was called or cancelled.
struct timer_id {
  void* slot = nullptr;
  std::uint32_t generation = 0;
};

/// A result that may be void or a reference, as something that can be stored.
template <class T>
struct stored {
  using type = T;
};
template <>
struct stored<void> {
  using type = std::monostate;
};
template <class T>
struct stored<T&> {
  using type = std::reference_wrapper<T>;
};
template <class T>
using stored_t = typename stored<T>::type;

/// Memory of the run: size classes over slabs that are kept warm between runs, apart from the
/// program's heap.
[[nodiscard]] void* pool_allocate(std::size_t size);
void pool_free(void* block, std::size_t size) noexcept;
/// A size from which on blocks are aligned to 64 bytes; smaller ones are to 16.
constexpr std::size_t pool_aligned_size = 1025;
/// How much to ask for.
template <class T>
constexpr std::size_t pool_size = alignof(T) > 16 && sizeof(T) < pool_aligned_size
                                      ? pool_aligned_size
                                      : sizeof(T);

/// Owned by a future: its result, and for a task its callable.
class box_base {
public:
  box_base() = default;
  box_base(const box_base&) = delete;
  virtual ~box_base() = default;
  bool is_coroutine = false;
  /// For a task that is a coroutine: its frame, not started. `invoke` then keeps the result once it
  /// has ended.
  virtual std::coroutine_handle<> coroutine() { return {}; }
  [[nodiscard]] virtual bool ended() const noexcept { return false; }
  /// For a task: calls the callable and keeps the result. Throws what it throws.
  virtual void invoke() {}
  virtual void drop_callable() noexcept {}
  [[nodiscard]] virtual std::size_t size() const noexcept = 0;
};

template <class T>
class result_box : public box_base {
public:
  std::optional<stored_t<T>> value;
  bool taken = false;  // a move-only value is moved out once
  [[nodiscard]] std::size_t size() const noexcept override { return pool_size<result_box>; }
};

/// Callable and result of a task, in one block. The callable goes first, as soon as the task ends.
template <class F, class T>
class closure final : public result_box<T> {
public:
  template <class G>
    requires(!std::is_same_v<std::remove_cvref_t<G>, closure>)
  // NOLINTNEXTLINE(bugprone-forwarding-reference-overload): constrained
  explicit closure(G&& callable) : callable_(std::in_place, std::forward<G>(callable)) {}
  void invoke() override {
    if constexpr (std::is_void_v<T>) {
      std::invoke(std::move(*callable_));
      this->value.emplace();
    } else {
      this->value.emplace(std::invoke(std::move(*callable_)));
    }
  }
  void drop_callable() noexcept override { callable_.reset(); }
  [[nodiscard]] std::size_t size() const noexcept override { return pool_size<closure>; }

private:
  std::optional<F> callable_;
};

template <class Box, class... Args>
[[nodiscard]] Box* make_box(Args&&... args) {
  static_assert(alignof(Box) <= 64, "over-aligned callables and results are not supported");
  void* block = pool_allocate(pool_size<Box>);
  try {
    return ::new (block) Box(std::forward<Args>(args)...);
  } catch (...) {
    pool_free(block, pool_size<Box>);
    throw;
  }
}
void destroy_box(box_base* box) noexcept;

struct box_deleter {
  void operator()(box_base* box) const noexcept { destroy_box(box); }
};
template <class Box>
using box_ptr = std::unique_ptr<Box, box_deleter>;

enum class future_state : std::uint8_t { pending, value, failed, cancelled };
enum class future_kind : std::uint8_t { promise, gather, task };

/// Shared state of everything that can be waited for. Lives in a slab that is never unmapped;
/// `generation` counts the lives of its slot, so that a handle that outlived its run is noticed.
/// Used by one OS thread at a time.
struct future_core {
  engine* owner = nullptr;
  box_base* box = nullptr;
  callback_list callbacks;
  std::exception_ptr failure;  // when failed; when cancelled, the `cancelled` that ended it, if any
  std::uint32_t generation = 1;
  std::uint32_t references = 0;
  future_kind kind = future_kind::promise;
  future_state state = future_state::pending;
  bool collected = false;  // somebody has looked at its failure
  // The small members are last, so that those of a task follow in the same word.

  /// Its number, for operations.
  [[nodiscard]] std::uint64_t object() const noexcept;
  [[nodiscard]] bool done() const noexcept { return state != future_state::pending; }
};

void release_last(future_core* core) noexcept;

/// A counted reference to a future's core that notices when the core's life, or its run, is over.
class core_ref {
public:
  core_ref() = default;
  explicit core_ref(future_core& core) noexcept : core_(&core), generation_(core.generation) {
    ++core.references;
  }
  core_ref(const core_ref& other) noexcept : core_(other.core_), generation_(other.generation_) {
    if (alive()) ++core_->references;
  }
  core_ref(core_ref&& other) noexcept
      : core_(std::exchange(other.core_, nullptr)), generation_(other.generation_) {}
  core_ref& operator=(core_ref other) noexcept {
    std::swap(core_, other.core_);
    std::swap(generation_, other.generation_);
    return *this;
  }
  ~core_ref() {
    if (alive() && --core_->references == 0) release_last(core_);
  }

  [[nodiscard]] bool alive() const noexcept { return core_ && core_->generation == generation_; }
  [[nodiscard]] bool empty() const noexcept { return core_ == nullptr; }
  /// Without any check.
  [[nodiscard]] future_core* raw() const noexcept { return core_; }
  /// Throws: `stale_handle` when the run of the handle is over or is not the caller's;
  /// `invalid_state` when it is empty.
  [[nodiscard]] future_core& checked(const char* call) const;

  friend bool operator==(const core_ref& a, const core_ref& b) noexcept {
    return a.core_ == b.core_ && (a.core_ == nullptr || a.generation_ == b.generation_);
  }

private:
  future_core* core_ = nullptr;
  std::uint32_t generation_ = 0;
};

/// References to many futures, of 8 bytes each, for as long as their run lasts.
class core_list {
public:
  core_list() = default;
  core_list(const core_list&) = delete;
  ~core_list() {
    if (!cores_.empty()) release();
  }
  void reserve(std::size_t n) { cores_.reserve(n); }
  void push_back(const core_ref& core);
  [[nodiscard]] std::size_t size() const noexcept { return cores_.size(); }
  [[nodiscard]] core_ref operator[](std::size_t i) const noexcept { return core_ref(*cores_[i]); }
  [[nodiscard]] std::span<future_core* const> raw() const noexcept { return cores_; }

private:
  void release() noexcept;
  std::vector<future_core*> cores_;
  std::uint64_t run_ = 0;
};
/// The futures of some references.
template <std::size_t N>
[[nodiscard]] std::array<future_core*, N> raw_of(const std::array<core_ref, N>& cores) noexcept {
  std::array<future_core*, N> raw{};
  for (std::size_t i = 0; i < N; ++i) raw[i] = cores[i].raw();
  return raw;
}

/// Waits until it is done; then throws its failure, if any, and counts it as collected.
void await_result(const core_ref& ref, const char* call);
/// Waits until it is done, and looks no further. Throws: `cancelled` when the caller was
/// cancelled.
void await_done(const core_ref& ref, const char* call);
/// Throws the failure of a core that is done, without waiting. Throws: `invalid_state` when it is
/// not.
void throw_failure(const core_ref& ref, const char* call);
bool cancel(const core_ref& ref, std::string_view message);
/// Whether it is done; then the caller comes after what it ended with.
[[nodiscard]] bool is_done(const core_ref& ref, const char* call);

/// Throws: `no_simulation`, `cannot_wait` where the caller can't wait, before anything was begun.
void check_can_wait(const char* call);
[[noreturn]] void throw_moved_out(const char* call);

/// The value of a core that is done and has not failed: a copy, or, when it can't be copied, the
/// value itself, once.
template <class T>
T take_value(const core_ref& core, const char* call) {
  auto& box = *static_cast<result_box<T>*>(core.raw()->box);
  if constexpr (std::is_void_v<T>) {
    return;
  } else if constexpr (std::is_reference_v<T>) {
    return box.value->get();
  } else if constexpr (std::is_copy_constructible_v<T>) {
    return *box.value;
  } else {
    if (std::exchange(box.taken, true)) throw_moved_out(call);
    return std::move(*box.value);
  }
}

/// As `take_value`, with `std::monostate` for void.
template <class T>
stored_t<T> take_stored(const core_ref& core, const char* call) {
  if constexpr (std::is_void_v<T>) {
    return {};
  } else {
    return take_value<T>(core, call);
  }
}

}  // namespace reprise::detail
