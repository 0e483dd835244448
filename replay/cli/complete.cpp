#include "complete.hpp"

#include "numbers.hpp"
#include "options.hpp"

#include <reprise/core/strategy.hpp>
#include <reprise/replay/scenario.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace reprise::cli {

namespace {

std::vector<const CLI::Option*> options_of(const CLI::App& app) {
  return app.get_options([](const CLI::Option* o) { return o->nonpositional(); });
}

std::vector<std::string> names_of(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const auto& name : option.get_lnames()) names.push_back("--" + name);
  for (const auto& name : option.get_snames()) names.push_back("-" + name);
  return names;
}

const CLI::Option* find_option(const CLI::App& app, const std::string& name) {
  for (const CLI::Option* o : options_of(app))
    if (std::ranges::count(names_of(*o), name) > 0) return o;
  return nullptr;
}

/// Every option that wants a value says which in a word; a flag says nothing.
bool wants_value(const CLI::Option& option) { return !option.get_option_text().empty(); }

/// The words before the one to complete, sorted out.
struct typed {
  const CLI::App* command = nullptr;
  std::vector<std::string> arguments;        // what is no option
  std::vector<std::string> options;          // names, as they were typed
  std::vector<std::string> params;           // values of --param
  const CLI::Option* wants_value = nullptr;  // the option whose value comes next
  bool only_arguments = false;               // after --
};

typed sort_out(const CLI::App& app, const std::vector<std::string>& words) {
  typed t;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (const CLI::Option* wanted = std::exchange(t.wants_value, nullptr)) {
      if (wanted->check_lname("param")) t.params.push_back(word);
    } else if (!t.command) {
      const auto all = app.get_subcommands([&](const CLI::App* c) { return c->check_name(word); });
      if (all.empty()) continue;
      t.command = all.front();
    } else if (t.only_arguments || !word.starts_with('-') || word == "-") {
      t.arguments.push_back(word);
    } else if (word == "--") {
      t.only_arguments = true;
    } else {
      const std::string name = word.substr(0, word.find('='));
      t.options.push_back(name);
      const CLI::Option* option = find_option(*t.command, name);
      if (!option || !wants_value(*option)) continue;
      if (name.size() == word.size())
        t.wants_value = option;
      else if (option->check_lname("param"))
        t.params.push_back(word.substr(name.size() + 1));
    }
  }
  return t;
}

/// Whether the next argument is `option`, and may be a file.
bool is_next_file(const CLI::Option& option, const typed& t) {
  const std::string name = option.get_name(true);
  if (name == "FILE") return t.arguments.size() == 1;  // behind trace's action
  if (name == "DIR") return t.arguments.empty();
  if (name != "TOKEN|FILE") return false;
  if (option.get_expected_max() == 1) return t.arguments.empty();
  return !t.arguments.empty() && (t.arguments[0] == "add" || t.arguments[0] == "show");
}

/// Prints what goes on from what was typed.
class completion {
public:
  completion(session& s, std::string current) : s_(s), current_(std::move(current)) {}

  void words_of(const CLI::App& app, const typed& t) {
    if (!t.command) {
      for (const CLI::App* c : app.get_subcommands([](const CLI::App*) { return true; }))
        offer(c->get_name(), c->get_description());
      if (current_.starts_with('-')) options(app, t);
      return;
    }
    if (t.wants_value) return values(*t.wants_value, t);
    if (!t.only_arguments && current_.starts_with('-')) {
      const std::size_t equals = current_.find('=');
      if (equals == std::string::npos) return options(*t.command, t);
      const CLI::Option* option = find_option(*t.command, current_.substr(0, equals));
      if (!option || !wants_value(*option)) return;
      before_ = current_.substr(0, equals + 1);
      current_.erase(0, equals + 1);
      return values(*option, t);
    }
    arguments(t);
  }

private:
  void offer(std::string_view candidate, std::string_view about = {}) {
    if (!candidate.starts_with(current_)) return;
    s_.out.print("{}{}{}{}\n", printable(before_), printable(candidate), about.empty() ? "" : "\t",
                 printable(about));
  }

