#include <reprise/replay/replay_case.hpp>

#include "choice_keeper.hpp"
#include "steered_choices.hpp"

#include <reprise/core/choice_log.hpp>
#include <reprise/core/event_places.hpp>
#include <reprise/core/format.hpp>
#include <reprise/core/place.hpp>
#include <reprise/core/token.hpp>
#include <reprise/replay/trace.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <tuple>
#include <utility>

namespace reprise {

const char* to_string(replay_outcome o) noexcept {
  switch (o) {
    case replay_outcome::same:
      return "same";
    case replay_outcome::found_again:
      return "found again";
    case replay_outcome::other_failure:
      return "other failure";
    case replay_outcome::fixed:
      return "fixed";
    case replay_outcome::drifted:
      return "drifted";
    case replay_outcome::diverged:
      return "diverged";
  }
  return "unknown";
}

namespace {

/// Keeps the first events of a run, as a case file tells them, and passes all on.
class event_keeper final : public trace_sink {
public:
  explicit event_keeper(trace_sink* next = nullptr) : next_(next) {}
  void on_event(const trace_event& event) override {
    if (events.size() < most_case_events) events.push_back(case_event(event));
    ++count;
    if (next_ && (event.user || next_->wants_scheduler_events())) next_->on_event(event);
  }
  void on_time(duration from, duration to) override {
    if (next_) next_->on_time(from, to);
  }
  void on_deadlock(duration at) override {
    if (next_) next_->on_deadlock(at);
  }
  std::vector<std::string> events;
  std::size_t count = 0;

private:
  trace_sink* next_;
};

/// Hears of one event, the `wanted`th, what it is and which code told it.
class place_finder final : public trace_sink {
public:
  explicit place_finder(std::size_t wanted) : wanted_(wanted) {}
  void on_event(const trace_event& event) override {
    if (++count_ != wanted_) return;
    text = case_event(event);
    place = detail::place_of(event.place);
  }
  std::string text;
  std::string place;

private:
  std::size_t wanted_;
  std::size_t count_ = 0;
};

std::optional<event_difference> first_difference(const std::vector<std::string>& recorded,
                                                 const event_keeper& now) {
  const auto [a, b] = std::ranges::mismatch(recorded, now.events);
  if (a == recorded.end() && b == now.events.end()) return std::nullopt;
  // Of a longer run only the first events are kept.
  if (a == recorded.end() && recorded.size() == most_case_events) return std::nullopt;
  return event_difference{static_cast<std::size_t>(a - recorded.begin()) + 1,
                          a == recorded.end() ? "" : *a, b == now.events.end() ? "" : *b};
}

/// Those that are not the simplest, and of the workload's words what is said of them.
std::vector<choice> worth_keeping(const std::vector<choice>& log) {
  std::vector<choice> some;
  std::ranges::copy_if(log, std::back_inserter(some), [](const choice& c) { return c.value != 0; });
  return some;
}

std::string told(const choice& c, const std::map<std::uint64_t, std::string>& tasks) {
  if (c.kind == choice_kind::random)
    return fmt::format("word {} of the workload's generator is {}", c.label.count, c.value);
  if (c.kind == choice_kind::user) return fmt::format("a draw of {} below {}", c.value, c.bound);
  const auto found = tasks.find(c.label.path);
  const std::string who = c.label.path == 0      ? "a callback"
                          : found != tasks.end() ? found->second
                                                 : fmt::format("task {:016x}", c.label.path);
  return fmt::format("at {} {} of {}, point {}, candidate {} of {}",
                     c.label.count % 2 == 0 ? "the" : "a wait in", to_string(c.label.operation),
                     who, c.label.count, c.value + 1, c.bound);
}

}  // namespace

std::string detail::to_line(const std::string& event, const std::string& place) {
  if (event.empty()) return "(nothing: it has ended)";
  return place.empty() ? event : fmt::format("{}   ({})", event, place);
}

namespace {

/// The replay of one case.
class replayer {
public:
  replayer(const case_file& c, const replay_options& options, const detail::body_maker& make)
      : case_(c), options_(options), make_(make) {}

