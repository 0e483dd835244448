#include <reprise/properties/property_search.hpp>

#include <reprise/core/format.hpp>
#include <reprise/core/profile.hpp>
#include <reprise/core/stream.hpp>
#include <reprise/core/token.hpp>
#include <reprise/properties/test_case.hpp>
#include <reprise/replay/shrink.hpp>
#include <reprise/replay/tally.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <ostream>
#include <utility>

namespace reprise {

std::ostream& operator<<(std::ostream& to, const property_result& result) {
  return to << result.message;
}

namespace detail {

namespace {

constexpr std::string_view case_parameter = "v";  // of the token
constexpr std::uint64_t most_discards_per_case = 10;

/// What makes failures of different values the same one: how they ended, and where or with which
/// exception. Their texts may hold the values.
std::string kind_of(const report& r) {
  std::string kind = to_string(r.result);
  kind += ' ' + r.exception;
  if (const std::size_t at = r.what.find("\n  at "); at != std::string::npos)
    kind += r.what.substr(at, r.what.find('\n', at + 1) - at);
  return kind;
}

/// The search for a failure, and for a smaller one.
class property_search {
public:
  property_search(std::string_view name, const property_options& options, property_body& body)
      : options_(options), body_(body), tally_(options.marks) {
    result_.name = name;
  }

  property_result search(const std::string& repeat) {
    const std::uint64_t runs = options_.schedule.kind().make ? options_.runs_per_case : 1;
    for (std::uint64_t c = 0; result_.cases < options_.cases && !failing_; ++c) {
      if (result_.discarded > most_discards_per_case * options_.cases) {
        result_.gave_up = true;
        break;
      }
      if (try_case(c, std::max<std::uint64_t>(runs, 1))) ++result_.cases;
    }
    if (failing_ && options_.shrink_runs > 0) {
      shrinking_ = true;
      make_smaller();
    }
    conclude(repeat);
    return std::move(result_);
  }

  property_result replay(const config& wanted) {
    const auto at = wanted.params.find(case_parameter);
    const drawn_case values =
        drawn_case::parse(at == wanted.params.end() ? std::string_view() : at->second);
    if (!body_.begin(values))
      throw bad_token(fmt::format(
          "the token is of the property '{}' as it was: its values are not there any more.",
          result_.name));
    result_.cases = 1;
    if (report r = run_once(wanted); !r) failing_ = {values, wanted, std::move(r), body_.text()};
    conclude({});
    return std::move(result_);
  }

private:
  struct failing_run {
    drawn_case values;
    config how;
    report what;
    std::string text;  // of the values
  };

  /// A run of `values`, otherwise as `how`.
  [[nodiscard]] config config_of(const drawn_case& values, const config& how) const {
    config all = how;
    all.params.insert_or_assign(std::string(case_parameter), values.to_string());
    return all;
  }
  [[nodiscard]] config config_of(std::uint64_t seed, const strategy& schedule) const {
    return {.seed = seed,
            .schedule = schedule.resolved(seen_, seed),
            .time_limit = options_.time_limit,
            .step_limit = options_.step_limit,
            .stack_size = options_.stack_size,
            .scenario = name_in_token(result_.name),
            .detect = options_.detect};
  }

  /// `f(body)`, by the kind of the body that a run takes.
  template <class F>
  auto with_body_of_run(F f) {
    if (body_.is_coroutine()) {
      auto body = [this]() -> co_task<void> { discarded_ = !co_await body_.co_call(); };
      return f(body);
    }
    auto body = [this] { discarded_ = !body_.call(); };
    return f(body);
  }
  report run_once(const config& how) {
    ++result_.runs;
    if (shrinking_) ++result_.shrink_runs;
    discarded_ = false;
    report r = with_body_of_run([&](auto& body) { return run(how, body); });
    if (!shrinking_ && !discarded_) tally_.add(r);
    return r;
  }

