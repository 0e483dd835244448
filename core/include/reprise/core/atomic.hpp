#pragma once

#include <reprise/core/watched.hpp>

#include <atomic>  // IWYU pragma: export (std::memory_order)
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

// std::atomic's interface, member by member, for tasks. Every member that touches the value is
// inlined always, at -O0 too: the place that a report shows is then the user's.
#define REPRISE_ALWAYS_INLINE [[gnu::always_inline]]

namespace reprise {

namespace detail {

template <class T>
inline constexpr bool is_shared_ptr = false;
template <class T>
inline constexpr bool is_shared_ptr<std::shared_ptr<T>> = true;
template <class T>
inline constexpr bool is_weak_ptr = false;
template <class T>
inline constexpr bool is_weak_ptr<std::weak_ptr<T>> = true;

/// Whether compare_exchange takes the two for equal: bit by bit, without padding where the compiler
/// can leave it out.
template <class T>
[[nodiscard]] bool same_value(const T& a, const T& b) noexcept {
  if constexpr (is_shared_ptr<T>) {
    return a == b && !a.owner_before(b) && !b.owner_before(a);
  } else if constexpr (is_weak_ptr<T>) {
    return a.lock() == b.lock() && !a.owner_before(b) && !b.owner_before(a);
  } else if constexpr (std::same_as<T, long double> &&
                       std::numeric_limits<long double>::digits == 64) {
    return std::memcmp(&a, &b, 10) == 0;  // x87's: six bytes behind are padding
  } else {
#if defined(__has_builtin)
#if __has_builtin(__builtin_clear_padding)
    if constexpr (!std::has_unique_object_representations_v<T> && !std::is_floating_point_v<T>) {
      T x = a, y = b;
      __builtin_clear_padding(&x);
      __builtin_clear_padding(&y);
      return std::memcmp(&x, &y, sizeof(T)) == 0;
    }
#endif
#endif
    return std::memcmp(&a, &b, sizeof(T)) == 0;
  }
}
/// With the padding, so that a compare_exchange with what was seen succeeds everywhere.
template <class T>
void take_seen(T& to, const T& from) noexcept {
  if constexpr (std::is_trivially_copyable_v<T>) {
    std::memcpy(static_cast<void*>(&to), &from, sizeof(T));
  } else {
    to = from;
  }
}

template <class T>
concept atomic_integer = std::integral<T> && !std::same_as<T, bool>;
template <class T>
concept atomic_number = atomic_integer<T> || std::floating_point<T>;
template <class T>
concept atomic_object_pointer = std::is_pointer_v<T> && std::is_object_v<std::remove_pointer_t<T>>;
template <class T>
concept atomic_sum = atomic_number<T> || atomic_object_pointer<T>;

/// What is added to a T.
template <class T>
using atomic_difference = std::conditional_t<std::is_pointer_v<T>, std::ptrdiff_t, T>;

/// Without overflow: atomics wrap.
template <class T>
[[nodiscard]] constexpr T wrapped_sum(T a, atomic_difference<T> b, bool minus) noexcept {
  if constexpr (std::integral<T>) {
    using bits = std::make_unsigned_t<T>;
    const auto x = static_cast<bits>(a), y = static_cast<bits>(b);
    return static_cast<T>(static_cast<bits>(minus ? x - y : x + y));
  } else {
    return minus ? a - b : a + b;
  }
}

}  // namespace detail

/// std::atomic for tasks, of a T that can be copied byte by byte, a `std::shared_ptr` or a
/// `std::weak_ptr`.
///
/// Sequentially consistent: what schedules can do is seen, what a weaker memory could do beyond
/// that is not. The order given still counts: a relaxed access orders no other memory, so data
/// published through one is a data race. Each access is a scheduling point; from a callback, an
/// offloaded job and a coroutine it is announced, and nobody goes before it. A
/// `compare_exchange_weak` fails only where a strong one does.
///
/// May be made and destroyed outside a run, by `constinit` too. Every access throws `no_simulation`
/// there, and `stale_handle` in another run than the first.
///
/// There is no `atomic_ref`: of a plain object nobody knows how long it lives, and so whether two
/// references are to one, without asking its address, which is another in each process.
template <class T>
class atomic : private detail::watched_atomic {
  static_assert(std::is_trivially_copyable_v<T> || detail::is_shared_ptr<T> ||
                    detail::is_weak_ptr<T>,
                "atomic<T>: T must be trivially copyable, or a std::shared_ptr or std::weak_ptr");
  static constexpr bool numeric = detail::atomic_sum<T>;

public:
  using value_type = T;
  using difference_type = std::conditional_t<numeric, detail::atomic_difference<T>, std::ptrdiff_t>;
  static constexpr bool is_always_lock_free = true;

