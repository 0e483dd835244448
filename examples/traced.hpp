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

private:
  std::string_view name_;  // a literal
  Function function_;
};

/// A drawn number of seconds, as a duration.
using seconds = std::chrono::duration<double>;

}  // namespace gallery
