#pragma once

#include <reprise/core/watched.hpp>

#include <concepts>
#include <string_view>
#include <type_traits>
#include <utility>

#define REPRISE_ALWAYS_INLINE [[gnu::always_inline]]
// A read and a write; where another shared is on the right, that is read first.
#define REPRISE_SHARED_CHANGE(op)                                     \
  template <class U>                                                  \
    requires requires(T& t, U u) { t op u; }                          \
  REPRISE_ALWAYS_INLINE shared& operator op(U n) {                    \
    T value = read();                                                 \
    value op n;                                                       \
    write(std::move(value));                                          \
    return *this;                                                     \
  }                                                                   \
  template <class U>                                                  \
    requires requires(T& t, const U& u) { t op u; }                   \
  REPRISE_ALWAYS_INLINE shared& operator op(const shared<U>& other) { \
    return *this op other.read();                                     \
  }
// Of a T of a class: no conversion leads to its operators where they are templates. A read each; of
// two shareds the left one is read first.
// NOLINTBEGIN(bugprone-macro-parentheses): `result` is a type
#define REPRISE_SHARED_BINARY(result, op)                                                \
  template <class U>                                                                     \
    requires(std::is_class_v<T> && !detail::is_shared<U> &&                              \
             requires(const T& t, const U& u) { t op u; })                               \
  REPRISE_ALWAYS_INLINE friend result operator op(const shared& a, const U& b) {         \
    return a.read() op b;                                                                \
  }                                                                                      \
  template <class U>                                                                     \
    requires(std::is_class_v<T> && !detail::is_shared<U> &&                              \
             requires(const T& t, const U& u) { u op t; })                               \
  REPRISE_ALWAYS_INLINE friend result operator op(const U& a, const shared& b) {         \
    return a op b.read();                                                                \
  }                                                                                      \
  template <class U>                                                                     \
    requires(std::is_class_v<T> && requires(const T& t, const U& u) { t op u; })         \
  REPRISE_ALWAYS_INLINE friend result operator op(const shared& a, const shared<U>& b) { \
    const T left = a.read();                                                             \
    return left op b.read();                                                             \
  }
// NOLINTEND(bugprone-macro-parentheses)

namespace reprise {

template <class T>
class shared;

namespace detail {
template <class T>
inline constexpr bool is_shared = false;
template <class T>
inline constexpr bool is_shared<shared<T>> = true;
}  // namespace detail

/// A plain variable that tasks share, watched by the search: each access is a scheduling point, and
/// two that conflict with nothing to order them are a data race.
///
/// One access reads or writes the whole T: for an object whose parts are raced for, share the
/// parts. Whoever reads gets a copy, by `[]` and `->` too: nobody has a reference, through which an
/// access would go unseen. A part is written by `update`. From a callback, an offloaded job and a
/// coroutine an access is announced, and nobody goes before it.
///
/// May be made and destroyed outside a run. Every access throws `no_simulation` there, and
/// `stale_handle` in another run than the first.
template <class T>
class shared : private detail::watched {
public:
  using value_type = T;

  shared()
    requires std::default_initializable<T>
      : shared(T()) {}
  shared(T value)  // NOLINT(google-explicit-constructor): as the variable it stands for
      : shared(std::move(value), std::string_view{}) {}
  /// `name` stands in reports.
  shared(T value, std::string_view name) : watched("shared", name), value_(std::move(value)) {}
  shared(const shared&) = delete;

  REPRISE_ALWAYS_INLINE T read() const {
    access(operation_kind::shared_read, "shared::read", std::memory_order_relaxed);
    return value_;
  }
  REPRISE_ALWAYS_INLINE void write(T value) {
    access(operation_kind::shared_write, "shared::write", std::memory_order_relaxed);
    value_ = std::move(value);
  }
  /// A read, then a write of what `f` makes of it: two accesses, and others may come between, as
  /// with `x = f(x)`. `f` takes the value and returns the new one, or takes a reference and changes
  /// that. Returns the new value.
  template <class F>
    requires std::invocable<F&, T&>
  REPRISE_ALWAYS_INLINE T update(F f) {
    T value = read();
    if constexpr (std::is_void_v<std::invoke_result_t<F&, T&>>) {
      f(value);
    } else {
      value = f(value);
    }
    write(value);
    return value;
  }