  constexpr atomic() noexcept(std::is_nothrow_default_constructible_v<T>) : atomic(T()) {}
  constexpr atomic(T value) noexcept  // NOLINT(google-explicit-constructor): as std's
      : watched_atomic("atomic"), value_(std::move(value)) {}
  /// `name` stands in reports.
  atomic(T value, std::string_view name)
      : watched_atomic("atomic", name), value_(std::move(value)) {}
  atomic(const atomic&) = delete;
  atomic& operator=(const atomic&) = delete;

  [[nodiscard]] bool is_lock_free() const noexcept { return true; }
  [[nodiscard]] bool is_lock_free() const volatile noexcept { return true; }

  REPRISE_ALWAYS_INLINE T load(std::memory_order order = std::memory_order_seq_cst) const {
    access(operation_kind::atomic_load, "atomic::load", order);
    return value_;
  }
  REPRISE_ALWAYS_INLINE void store(T value, std::memory_order order = std::memory_order_seq_cst) {
    access(operation_kind::atomic_store, "atomic::store", order);
    value_ = std::move(value);
  }
  REPRISE_ALWAYS_INLINE T exchange(T value, std::memory_order order = std::memory_order_seq_cst) {
    access(operation_kind::atomic_update, "atomic::exchange", order);
    return std::exchange(value_, std::move(value));
  }
  REPRISE_ALWAYS_INLINE bool compare_exchange_strong(
      T& expected, T desired, std::memory_order success = std::memory_order_seq_cst) {
    return exchange_if(expected, std::move(desired), success, of_failure(success));
  }
  REPRISE_ALWAYS_INLINE bool compare_exchange_strong(T& expected, T desired,
                                                     std::memory_order success,
                                                     std::memory_order failure) {
    return exchange_if(expected, std::move(desired), success, failure);
  }
  REPRISE_ALWAYS_INLINE bool compare_exchange_weak(
      T& expected, T desired, std::memory_order success = std::memory_order_seq_cst) {
    return exchange_if(expected, std::move(desired), success, of_failure(success));
  }
  REPRISE_ALWAYS_INLINE bool compare_exchange_weak(T& expected, T desired,
                                                   std::memory_order success,
                                                   std::memory_order failure) {
    return exchange_if(expected, std::move(desired), success, failure);
  }

  /// Waits until the value is another than `old` and this was notified. Throws: `cancelled`;
  /// `cannot_wait` in a callback, a job and a coroutine.
  REPRISE_ALWAYS_INLINE void wait(T old,
                                  std::memory_order order = std::memory_order_seq_cst) const {
    wait_while(same, this, &old, order);
  }
  REPRISE_ALWAYS_INLINE void notify_one() const { notify(1, "atomic::notify_one"); }
  REPRISE_ALWAYS_INLINE void notify_all() const {
    notify(std::numeric_limits<std::size_t>::max(), "atomic::notify_all");
  }

