#include <reprise/replay/explain.hpp>

#include "choice_keeper.hpp"
#include "steered_choices.hpp"

#include <reprise/core/choice_log.hpp>
#include <reprise/core/virtual_clock.hpp>
#include <reprise/replay/case_file.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>
#include <tuple>
#include <utility>

namespace reprise::detail {

namespace {

/// A choice of the run, and who stood there.
struct stop {
  decision taken;
  duration at{0};
  std::string task;
};

std::string name_of(const choice_target& t) {
  return t.callback ? "a callback" : fmt::format("Task-{}", t.number);
}

/// Takes what a run took up to a choice, then perhaps another value, then what another source says.
class forked_choices final : public choice_source {
public:
  forked_choices(const std::vector<stop>& run, std::size_t until, choice_source& then)
      : run_(run), until_(until), then_(then) {}
  /// At the fork this is taken, and `next` says who runs.
  std::optional<std::uint64_t> instead;
  std::string next;

  std::uint64_t take(choice_kind kind, const choice_label& label, std::uint64_t bound) override {
    if (const auto value = given(bound)) return *value;
    return then_.take(kind, label, bound);
  }
  std::size_t take_schedule(const choice_label& label, const candidate_list& candidates) override {
    const bool at_fork = at_ == until_;
    if (const auto value = given(candidates.size())) {
      const auto i = static_cast<std::size_t>(*value);
      if (at_fork) next = name_of(choice_target::of(candidates[i]));
      return i;
    }
    return then_.take_schedule(label, candidates);
  }
  void workload(std::span<std::uint32_t> words) noexcept override { then_.workload(words); }

private:
  std::optional<std::uint64_t> given(std::uint64_t bound) {
    const std::size_t i = at_++;
    if (i < until_) return std::min(run_[i].taken.taken.value, bound - 1);
    if (i == until_ && instead && *instead < bound) return instead;
    return std::nullopt;
  }
  const std::vector<stop>& run_;
  std::size_t until_;
  choice_source& then_;
  std::size_t at_ = 0;
};

/// What a random future takes: the schedule at random, draws from its own seed, the workload's
/// words as in the run that is explained.
class future_choices final : public choice_source {
public:
  future_choices(std::uint64_t seed, choice_source& words)
      : random_(seeded_choices(seed, random_walk())), words_(words) {}
  std::uint64_t take(choice_kind kind, const choice_label& label, std::uint64_t bound) override {
    return random_->take(kind, label, bound);
  }
  std::size_t take_schedule(const choice_label& label, const candidate_list& candidates) override {
    return random_->take_schedule(label, candidates);
  }
  void workload(std::span<std::uint32_t> words) noexcept override { words_.workload(words); }

private:
  std::unique_ptr<choice_source> random_;
  choice_source& words_;
};

class explainer {
public:
  explainer(const config& failing, const explain_options& options, const body_maker& make)
      : options_(options), make_(make) {
    result_.simplest = shrink(failing, options.shrink, make);
    result_.runs = result_.simplest.runs;
    result_.futures = options.futures;
    trial_ = result_.simplest.run;
    usual_ = source_of(result_.simplest.run);
  }

  explanation run() {
    follow();
    trial_.choices = nullptr;
    if (trial_.step_limit == 0) trial_.step_limit = 10 * result_.simplest.result.steps + 10'000;
    weigh();
    decide();
    return std::move(result_);
  }

private:
  /// The run itself, choice by choice.
  void follow() {
    struct follower final : choice_source {
      explicit follower(choice_source& inner) : from(inner) {}
      std::uint64_t take(choice_kind kind, const choice_label& label,
                         std::uint64_t bound) override {
        const std::uint64_t value = from.take(kind, label, bound);
        add({.taken = {kind, label, bound, value}});
        return value;
      }
      std::size_t take_schedule(const choice_label& label, const candidate_list& c) override {
        const std::size_t value = from.take_schedule(label, c);
        add({.taken = {choice_kind::schedule, label, c.size(), value},
             .preemptible = c.running_goes_on(),
             .target = choice_target::of(c[value])});
        return value;
      }
      void workload(std::span<std::uint32_t> words) noexcept override { from.workload(words); }
      [[nodiscard]] bool follows() const noexcept override { return from.follows(); }
      void ran(std::uint32_t task, const operation& op) noexcept override { from.ran(task, op); }
      void add(const decision& d) {
        stops.push_back({d, virtual_clock::now().time_since_epoch(), name_of_chooser()});
      }
      choice_source& from;
      std::vector<stop> stops;
    } source(*usual_);
    config options = trial_;
    options.source = &source;
    const report r = run_briefly(options, make_());
    ++result_.runs;
    stops_ = std::move(source.stops);
    // What the teardown chose is no cause: the failure had happened.
    static_cast<void>(r);
  }

  [[nodiscard]] bool fails(const report& r) const {
    return !r && failure_signature(r) == result_.simplest.signature;
  }

  report run_by(choice_source& source) {
    config options = trial_;
    options.source = &source;
    ++result_.runs;
    return run_briefly(options, make_());
  }

  [[nodiscard]] std::unique_ptr<choice_source> words() const {
    return source_of(result_.simplest.run);
  }

