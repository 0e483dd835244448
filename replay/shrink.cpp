#include <reprise/replay/shrink.hpp>

#include "choice_keeper.hpp"
#include "steered_choices.hpp"

#include <reprise/core/choice_log.hpp>
#include <reprise/core/stream.hpp>
#include <reprise/core/token.hpp>
#include <reprise/replay/case_file.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <compare>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

namespace reprise::detail {

namespace {

/// What is made less, the first first.
struct cost {
  std::size_t choices = 0;      // that are not the simplest
  std::size_t preemptions = 0;  // among them
  std::uint64_t values = 0;     // their sum, if it is one
  std::size_t length = 0;       // choices of the run, the simplest too
  friend auto operator<=>(const cost&, const cost&) = default;
};

/// A run that fails as it should, by what it took.
struct attempt {
  std::vector<decision> all;   // each choice that it took
  std::vector<decision> list;  // those that are not the simplest
  cost price;
  bool lists_words = false;  // the workload's words are listed
  report result;
};

class shrinker {
public:
  shrinker(const config& failing, const shrink_options& options, const body_maker& make)
      : failing_(failing), options_(options), make_(make) {}

  shrinking run() {
    watch_for_crashes();
    shrinking s;
    s.from = encode_token(failing_);
    first_run(s);
    if (failing_.schedule.kind().make != nullptr) trial_.schedule = simplest();
    trial_.choices = nullptr;
    if (trial_.step_limit == 0) trial_.step_limit = 10 * s.result.steps + 10'000;
    longest_ = 10 * best_.all.size() + 2'000;
    before_ = best_.list.size();
    s.choices_before = before_;
    s.complete = start() && search();
    if (found_) s.result = std::move(best_.result);
    s.run = found_ ? config_of_best() : failing_;
    s.choices = best_.price.choices;
    s.runs = runs_;
    return s;
  }

private:
  // ---------------------------------------------------------------- runs

  /// The failing run itself, from which all else is told.
  void first_run(shrinking& s) {
    const auto usual = source_of(failing_);
    choice_keeper all(*usual);
    config options = failing_;
    options.record = false;
    options.sink = nullptr;
    options.source = &all;
    trial_ = options;
    ++runs_;
    s.result = run_box(options, make_());
    s.result.token = s.from;
    s.preemptions_before = s.result.preemptions;
    signature_ = s.signature = failure_signature(s.result);
    if (s.result)
      throw error(fmt::format(
          "the run of the token {} passes here, so there is no failure to look into. If it has "
          "failed, the program is another one, or two of its runs of one seed differ.",
          s.from));
    best_.all = std::move(all.taken);
    best_.list = not_simplest(best_.all);
    if (failing_.choices)
      for (const choice& c : *failing_.choices)
        if (c.kind == choice_kind::random) add_word(best_, c);
    drew_ = all.drew;
    words_ = std::move(all.words);
    best_.price = price_of(best_);
  }

  static std::vector<decision> not_simplest(const std::vector<decision>& all) {
    std::vector<decision> some;
    for (const decision& d : all)
      if (d.taken.value != 0) some.push_back(d);
    return some;
  }

  static void add_word(attempt& a, const choice& c) {
    if (c.label == workload_is_listed)
      a.lists_words = true;
    else if (c.value != 0)
      a.list.push_back({.taken = c});
  }

  static cost price_of(const attempt& a) {
    cost c{.choices = a.list.size(), .length = a.all.size()};
    for (const decision& d : a.list) {
      c.preemptions += d.preemptible ? 1 : 0;
      c.values = d.taken.value > ~c.values ? ~std::uint64_t{0} : c.values + d.taken.value;
    }
    return c;
  }

  [[nodiscard]] bool over() const { return stopped_ || runs_ >= options_.runs; }

  /// A run by `wishes`; nothing when it does not fail as it should.
  std::optional<attempt> try_out(const std::vector<decision>& wishes, bool lists_words) {
    if (over()) return std::nullopt;
    std::vector<decision> all = wishes;
    if (lists_words) all.push_back({.taken = {choice_kind::random, workload_is_listed, 2, 1}});
    steered_choices source(all, failing_.seed, longest_);
    trial_.source = &source;
    const report r = run_briefly(trial_, make_());
    trial_.source = nullptr;
    count_run();
    last_ = source.taken();
    if (r || failure_signature(r) != signature_) return std::nullopt;
    attempt a{
        .all = source.taken(), .list = {}, .price = {}, .lists_words = lists_words, .result = r};
    a.list = not_simplest(a.all);
    for (const decision& d : wishes)
      if (d.taken.kind == choice_kind::random) add_word(a, d.taken);
    a.price = price_of(a);
    return a;
  }

  void count_run() {
    ++runs_;
    if (options_.progress &&
        !options_.progress({runs_, options_.runs, before_, best_.price.choices}))
      stopped_ = true;
  }

