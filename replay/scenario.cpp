#include <reprise/replay/scenario.hpp>

#include <reprise/core/errors.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace reprise {

namespace {

std::vector<scenario>& registry() {
  static std::vector<scenario>
      all;  // a function's own, because registrations run before main, in any order
  return all;
}

/// How many letters must change, go or come. Source: Wagner and Fischer, 1974.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
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
  const scenario* nearest = nullptr;
  std::size_t least = name.size() / 3 + 2;
  for (const auto& s : all) {
    const std::size_t distance = edit_distance(name, s.name);
    if (distance < least || (!nearest && !name.empty() && s.name.find(name) != std::string::npos)) {
      least = std::min(least, distance);
      nearest = &s;
    }
  }
  if (nearest) text += fmt::format(" Did you mean '{}'?", nearest->name);
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
