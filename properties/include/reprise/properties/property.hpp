#pragma once

#include <reprise/core/claims.hpp>
#include <reprise/core/co_task.hpp>
#include <reprise/core/errors.hpp>
#include <reprise/core/stream.hpp>
#include <reprise/properties/property_search.hpp>

#include <rapidcheck.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <source_location>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

// The one place that knows rapidcheck's `detail`: there is no public way to drive its shrinking,
// which has to go hand in hand with the search for schedules.

namespace reprise {

namespace detail {

/// A value of rapidcheck's, and the way down along its shrinks.
class shrinking_value {
public:
  using value = rc::Shrinkable<rc::detail::Any>;

  explicit shrinking_value(value start) : start_(std::move(start)) {}

  /// Goes where `path` leads from the start; false when there is no such shrink, and it is as it
  /// was. Cost: one shrink when the last path is continued by one, or its last step is raised.
  bool follow(const std::vector<std::uint32_t>& path);
  [[nodiscard]] rc::detail::Any get() const { return now_.value(); }

private:
  static bool skip_to(rc::Seq<value>& shrinks, std::uint32_t& next, std::uint32_t index,
                      value& to) {
    for (; next <= index; ++next) {
      auto shrink = shrinks.next();
      if (!shrink) return false;
      if (next == index) to = std::move(*shrink);
    }
    return true;
  }

  value start_;
  value now_ = start_;
  std::vector<std::uint32_t> now_at_;
  // The shrinks of what lies one step before the last path, and which of them comes next.
  rc::Seq<value> siblings_;
  std::vector<std::uint32_t> parent_at_ = {~0u};
  std::uint32_t next_ = 0;
};

inline bool shrinking_value::follow(const std::vector<std::uint32_t>& path) {
  if (path.empty()) {
    now_ = start_;
    now_at_.clear();
    return true;
  }
  const std::vector<std::uint32_t> parent(path.begin(), path.end() - 1);
  if (parent != parent_at_ || path.back() < next_) {
    if (parent != now_at_) {
      value at = start_;
      for (const std::uint32_t index : parent) {
        auto shrinks = at.shrinks();
        std::uint32_t next = 0;
        value below = at;
        if (!skip_to(shrinks, next, index, below)) return false;
        at = below;
      }
      now_ = at;
      now_at_ = parent;
    }
    siblings_ = now_.shrinks();
    parent_at_ = parent;
    next_ = 0;
  }
  if (!skip_to(siblings_, next_, path.back(), now_)) return false;
  now_at_ = path;
  return true;
}

template <class List>
struct arguments_of;
template <class... Args>
struct arguments_of<rc::detail::TypeList<Args...>> {
  using type = std::tuple<std::decay_t<Args>...>;
};

/// What RC_PARAMS says, and otherwise `options`. Throws: rapidcheck's `ConfigurationException`.
inline property_options with_rc_params(property_options options, std::string& repeat) {
  rc::detail::Configuration otherwise;
  otherwise.testParams.seed = options.seed;
  otherwise.testParams.maxSuccess = static_cast<int>(options.cases);
  otherwise.testParams.maxSize = options.max_size;
  otherwise.testParams.disableShrinking = options.shrink_runs == 0;
  const char* const text = std::getenv("RC_PARAMS");
  const auto params = rc::detail::configFromString(text ? text : "", otherwise).testParams;
  options.seed = params.seed;
  options.cases = static_cast<std::uint64_t>(std::max(params.maxSuccess, 0));
  options.max_size = params.maxSize;
  if (params.disableShrinking) options.shrink_runs = 0;
  repeat = "RC_PARAMS=\"seed=" + std::to_string(params.seed) +
           " max_success=" + std::to_string(params.maxSuccess) +
           " max_size=" + std::to_string(params.maxSize) + '"';
  return options;
}

/// Ends the run over an assertion of rapidcheck's, whose text begins with its place.
inline void fail_over(const rc::detail::CaseResult& result) {
  std::string_view text = result.description;
  const std::size_t line_end = std::min(text.find('\n'), text.size());
  std::string_view place = text.substr(0, line_end);
  if (place.ends_with(':')) place.remove_suffix(1);
  std::uint32_t line = 0;
  const std::size_t colon = place.rfind(':');
  if (colon != std::string_view::npos)
    std::from_chars(place.data() + colon + 1, place.data() + place.size(), line);
  if (line == 0) return fail_run(std::string(text), "", 0);
  text.remove_prefix(std::min(line_end + 1, text.size()));
  fail_run(std::string(text), place.substr(0, colon), line);
}

/// A body that takes rapidcheck's values: its arguments, and what it draws itself.
template <class F>
class rapidcheck_body final : public property_body, public rc::gen::detail::GenerationHandler {
public:
  using arguments = typename arguments_of<rc::detail::ArgTypes<F>>::type;
  using result = decltype(std::apply(std::declval<F&>(), std::declval<const arguments&>()));

  rapidcheck_body(F& f, const std::source_location& place) : f_(f), place_(place) {}

  bool begin(const drawn_case& values) override {
    if (!arguments_ || values.seed != case_.seed || values.size != case_.size) {
      const auto gen =
          rc::gen::map(rc::gen::arbitrary<arguments>(), &rc::detail::Any::of<arguments>);
      arguments_.emplace(gen(rc::Random(values.seed), values.size));
      first_draw_.reset();
    }
    case_ = values;
    drawn_.clear();
    return arguments_->follow(path_of(0));
  }

  [[nodiscard]] bool is_coroutine() const noexcept override { return is_co_task<result>; }