  /// Takes it when it is simpler than the best so far, and its token repeats it.
  bool improve(const std::vector<decision>& wishes, bool lists_words) {
    std::optional<attempt> a = try_out(wishes, lists_words);
    if (!a || (found_ && a->price >= best_.price) ||
        (!found_ && std::tuple(a->price.choices, a->price.preemptions) >
                        std::tuple(best_.price.choices, best_.price.preemptions)))
      return false;
    const config by_list = config_of(*a);
    const report again = run_briefly(by_list, make_());
    count_run();
    if (again.digest != a->result.digest || failure_signature(again) != signature_) return false;
    best_ = std::move(*a);
    best_.result = again;
    found_ = true;
    return true;
  }
  bool improve(const std::vector<decision>& wishes) { return improve(wishes, best_.lists_words); }

  [[nodiscard]] config config_of(const attempt& a) const {
    std::vector<choice> listed;
    if (a.lists_words) listed.push_back({choice_kind::random, workload_is_listed, 2, 1});
    for (const decision& d : a.list) listed.push_back(d.taken);
    config c = failing_;
    c.schedule = trial_.schedule;
    c.source = nullptr;
    c.sink = nullptr;
    c.record = false;
    c.stored_choices = 0;
    c.choices = std::make_shared<const std::vector<choice>>(std::move(listed));
    return c;
  }
  [[nodiscard]] config config_of_best() const { return config_of(best_); }

  // ---------------------------------------------------------------- the search

  /// Tells the failing run by its choices. False when that is not possible.
  bool start() {
    if (improve({}, drew_)) return true;
    // As it was, the workload's words left to the seed where that can be said.
    if (!improve(best_.list, best_.lists_words)) return false;
    if (!drew_ || best_.lists_words) return true;
    // Now with each of its words listed, which can then be made 0.
    std::vector<decision> with_words = best_.list;
    for (std::uint32_t i = 0; i < words_.size(); ++i)
      if (words_[i] != 0)
        with_words.push_back({.taken = {choice_kind::random,
                                        {0, i, operation_kind::none},
                                        std::uint64_t{1} << 32,
                                        words_[i]}});
    if (improve(best_.list, true)) return true;
    const attempt plain = best_;
    std::optional<attempt> all = try_out(with_words, true);
    if (!all) return true;
    best_ = std::move(*all);
    remove_chunks([](const decision& d) { return d.taken.kind == choice_kind::random; });
    // A word that must be listed is a choice; the seed's words are not: whichever is fewer.
    if (best_.price.choices > plain.price.choices + most_words) best_ = plain;
    return true;
  }

  /// True when nothing is left to try.
  bool search() {
    for (;;) {
      const cost before = best_.price;
      remove_chunks([](const decision&) { return true; });
      lower_values();
      if (best_.price < before && !over()) continue;
      if (!try_few_switches() && !replace_two_by_one()) break;
      if (over()) break;
    }
    return !over();
  }

  /// Delta debugging: without ever smaller parts of the list.
  template <class Which>
  void remove_chunks(Which which) {
    const auto count = [&] {
      return static_cast<std::size_t>(std::ranges::count_if(best_.list, which));
    };
    for (std::size_t size = count(); size > 0 && !over();) {
      bool removed = false;
      // From the end: what comes after the failure goes at once.
      for (std::size_t end = count(); end > 0 && !over();) {
        const std::size_t begin = end > size ? end - size : 0;
        std::vector<decision> wishes;
        std::size_t nth = 0;
        for (const decision& d : best_.list) {
          const bool mine = which(d);
          if (!mine || nth < begin || nth >= end) wishes.push_back(d);
          nth += mine ? 1 : 0;
        }
        if (improve(wishes)) {
          removed = true;
          end = std::min(begin, count());
        } else {
          end = begin;
        }
      }
      if (size == 1 && !removed) break;
      size = size > 1 ? std::min((size + 1) / 2, std::max<std::size_t>(1, count())) : 1;
      if (count() == 0) break;
    }
  }

  void lower_values() {
    for (std::size_t i = 0; i < best_.list.size() && !over(); ++i) {
      const auto lower_to = [&](std::uint64_t v) {
        std::vector<decision> wishes = best_.list;
        wishes[i].taken.value = v;
        wishes[i].by_value = true;
        return improve(wishes);
      };
      constexpr std::uint64_t few = 8;
      if (best_.list[i].taken.value <= few) {
        for (std::uint64_t v = 1; v < best_.list[i].taken.value && !lower_to(v); ++v) {
        }
      } else {
        // Where less is not always enough, this ends at one that is less than its neighbour.
        std::uint64_t too_low = 0;
        while (i < best_.list.size() && best_.list[i].taken.value - too_low > 1 && !over()) {
          const std::uint64_t v = too_low + (best_.list[i].taken.value - too_low) / 2;
          if (!lower_to(v)) too_low = v;
          if (i < best_.list.size() && best_.list[i].taken.value <= too_low) break;
        }
      }
    }
  }