  REPRISE_ALWAYS_INLINE operator T() const {  // NOLINT(google-explicit-constructor): as std's
    return load();
  }
  REPRISE_ALWAYS_INLINE T operator=(T value) {  // NOLINT(misc-unconventional-assign-operator)
    store(value);
    return value;
  }

  // Integers, floating-point numbers, and pointers to objects. Sums wrap.
  REPRISE_ALWAYS_INLINE T fetch_add(difference_type n,
                                    std::memory_order order = std::memory_order_seq_cst)
    requires numeric
  {
    access(operation_kind::atomic_update, "atomic::fetch_add", order);
    return std::exchange(value_, detail::wrapped_sum<T>(value_, n, false));
  }
  REPRISE_ALWAYS_INLINE T fetch_sub(difference_type n,
                                    std::memory_order order = std::memory_order_seq_cst)
    requires numeric
  {
    access(operation_kind::atomic_update, "atomic::fetch_sub", order);
    return std::exchange(value_, detail::wrapped_sum<T>(value_, n, true));
  }
  REPRISE_ALWAYS_INLINE T operator+=(difference_type n)
    requires numeric
  {
    return detail::wrapped_sum<T>(fetch_add(n), n, false);
  }
  REPRISE_ALWAYS_INLINE T operator-=(difference_type n)
    requires numeric
  {
    return detail::wrapped_sum<T>(fetch_sub(n), n, true);
  }

  // Integers and pointers.
  REPRISE_ALWAYS_INLINE T operator++()
    requires(numeric && !std::floating_point<T>)
  {
    return *this += 1;
  }
  REPRISE_ALWAYS_INLINE T operator--()
    requires(numeric && !std::floating_point<T>)
  {
    return *this -= 1;
  }
  REPRISE_ALWAYS_INLINE T operator++(int)
    requires(numeric && !std::floating_point<T>)
  {
    return fetch_add(1);
  }
  REPRISE_ALWAYS_INLINE T operator--(int)
    requires(numeric && !std::floating_point<T>)
  {
    return fetch_sub(1);
  }

  // Integers.
  REPRISE_ALWAYS_INLINE T fetch_and(T n, std::memory_order order = std::memory_order_seq_cst)
    requires detail::atomic_integer<T>
  {
    access(operation_kind::atomic_update, "atomic::fetch_and", order);
    return std::exchange(value_, static_cast<T>(value_ & n));
  }
  REPRISE_ALWAYS_INLINE T fetch_or(T n, std::memory_order order = std::memory_order_seq_cst)
    requires detail::atomic_integer<T>
  {
    access(operation_kind::atomic_update, "atomic::fetch_or", order);
    return std::exchange(value_, static_cast<T>(value_ | n));
  }
  REPRISE_ALWAYS_INLINE T fetch_xor(T n, std::memory_order order = std::memory_order_seq_cst)
    requires detail::atomic_integer<T>
  {
    access(operation_kind::atomic_update, "atomic::fetch_xor", order);
    return std::exchange(value_, static_cast<T>(value_ ^ n));
  }
  REPRISE_ALWAYS_INLINE T operator&=(T n)
    requires detail::atomic_integer<T>
  {
    return static_cast<T>(fetch_and(n) & n);
  }
  REPRISE_ALWAYS_INLINE T operator|=(T n)
    requires detail::atomic_integer<T>
  {
    return static_cast<T>(fetch_or(n) | n);
  }
  REPRISE_ALWAYS_INLINE T operator^=(T n)
    requires detail::atomic_integer<T>
  {
    return static_cast<T>(fetch_xor(n) ^ n);
  }

