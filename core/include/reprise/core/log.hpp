#pragma once

#include <reprise/core/trace_event.hpp>

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace reprise {

namespace detail {
void log(fmt::string_view format, fmt::format_args args);
void note(std::string_view name, std::vector<trace_field> fields);

inline void add_fields(std::vector<trace_field>&) {}
template <class Value, class... Rest>
void add_fields(std::vector<trace_field>& fields, std::string_view key, Value&& value,
                Rest&&... rest) {
  fields.push_back({std::string(key), trace_value(std::forward<Value>(value))});
  add_fields(fields, std::forward<Rest>(rest)...);
}
}  // namespace detail

/// An event of the user's own: a line of text, with the virtual time and the task. Part of the
/// run's digest.
///
/// Draw random values in statements of their own, before: g++ and clang evaluate arguments in
/// different orders. Throws: `no_simulation` outside a run. Formats on the scheduler's stack, not
/// the task's.
template <class... Args>
void log(fmt::format_string<Args...> format, Args&&... args) {
  detail::log(format, fmt::make_format_args(args...));
}

/// An event with named fields: `note("draw", "value", 3)`.
template <class... Pairs>
void note(std::string_view name, Pairs&&... pairs) {
  static_assert(sizeof...(Pairs) % 2 == 0, "note takes keys and values in turn");
  std::vector<trace_field> fields;
  fields.reserve(sizeof...(Pairs) / 2);
  detail::add_fields(fields, std::forward<Pairs>(pairs)...);
  detail::note(name, std::move(fields));
}

}  // namespace reprise
