#pragma once

#include <reprise/core/task.hpp>

#include <exception>
#include <string_view>
#include <type_traits>
#include <utility>

namespace reprise {

/// A value that somebody will provide: the reading end. Any number of tasks may wait, and are woken
/// in order.
template <class T = void>
class future {
public:
  using value_type = T;
  future() = default;
  explicit future(detail::core_ref core) noexcept : core_(std::move(core)) {}

  explicit operator bool() const noexcept { return !core_.empty(); }
  /// Waits for the value, or throws what was set instead. A waiter resumes on the turn after it was
  /// set.
  [[gnu::always_inline]] T get() const {
    const detail::core_ref core = core_;  // the handle may be destroyed while it waits
    detail::await_result(core, "future::get");
    return detail::take_value<T>(core, "future::get");
  }
  [[gnu::always_inline]] void wait() const { detail::await_done(core_, "future::wait"); }
  /// Without waiting. Throws: `invalid_state` while it is pending.
  T result() const {
    detail::throw_failure(core_, "future::result");
    return detail::take_value<T>(core_, "future::result");
  }
  [[nodiscard]] bool done() const { return detail::is_done(core_, "future::done"); }
  [[nodiscard]] bool cancelled() const {
    return detail::is_done(core_, "future::cancelled") &&
           core_.raw()->state == detail::future_state::cancelled;
  }
  /// Those who wait get `cancelled`. Returns false when it is done already.
  bool cancel(std::string_view message = {}) const { return detail::cancel(core_, message); }
  [[nodiscard]] const detail::core_ref& core() const noexcept { return core_; }

private:
  detail::core_ref core_;
};

namespace detail {
[[nodiscard]] core_ref make_promise(box_base* box, const char* call);
/// Throws: `invalid_state` when it is done already.
void check_pending(const core_ref& core, const char* call);
void fulfil(const core_ref& core);
void break_with(const core_ref& core, std::exception_ptr failure);
}  // namespace detail

/// The writing end. Set it once, from any task or callback of the run: its waiters resume on the
/// next turn, none at once.
template <class T = void>
class promise {
public:
  /// Throws: `no_simulation` outside a run.
  promise() : core_(detail::make_promise(detail::make_box<detail::result_box<T>>(), "promise")) {}

  [[nodiscard]] future<T> get_future() const { return future<T>(core_); }
  /// Throws: `invalid_state` when it was set or cancelled before.
  void set_value() const
    requires std::is_void_v<T>
  {
    detail::check_pending(core_, "promise::set_value");
    static_cast<detail::result_box<T>*>(core_.raw()->box)->value.emplace();
    detail::fulfil(core_);
  }
  template <class U = T>
    requires(!std::is_void_v<T> && std::is_constructible_v<detail::stored_t<T>, U &&>)
  void set_value(U&& value) const {
    detail::check_pending(core_, "promise::set_value");
    static_cast<detail::result_box<T>*>(core_.raw()->box)->value.emplace(std::forward<U>(value));
    detail::fulfil(core_);
  }
  void set_exception(std::exception_ptr failure) const {
    detail::check_pending(core_, "promise::set_exception");
    detail::break_with(core_, std::move(failure));
  }
  bool cancel(std::string_view message = {}) const { return detail::cancel(core_, message); }
  [[nodiscard]] bool done() const { return detail::is_done(core_, "promise::done"); }

private:
  detail::core_ref core_;
};

}  // namespace reprise