  // Of a volatile atomic, as std has them. Here the word changes nothing: each access is seen
  // anyway.
  REPRISE_ALWAYS_INLINE T load(std::memory_order order = std::memory_order_seq_cst) const volatile {
    return plain().load(order);
  }
  REPRISE_ALWAYS_INLINE void store(T value,
                                   std::memory_order order = std::memory_order_seq_cst) volatile {
    plain().store(std::move(value), order);
  }
  REPRISE_ALWAYS_INLINE T exchange(T value,
                                   std::memory_order order = std::memory_order_seq_cst) volatile {
    return plain().exchange(std::move(value), order);
  }
  REPRISE_ALWAYS_INLINE bool compare_exchange_strong(
      T& expected, T desired, std::memory_order success = std::memory_order_seq_cst) volatile {
    return plain().compare_exchange_strong(expected, std::move(desired), success);
  }
  REPRISE_ALWAYS_INLINE bool compare_exchange_strong(T& expected, T desired,
                                                     std::memory_order success,
                                                     std::memory_order failure) volatile {
    return plain().compare_exchange_strong(expected, std::move(desired), success, failure);
  }
  REPRISE_ALWAYS_INLINE bool compare_exchange_weak(
      T& expected, T desired, std::memory_order success = std::memory_order_seq_cst) volatile {
    return plain().compare_exchange_weak(expected, std::move(desired), success);
  }
  REPRISE_ALWAYS_INLINE bool compare_exchange_weak(T& expected, T desired,
                                                   std::memory_order success,
                                                   std::memory_order failure) volatile {
    return plain().compare_exchange_weak(expected, std::move(desired), success, failure);
  }
  REPRISE_ALWAYS_INLINE void wait(T old, std::memory_order order = std::memory_order_seq_cst) const
      volatile {
    plain().wait(std::move(old), order);
  }
  REPRISE_ALWAYS_INLINE void notify_one() const volatile { plain().notify_one(); }
  REPRISE_ALWAYS_INLINE void notify_all() const volatile { plain().notify_all(); }
  REPRISE_ALWAYS_INLINE operator T() const volatile {  // NOLINT(google-explicit-constructor)
    return plain().load();
  }
  REPRISE_ALWAYS_INLINE T
  operator=(T value) volatile {  // NOLINT(misc-unconventional-assign-operator)
    return plain() = std::move(value);
  }
  REPRISE_ALWAYS_INLINE T fetch_add(difference_type n,
                                    std::memory_order order = std::memory_order_seq_cst) volatile
    requires numeric
  {
    return plain().fetch_add(n, order);
  }
  REPRISE_ALWAYS_INLINE T fetch_sub(difference_type n,
                                    std::memory_order order = std::memory_order_seq_cst) volatile
    requires numeric
  {
    return plain().fetch_sub(n, order);
  }
  REPRISE_ALWAYS_INLINE T fetch_and(T n,
                                    std::memory_order order = std::memory_order_seq_cst) volatile
    requires detail::atomic_integer<T>
  {
    return plain().fetch_and(n, order);
  }
  REPRISE_ALWAYS_INLINE T fetch_or(T n,
                                   std::memory_order order = std::memory_order_seq_cst) volatile
    requires detail::atomic_integer<T>
  {
    return plain().fetch_or(n, order);
  }
  REPRISE_ALWAYS_INLINE T fetch_xor(T n,
                                    std::memory_order order = std::memory_order_seq_cst) volatile
    requires detail::atomic_integer<T>
  {
    return plain().fetch_xor(n, order);
  }
  REPRISE_ALWAYS_INLINE T operator+=(difference_type n) volatile
    requires numeric
  {
    return plain() += n;
  }
  REPRISE_ALWAYS_INLINE T operator-=(difference_type n) volatile
    requires numeric
  {
    return plain() -= n;
  }
  REPRISE_ALWAYS_INLINE T operator++() volatile requires(numeric && !std::floating_point<T>) {
    return ++plain();
  } REPRISE_ALWAYS_INLINE T operator++(int) volatile requires(numeric && !std::floating_point<T>) {
    return plain()++;
  } REPRISE_ALWAYS_INLINE T operator--() volatile requires(numeric && !std::floating_point<T>) {
    return --plain();
  } REPRISE_ALWAYS_INLINE T operator--(int) volatile requires(numeric && !std::floating_point<T>) {
    return plain()--;
  } REPRISE_ALWAYS_INLINE T operator&=(T n) volatile
    requires detail::atomic_integer<T>
  {
    return plain() &= n;
  }
  REPRISE_ALWAYS_INLINE T operator|=(T n) volatile
    requires detail::atomic_integer<T>
  {
    return plain() |= n;
  }
  REPRISE_ALWAYS_INLINE T operator^=(T n) volatile
    requires detail::atomic_integer<T>
  {
    return plain() ^= n;
  }

private:
  template <class U>
  friend void atomic_init(atomic<U>* a, std::type_identity_t<U> value);
  [[nodiscard]] REPRISE_ALWAYS_INLINE atomic& plain() volatile {
    return const_cast<atomic&>(*this);
  }
  [[nodiscard]] REPRISE_ALWAYS_INLINE const atomic& plain() const volatile {
    return const_cast<const atomic&>(*this);
  }
  static bool same(const void* self, const void* old) {
    return detail::same_value<T>(static_cast<const atomic*>(self)->value_,
                                 *static_cast<const T*>(old));
  }
  static constexpr std::memory_order of_failure(std::memory_order success) noexcept {
    if (success == std::memory_order_acq_rel) return std::memory_order_acquire;
    if (success == std::memory_order_release) return std::memory_order_relaxed;
    return success;
  }
  REPRISE_ALWAYS_INLINE bool exchange_if(T& expected, T desired, std::memory_order success,
                                         std::memory_order failure) {
    access(operation_kind::compare_exchange, "atomic::compare_exchange", success);
    if (detail::same_value<T>(value_, expected)) {
      value_ = std::move(desired);
      exchanged(success);
      return true;
    }
    only_looked(failure);
    detail::take_seen(expected, value_);
    return false;
  }

