#include <reprise/replay/scenario.hpp>

#include <reprise/core/errors.hpp>
#include <reprise/core/format.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace reprise {

namespace {

std::vector<scenario>& registry() {
  static std::vector<scenario>
      all;  // a function's own, because registrations run before main, in any order
  return all;
}

}  // namespace

const std::vector<scenario>& scenarios() {
  auto& all = registry();
  std::ranges::sort(all, {}, &scenario::name);
  const auto twin = std::ranges::adjacent_find(all, {}, &scenario::name);
  if (twin != all.end())
    throw error(fmt::format("two scenarios have the name '{}'. Rename one of them.", twin->name));
  return all;
}

const scenario& find_scenario(std::string_view name) {
  const auto& all = scenarios();
  const auto found = std::ranges::find(all, name, &scenario::name);
  if (found != all.end()) return *found;
  std::string text = fmt::format("there is no scenario '{}'.", name);
  std::vector<std::string_view> names;
  for (const auto& one : all) names.push_back(one.name);
  text += did_you_mean(name, names);
  text +=
      all.empty() ? " This program has none." : fmt::format(" `list` shows all {}.", all.size());
  throw std::invalid_argument(text);
}

config options_for(const scenario& s, config options) {
  options.scenario = s.name;
  for (const auto& [name, value] : options.params) {
    if (std::ranges::find(s.parameters, name, &parameter::name) != s.parameters.end()) continue;
    std::string text = fmt::format("scenario '{}' has no parameter '{}'.", s.name, name);
    if (s.parameters.empty()) {
      text += " It has none.";
    } else {
      text += " It has:";
      for (const auto& p : s.parameters)
        text += fmt::format(" {}{}", p.name, &p == &s.parameters.back() ? "." : ",");
    }
    throw std::invalid_argument(text);
  }
  for (const auto& p : s.parameters) options.params.try_emplace(p.name, p.initial);
  return options;
}

namespace detail {
scenario_registration::scenario_registration(scenario s) { registry().push_back(std::move(s)); }
}  // namespace detail

}  // namespace reprise
