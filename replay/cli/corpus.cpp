// `corpus`: the kept failures, as files in a folder.

#include "given.hpp"
#include "numbers.hpp"
#include "options.hpp"
#include "print.hpp"

#include <reprise/core/format.hpp>
#include <reprise/core/token.hpp>
#include <reprise/replay/corpus.hpp>
#include <reprise/replay/scenario.hpp>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <memory>
#include <system_error>
#include <utility>

#include <unistd.h>

namespace reprise::cli {

namespace {

struct corpus_request {
  std::string what;
  std::vector<std::string> names;
  std::string folder;
  bool fixed = false;

  [[nodiscard]] std::string place() const { return folder.empty() ? usual_corpus : folder; }
};

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

void print_unreadable(session& s, const corpus::listing& all) {
  for (const auto& text : all.unreadable) s.err.print("passed over: {}\n", printable(text));
}

exit_code list(session& s, const corpus& kept) {
  const corpus::listing all = kept.read();
  if (s.json) {
    std::vector<std::string> cases;
    for (const auto& [path, c] : all.entries) cases.push_back(json_of(c).text("path", path).done());
    s.out.print("{}\n", json_object::array(cases));
  } else {
    std::size_t widest = 0;
    for (const auto& [path, c] : all.entries)
      widest = std::max(widest, width_of(printable(c.run.scenario)));
    for (const auto& [path, c] : all.entries)
      s.out.print("  {}  seed {}  {}\n      {}\n", pad_right(printable(c.run.scenario), widest),
                  c.run.seed, printable(first_line(c.what)), printable(path));
    s.out.print("{} in '{}'\n", counted(all.entries.size(), "case"), printable(kept.folder()));
  }
  print_unreadable(s, all);
  return held;
}

/// The failing run of a token, made again; or a case as it is in a file elsewhere.
case_file case_of(const std::string& name) {
  given_run given = read_given(name, "add");
  if (given.kept) return std::move(*given.kept);
  return with_body(*given.what, [&](auto body) {
    const report again = run_in_child(given.options, body);
    if (again)
      throw usage_error(fmt::format("the run of '{}' passes: only failures are kept.", name));
    return record_in_child(again, body);
  });
}

exit_code add(session& s, corpus& kept, const corpus_request& asked) {
  if (asked.names.empty()) throw usage_error("nothing to add: give tokens, case files or traces.");
  std::vector<case_file> cases;  // all of them are read before any is stored
  cases.reserve(asked.names.size());
  for (const auto& name : asked.names) cases.push_back(case_of(name));
  std::vector<std::string> done;
  for (const auto& c : cases) {
    const auto [path, is_new, since] = kept.add(c);
    if (s.json) {
      json_object o;
      o.text("path", path).flag("new", is_new);
      if (!since.empty()) o.text("kept_since", since);
      done.push_back(o.done());
      continue;
    }
    s.out.print("{}: {}\n",
                is_new          ? "added"
                : since.empty() ? "known"
                                : "known since " + printable(since),
                printable(path));
  }
  if (s.json) s.out.print("{}\n", json_object::array(done));
  return held;
}

exit_code show(session& s, const corpus& kept, const corpus_request& asked) {
  if (asked.names.empty()) throw usage_error("nothing to show: give case files.");
  for (const auto& name : asked.names) {
    const std::string beside = kept.folder() + '/' + name;
    const bool is_beside = name.find('/') == std::string::npos && std::ifstream(beside).good();
    const case_file c = read_case(is_beside ? beside : name);
    if (s.json) {
      s.out.print("{}\n", json_of(c).done());
      continue;
    }
    s.out.print("{}, seed {}, {}: {}, digest {}\n", printable(c.run.scenario), c.run.seed,
                c.run.schedule.to_string(), to_string(c.result), format_digest(c.digest));
    if (!c.kept_since.empty()) s.out.print("  kept since {}\n", printable(c.kept_since));
    print_text(s.out, c.what);
    if (!c.log.empty()) s.out.print("  {} recorded\n", counted(c.log.size(), "choice"));
    for (const auto& event : c.events) s.out.print("    {}\n", printable(event));
    s.out.print("  replay: {} replay {}\n", shell_word(s.program), encode_token(c.run));
  }
  return held;
}

exit_code prune(session& s, const corpus& kept, const corpus_request& asked) {
  const corpus::listing all = kept.read();
  std::vector<std::pair<std::string, const char*>> unwanted;
  for (const auto& e : corpus::duplicates(all)) unwanted.emplace_back(e.path, "twice");
  if (asked.fixed) {
    for (const auto& [path, c] : all.entries) {
      const auto what = std::ranges::find(scenarios(), c.run.scenario, &scenario::name);
      if (what == scenarios().end()) continue;
      const case_outcome again = with_body(
          *what, [&, &kept_case = c](auto body) { return retry_in_child(kept_case, body); });
      if (again.outcome == replay_outcome::fixed &&
          std::ranges::find(unwanted, path, [](const auto& u) { return u.first; }) ==
              unwanted.end())
        unwanted.emplace_back(path, "fixed");
    }
  }
  std::vector<std::string> removed;
  for (const auto& [path, why] : unwanted) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
      throw environment_error(
          fmt::format("'{}' can't be removed ({}).", path, std::generic_category().message(errno)));
    if (s.json)
      removed.push_back(json_object().text("path", path).text("why", why).done());
    else
      s.out.print("removed: {} ({})\n", printable(path), why);
  }
  const std::size_t left = all.entries.size() - unwanted.size();
  if (s.json)
    s.out.print("{}\n", json_object().list("removed", removed).number("left", left).done());
  else
    s.out.print("{} left in '{}'\n", counted(left, "case"), printable(kept.folder()));
  print_unreadable(s, all);
  return held;
}

exit_code manage(session& s, const corpus_request& asked) {
  corpus kept(asked.place());
  try {
    if (asked.what == "list") return list(s, kept);
    if (asked.what == "add") return add(s, kept, asked);
    if (asked.what == "show") return show(s, kept, asked);
    if (asked.what == "prune") return prune(s, kept, asked);
  } catch (const cannot_store& e) {
    throw environment_error(e.what());
  }
  throw usage_error(asked.what.empty()
                        ? "nothing to do: corpus list, add, show or prune."
                        : fmt::format("'{}' is none of: list, add, show, prune.", asked.what));
}

}  // namespace

void add_corpus(CLI::App& app, session& s, action& chosen) {
  CLI::App* command = app.add_subcommand(
      "corpus", "the kept failures: list them, add one, show one, prune what is there twice");
  const auto asked = std::make_shared<corpus_request>();
  command->add_option(corpus_actions, asked->what, "what to do");
  command->add_option("TOKEN|FILE", asked->names, "failures to add, or cases to show")
      ->option_text(may_be_left_out);
  add_corpus_option(*command, asked->folder);
  command->add_flag("--fixed", asked->fixed, "prune those, too, that pass now")
      ->group("What to keep");
  add_print_options(*command, s);
  command->callback([&s, &chosen, asked] { chosen = [&s, asked] { return manage(s, *asked); }; });
}

}  // namespace reprise::cli
