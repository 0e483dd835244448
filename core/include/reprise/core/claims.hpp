#pragma once

#include <reprise/core/trace_event.hpp>
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

/// How far a time may be off.
struct tolerance {
  duration early{0};
  duration late{0};
};

/// Which of a run's events are meant: a text of `log` or a name of `note`, and what else must be
/// the same: `logged_event("draw").in("Task-2").with("value", 3)`.
class logged_event {
public:
  template <std::convertible_to<std::string_view> S>
  logged_event(const S& what) : what_(std::string_view(what)) {}
  /// Of this task alone, by its name; "-" is outside any.
  [[nodiscard]] logged_event in(std::string_view task) const {
    logged_event l = *this;
    l.task_ = task;
    return l;
  }
  /// Of a note with this field.
  template <class Value>
  [[nodiscard]] logged_event with(std::string_view key, Value&& value) const {
    logged_event l = *this;
    l.fields_.push_back({std::string(key), trace_value(std::forward<Value>(value))});
    return l;
  }

  [[nodiscard]] const std::string& what() const noexcept { return what_; }
  [[nodiscard]] const std::string& task() const noexcept { return task_; }
  [[nodiscard]] const std::vector<trace_field>& fields() const noexcept { return fields_; }
  /// As a message says it: `"draw" value=3 in Task-2`.
  [[nodiscard]] std::string description() const;

private:
  std::string what_;
  std::string task_;
  std::vector<trace_field> fields_;
};

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
/// For assertions of others, which know their place in their own way.
void fail_run(const std::string& message, std::string_view file, std::uint32_t line);
/// The run has failed, but goes on to its next scheduling point.
void fail_run_soon(const std::string& message, std::string_view file, std::uint32_t line);
/// Whether the root task runs, and has not waited since the run began.
[[nodiscard]] bool before_first_wait(const char* call);
std::string format_text(fmt::string_view format, fmt::format_args args);
void check_elapsed(duration expected, duration took, const tolerance& within,
                   const std::source_location& place);
void check_order(const std::vector<logged_event>& expected, const std::source_location& place);

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
  detail::check_elapsed(to_duration(expected), took, {}, place);
}
/// The same, or a little less or more: `expect_elapsed(2s, {.late = 10ms}, f)`.
template <class Rep, class Period, std::invocable F>
void expect_elapsed(std::chrono::duration<Rep, Period> expected, tolerance within, F&& f,
                    std::source_location place = std::source_location::current()) {
  const duration took = elapsed(std::forward<F>(f));
  detail::check_elapsed(to_duration(expected), took, within, place);
}

/// Claims that these events of the run happened in this order so far; others may lie between them.
///
/// Cost: linear in the events of the run; so with the two below.
inline void expect_order(std::initializer_list<logged_event> events,
                         std::source_location place = std::source_location::current()) {
  detail::check_order({events.begin(), events.end()}, place);
}
inline void expect_order(const std::vector<std::string>& events,
                         std::source_location place = std::source_location::current()) {
  detail::check_order({events.begin(), events.end()}, place);
}

/// Claims that both happened so far, and that each `second` had a `first` before it.
void expect_before(const logged_event& first, const logged_event& second,
                   std::source_location place = std::source_location::current());

/// Claims that `what` happened so far, and each time after an `open` and before the first `close`
/// that follows that.
void expect_between(const logged_event& what, const logged_event& open, const logged_event& close,
                    std::source_location place = std::source_location::current());

}  // namespace reprise