  REPRISE_ALWAYS_INLINE operator T() const {  // NOLINT(google-explicit-constructor): a read
    return read();
  }
  REPRISE_ALWAYS_INLINE shared& operator=(T value) {
    write(std::move(value));
    return *this;
  }
  /// A read of the other, then a write.
  REPRISE_ALWAYS_INLINE shared& operator=(const shared& other) {
    write(other.read());
    return *this;
  }
  // Each a read and a write.
  REPRISE_SHARED_CHANGE(+=)
  REPRISE_SHARED_CHANGE(-=)
  REPRISE_SHARED_CHANGE(*=)
  REPRISE_SHARED_CHANGE(/=)
  REPRISE_SHARED_CHANGE(%=)
  REPRISE_SHARED_CHANGE(&=)
  REPRISE_SHARED_CHANGE(|=)
  REPRISE_SHARED_CHANGE(^=)
  REPRISE_SHARED_CHANGE(<<=)
  REPRISE_SHARED_CHANGE(>>=)
  REPRISE_ALWAYS_INLINE shared& operator++()
    requires requires(T& t) { ++t; }
  {
    T value = read();
    ++value;
    write(std::move(value));
    return *this;
  }
  REPRISE_ALWAYS_INLINE shared& operator--()
    requires requires(T& t) { --t; }
  {
    T value = read();
    --value;
    write(std::move(value));
    return *this;
  }
  REPRISE_ALWAYS_INLINE T operator++(int)
    requires requires(T& t) { ++t; }
  {
    T value = read();
    T old = value;
    ++value;
    write(std::move(value));
    return old;
  }
  REPRISE_ALWAYS_INLINE T operator--(int)
    requires requires(T& t) { --t; }
  {
    T value = read();
    T old = value;
    --value;
    write(std::move(value));
    return old;
  }

  /// An element, a copy: a read of the whole. Elements are written by `update`.
  template <class I>
    requires(std::is_class_v<T> && requires(const T& t, const I& i) { t[i]; })
  // NOLINTNEXTLINE(readability-const-return-type): else `v[i] = x` would compile and do nothing
  REPRISE_ALWAYS_INLINE auto operator[](const I& i) const
      -> const std::remove_cvref_t<decltype(std::declval<const T&>()[i])> {
    const T value = read();
    return value[i];
  }
  /// What a T points to; of a T that points to nothing, a member: `v->size()`. A read of the
  /// pointer, or of the whole: then of a copy, which lasts as long as the expression, and can't be
  /// changed.
  REPRISE_ALWAYS_INLINE auto operator->() const {
    if constexpr (std::is_pointer_v<T> || requires(const T& t) { t.operator->(); }) {
      return read();
    } else {
      return copy{read()};
    }
  }

  // Each a read.
  REPRISE_SHARED_BINARY(bool, ==)
  REPRISE_SHARED_BINARY(bool, <)
  REPRISE_SHARED_BINARY(bool, >)
  REPRISE_SHARED_BINARY(bool, <=)
  REPRISE_SHARED_BINARY(bool, >=)
  REPRISE_SHARED_BINARY(auto, +)
  REPRISE_SHARED_BINARY(auto, -)
  REPRISE_SHARED_BINARY(auto, *)
  REPRISE_SHARED_BINARY(auto, /)
  REPRISE_SHARED_BINARY(auto, %)

private:
  struct copy {
    T value;
    const T* operator->() const noexcept { return &value; }
  };
  T value_;
};

}  // namespace reprise

#undef REPRISE_SHARED_BINARY
#undef REPRISE_SHARED_CHANGE
#undef REPRISE_ALWAYS_INLINE
