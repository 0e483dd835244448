#pragma once

#include <reprise/core/virtual_clock.hpp>

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace reprise {

/// A value in an event's field: what JSON can say.
class trace_value {
public:
  using list = std::vector<trace_value>;
  using storage =
      std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, list>;

  trace_value() = default;  // null
  trace_value(std::nullptr_t) {}
  trace_value(std::monostate) {}
  trace_value(bool b) : value_(b) {}
  template <std::signed_integral T>
  trace_value(T n) : value_(std::int64_t{n}) {}
  template <std::unsigned_integral T>
    requires(!std::same_as<T, bool>)
  trace_value(T n) : value_(std::uint64_t{n}) {}
  template <std::floating_point T>
  trace_value(T x) : value_(static_cast<double>(x)) {}
  trace_value(const char* text) : value_(std::string(text)) {}
  trace_value(std::string_view text) : value_(std::string(text)) {}
  trace_value(std::string text) : value_(std::move(text)) {}
  trace_value(list values) : value_(std::move(values)) {}
  template <class T>
    requires(!std::same_as<T, trace_value> && std::constructible_from<trace_value, const T&>)
  trace_value(const std::optional<T>& value)
      : trace_value(value ? trace_value(*value) : trace_value()) {}
  template <class T>
    requires(!std::same_as<T, trace_value> && std::constructible_from<trace_value, const T&>)
  trace_value(const std::vector<T>& values) : value_(list(values.begin(), values.end())) {}

  [[nodiscard]] const storage& get() const noexcept { return value_; }
  friend bool operator==(const trace_value&, const trace_value&) = default;

private:
  storage value_;
};

struct trace_field {
  std::string key;
  trace_value value;
  friend bool operator==(const trace_field&, const trace_field&) = default;
};

/// Something that happened in a run: a user's own event, or a step of the scheduler.
struct trace_event {
  std::uint64_t index = 0;  // from 0, in the order in which they happened
  duration at{0};           // virtual time
  std::string task;         // name of the task; "-" outside any task
  std::string name;         // "log", the name of a note, or the operation of a scheduler's event
  std::string text;         // of a log
  std::vector<trace_field> fields;
  bool user = true;  // false for the scheduler's own
  /// Return address of the call that told it, for reports; null where none is known. In no trace.
  const void* place = nullptr;
};

/// Listens to a run as it goes. Core announces, a listener writes or shows: it must not call into
/// the run.
class trace_sink {
public:
  virtual ~trace_sink() = default;
  virtual void on_event(const trace_event& event) = 0;
  /// Whether `on_event` hears the scheduler's own events too; asked when the run begins. Telling
  /// them costs more than the steps.
  [[nodiscard]] virtual bool wants_scheduler_events() const { return true; }
  /// The clock is about to move.
  virtual void on_time(duration from, duration to) {
    static_cast<void>(from);
    static_cast<void>(to);
  }
  /// Nothing can run and no timer is pending. What follows is the teardown.
  virtual void on_deadlock(duration at) { static_cast<void>(at); }
};

}  // namespace reprise