  /// How many of the random futures after the first `taken` choices fail in the same way.
  std::uint64_t failing_futures(std::size_t taken) {
    std::uint64_t failed = 0;
    for (std::uint64_t i = 0; i < options_.futures; ++i) {
      const auto first_words = words();
      future_choices future(stream::mix(taken * 1'000'003 + i), *first_words);
      forked_choices source(stops_, taken, future);
      failed += fails(run_by(source)) ? 1u : 0u;
    }
    return failed;
  }

  /// Which choices are looked at: those that are not the simplest, and others between them.
  [[nodiscard]] std::vector<std::size_t> points() const {
    std::set<std::size_t> some;
    const std::size_t n = stops_.size();
    for (std::size_t i = 0; i < n && some.size() < options_.points; ++i)
      if (stops_[i].taken.taken.value != 0) some.insert(i);
    const std::size_t rest = options_.points - std::min(options_.points, some.size());
    for (std::size_t k = 0; k < std::min(rest, n); ++k)
      some.insert(n <= rest ? k : k * n / std::max<std::size_t>(1, rest));
    return {some.begin(), some.end()};
  }

  void weigh() {
    result_.failed_at_start = failing_futures(0);
    std::size_t known = 0;
    std::uint64_t failed = result_.failed_at_start;
    for (const std::size_t i : points()) {
      const stop& s = stops_[i];
      explained_choice e;
      e.taken = s.taken.taken;
      e.at = s.at;
      e.task = s.task;
      if (e.taken.kind == choice_kind::schedule) e.next = name_of(s.taken.target);
      e.failed_before = known == i ? failed : failing_futures(i);
      e.failed_after = failed = failing_futures(i + 1);
      known = i + 1;
      find_cure(i, e);
      result_.choices.push_back(std::move(e));
    }
  }

  /// Another value there, and the rest as it was where it still fits.
  void find_cure(std::size_t i, explained_choice& e) {
    constexpr std::uint64_t most = 8;
    std::vector<decision> rest;
    for (std::size_t k = i + 1; k < stops_.size(); ++k)
      if (stops_[k].taken.taken.value != 0) rest.push_back(stops_[k].taken);
    for (std::uint64_t v = 0; v < std::min(e.taken.bound, most); ++v) {
      if (v == e.taken.value) continue;
      steered_choices as_it_was(rest, trial_.seed, 100'000);
      const auto first_words = words();
      struct with_words final : choice_source {
        with_words(choice_source& c, choice_source& w) : choices(c), words(w) {}
        std::uint64_t take(choice_kind kind, const choice_label& label,
                           std::uint64_t bound) override {
          return choices.take(kind, label, bound);
        }
        std::size_t take_schedule(const choice_label& label, const candidate_list& c) override {
          return choices.take_schedule(label, c);
        }
        void workload(std::span<std::uint32_t> first) noexcept override { words.workload(first); }
        choice_source& choices;
        choice_source& words;
      } then(as_it_was, *first_words);
      forked_choices source(stops_, i, then);
      source.instead = v;
      const report r = run_by(source);
      if (fails(r) || (e.cure && !r)) continue;
      e.cure = v;
      e.cured_next = source.next;
      e.cure_passes = r.result == verdict::passed;
      if (e.cure_passes) return;
    }
  }

  void decide() {
    const auto& all = result_.choices;
    // What is not the simplest is answerable for all that follows by itself: up to the next such
    // choice, or to the failure.
    std::vector<std::size_t> switches;
    for (std::size_t i = 0; i < all.size(); ++i)
      if (all[i].taken.value != 0) switches.push_back(i);
    std::uint64_t most = 0;
    const auto weigh_one = [&](std::size_t i, std::uint64_t before, std::uint64_t after) {
      if (after <= before || after - before <= most) return;
      most = after - before;
      result_.deciding = i;
    };
    for (std::size_t k = 0; k < switches.size(); ++k)
      weigh_one(switches[k], all[switches[k]].failed_before,
                k + 1 < switches.size() ? all[switches[k + 1]].failed_before : options_.futures);
    // Where most futures fail anyway: the last without which this run does not.
    if (!result_.deciding && !switches.empty()) result_.deciding = switches.back();
    if (switches.empty())
      for (std::size_t i = 0; i < all.size(); ++i)
        weigh_one(i, all[i].failed_before, all[i].failed_after);
    // One that makes it pass before one after which it fails otherwise; the nearest; of two as near
    // one that is not the simplest, then the earlier.
    const std::size_t around = result_.deciding.value_or(0);
    std::optional<std::tuple<bool, std::size_t, bool>> nearest;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (!all[i].cure) continue;
      const std::tuple distance(!all[i].cure_passes, i > around ? i - around : around - i,
                                all[i].taken.value == 0);
      if (nearest && *nearest <= distance) continue;
      nearest = distance;
      result_.curing = i;
    }
  }

  const explain_options& options_;
  const body_maker& make_;
  explanation result_;
  config trial_;
  std::unique_ptr<choice_source> usual_;
  std::vector<stop> stops_;
};

}  // namespace

explanation explain(const config& failing, const explain_options& options, const body_maker& make) {
  return explainer(failing, options, make).run();
}

}  // namespace reprise::detail
