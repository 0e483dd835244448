#pragma once

#include <reprise/core/watched.hpp>

#include <concepts>
#include <string_view>
#include <type_traits>
#include <utility>

#define REPRISE_ALWAYS_INLINE [[gnu::always_inline]]

namespace reprise {

/// A plain variable that tasks share, watched by the search: each access is a scheduling point, and
/// two that conflict with nothing to order them are a data race.
///
/// One access reads or writes the whole T: for an object whose parts are raced for, share the
/// parts. Whoever reads gets a copy. From a callback, an offloaded job and a coroutine an access is
/// announced, and nobody goes before it.
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
  shared& operator=(const shared&) = delete;

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
  // Each a read and a write.
  template <class U>
    requires requires(T& t, U u) { t += u; }
  REPRISE_ALWAYS_INLINE shared& operator+=(U n) {
    T value = read();
    value += n;
    write(std::move(value));
    return *this;
  }
  template <class U>
    requires requires(T& t, U u) { t -= u; }
  REPRISE_ALWAYS_INLINE shared& operator-=(U n) {
    T value = read();
    value -= n;
    write(std::move(value));
    return *this;
  }
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

private:
  T value_;
};

}  // namespace reprise

#undef REPRISE_ALWAYS_INLINE
