#pragma once

#include <reprise/core/co_task.hpp>
#include <reprise/core/run.hpp>

#include <charconv>
#include <concepts>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace reprise {

/// A parameter that a scenario declares.
struct parameter {
  std::string name;
  std::string initial;  // its value unless one is given
  std::string about;    // one line for a person
  std::string quick =
      {};  // its value where the scenario is one of many (`run --all`); empty: `initial`
};

/// A named program under simulation.
struct scenario {
  std::string name;
  std::string about;  // one line for a person
  void (*body)() = nullptr;
  std::vector<parameter> parameters = {};
  co_task<> (*coroutine)() = nullptr;  // instead of `body`
};

/// `f` of the scenario's body, whichever it has.
template <class F>
decltype(auto) with_body(const scenario& s, F&& f) {
  return s.coroutine ? std::forward<F>(f)(s.coroutine) : std::forward<F>(f)(s.body);
}

/// Every scenario of the program, sorted by name.
///
/// Throws: `error` when two have one name.
[[nodiscard]] const std::vector<scenario>& scenarios();
/// Throws: `std::invalid_argument` that offers near matches.
[[nodiscard]] const scenario& find_scenario(std::string_view name);
/// `options` for a run of `s`: its name, and a value for each of its parameters, given or initial.
///
/// Throws: `std::invalid_argument` for a parameter that `s` does not declare.
[[nodiscard]] config options_for(const scenario& s, config options);

/// A value was given to a parameter that does not do: the fault of who gave it, not of the
/// scenario.
class bad_parameter : public std::invalid_argument {
public:
  using std::invalid_argument::invalid_argument;
};

/// The value of the scenario's parameter `name` in this run, read as a `T`.
///
/// Throws: `bad_parameter` when it is no `T`; `std::invalid_argument` when it is not declared.
template <class T = std::string>
[[nodiscard]] T param(std::string_view name) {
  const std::string& text = param_text(name);
  if constexpr (std::same_as<T, std::string>) {
    return text;
  } else if constexpr (std::same_as<T, bool>) {
    if (text == "true" || text == "1") return true;
    if (text == "false" || text == "0") return false;
    throw bad_parameter("parameter '" + std::string(name) + "': '" + text +
                        "' is neither true nor false");
  } else {
    T value{};
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc() || end != text.data() + text.size()) {
      std::string right = "a number such as 1.5, or is beyond the largest";
      if constexpr (std::integral<T>)
        right = "a whole number from " + std::to_string(std::numeric_limits<T>::min()) + " to " +
                std::to_string(std::numeric_limits<T>::max());
      throw bad_parameter("parameter '" + std::string(name) + "': '" + text + "' is not " + right);
    }
    return value;
  }
}

namespace detail {
struct scenario_registration {
  explicit scenario_registration(scenario s);
};
}  // namespace detail

}  // namespace reprise

/// Defines a scenario: `REPRISE_SCENARIO("greet", "three greetings at once") { … }`. Parameters may
/// follow: `REPRISE_SCENARIO("sleepers", "many sleepers", reprise::parameter{"n", "1000", "how
/// many"}) { … }`.
#define REPRISE_SCENARIO(name, about, ...) \
  REPRISE_SCENARIO_2(__COUNTER__, name, about __VA_OPT__(, ) __VA_ARGS__)
#define REPRISE_SCENARIO_2(n, name, about, ...) \
  REPRISE_SCENARIO_3(n, name, about __VA_OPT__(, ) __VA_ARGS__)
#define REPRISE_SCENARIO_3(n, name, about, ...)                                   \
  static void reprise_scenario_##n();                                             \
  static const ::reprise::detail::scenario_registration reprise_registration_##n( \
      ::reprise::scenario{name, about, &reprise_scenario_##n, {__VA_ARGS__}});    \
  static void reprise_scenario_##n()

/// The same with a coroutine for a body: `REPRISE_CO_SCENARIO("greet", "…") { co_await …; }`.
#define REPRISE_CO_SCENARIO(name, about, ...) \
  REPRISE_CO_SCENARIO_2(__COUNTER__, name, about __VA_OPT__(, ) __VA_ARGS__)
#define REPRISE_CO_SCENARIO_2(n, name, about, ...) \
  REPRISE_CO_SCENARIO_3(n, name, about __VA_OPT__(, ) __VA_ARGS__)
#define REPRISE_CO_SCENARIO_3(n, name, about, ...)                                      \
  static ::reprise::co_task<> reprise_scenario_##n();                                   \
  static const ::reprise::detail::scenario_registration reprise_registration_##n(       \
      ::reprise::scenario{name, about, nullptr, {__VA_ARGS__}, &reprise_scenario_##n}); \
  static ::reprise::co_task<> reprise_scenario_##n()
