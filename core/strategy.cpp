#include <reprise/core/strategy.hpp>

#include "engine.hpp"
#include "policies.hpp"

#include <reprise/core/errors.hpp>
#include <reprise/core/format.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <stdexcept>
#include <utility>

namespace reprise {

namespace {

constexpr strategy_kind fifo_kind{.id = 1,
                                  .name = "fifo",
                                  .about = "asyncio's order: first in, first out",
                                  .parameters = 0,
                                  .make = nullptr};

std::vector<const strategy_kind*>& registry() {
  using namespace detail;
  static std::vector<const strategy_kind*> kinds{
      &fifo_kind,       &random_walk_kind, &round_robin_kind,   &pct_kind,
      &pos_kind,        &surw_kind,        &delay_bounded_kind, &preemption_bounded_kind,
      &starvation_kind, &portfolio_kind,   &simplest_kind};
  return kinds;
}

/// "pct(depth)".
std::string form_of(const strategy_kind& kind) {
  std::string form(kind.name);
  for (std::size_t i = 0; i < kind.parameters; ++i)
    form += fmt::format("{}{}{}", i == 0 ? "(" : ",", kind.names.at(i),
                        i + 1 == kind.parameters ? ")" : "");
  return form;
}

[[noreturn]] void unknown_strategy(std::string_view text) {
  std::string forms;
  std::vector<std::string_view> names;
  for (const auto* k : registry()) {
    forms += (forms.empty() ? "" : ", ") + form_of(*k);
    names.push_back(k->name);
  }
  throw std::invalid_argument(fmt::format("there is no strategy '{}'.{} There are: {}.", text,
                                          did_you_mean(text.substr(0, text.find('(')), names),
                                          forms));
}

[[noreturn]] void malformed(std::string_view text, const strategy_kind& kind) {
  throw std::invalid_argument(fmt::format("strategy '{}' is not of the form {}{}.", text,
                                          form_of(kind),
                                          kind.parameters > 0 ? ", with whole numbers" : ""));
}

}  // namespace

strategy::strategy() noexcept : kind_(&fifo_kind) {}

strategy::strategy(const strategy_kind& kind, std::array<std::uint64_t, 2> parameters,
                   std::vector<std::uint64_t> learnt)
    : kind_(&kind), parameters_(parameters) {
  if (!learnt.empty())
    learnt_ = std::make_shared<const std::vector<std::uint64_t>>(std::move(learnt));
}

const std::vector<std::uint64_t>& strategy::learnt() const noexcept {
  static const std::vector<std::uint64_t> nothing;
  return learnt_ ? *learnt_ : nothing;
}

strategy fifo() noexcept { return strategy(fifo_kind); }

std::string strategy::to_string() const {
  std::string inside;
  for (std::size_t i = 0; i < kind_->parameters; ++i)
    inside += fmt::format("{}{}", i ? "," : "", parameters_[i]);
  const auto& numbers = learnt();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i == 0) inside += fmt::format("{}{}=", inside.empty() ? "" : ",", kind_->learnt);
    inside += fmt::format("{}{}", i ? "." : "", numbers[i]);
  }
  return inside.empty() ? std::string(kind_->name) : fmt::format("{}({})", kind_->name, inside);
}

namespace {

/// The numbers of a list, of which there is at least one. False when it is none.
bool read_numbers(std::string_view list, char separator, std::vector<std::uint64_t>& to) {
  for (;;) {
    const std::size_t end_of_one = std::min(list.find(separator), list.size());
    const auto [end, failure] =
        std::from_chars(list.data(), list.data() + end_of_one, to.emplace_back());
    if (failure != std::errc() || end != list.data() + end_of_one) return false;
    if (end_of_one == list.size()) return true;
    list.remove_prefix(end_of_one + 1);
  }
}

}  // namespace

