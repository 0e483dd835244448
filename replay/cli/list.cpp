#include "json.hpp"
#include "options.hpp"

#include <reprise/core/format.hpp>
#include <reprise/replay/scenario.hpp>

#include <algorithm>

namespace reprise::cli {

namespace {

std::string as_json(const scenario& s) {
  std::vector<std::string> parameters;
  for (const auto& p : s.parameters) {
    json_object o;
    o.text("name", p.name).text("initial", p.initial).text("about", p.about);
    if (!p.quick.empty()) o.text("quick", p.quick);
    parameters.push_back(o.done());
  }
  return json_object()
      .text("name", s.name)
      .text("about", s.about)
      .list("parameters", parameters)
      .done();
}

exit_code list(session& s) {
  const auto& all = scenarios();
  if (s.json) {
    std::string text;
    for (const auto& one : all) text += (text.empty() ? "" : ",\n ") + as_json(one);
    s.out.print("[{}]\n", text);
    return held;
  }
  if (all.empty())
    s.err.write(
        "this program has no scenarios: REPRISE_SCENARIO(\"name\", \"about\") { … } makes one.\n");
  std::size_t widest = 0;
  for (const auto& one : all) widest = std::max(widest, width_of(one.name));
  for (const auto& one : all) {
    s.out.print("{}{}  {}\n", printable(one.name), std::string(widest - width_of(one.name), ' '),
                printable(one.about));
    for (const auto& p : one.parameters)
      s.out.print("{}  --param {}={}  {}\n", std::string(widest, ' '), printable(p.name),
                  printable(p.initial), printable(p.about));
  }
  return held;
}

}  // namespace

void add_list(CLI::App& app, session& s, action& chosen) {
  CLI::App* command = app.add_subcommand("list", "the scenarios, with a line each");
  add_print_options(*command, s);
  command->callback([&] { chosen = [&] { return list(s); }; });
}

}  // namespace reprise::cli
