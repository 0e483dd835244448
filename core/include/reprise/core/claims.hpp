#pragma once

#include <reprise/core/virtual_clock.hpp>

#include <fmt/format.h>

#include <concepts>
#include <functional>
#include <initializer_list>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace reprise {

namespace detail {

/// A format string that knows where it was written.
template <class... Args>
struct located_format {
  template <class S>
    requires std::convertible_to<const S&, std::string_view>
  consteval located_format(
      const S& text, std::source_location where =
                         std::source_location::current())  // NOLINT(google-explicit-constructor)
      : format(text), place(where) {}
  fmt::format_string<Args...> format;
  std::source_location place;
};

/// Ends the run as failed, with every frame still standing. Returns only into an unwinding.
void fail_run(const std::string& message, const std::source_location& place);
std::string format_text(fmt::string_view format, fmt::format_args args);
void check_elapsed(duration expected, duration took, const std::source_location& place);
void check_order(const std::vector<std::string>& expected, const std::source_location& place);

}  // namespace detail

/// Ends the run as failed unless `condition` holds. Nothing is thrown through your code: no `catch
/// (...)` can swallow it.
///
/// Throws: `no_simulation` outside a run.
inline void expect(bool condition, std::source_location place = std::source_location::current()) {
  static_cast<void>(detail::now_ns("expect"));
  if (!condition) [[unlikely]]
    detail::fail_run("an expectation does not hold", place);
}
/// The same, with a message to format.
template <class... Args>
void expect(bool condition, detail::located_format<std::type_identity_t<Args>...> format,
            Args&&... args) {
  static_cast<void>(detail::now_ns("expect"));
  if (!condition) [[unlikely]]
    detail::fail_run(detail::format_text(format.format, fmt::make_format_args(args...)),
                     format.place);
}

/// Ends the run as failed.
template <class... Args>
void fail(detail::located_format<std::type_identity_t<Args>...> format, Args&&... args) {
  static_cast<void>(detail::now_ns("fail"));
  detail::fail_run(detail::format_text(format.format, fmt::make_format_args(args...)),
                   format.place);
}

/// How long `f` takes, in virtual time.
template <std::invocable F>
[[nodiscard]] duration elapsed(F&& f) {
  const auto start = detail::now_ns("elapsed");
  std::invoke(std::forward<F>(f));
  return duration(detail::now_ns("elapsed") - start);
}

/// Claims that `f` takes `expected` of virtual time, exactly.
template <class Rep, class Period, std::invocable F>
void expect_elapsed(std::chrono::duration<Rep, Period> expected, F&& f,
                    std::source_location place = std::source_location::current()) {
  const duration took = elapsed(std::forward<F>(f));
  detail::check_elapsed(to_duration(expected), took, place);
}

/// Claims that these events of the run (texts of `log`, names of `note`) happened in this order so
/// far; others may lie between them.
inline void expect_order(std::initializer_list<std::string_view> events,
                         std::source_location place = std::source_location::current()) {
  detail::check_order({events.begin(), events.end()}, place);
}
inline void expect_order(const std::vector<std::string>& events,
                         std::source_location place = std::source_location::current()) {
  detail::check_order(events, place);
}

}  // namespace reprise