strategy strategy::parse(std::string_view text) {
  const std::size_t open = text.find('(');
  const std::string_view name = text.substr(0, open);
  const auto found = std::ranges::find(registry(), name, &strategy_kind::name);
  if (found == registry().end()) unknown_strategy(text);
  const strategy_kind& kind = **found;
  std::vector<std::uint64_t> given, learnt;
  if (open != std::string_view::npos) {
    if (text.back() != ')') malformed(text, kind);
    std::string_view list = text.substr(open + 1, text.size() - open - 2);
    if (const std::size_t sign = list.find('='); sign != std::string_view::npos) {
      const std::size_t comma = list.substr(0, sign).rfind(',');
      const std::size_t begin = comma == std::string_view::npos ? 0 : comma + 1;
      if (kind.learnt.empty() || list.substr(begin, sign - begin) != kind.learnt ||
          !read_numbers(list.substr(sign + 1), '.', learnt))
        malformed(text, kind);
      list = list.substr(0, begin == 0 ? 0 : begin - 1);
    }
    if (!list.empty() && !read_numbers(list, ',', given)) malformed(text, kind);
  }
  if (given.size() > kind.parameters)
    throw std::invalid_argument(fmt::format("strategy '{}' takes {} parameter(s), '{}' gives {}.",
                                            kind.name, kind.parameters, text, given.size()));
  for (std::size_t i = 0; i < given.size(); ++i)
    if (given[i] < kind.least.at(i))
      throw std::invalid_argument(
          fmt::format("strategy '{}' is out of range: its {} is {} or more.", text,
                      kind.names.at(i), kind.least.at(i)));
  std::array<std::uint64_t, 2> parameters = kind.defaults;
  std::ranges::copy(given, parameters.begin());
  return strategy(kind, parameters, std::move(learnt));
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
class seeded_source final : public restartable_choices {
public:
  void begin(std::uint64_t seed, const strategy& s) override {
    seed_ = seed;
    random_.reset();
    fault_.reset();
    if (!users_.empty()) users_.clear();
    if (s.wants_profile())
      begin_as(s.resolved({}, seed));
    else
      begin_as(s);
  }
  std::uint64_t take(choice_kind kind, const choice_label& label, std::uint64_t bound) override {
    switch (kind) {
      case choice_kind::fault:
        return begun(fault_, "fault").below(bound);
      case choice_kind::user: {
        const auto found = users_.try_emplace(label.path, seed_, label.path).first;
        return found->second.below(bound);
      }
      default:
        return begun(random_, "random").below(bound);
    }
  }
  std::size_t take_schedule(const choice_label&, const candidate_list& candidates) override {
    return policy_ ? policy_->pick(candidates) : 0;
  }
  [[nodiscard]] scheduling_policy* policy() noexcept override { return policy_; }
  [[nodiscard]] bool follows() const noexcept override { return follows_; }
  void ran(std::uint32_t task, const operation& op) noexcept override {
    if (follows_) policy_->ran(task, op);
  }

private:
  void begin_as(const strategy& how) {
    policy_ = policy_of(how.kind());
    follows_ = how.kind().follows;
    static constexpr std::uint64_t purpose = stream::hash("schedule");
    if (policy_) policy_->begin(stream(seed_, purpose), how);
  }
  /// Few runs draw from each, and a stream costs a hundred instructions to begin.
  stream& begun(std::optional<stream>& s, std::string_view purpose) const {
    if (!s) s.emplace(seed_, purpose);
    return *s;
  }
  /// One of each kind, so that a search that goes from kind to kind makes none anew.
  scheduling_policy* policy_of(const strategy_kind& kind) {
    if (!kind.make) return nullptr;
    for (const auto& [known, policy] : policies_)
      if (known == &kind) return policy.get();
    return policies_.emplace_back(&kind, kind.make()).second.get();
  }

  std::uint64_t seed_ = 0;
  scheduling_policy* policy_ = nullptr;
  bool follows_ = false;
  std::optional<stream> random_;
  std::optional<stream> fault_;
  std::map<std::uint64_t, stream> users_;  // by the hash of the name
  std::vector<std::pair<const strategy_kind*, std::unique_ptr<scheduling_policy>>> policies_;
};

}  // namespace

std::unique_ptr<restartable_choices> make_seeded_source() {
  return std::make_unique<seeded_source>();
}

std::unique_ptr<choice_source> make_seeded_source(std::uint64_t seed, const strategy& s) {
  auto source = std::make_unique<seeded_source>();
  source->begin(seed, s);
  return source;
}

}  // namespace detail
}  // namespace reprise
