// What a check came to, as JUnit, JSON, SARIF and for GitHub.

#include "reports.hpp"

#include "campaigns.hpp"
#include "json.hpp"
#include "numbers.hpp"
#include "print.hpp"

#include <reprise/core/format.hpp>
#include <reprise/core/token.hpp>

#include <pugixml.hpp>

#include <algorithm>
#include <sstream>

namespace reprise::cli {

namespace {

std::string first_line(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

double seconds_of(std::chrono::nanoseconds d) { return std::chrono::duration<double>(d).count(); }

/// What there is to tell of: a failure, found by exploring, or kept and failing still; or a run
/// that is no function of its seed.
struct told {
  std::string scenario;
  std::string kind;  // "failed", "deadlock", …, "nondeterminism"
  std::string signature;
  std::string text;  // in full, and how to repeat it
  source_place place;
};

constexpr const char* nondeterminism_kind = "nondeterminism";
constexpr const char* diverged_text = "the same program does not do as it did";

std::string text_of(const report& r, const std::string& path, const std::string& program) {
  std::string text = r.what + "\n\nreplay: " + shell_word(program) + " replay " + r.token + '\n';
  if (!path.empty()) text += "case:   " + shell_word(path) + '\n';
  return text;
}

/// Of a kept failure that the same program does not repeat.
std::string text_of_diverged(const checked_case& c, const std::string& program) {
  return fmt::format("{}\n{}\n\nreplay: {} replay {}\n", diverged_text, c.outcome.now.what,
                     shell_word(program), shell_word(c.kept.path));
}

std::string text_of(const nondeterminism_report& why, const std::string& program) {
  return fmt::format("{}\n{}", what_is_wrong(why),
                     explanation_of(why, program, to_string(why.cause)));
}

/// The place to look at, "bank.cpp:88" in the report.
source_place place_of(const nondeterminism_report& why) {
  for (const std::string* place : {&why.place, &why.first_place, &why.second_place})
    if (!place->empty()) return place_in("at " + *place);
  return {};
}

std::vector<told> all_of(const check_result& checked, const std::string& program) {
  std::vector<told> all;
  const auto add_failure = [&](const std::string& scenario, const std::string& signature,
                               const report& r, const std::string& path) {
    all.push_back(
        {scenario, to_string(r.result), signature, text_of(r, path, program), place_in(r.what)});
  };
  for (const auto& s : checked.scenarios)
    for (const auto& k : s.kinds) add_failure(s.name, k.signature, k.first, k.path);
  for (const auto& c : checked.cases) {
    const case_file& kept = c.kept.kept;
    if (c.outcome.outcome == replay_outcome::diverged)
      all.push_back({kept.run.scenario, nondeterminism_kind, "diverged: " + kept.signature,
                     text_of_diverged(c, program), place_in(c.outcome.now.what)});
    if (!c.outcome.fails()) continue;
    const auto same = [&](const told& t) {
      return t.scenario == kept.run.scenario && t.signature == kept.signature;
    };
    if (std::ranges::none_of(all, same))
      add_failure(kept.run.scenario, kept.signature, c.outcome.now, c.kept.path);
  }
  for (const auto& s : checked.scenarios)
    if (s.differs)
      all.push_back({s.name, nondeterminism_kind,
                     fmt::format("{}: {}", nondeterminism_kind, to_string(s.differs->cause)),
                     text_of(*s.differs, program), place_of(*s.differs)});
  return all;
}

/// Without what XML 1.0 has no way to say; line ends stay.
std::string for_xml(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (at > 0) out += '\n';
    out += printable(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

pugi::xml_node add_suite(pugi::xml_node& root, const char* name, std::size_t tests) {
  pugi::xml_node suite = root.append_child("testsuite");
  suite.append_attribute("name") = name;
  suite.append_attribute("tests") = static_cast<unsigned long long>(tests);
  return suite;
}

pugi::xml_node add_case(pugi::xml_node& suite, const std::string& in, const std::string& name,
                        double seconds) {
  pugi::xml_node test = suite.append_child("testcase");
  test.append_attribute("classname") = for_xml(in).c_str();
  test.append_attribute("name") = for_xml(name).c_str();
  test.append_attribute("time") = fmt::format("{:.3f}", seconds).c_str();
  return test;
}

void add_text(pugi::xml_node& test, const char* element, const std::string& message,
              const std::string& type, const std::string& text) {
  pugi::xml_node node = test.append_child(element);
  node.append_attribute("message") = for_xml(message).c_str();
  if (!type.empty()) node.append_attribute("type") = type.c_str();
  node.text().set(for_xml(text).c_str());
}

}  // namespace

source_place place_in(std::string_view what) {
  while (!what.empty()) {
    const std::string_view line = what.substr(0, what.find('\n'));
    what.remove_prefix(std::min(what.size(), line.size() + 1));
    // "  at bank.cpp:88", "Task-3 writes it at bank.cpp:21"
    const std::size_t at = line.rfind("at "), colon = line.rfind(':');
    if (at == std::string_view::npos || (at > 0 && line[at - 1] != ' ') ||
        colon == std::string_view::npos || colon < at || colon + 1 == line.size() ||
        line.find_first_not_of("0123456789", colon + 1) != std::string_view::npos)
      continue;
    return {std::string(line.substr(at + 3, colon - at - 3)), std::string(line.substr(colon + 1))};
  }
  return {};
}

std::string junit_of(const check_result& checked, const std::string& program) {
  pugi::xml_document document;
  pugi::xml_node declaration = document.append_child(pugi::node_declaration);
  declaration.append_attribute("version") = "1.0";
  declaration.append_attribute("encoding") = "UTF-8";
  pugi::xml_node root = document.append_child("testsuites");
  root.append_attribute("name") = for_xml(program).c_str();
  std::size_t failures = 0, errors = 0;

  pugi::xml_node kept = add_suite(root, "corpus", checked.cases.size());
  std::size_t here = 0, broken = 0;
  for (const auto& c : checked.cases) {
    pugi::xml_node test = add_case(kept, "corpus." + c.kept.kept.run.scenario,
                                   c.kept.path.substr(c.kept.path.rfind('/') + 1), 0);
    if (c.outcome.fails()) {
      ++here;
      add_text(test, "failure", first_line(c.outcome.now.what), to_string(c.outcome.now.result),
               text_of(c.outcome.now, c.kept.path, program));
    } else if (c.outcome.outcome == replay_outcome::diverged) {
      ++broken;
      add_text(test, "error", diverged_text, nondeterminism_kind, text_of_diverged(c, program));
    } else {
      pugi::xml_node said = test.append_child("system-out");
      said.text().set(
          for_xml(fmt::format("{}\n{}", to_string(c.outcome.outcome), c.outcome.now.what)).c_str());
    }
  }
  kept.append_attribute("failures") = static_cast<unsigned long long>(here);
  kept.append_attribute("errors") = static_cast<unsigned long long>(broken);
  failures += here;
  errors += broken;

  pugi::xml_node explored = add_suite(root, "explore", checked.scenarios.size());
  here = broken = 0;
  double seconds = 0;
  for (const auto& s : checked.scenarios) {
    seconds += seconds_of(s.result.real);
    pugi::xml_node test = add_case(explored, "explore", s.name, seconds_of(s.result.real));
    if (s.differs) {
      ++broken;
      add_text(test, "error",
               fmt::format("{}: {}", what_is_wrong(*s.differs), to_string(s.differs->cause)),
               nondeterminism_kind, text_of(*s.differs, program));
    }
    if (s.kinds.empty()) continue;
    ++here;
    std::string all;
    for (const auto& k : s.kinds)
      all += (all.empty() ? "" : "\n") + text_of(k.first, k.path, program);
    add_text(test, "failure", first_line(s.kinds.front().first.what),
             to_string(s.kinds.front().first.result), all);
  }
  explored.append_attribute("failures") = static_cast<unsigned long long>(here);
  explored.append_attribute("errors") = static_cast<unsigned long long>(broken);
  explored.append_attribute("time") = fmt::format("{:.3f}", seconds).c_str();
  failures += here;
  errors += broken;
  const std::size_t tests = checked.cases.size() + checked.scenarios.size();
  root.append_attribute("tests") = static_cast<unsigned long long>(tests);
  root.append_attribute("failures") = static_cast<unsigned long long>(failures);
  root.append_attribute("errors") = static_cast<unsigned long long>(errors);
  root.append_attribute("time") = fmt::format("{:.3f}", seconds_of(checked.real)).c_str();
  std::ostringstream out;
  document.save(out, "  ");
  return out.str();
}

std::string json_of(const check_result& checked) {
  std::vector<std::string> cases, scenarios, passed_over;
  for (const auto& c : checked.cases)
    cases.push_back(json_object()
                        .text("path", c.kept.path)
                        .text("scenario", c.kept.kept.run.scenario)
                        .text("outcome", to_string(c.outcome.outcome))
                        .text("verdict", to_string(c.outcome.now.result))
                        .text("what", c.outcome.now.what)
                        .text("token", c.outcome.now.token)
                        .done());
  std::uint64_t runs = 0;
  for (const auto& s : checked.scenarios) {
    runs += s.result.runs;
    std::vector<std::string> failures;
    config options = s.options;
    for (const auto& k : s.kinds) {
      options.schedule = decode_token(k.first.token).schedule;
      failures.push_back(json_of(k.first, options)
                             .text("signature", k.signature)
                             .number("seeds", k.seeds)
                             .text("case", k.path)
                             .flag("known", k.known)
                             .done());
    }
    json_object scenario;
    scenario.text("scenario", s.name);
    if (s.differs) scenario.raw("nondeterminism", json_of(*s.differs).done());
    scenarios.push_back(
        scenario.number("runs", s.result.runs)
            .number("profile_runs", s.result.profile_runs)
            .number("checked_again", s.checked_again)
            .list("failures", failures)
            .raw("new_kind_at_most", format_double(s.result.failure_kinds.at_most()))
            .seconds("real_s", s.result.real)
            .done());
  }
  for (const auto& text : checked.passed_over) {
    std::string quoted;
    append_json(quoted, std::string_view(text));
    passed_over.push_back(std::move(quoted));
  }
  return json_object()
      .flag("held", !checked.failed() && !checked.differs())
      .list("cases", cases)
      .list("passed_over", passed_over)
      .list("scenarios", scenarios)
      .number("runs", runs)
      .seconds("real_s", checked.real)
      .done();
}

std::string sarif_of(const check_result& checked, const std::string& program) {
  std::vector<std::string> results, rules, known;
  for (const auto& t : all_of(checked, program)) {
    if (std::ranges::find(known, t.kind) == known.end()) {
      known.push_back(t.kind);
      rules.push_back(json_object().text("id", t.kind).done());
    }
    json_object result;
    result.text("ruleId", t.kind).text("level", "error");
    result.raw("message", json_object().text("text", t.scenario + ": " + t.text).done());
    if (const source_place& place = t.place; !place.file.empty())
      result.list(
          "locations",
          {json_object()
               .raw("physicalLocation",
                    json_object()
                        .raw("artifactLocation", json_object().text("uri", place.file).done())
                        .raw("region", json_object().raw("startLine", place.line).done())
                        .done())
               .done()});
    result.raw("partialFingerprints",
               json_object().text("repriseSignature/v1", t.scenario + ": " + t.signature).done());
    results.push_back(result.done());
  }
  const std::string driver = json_object()
                                 .text("name", "reprise")
                                 .text("version", REPRISE_VERSION)
                                 .list("rules", rules)
                                 .done();
  return json_object()
      .text("$schema", "https://json.schemastore.org/sarif-2.1.0.json")
      .text("version", "2.1.0")
      .list("runs", {json_object()
                         .raw("tool", json_object().raw("driver", driver).done())
                         .list("results", results)
                         .done()})
      .done();
}

namespace {

/// As the runner wants what follows `::`; a property's value has more to escape.
std::string for_runner(std::string_view text, bool property) {
  std::string out;
  for (const char c : text) {
    if (c == '%')
      out += "%25";
    else if (c == '\r')
      out += "%0D";
    else if (c == '\n')
      out += "%0A";
    else if (property && c == ':')
      out += "%3A";
    else if (property && c == ',')
      out += "%2C";
    else
      out += c;
  }
  return out;
}

}  // namespace

std::string annotations_of(const check_result& checked, const std::string& program) {
  std::string out;
  for (const auto& t : all_of(checked, program)) {
    std::string where;
    if (!t.place.file.empty())
      where = fmt::format("file={},line={},", for_runner(t.place.file, true), t.place.line);
    out += fmt::format("::error {}title={}::{}\n", where,
                       for_runner(fmt::format("{} {}", t.scenario, t.kind), true),
                       for_runner(for_xml(t.text), false));
  }
  return out;
}

std::string step_summary_of(const check_result& checked, const std::string& program) {
  std::string out = "### " + program + " check\n\n";
  out += "| scenario | runs | failures |\n|---|---|---|\n";
  for (const auto& s : checked.scenarios) {
    std::uint64_t failures = 0;
    for (const auto& k : s.kinds) failures += k.seeds;
    std::string found = failures == 0 ? "" : format_count(failures);
    if (s.differs) found += found.empty() ? nondeterminism_kind : ", nondeterminism";
    out += fmt::format("| `{}` | {} | {} |\n", s.name, format_count(s.result.runs), found);
  }
  for (const auto& t : all_of(checked, program))
    out += fmt::format("\n**{}**\n```\n{}```\n", t.scenario, for_xml(t.text));
  if (!checked.cases.empty())
    out += fmt::format("\n{}: {} fixed, {} still failing, {} drifted, {} diverged\n",
                       counted(checked.cases.size(), "kept failure"),
                       checked.count(replay_outcome::fixed), checked.still_failing(),
                       checked.count(replay_outcome::drifted),
                       checked.count(replay_outcome::diverged));
  return out;
}

}  // namespace reprise::cli