  bool call() override {
    start();
    try {
      rc::detail::Any values = arguments_->get();
      if constexpr (std::is_same_v<result, bool>) {
        if (!std::apply(f_, values.template get<arguments>())) fail_over_false();
      } else if constexpr (!is_co_task<result>) {
        static_cast<void>(std::apply(f_, values.template get<arguments>()));
      }
      return true;
    } catch (const rc::detail::CaseResult& r) {
      return judge(r);
    } catch (const rc::GenerationFailure&) {
      return false;
    }
  }

  co_task<bool> co_call() override {
    start();
    bool kept = true;
    try {
      rc::detail::Any values = arguments_->get();
      if constexpr (std::is_same_v<result, co_task<bool>>) {
        if (!co_await std::apply(f_, values.template get<arguments>())) fail_over_false();
      } else if constexpr (is_co_task<result>) {
        static_cast<void>(co_await std::apply(f_, values.template get<arguments>()));
      }
    } catch (const rc::detail::CaseResult& r) {
      kept = judge(r);
    } catch (const rc::GenerationFailure&) {
      kept = false;
    }
    co_return kept;
  }

  [[nodiscard]] std::size_t draws() const override { return 1 + drawn_.size(); }
  [[nodiscard]] bool followed() const override { return followed_; }

  [[nodiscard]] std::string text() const override {
    std::ostringstream out;
    rc::detail::Any values = arguments_->get();
    bool first = true;
    const auto show = [&](const auto& value) {
      if (!std::exchange(first, false)) out << ", ";
      rc::show(value, out);
    };
    std::apply([&](const auto&... each) { (show(each), ...); }, values.template get<arguments>());
    for (const auto& [name, value] : drawn_) {
      if (!std::exchange(first, false)) out << '\n';
      out << "drew " << name << (name.empty() ? "" : " ");
      value->get().showValue(out);
    }
    return out.str();
  }

  /// A draw in the body: `*gen`.
  rc::detail::Any onGenerate(const rc::Gen<rc::detail::Any>& gen) override {
    if (!before_first_wait("draw"))
      throw error(
          "draw: a property's body draws values before its first wait, and not after: other tasks "
          "may have run. Draw it earlier.");
    const std::size_t number = drawn_.size() + 1;
    // The first one depends on the arguments alone, so its way down is kept from run to run.
    std::shared_ptr<shrinking_value> value;
    if (number == 1 && first_draw_ && first_draw_of_ == path_of(0)) {
      value = first_draw_;
    } else {
      value = std::make_shared<shrinking_value>(
          gen(rc::Random(stream::mix(case_.seed + number)), case_.size));
      if (number == 1) {
        first_draw_ = value;
        first_draw_of_ = path_of(0);
      }
    }
    if (!value->follow(path_of(number))) followed_ = false;
    rc::detail::Any drawn = value->get();
    drawn_.emplace_back(gen.name(), std::move(value));
    return drawn;
  }

private:
  void start() {
    drawn_.clear();
    followed_ = true;
  }
  void fail_over_false() const { fail_run("the property's body returned false", place_); }
  /// False for a case that is to be discarded.
  static bool judge(const rc::detail::CaseResult& r) {
    if (r.type == rc::detail::CaseResult::Type::Failure) fail_over(r);
    return r.type != rc::detail::CaseResult::Type::Discard;
  }
  [[nodiscard]] std::vector<std::uint32_t> path_of(std::size_t draw) const {
    return draw < case_.shrinks.size() ? case_.shrinks[draw] : std::vector<std::uint32_t>();
  }

  F& f_;
  std::source_location place_;
  drawn_case case_;
  std::optional<shrinking_value> arguments_;
  std::shared_ptr<shrinking_value> first_draw_;
  std::vector<std::uint32_t> first_draw_of_;  // which arguments it belongs to
  std::vector<std::pair<std::string, std::shared_ptr<shrinking_value>>> drawn_;
  bool followed_ = true;
};

}  // namespace detail

/// Tries `f` with arguments that rapidcheck draws (by `Arbitrary`), each set of them in a few runs:
/// the first under `fifo()`, the others as `options.schedule` says. To the first failure, which is
/// then made small: the arguments by their shrinks, each tried under a few seeds, then the
/// schedule, by fewer preemptions; again until neither goes.
///
/// A run fails as any run does, by a claim, an exception, a deadlock, a race; also by an assertion
/// of rapidcheck's or when `f` returns false; `f` may be a coroutine. `RC_PRE` discards. `f` may
/// draw more, `*gen` or `draw(gen)`, before its first wait only. It is called many times, and must
/// not change what it captured.
///
/// RC_PARAMS is heard ("seed=… max_success=… max_size=… noshrink=1"), and so is REPRISE_REPLAY:
/// with this property's token its smallest failure is run, and nothing else.
///
/// Throws: `error` in a run; `bad_token`; rapidcheck's `ConfigurationException`. Cost: `cases` ×
/// `runs_per_case` runs, and of a failure at most `shrink_runs` more.
template <class F>
property_result property(std::string_view name, F&& f, const property_options& options = {},
                         std::source_location place = std::source_location::current()) {
  std::string repeat;
  const property_options asked = detail::with_rc_params(options, repeat);
  std::decay_t<F> mine(std::forward<F>(f));
  detail::rapidcheck_body<std::decay_t<F>> body(mine, place);
  const rc::detail::ImplicitParam<rc::gen::detail::param::CurrentHandler> handler(&body);
  return detail::search_property(name, asked, body, repeat);
}

/// Draws a value in the body of a property, before its first wait. Throws: `error` after that.
template <class T>
T draw(const rc::Gen<T>& gen) {
  return *gen;
}
template <class T>
T draw() {
  return *rc::gen::arbitrary<T>();
}

}  // namespace reprise