  /// False when it was discarded.
  bool try_case(std::uint64_t number, std::uint64_t runs) {
    const std::uint64_t last = std::max<std::uint64_t>(options_.cases, 2) - 1;
    const drawn_case values{
        .seed = stream::mix(options_.seed ^ stream::mix(number)) >> 32,  // short in a token
        .size = static_cast<int>(std::min(number, last) *
                                 static_cast<std::uint64_t>(std::max(options_.max_size, 0)) / last),
        .shrinks = {}};
    if (!body_.begin(values)) return discard();
    seen_ = {};
    for (std::uint64_t i = 0; i < runs; ++i) {
      const std::uint64_t seed = options_.seed + number * runs + i;
      const config how = config_of(seed, i == 0 ? fifo() : options_.schedule);
      if (how.schedule.wants_profile() && seen_.runs == 0 ? fails_and_teaches(values, seed)
                                                          : fails(values, how))
        return true;
      if (discarded_) return discard();
    }
    return true;
  }
  /// What a strategy wants to know, the first run that would follow it finds out, under `pos()`:
  /// with other values the program is another one.
  bool fails_and_teaches(const drawn_case& values, std::uint64_t seed) {
    config how = config_of(seed, pos());
    profiler learning(how.seed, how.schedule);
    how.source = &learning;
    const bool failed = fails(values, how);
    if (failed) failing_->how.source = nullptr;
    seen_.merge(learning.learnt());
    return failed;
  }
  bool discard() {
    ++result_.discarded;
    return false;
  }

  /// Whether they fail so, and, once there is a failure, in the same way; keeps it then.
  bool fails(const drawn_case& values, const config& how) {
    const config all = config_of(values, how);
    report r = run_once(all);
    if (r || discarded_ || !body_.followed()) return false;
    if (failing_ && kind_of(r) != kind_of(failing_->what)) return false;
    failing_ = {values, all, std::move(r), body_.text()};
    failing_->values.shrinks.resize(body_.draws());
    return true;
  }

  [[nodiscard]] bool may_run() const { return result_.shrink_runs < options_.shrink_runs; }

  void make_smaller() {
    // Fewer values may need another schedule, and another schedule allow fewer values.
    while (may_run()) {
      const bool values = shrink_values();
      const bool schedule = simplify_schedule();
      if (!values && !schedule) return;
    }
  }

  /// Takes the first shrink of a draw that still fails, and the first of that one's, until none
  /// does. Whether any did.
  bool shrink_values() {
    bool any = false;
    for (std::size_t draw = 0; draw < failing_->values.shrinks.size(); ++draw) {
      for (std::uint32_t i = 0; may_run();) {
        drawn_case smaller = failing_->values;
        smaller.shrinks[draw].push_back(i);
        const tried how = try_smaller(smaller);
        if (how == tried::no_such) break;
        any = any || how == tried::fails;
        i = how == tried::fails ? 0 : i + 1;
      }
    }
    return any;
  }

  enum class tried : std::uint8_t { no_such, passes, fails };
  /// As it failed before, then as `fifo()` has it, then under some other seeds.
  tried try_smaller(const drawn_case& values) {
    if (!body_.begin(values)) return tried::no_such;
    constexpr std::uint64_t others = 24;
    const config last = failing_->how;
    if (fails(values, last)) return tried::fails;
    if (!body_.followed()) return tried::no_such;
    if (discarded_) return tried::passes;
    // A failure that `fifo()` has, it very likely has with smaller values.
    if (last.schedule == fifo()) return tried::passes;
    if (fails(values, config_of(last.seed, fifo()))) return tried::fails;
    for (std::uint64_t i = 0; i < others && may_run(); ++i) {
      const std::uint64_t seed = options_.seed + i;
      // Small programs mostly fail with one preemption in the right place.
      const strategy how = i % 2 == 0 ? preemption_bounded(1) : options_.schedule;
      if (fails(values, config_of(seed, how))) return tried::fails;
    }
    return tried::passes;
  }

  /// The same values with fewer choices that are not the simplest, where that goes.
  bool simplify_schedule() {
    if (!may_run() || !body_.begin(failing_->values)) return false;
    shrinking simpler = with_body_of_run([&](auto& body) {
      return shrink_run(failing_->how, body, {.runs = options_.shrink_runs - result_.shrink_runs});
    });
    result_.runs += simpler.runs;
    result_.shrink_runs += simpler.runs;
    const bool any = simpler.choices < simpler.choices_before;
    failing_->how = std::move(simpler.run);
    failing_->what = std::move(simpler.result);
    return any;
  }

