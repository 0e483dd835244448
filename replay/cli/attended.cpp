#include "attended.hpp"

#include "debugger.hpp"
#include "print.hpp"
#include "worker.hpp"

#include <reprise/core/token.hpp>
#include <reprise/replay/scenario.hpp>

#include <csignal>
#include <utility>

namespace reprise::cli {

namespace {

/// As it would have ended without us.
[[noreturn]] void end_by(int signal) {
  std::signal(signal, SIG_DFL);
  std::raise(signal);
  std::_Exit(128 + signal);  // it is blocked
}

exit_code tell(session& s, const std::string& name, detail::attendance came) {
  report r;
  r.result = verdict::crashed;
  r.token = std::move(came.token);
  r.what = std::move(came.died);
  const config options = decode_token(r.token);
  r.seed = options.seed;
  output& words = s.attended->words_to_stderr ? s.err : s.out;
  if (s.json) {
    words.print("{}\n", json_of(r, options).done());
  } else {
    const painter paint(s.colour, words.descriptor());
    words.print("{}{}: {}\n", name == "replay" ? "" : name + ' ',
                title_of(find_scenario(options.scenario), options), paint.bad(to_string(r.result)));
    print_failure(s, words, r);
  }
  words.flush();
  return code_of(r);
}

}  // namespace

std::optional<exit_code> attend(session& s, const std::string& name) {
  // A debugger would stay with the parent.
  if (!s.attended || is_debugged()) return std::nullopt;
  auto came = detail::attend(s.attended->hang_after, 0);
  if (!came) return std::nullopt;
  if (!came->token.empty()) return tell(s, name, *std::move(came));
  if (came->signal > 0) end_by(came->signal);
  return static_cast<exit_code>(came->exit_code);
}

}  // namespace reprise::cli