  case_replay run() {
    const bool same_build = !case_.build_id.empty() && case_.build_id == build_id();
    event_keeper events(options_.sink);
    config first = case_.run;
    first.sink = &events;
    result_.run = case_.run;
    result_.result = detail::run_box(first, make_());
    result_.runs = 1;
    if (result_.result.digest == case_.digest && result_.result.result == case_.result) {
      result_.outcome = replay_outcome::same;
      return std::move(result_);
    }
    if (!case_.events.empty()) result_.difference = first_difference(case_.events, events);
    if (same_build) {
      diverge();
    } else {
      best_effort();
    }
    return std::move(result_);
  }

private:
  void diverge() {
    result_.outcome = replay_outcome::diverged;
    std::string text = fmt::format(
        "the run is another one than the recorded one, of the same build: digest {}, recorded {}; "
        "{}, recorded {}",
        format_digest(result_.result.digest), format_digest(case_.digest),
        to_string(result_.result.result), to_string(case_.result));
    find_places();
    if (const auto& d = result_.difference)
      text += fmt::format("\n  first difference at event {}\n    recorded  {}\n    happened  {}",
                          format_count(d->event), detail::to_line(d->recorded, d->recorded_place),
                          detail::to_line(d->happened, d->happened_place));
    result_.result.result = verdict::diverged;
    result_.result.what = std::move(text);
  }

  /// Which code told the events that differ: by runs in which events know. They may be other runs
  /// again, so only what comes out as it did has a place.
  void find_places() {
    constexpr int most_runs = 8;
    if (!result_.difference) return;
    event_difference& d = *result_.difference;
    for (int i = 0; i < most_runs && (d.recorded_place.empty() || d.happened_place.empty()); ++i) {
      place_finder finder(d.event);
      config again = case_.run;
      again.sink = &finder;
      const bool before = std::exchange(detail::events_have_places, true);
      static_cast<void>(detail::run_box(again, make_()));
      detail::events_have_places = before;
      ++result_.runs;
      if (finder.text == d.recorded) d.recorded_place = finder.place;
      if (finder.text == d.happened) d.happened_place = finder.place;
    }
  }

  [[nodiscard]] bool fails_the_same(const report& r) const {
    return !r && failure_signature(r) == case_.signature;
  }

  void best_effort() {
    const bool failed = !result_.result;
    if (fails_the_same(result_.result)) {
      result_.outcome = replay_outcome::found_again;
      note_drift();
      return;
    }
    listed_ = worth_keeping(case_.run.choices ? *case_.run.choices : case_.log);
    if (note_drift() || near() || far()) {
      result_.outcome = replay_outcome::found_again;
    } else if (failed) {
      result_.outcome = replay_outcome::other_failure;
    } else {
      result_.outcome = result_.recorded > 0 && result_.fitted == 0 ? replay_outcome::drifted
                                                                    : replay_outcome::fixed;
    }
  }

  /// Takes what still fits, and says what does not. Whether that fails in the same way.
  bool note_drift() {
    if (listed_.empty())
      listed_ = worth_keeping(case_.run.choices ? *case_.run.choices : case_.log);
    result_.recorded = listed_.size();
    if (listed_.empty()) return false;
    const config options = by(listed_);
    listed_choices source(listed_, options.seed);
    config heard = options;
    heard.source = &source;
    const report r = detail::run_briefly(heard, make_());
    ++result_.runs;
    for (std::size_t i = 0; i < listed_.size(); ++i) {
      if (source.used()[i])
        ++result_.fitted;
      else
        result_.drift.push_back(told(listed_[i], case_.tasks));
    }
    return fails_the_same(r) && keep(options);
  }

  [[nodiscard]] config by(std::vector<choice> listed) const {
    config c = case_.run;
    if (c.schedule.kind().make) c.schedule = simplest();
    c.choices = std::make_shared<const std::vector<choice>>(std::move(listed));
    return c;
  }

  /// Runs `options`, and takes the run for the case's when it fails as that did.
  bool keep(const config& options) {
    const report r = detail::run_briefly(options, make_());
    ++result_.runs;
    if (!fails_the_same(r)) return false;
    result_.result = r;
    result_.run = options;
    return true;
  }

  [[nodiscard]] bool spent(std::uint64_t share) const { return result_.runs > share; }

