#include <reprise/core/strategy.hpp>

#include "engine.hpp"

#include <reprise/core/errors.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <stdexcept>

namespace reprise {

namespace {

class random_walk_policy final : public scheduling_policy {
public:
  explicit random_walk_policy(stream s) : stream_(s) {}
  std::size_t pick(const candidate_list& candidates) override {
    return stream_.below(candidates.size());
  }

private:
  stream stream_;
};

class round_robin_policy final : public scheduling_policy {
public:
  std::size_t pick(const candidate_list& candidates) override {
    // The next greater task number after the last one, else the least; callbacks, which have none,
    // in the order of the queue.
    std::size_t next = candidates.size(), least = 0;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const std::uint32_t task = candidates[i].task;
      if (task < candidates[least].task) least = i;
      if (task > last_ && (next == candidates.size() || task < candidates[next].task)) next = i;
    }
    const std::size_t chosen = next < candidates.size() ? next : least;
    last_ = candidates[chosen].task;
    return chosen;
  }

private:
  std::uint32_t last_ = 0;
};

constexpr strategy_kind fifo_kind{1, "fifo", "asyncio's order: first in, first out", 0, nullptr};
constexpr strategy_kind random_walk_kind{
    2, "random_walk", "each task that could run is equally likely", 0,
    [](stream s, const std::array<std::uint64_t, 2>&) -> std::unique_ptr<scheduling_policy> {
      return std::make_unique<random_walk_policy>(s);
    }};
constexpr strategy_kind round_robin_kind{
    3, "round_robin", "the next task by number, around and around", 0,
    [](stream, const std::array<std::uint64_t, 2>&) -> std::unique_ptr<scheduling_policy> {
      return std::make_unique<round_robin_policy>();
    }};

std::vector<const strategy_kind*>& registry() {
  static std::vector<const strategy_kind*> kinds{&fifo_kind, &random_walk_kind, &round_robin_kind};
  return kinds;
}

[[noreturn]] void unknown_strategy(std::string_view text) {
  std::string names;
  for (const auto* k : registry()) {
    if (!names.empty()) names += ", ";
    names += k->name;
    if (k->parameters > 0) names += "(…)";
  }
  throw std::invalid_argument(
      fmt::format("there is no strategy '{}'. There are: {}.", text, names));
}

}  // namespace

strategy::strategy() noexcept : kind_(&fifo_kind) {}

strategy fifo() noexcept { return strategy(fifo_kind); }
strategy random_walk() noexcept { return strategy(random_walk_kind); }
strategy round_robin() noexcept { return strategy(round_robin_kind); }

std::string strategy::to_string() const {
  std::string text(kind_->name);
  if (kind_->parameters == 0) return text;
  text += '(';
  for (std::size_t i = 0; i < kind_->parameters; ++i)
    text += fmt::format("{}{}", i ? "," : "", parameters_[i]);
  return text + ')';
}

strategy strategy::parse(std::string_view text) {
  const std::size_t open = text.find('(');
  const std::string_view name = text.substr(0, open);
  const auto found = std::ranges::find(registry(), name, &strategy_kind::name);
  if (found == registry().end()) unknown_strategy(text);
  const strategy_kind& kind = **found;
  std::array<std::uint64_t, 2> parameters{};
  std::size_t count = 0;
  if (open != std::string_view::npos) {
    if (text.back() != ')') unknown_strategy(text);
    std::string_view list = text.substr(open + 1, text.size() - open - 2);
    while (!list.empty()) {
      const std::size_t comma = list.find(',');
      const std::string_view number = list.substr(0, comma);
      if (count == parameters.size()) unknown_strategy(text);
      const auto [end, failure] =
          std::from_chars(number.data(), number.data() + number.size(), parameters[count++]);
      if (failure != std::errc() || end != number.data() + number.size()) unknown_strategy(text);
      if (comma == std::string_view::npos) break;
      list.remove_prefix(comma + 1);
    }
  }
  if (count > kind.parameters)
    throw std::invalid_argument(fmt::format("strategy '{}' takes {} parameter(s), '{}' gives {}.",
                                            kind.name, kind.parameters, text, count));
  return strategy(kind, parameters);
}

const std::vector<const strategy_kind*>& strategies() { return registry(); }

void register_strategy(const strategy_kind& kind) {
  for (const auto* k : registry())
    if (k->id == kind.id || k->name == kind.name)
      throw error(fmt::format("strategy '{}' (id {}) is registered twice", kind.name, kind.id));
  registry().push_back(&kind);
  std::ranges::sort(registry(), {}, &strategy_kind::id);
}

namespace detail {

namespace {

/// Choices from streams split from the seed by purpose.
class seeded_source final : public choice_source {
public:
  seeded_source(std::uint64_t seed, const strategy& s)
      : seed_(seed), random_(seed, "random"), fault_(seed, "fault") {
    if (s.kind().make) policy_ = s.kind().make(stream(seed, "schedule"), s.parameters());
  }
  std::uint64_t take(choice_kind kind, const choice_label& label, std::uint64_t bound) override {
    switch (kind) {
      case choice_kind::fault:
        return fault_.below(bound);
      case choice_kind::user: {
        const auto found = users_.try_emplace(label.path, seed_, label.path).first;
        return found->second.below(bound);
      }
      default:
        return random_.below(bound);
    }
  }
  std::size_t take_schedule(const choice_label&, const candidate_list& candidates) override {
    return policy_ ? policy_->pick(candidates) : 0;
  }

private:
  std::uint64_t seed_;
  std::unique_ptr<scheduling_policy> policy_;
  stream random_;
  stream fault_;
  std::map<std::uint64_t, stream> users_;  // by the hash of the name
};

}  // namespace

std::unique_ptr<choice_source> make_seeded_source(std::uint64_t seed, const strategy& s) {
  return std::make_unique<seeded_source>(seed, s);
}

}  // namespace detail
}  // namespace reprise