  void conclude(const std::string& repeat) {
    if (result_.gave_up) {
      result_.message = fmt::format(
          "property \"{}\": gave up, {} of {} cases did not meet its precondition; draw values "
          "that do",
          result_.name, format_count(result_.discarded),
          format_count(result_.discarded + result_.cases));
    }
    result_.lacks_marks = options_.require_marks && !failing_ && !tally_.all_reached();
    result_.marks = std::move(tally_.marks);
    result_.warnings = std::move(tally_.warnings);
    if (!failing_) {
      if (result_.message.empty())
        result_.message = fmt::format("property \"{}\": {} cases and {} runs {}", result_.name,
                                      format_count(result_.cases), format_count(result_.runs),
                                      result_.lacks_marks ? "reached not every mark" : "passed");
      tell_of_marks();
      return;
    }
    result_.failure = std::move(failing_->what);
    result_.counterexample = std::move(failing_->text);
    result_.message = fmt::format("property \"{}\" failed after {} case{}, {} runs", result_.name,
                                  format_count(result_.cases), result_.cases == 1 ? "" : "s",
                                  format_count(result_.runs - result_.shrink_runs));
    if (result_.shrink_runs > 0)
      result_.message +=
          fmt::format(", made smaller in {} more", format_count(result_.shrink_runs));
    result_.message += "\n  with ";
    for (const char c : result_.counterexample)
      result_.message += c == '\n' ? "\n       " : std::string(1, c);
    result_.message = failure_message(result_.message, *result_.failure);
    if (!repeat.empty()) result_.message += "\n  search again: " + repeat + ' ' + this_test();
  }

  void tell_of_marks() {
    for (const mark_count& m : result_.marks)
      if (!m.reached()) result_.message += fmt::format("\n  never reached: {}", m.name);
    for (const found_warning& w : result_.warnings)
      result_.message += fmt::format("\n  warning in {} of the runs: {}\n    token: {}",
                                     format_count(w.runs), w.seen.what, w.token);
  }

  const property_options& options_;
  property_body& body_;
  profile seen_;  // of runs with the present values
  tally tally_;
  property_result result_;
  std::optional<failing_run> failing_;
  bool shrinking_ = false;
  bool discarded_ = false;  // the last run
};

}  // namespace

std::string drawn_case::to_string() const {
  std::string text = fmt::format("{:x}:{}:", seed, size);
  for (std::size_t i = 0; i < shrinks.size(); ++i) {
    if (i > 0) text += ';';
    const auto& path = shrinks[i];
    for (std::size_t k = 0, next = 0; k < path.size(); k = next) {
      while (next < path.size() && path[next] == path[k]) ++next;
      text += fmt::format("{}{}", k == 0 ? "" : ".", path[k]);
      if (next - k > 1) text += fmt::format("*{}", next - k);
    }
  }
  return text;
}

drawn_case drawn_case::parse(std::string_view text) {
  constexpr std::size_t longest = 100'000;  // of a path that a token could hold in earnest
  const auto wrong = [&] {
    return bad_token(fmt::format("the token's case '{}' is none of a property's.", text));
  };
  drawn_case values;
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto number = [&](auto& to, int base = 10) {
    const auto [after, failure] = std::from_chars(at, end, to, base);
    if (failure != std::errc()) throw wrong();
    at = after;
  };
  const auto skips = [&](char c) {
    const bool there = at != end && *at == c;
    at += there ? 1 : 0;
    return there;
  };
  number(values.seed, 16);
  if (!skips(':')) throw wrong();
  number(values.size);
  if (!skips(':')) throw wrong();
  if (at == end) return values;
  values.shrinks.emplace_back();
  while (at != end) {
    auto& path = values.shrinks.back();
    if (skips(';')) {
      values.shrinks.emplace_back();
      continue;
    }
    if (!path.empty() && !skips('.')) throw wrong();
    std::uint32_t index = 0;
    std::size_t times = 1;
    number(index);
    if (skips('*')) number(times);
    if (times > longest || path.size() > longest) throw wrong();
    path.insert(path.end(), times, index);
  }
  return values;
}

property_result search_property(std::string_view name, const property_options& options,
                                property_body& body, const std::string& repeat) {
  if (const char* const token = token_to_replay()) {
    const config wanted = decode_token(token);
    if (wanted.scenario == name_in_token(name))
      return property_search(name, options, body).replay(wanted);
    property_result skipped;
    skipped.name = name;
    skipped.skipped = true;
    skipped.message =
        fmt::format("property \"{}\": skipped, REPRISE_REPLAY is of \"{}\"", name, wanted.scenario);
    return skipped;
  }
  return property_search(name, options, body).search(repeat);
}

std::string name_in_token(std::string_view test) {
  return fmt::format("{:08x}", stream::hash(test) >> 32);
}

const char* token_to_replay() {
  const char* const token = std::getenv("REPRISE_REPLAY");
  return token && *token ? token : nullptr;
}

}  // namespace detail
}  // namespace reprise