  T value_;
};

/// std::atomic_flag for tasks. It begins clear.
class atomic_flag : private detail::watched_atomic {
public:
  constexpr atomic_flag() noexcept : watched_atomic("atomic_flag") {}
  explicit atomic_flag(std::string_view name) : watched_atomic("atomic_flag", name) {}

  REPRISE_ALWAYS_INLINE bool test(std::memory_order order = std::memory_order_seq_cst) const {
    access(operation_kind::atomic_load, "atomic_flag::test", order);
    return set_;
  }
  REPRISE_ALWAYS_INLINE bool test_and_set(std::memory_order order = std::memory_order_seq_cst) {
    access(operation_kind::atomic_update, "atomic_flag::test_and_set", order);
    return std::exchange(set_, true);
  }
  REPRISE_ALWAYS_INLINE void clear(std::memory_order order = std::memory_order_seq_cst) {
    access(operation_kind::atomic_store, "atomic_flag::clear", order);
    set_ = false;
  }
  REPRISE_ALWAYS_INLINE void wait(bool old,
                                  std::memory_order order = std::memory_order_seq_cst) const {
    wait_while(same, this, &old, order);
  }
  REPRISE_ALWAYS_INLINE void notify_one() const { notify(1, "atomic_flag::notify_one"); }
  REPRISE_ALWAYS_INLINE void notify_all() const {
    notify(std::numeric_limits<std::size_t>::max(), "atomic_flag::notify_all");
  }