  /// One more choice than `base` has, each that there is, at or after `from` among those that the
  /// last run took.
  template <class F>
  bool with_one_more(const std::vector<decision>& base, const std::vector<decision>& all,
                     std::size_t from, F f) {
    for (std::size_t i = from; i < all.size() && !over(); ++i) {
      const choice& c = all[i].taken;
      if (c.value != 0 || c.kind == choice_kind::random) continue;
      constexpr std::uint64_t most_values = 64;
      for (std::uint64_t v = 1; v < std::min(c.bound, most_values) && !over(); ++v) {
        std::vector<decision> wishes = base;
        decision d = all[i];
        d.taken.value = v;
        d.by_value = true;
        wishes.push_back(d);
        if (f(wishes, i)) return true;
      }
    }
    return false;
  }

  /// Every run of one choice that is not the simplest, then of two: where such a one fails, no path
  /// that only takes away need lead to it.
  bool try_few_switches() {
    if (few_tried_ || best_.price.choices <= 1 || best_.list.empty()) return false;
    few_tried_ = true;
    const std::vector<decision> words = words_of_best();
    static_cast<void>(try_out(words, best_.lists_words));
    const std::vector<decision> zero = last_;
    struct first {
      std::vector<decision> wishes, all;
      std::size_t at;
    };
    std::vector<first> firsts;
    const bool keep = best_.price.choices > 2;
    const bool one = with_one_more(words, zero, 0, [&](const auto& wishes, std::size_t i) {
      if (improve(wishes)) return true;
      if (keep && firsts.size() < most_firsts) firsts.push_back({wishes, last_, i});
      return false;
    });
    if (one || !keep) return one;
    // The second comes after the first. As far as half of what is left of the budget goes, and in
    // an order that spares no part of the run.
    const std::uint64_t until = runs_ + (options_.runs - std::min(runs_, options_.runs)) / 2;
    stream order(0, "order");
    for (std::size_t i = firsts.size(); i > 1; --i)
      std::swap(firsts[i - 1], firsts[order.below(i)]);
    for (const first& f : firsts) {
      if (runs_ >= until || over()) break;
      if (with_one_more(f.wishes, f.all, f.at + 1, [&](const auto& wishes, std::size_t) {
            return runs_ < until && improve(wishes);
          }))
        return true;
    }
    return false;
  }

  std::vector<decision> words_of_best() const {
    std::vector<decision> words;
    for (const decision& d : best_.list)
      if (d.taken.kind == choice_kind::random) words.push_back(d);
    return words;
  }

  /// Any two of the list, and one other instead.
  bool replace_two_by_one() {
    const std::size_t n = best_.list.size();
    constexpr std::size_t most = 8;
    if (n < 3 || n > most || replaced_ == best_.price) return false;
    replaced_ = best_.price;
    const std::uint64_t until = runs_ + (options_.runs - std::min(runs_, options_.runs)) / 2;
    const std::vector<decision> list = best_.list;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = i + 1; j < n && runs_ < until && !over(); ++j) {
        std::vector<decision> rest;
        for (std::size_t k = 0; k < n; ++k)
          if (k != i && k != j) rest.push_back(list[k]);
        static_cast<void>(try_out(rest, best_.lists_words));
        const std::vector<decision> all = last_;
        if (with_one_more(rest, all, 0, [&](const auto& wishes, std::size_t) {
              return runs_ < until && improve(wishes);
            }))
          return true;
      }
    }
    return false;
  }

  static constexpr std::size_t most_firsts = 2000;
  static constexpr std::size_t most_words = 8;

  const config& failing_;
  const shrink_options& options_;
  const body_maker& make_;
  config trial_;
  std::string signature_;
  std::size_t longest_ = 0;
  std::size_t before_ = 0;
  std::uint64_t runs_ = 0;
  bool stopped_ = false;
  bool found_ = false;  // best_ is told by its choices
  bool drew_ = false;
  bool few_tried_ = false;
  std::optional<cost> replaced_;
  std::vector<std::uint32_t> words_;  // of the failing run
  std::vector<decision> last_;        // what the last run took
  attempt best_;
};

}  // namespace

shrinking shrink(const config& failing, const shrink_options& options, const body_maker& make) {
  return shrinker(failing, options, make).run();
}

report shrink_report(const report& failure, const body_maker& make) {
  const config failing = decode_token(failure.token);
  if (failing.stored_choices != 0)
    throw error(fmt::format("the choices of the token {} lie in a case file: shrink that file.",
                            failure.token));
  shrinking s = shrink(failing, {}, make);
  if (decode_token(s.result.token).stored_choices != 0) return failure;
  return std::move(s.result);
}

}  // namespace reprise::detail