  /// Those that are not there yet, but for the one that may be repeated.
  void options(const CLI::App& app, const typed& t) {
    for (const CLI::Option* o : options_of(app)) {
      const auto names = names_of(*o);
      if (!o->check_lname("param") && std::ranges::any_of(names, [&](const std::string& name) {
            return std::ranges::count(t.options, name) > 0;
          }))
        continue;
      for (const auto& name : names) offer(name, o->get_description());
    }
  }

  void arguments(const typed& t) {
    for (const CLI::Option* o :
         t.command->get_options([](const CLI::Option* o) { return o->get_positional(); })) {
      const std::string name = o->get_name(true);
      if (t.arguments.empty() && (name == corpus_actions || name == trace_actions)) words(name);
      if (is_next_file(*o, t)) s_.out.write(":files\n");
      if (name != "SCENARIO") continue;
      if (!t.arguments.empty() && o->get_expected_max() == 1) continue;
      for (const auto& one : scenarios())
        if (std::ranges::count(t.arguments, one.name) == 0) offer(one.name, one.about);
    }
  }

  /// The word that says which value an option wants also says what to offer.
  void values(const CLI::Option& option, const typed& t) {
    const std::string& kind = option.get_option_text();
    if (kind == "S") {
      for (const strategy_kind* one : strategies()) offer(one->name);
    } else if (kind == "NAME=VALUE") {
      parameters(t);
    } else if (kind == "DETECTOR") {
      for (const char* name : detector_names()) offer(name);
    } else if (kind == "A..B") {
      ranges();
    } else if (kind == "N" && option.check_lname("seed")) {
      for (const char* seed : {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}) offer(seed);
    } else if (kind == "N") {
      for (const char* count : {"100", "1000", "10000", "100000"}) offer(count);
    } else if (kind == "TIME") {
      for (const char* time : {"1s", "10s", "60s"})
        offer(time, option.check_lname("time-limit") ? "of virtual time" : "of real time");
    } else if (kind == "SHARE") {
      for (const char* share : {"0%", "5%", "100%"}) offer(share);
    } else if (kind == "J") {
      for (const char* jobs : {"1", "2", "4", "8"}) offer(jobs);
    } else if (kind == "I/N|auto") {
      for (const char* part : {"auto", "1/2", "2/2"}) offer(part);
    } else if (kind == "DIR") {
      s_.out.write(":files\n");
    } else if (kind == "SIZE") {
      for (const char* size : {"64K", "256K", "1M"}) offer(size);
    } else if (kind == "FILE|-") {
      offer("-", "stdout");
      s_.out.write(":files\n");
    } else {  // jsonl|oracle
      words(kind);
    }
  }

  /// "show|export": each of them.
  void words(std::string_view all) {
    for (std::size_t begin = 0; begin <= all.size();) {
      const std::size_t end = std::min(all.find('|', begin), all.size());
      offer(all.substr(begin, end - begin));
      begin = end + 1;
    }
  }

  /// Ten, a hundred and a thousand seeds, from the one that is typed already.
  void ranges() {
    std::uint64_t first = 0;
    try {
      if (!current_.empty()) first = read_number("seed", current_.substr(0, current_.find("..")));
    } catch (const usage_error&) {
      return;
    }
    for (const std::uint64_t count : {10U, 100U, 1000U})
      if (first <= ~std::uint64_t{0} - count)
        offer(fmt::format("{}..{}", first, first + count - 1), counted(count, "seed"));
  }

  /// The parameters of the scenarios that are named, without those that have a value.
  void parameters(const typed& t) {
    for (const auto& one : scenarios()) {
      if (std::ranges::count(t.arguments, one.name) == 0) continue;
      for (const auto& p : one.parameters) {
        const std::string begin = p.name + '=';
        if (std::ranges::any_of(t.params,
                                [&](const std::string& given) { return given.starts_with(begin); }))
          continue;
        if (!current_.starts_with(begin)) {
          offer(begin, fmt::format("{} ({})", p.about, p.initial));
          continue;
        }
        offer(begin + p.initial, "unless given");
        if (!p.quick.empty()) offer(begin + p.quick, "small");
      }
    }
  }

  session& s_;
  std::string current_;  // the part of the word that is being completed
  std::string before_;   // what stands before it in the same word: "--seed="
};

}  // namespace

void complete(const CLI::App& app, const std::vector<std::string>& words, session& s) {
  completion(s, words.empty() ? "" : words.back()).words_of(app, sort_out(app, words));
}

}  // namespace reprise::cli