  // Of a volatile flag.
  REPRISE_ALWAYS_INLINE bool test(std::memory_order order = std::memory_order_seq_cst) const
      volatile {
    return plain().test(order);
  }
  REPRISE_ALWAYS_INLINE bool test_and_set(
      std::memory_order order = std::memory_order_seq_cst) volatile {
    return plain().test_and_set(order);
  }
  REPRISE_ALWAYS_INLINE void clear(std::memory_order order = std::memory_order_seq_cst) volatile {
    plain().clear(order);
  }
  REPRISE_ALWAYS_INLINE void wait(bool old,
                                  std::memory_order order = std::memory_order_seq_cst) const
      volatile {
    plain().wait(old, order);
  }
  REPRISE_ALWAYS_INLINE void notify_one() const volatile { plain().notify_one(); }
  REPRISE_ALWAYS_INLINE void notify_all() const volatile { plain().notify_all(); }

private:
  [[nodiscard]] REPRISE_ALWAYS_INLINE atomic_flag& plain() volatile {
    return const_cast<atomic_flag&>(*this);
  }
  [[nodiscard]] REPRISE_ALWAYS_INLINE const atomic_flag& plain() const volatile {
    return const_cast<const atomic_flag&>(*this);
  }
  static bool same(const void* self, const void* old) {
    return static_cast<const atomic_flag*>(self)->set_ == *static_cast<const bool*>(old);
  }
  bool set_ = false;
};

/// A fence is a scheduling point. Among sequentially consistent accesses it changes no value; a
/// relaxed access beside it orders other memory as in C++.
inline void atomic_thread_fence(std::memory_order order) {
  detail::fence(order, "atomic_thread_fence");
}
inline void atomic_signal_fence(std::memory_order) noexcept {}

// The functions that std has beside the members.
template <class T>
[[nodiscard]] bool atomic_is_lock_free(const atomic<T>* a) noexcept {
  return a->is_lock_free();
}
/// Of one that nobody uses yet: no access. Deprecated in C++20, as every constructor does it.
template <class T>
void atomic_init(atomic<T>* a, std::type_identity_t<T> value) {
  a->value_ = std::move(value);
}
template <class T>
REPRISE_ALWAYS_INLINE inline T atomic_load(const atomic<T>* a) {
  return a->load();
}
template <class T>
REPRISE_ALWAYS_INLINE inline T atomic_load_explicit(const atomic<T>* a, std::memory_order order) {
  return a->load(order);
}
template <class T>
REPRISE_ALWAYS_INLINE inline void atomic_store(atomic<T>* a, std::type_identity_t<T> value) {
  a->store(std::move(value));
}
template <class T>
REPRISE_ALWAYS_INLINE inline void atomic_store_explicit(atomic<T>* a, std::type_identity_t<T> value,
                                                        std::memory_order order) {
  a->store(std::move(value), order);
}
template <class T>
REPRISE_ALWAYS_INLINE inline T atomic_exchange(atomic<T>* a, std::type_identity_t<T> value) {
  return a->exchange(std::move(value));
}
template <class T>
REPRISE_ALWAYS_INLINE inline T atomic_exchange_explicit(atomic<T>* a, std::type_identity_t<T> value,
                                                        std::memory_order order) {
  return a->exchange(std::move(value), order);
}
template <class T>
REPRISE_ALWAYS_INLINE inline bool atomic_compare_exchange_strong(atomic<T>* a,
                                                                 std::type_identity_t<T>* expected,
                                                                 std::type_identity_t<T> desired) {
  return a->compare_exchange_strong(*expected, std::move(desired));
}
template <class T>
REPRISE_ALWAYS_INLINE inline bool atomic_compare_exchange_weak(atomic<T>* a,
                                                               std::type_identity_t<T>* expected,
                                                               std::type_identity_t<T> desired) {
  return a->compare_exchange_weak(*expected, std::move(desired));
}
template <class T>
REPRISE_ALWAYS_INLINE inline bool atomic_compare_exchange_strong_explicit(
    atomic<T>* a, std::type_identity_t<T>* expected, std::type_identity_t<T> desired,
    std::memory_order success, std::memory_order failure) {
  return a->compare_exchange_strong(*expected, std::move(desired), success, failure);
}
template <class T>
REPRISE_ALWAYS_INLINE inline bool atomic_compare_exchange_weak_explicit(
    atomic<T>* a, std::type_identity_t<T>* expected, std::type_identity_t<T> desired,
    std::memory_order success, std::memory_order failure) {
  return a->compare_exchange_weak(*expected, std::move(desired), success, failure);
}
template <class T>
REPRISE_ALWAYS_INLINE inline T atomic_fetch_add(atomic<T>* a,
                                                typename atomic<T>::difference_type n) {
  return a->fetch_add(n);
}
template <class T>
REPRISE_ALWAYS_INLINE inline T atomic_fetch_add_explicit(atomic<T>* a,
                                                         typename atomic<T>::difference_type n,
                                                         std::memory_order order) {
  return a->fetch_add(n, order);
}
template <class T>
REPRISE_ALWAYS_INLINE inline T atomic_fetch_sub(atomic<T>* a,
                                                typename atomic<T>::difference_type n) {
  return a->fetch_sub(n);
}
template <class T>
REPRISE_ALWAYS_INLINE inline T atomic_fetch_sub_explicit(atomic<T>* a,
                                                         typename atomic<T>::difference_type n,
                                                         std::memory_order order) {
  return a->fetch_sub(n, order);
}
template <class T>
REPRISE_ALWAYS_INLINE inline T atomic_fetch_and(atomic<T>* a, std::type_identity_t<T> n) {
  return a->fetch_and(n);
}
template <class T>
REPRISE_ALWAYS_INLINE inline T atomic_fetch_and_explicit(atomic<T>* a, std::type_identity_t<T> n,
                                                         std::memory_order order) {
  return a->fetch_and(n, order);
}
template <class T>
REPRISE_ALWAYS_INLINE inline T atomic_fetch_or(atomic<T>* a, std::type_identity_t<T> n) {
  return a->fetch_or(n);
}
template <class T>
REPRISE_ALWAYS_INLINE inline T atomic_fetch_or_explicit(atomic<T>* a, std::type_identity_t<T> n,
                                                        std::memory_order order) {
  return a->fetch_or(n, order);
}
template <class T>
REPRISE_ALWAYS_INLINE inline T atomic_fetch_xor(atomic<T>* a, std::type_identity_t<T> n) {
  return a->fetch_xor(n);
}
template <class T>
REPRISE_ALWAYS_INLINE inline T atomic_fetch_xor_explicit(atomic<T>* a, std::type_identity_t<T> n,
                                                         std::memory_order order) {
  return a->fetch_xor(n, order);
}
template <class T>
REPRISE_ALWAYS_INLINE inline void atomic_wait(const atomic<T>* a, std::type_identity_t<T> old) {
  a->wait(std::move(old));
}
template <class T>
REPRISE_ALWAYS_INLINE inline void atomic_wait_explicit(const atomic<T>* a,
                                                       std::type_identity_t<T> old,
                                                       std::memory_order order) {
  a->wait(std::move(old), order);
}
template <class T>
REPRISE_ALWAYS_INLINE inline void atomic_notify_one(const atomic<T>* a) {
  a->notify_one();
}
template <class T>
REPRISE_ALWAYS_INLINE inline void atomic_notify_all(const atomic<T>* a) {
  a->notify_all();
}
REPRISE_ALWAYS_INLINE inline bool atomic_flag_test(const atomic_flag* flag) { return flag->test(); }
REPRISE_ALWAYS_INLINE inline bool atomic_flag_test_explicit(const atomic_flag* flag,
                                                            std::memory_order order) {
  return flag->test(order);
}
REPRISE_ALWAYS_INLINE inline bool atomic_flag_test_and_set(atomic_flag* flag) {
  return flag->test_and_set();
}
REPRISE_ALWAYS_INLINE inline bool atomic_flag_test_and_set_explicit(atomic_flag* flag,
                                                                    std::memory_order order) {
  return flag->test_and_set(order);
}
REPRISE_ALWAYS_INLINE inline void atomic_flag_clear(atomic_flag* flag) { flag->clear(); }
REPRISE_ALWAYS_INLINE inline void atomic_flag_clear_explicit(atomic_flag* flag,
                                                             std::memory_order order) {
  flag->clear(order);
}
REPRISE_ALWAYS_INLINE inline void atomic_flag_wait(const atomic_flag* flag, bool old) {
  flag->wait(old);
}
REPRISE_ALWAYS_INLINE inline void atomic_flag_wait_explicit(const atomic_flag* flag, bool old,
                                                            std::memory_order order) {
  flag->wait(old, order);
}
REPRISE_ALWAYS_INLINE inline void atomic_flag_notify_one(const atomic_flag* flag) {
  flag->notify_one();
}
REPRISE_ALWAYS_INLINE inline void atomic_flag_notify_all(const atomic_flag* flag) {
  flag->notify_all();
}

using atomic_bool = atomic<bool>;
using atomic_char = atomic<char>;
using atomic_schar = atomic<signed char>;
using atomic_uchar = atomic<unsigned char>;
using atomic_short = atomic<short>;
using atomic_ushort = atomic<unsigned short>;
using atomic_int = atomic<int>;
using atomic_uint = atomic<unsigned>;
using atomic_long = atomic<long>;
using atomic_ulong = atomic<unsigned long>;
using atomic_llong = atomic<long long>;
using atomic_ullong = atomic<unsigned long long>;
using atomic_char8_t = atomic<char8_t>;
using atomic_char16_t = atomic<char16_t>;
using atomic_char32_t = atomic<char32_t>;
using atomic_wchar_t = atomic<wchar_t>;
using atomic_int8_t = atomic<std::int8_t>;
using atomic_uint8_t = atomic<std::uint8_t>;
using atomic_int16_t = atomic<std::int16_t>;
using atomic_uint16_t = atomic<std::uint16_t>;
using atomic_int32_t = atomic<std::int32_t>;
using atomic_uint32_t = atomic<std::uint32_t>;
using atomic_int64_t = atomic<std::int64_t>;
using atomic_uint64_t = atomic<std::uint64_t>;
using atomic_int_least8_t = atomic<std::int_least8_t>;
using atomic_uint_least8_t = atomic<std::uint_least8_t>;
using atomic_int_least16_t = atomic<std::int_least16_t>;
using atomic_uint_least16_t = atomic<std::uint_least16_t>;
using atomic_int_least32_t = atomic<std::int_least32_t>;
using atomic_uint_least32_t = atomic<std::uint_least32_t>;
using atomic_int_least64_t = atomic<std::int_least64_t>;
using atomic_uint_least64_t = atomic<std::uint_least64_t>;
using atomic_int_fast8_t = atomic<std::int_fast8_t>;
using atomic_uint_fast8_t = atomic<std::uint_fast8_t>;
using atomic_int_fast16_t = atomic<std::int_fast16_t>;
using atomic_uint_fast16_t = atomic<std::uint_fast16_t>;
using atomic_int_fast32_t = atomic<std::int_fast32_t>;
using atomic_uint_fast32_t = atomic<std::uint_fast32_t>;
using atomic_int_fast64_t = atomic<std::int_fast64_t>;
using atomic_uint_fast64_t = atomic<std::uint_fast64_t>;
using atomic_intptr_t = atomic<std::intptr_t>;
using atomic_uintptr_t = atomic<std::uintptr_t>;
using atomic_size_t = atomic<std::size_t>;
using atomic_ptrdiff_t = atomic<std::ptrdiff_t>;
using atomic_intmax_t = atomic<std::intmax_t>;
using atomic_uintmax_t = atomic<std::uintmax_t>;
using atomic_signed_lock_free = atomic<int>;
using atomic_unsigned_lock_free = atomic<unsigned>;

}  // namespace reprise

#undef REPRISE_ALWAYS_INLINE