  /// The recorded choices, one or all of them a little elsewhere: an edit shifts what comes after
  /// it in its task, and a task more shifts its younger siblings.
  bool near() {
    constexpr std::size_t most_moved = 16;
    const std::uint64_t share = options_.neighbours / 2;
    if (listed_.empty() || listed_.size() > most_moved) return false;
    constexpr std::uint32_t farthest = 12;
    for (std::uint32_t by_points = 1; by_points <= farthest; ++by_points) {
      for (const bool later : {true, false}) {
        const auto moved = [&](choice c) {
          if (c.kind == choice_kind::schedule)
            c.label.count = later ? c.label.count + by_points : c.label.count - by_points;
          return c;
        };
        std::vector<choice> all;
        for (const choice& c : listed_) all.push_back(moved(c));
        if (spent(share)) return false;
        if (keep(by(all))) return true;
        for (std::size_t i = 0; i < listed_.size() && listed_.size() > 1; ++i) {
          std::vector<choice> one = listed_;
          one[i] = moved(one[i]);
          if (spent(share)) return false;
          if (keep(by(one))) return true;
        }
      }
    }
    // One or two switches anywhere, for a case that needed no more.
    return few_switches(share);
  }

  bool few_switches(std::uint64_t share) {
    config trial = by({});
    if (!trial.schedule.kind().make) return false;
    const config plain = trial;
    trial.choices = nullptr;
    if (trial.step_limit == 0) trial.step_limit = 1'000'000;
    const auto taken_by = [&](const std::vector<detail::decision>& wishes) {
      detail::steered_choices source(wishes, trial.seed, 100'000);
      trial.source = &source;
      const report r = detail::run_briefly(trial, make_());
      trial.source = nullptr;
      ++result_.runs;
      return std::pair(source.taken(), fails_the_same(r));
    };
    const auto [base, failed] = taken_by({});
    if (failed) return keep(plain);
    for (const detail::decision& d : base) {
      for (std::uint64_t v = 1; v < d.taken.bound && v < 8; ++v) {
        if (spent(share)) return false;
        detail::decision wish = d;
        wish.taken.value = v;
        wish.by_value = true;
        const auto [taken, found] = taken_by({wish});
        if (!found) continue;
        std::vector<choice> list;
        for (const detail::decision& t : taken)
          if (t.taken.value != 0) list.push_back(t.taken);
        if (keep(by(std::move(list)))) return true;
      }
    }
    return false;
  }

  /// A search as for a new failure, from the case's seed.
  bool far() {
    if (options_.neighbours <= result_.runs) return false;
    search what{.seed = case_.run.seed,
                .runs = options_.neighbours - result_.runs,
                .keep_going = true,
                .time_limit = case_.run.time_limit,
                .step_limit = case_.run.step_limit,
                .stack_size = case_.run.stack_size,
                .detect = case_.run.detect,
                .scenario = case_.run.scenario,
                .params = case_.run.params};
    if (!case_.run.schedule.kind().make) what.schedule = fifo();
    const exploration all = detail::explore(what, make_);
    result_.runs += all.runs;
    const auto found =
        std::ranges::find_if(all.failures, [&](const report& r) { return fails_the_same(r); });
    if (found == all.failures.end()) return false;
    result_.run = decode_token(found->token);
    result_.result = *found;
    return true;
  }

  const case_file& case_;
  const replay_options& options_;
  const detail::body_maker& make_;
  case_replay result_;
  std::vector<choice> listed_;
};

}  // namespace

namespace detail {

case_file record_case(const report& failure, const body_maker& make) {
  case_file c = make_case(failure);
  const auto usual = source_of(c.run);
  choice_keeper recorder(*usual);
  event_keeper keeper;
  config options = c.run;
  options.source = &recorder;
  options.sink = &keeper;
  const report again = run_box(options, make());
  if (again.digest != failure.digest)
    throw error(fmt::format("two runs of the token {} differ: their digests are {} and {}.",
                            failure.token, format_digest(failure.digest),
                            format_digest(again.digest)));
  for (const decision& d : recorder.taken) c.log.push_back(d.taken);
  c.tasks = std::move(recorder.names);
  c.events = std::move(keeper.events);
  return c;
}

case_replay replay_case(const case_file& c, const replay_options& options, const body_maker& make) {
  return replayer(c, options, make).run();
}

}  // namespace detail
}  // namespace reprise
