#pragma once

#include <reprise/reprise.hpp>

#include <functional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace gallery {

/// A function that notes its start and its end in the trace; what a Python decorator is used for.
template <class Function>
class traced {
public:
  constexpr traced(std::string_view name, Function function)
      : name_(name), function_(std::move(function)) {}

  template <class... Args>
  auto operator()(Args&&... args) const {
    if constexpr (reprise::detail::is_co_task<std::invoke_result_t<const Function&, Args...>>) {
      return await<std::decay_t<Args>...>(std::forward<Args>(args)...);
    } else {
      return call(std::forward<Args>(args)...);
    }
  }

private:
  template <class... Args>
  auto call(Args&&... args) const {
    reprise::note("start", "fn", name_);
    if constexpr (std::is_void_v<std::invoke_result_t<const Function&, Args...>>) {
      std::invoke(function_, std::forward<Args>(args)...);
      reprise::note("done", "fn", name_);
    } else {
      auto result = std::invoke(function_, std::forward<Args>(args)...);
      reprise::note("done", "fn", name_);
      return result;
    }
  }

  /// A coroutine keeps its arguments by value: it runs after the call that made it has returned.
  template <class... Args>
  auto await(Args... args) const -> std::invoke_result_t<const Function&, Args...> {
    using result = typename std::invoke_result_t<const Function&, Args...>::value_type;
    reprise::note("start", "fn", name_);
    if constexpr (std::is_void_v<result>) {
      co_await std::invoke(function_, std::move(args)...);
      reprise::note("done", "fn", name_);
    } else {
      result value = co_await std::invoke(function_, std::move(args)...);
      reprise::note("done", "fn", name_);
      co_return value;
    }
  }

  std::string_view name_;  // a literal
  Function function_;
};

/// A drawn number of seconds, as a duration.
using seconds = std::chrono::duration<double>;

}  // namespace gallery
