#include "debugger.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

#include <sys/mman.h>
#include <unistd.h>

/// gdb's breakpoint is on it.
extern "C" [[gnu::noinline, gnu::used]] void reprise_break();
extern "C" void reprise_break() {
  asm volatile("");  // so that no call of it is left out
}

namespace reprise::cli {

void break_here() noexcept { reprise_break(); }

bool is_debugged() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("TracerPid:"))
      return line.find_first_not_of(" \t0", std::strlen("TracerPid:")) != std::string::npos;
  return false;
}

void become_gdb(const session& s, const std::vector<std::string>& arguments) {
  std::array<char, 4096> self{};
  const ssize_t size = ::readlink("/proc/self/exe", self.data(), self.size() - 1);
  const std::string program = size > 0 ? self.data() : s.program;
  // A file that only the two of us see, and that needs no cleaning up.
  const int script = ::memfd_create("reprise_gdb", 0);
  const std::string_view text = gdb_script;
  if (script < 0 || ::write(script, text.data(), text.size()) != std::ssize(text))
    throw environment_error("gdb's script can't be handed over.");
  std::vector<std::string> words{
      "gdb",  "-q",
      "-iex", "set debuginfod enabled off",
      "-ex",  fmt::format("python exec(open('/proc/self/fd/{}').read())", script),
      "-ex",  "handle SIGSEGV nostop noprint pass",
      "-ex",  "break reprise_break",
      "-ex",  "run"};
  if (::isatty(STDIN_FILENO) == 0)
    for (const char* const word : {"-ex", "reprise tasks", "-ex", "reprise backtrace", "-batch"})
      words.emplace_back(word);
  words.emplace_back("--args");
  words.push_back(program);
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> raw;
  raw.reserve(words.size() + 1);
  for (auto& w : words) raw.push_back(w.data());
  raw.push_back(nullptr);
  ::execvp("gdb", raw.data());
  throw environment_error(fmt::format("gdb can't be started ({}). --break needs it.",
                                      std::generic_category().message(errno)));
}

}  // namespace reprise::cli
