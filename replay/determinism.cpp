#include <reprise/replay/determinism.hpp>

#include <reprise/core/allow_real.hpp>
#include <reprise/core/event_places.hpp>
#include <reprise/core/format.hpp>
#include <reprise/core/gather.hpp>
#include <reprise/core/place.hpp>
#include <reprise/core/run.hpp>
#include <reprise/core/stream.hpp>
#include <reprise/core/task.hpp>
#include <reprise/core/token.hpp>
#include <reprise/replay/scenario.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <alloca.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

namespace reprise {

namespace {

using nlohmann::json;
using real_clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

// ---------------------------------------------------------------- what is varied

/// Things that no seed decides, each of which a witness has as ever, or otherwise.
struct variation {
  bool addresses = false;
  bool heap = false;  // what fresh memory holds
  bool stacks = false;
  bool environment = false;
};
constexpr variation everything{true, true, true, true};

/// The words that tell a witness of it.
std::string letters_of(const variation& v) {
  return std::string(v.addresses ? "a" : "-") + (v.heap ? "h" : "-") + (v.stacks ? "s" : "-") +
         (v.environment ? "e" : "-");
}

/// Variables that are about how a process is loaded, not about what it does.
bool is_left_alone(std::string_view variable) {
  for (const std::string_view begin : {"PATH=", "LD_", "GLIBC_TUNABLES=", "MALLOC_", "ASAN_",
                                       "UBSAN_", "LSAN_", "TSAN_", "GCOV_", "LLVM_", "REPRISE_"})
    if (variable.starts_with(begin)) return true;
  return false;
}

std::vector<std::string> environment_for(const variation& v, const std::string& traps) {
  std::vector<std::string> variables;
  std::string preload = traps;
  for (char** at = environ; *at; ++at) {
    const std::string_view variable = *at;
    if (variable.starts_with("LD_PRELOAD=") && !traps.empty()) {
      preload += ':' + std::string(variable.substr(variable.find('=') + 1));
      continue;
    }
    if (variable.starts_with("GLIBC_TUNABLES=")) continue;
    if (!v.environment || is_left_alone(variable) || variable.starts_with("LC_")) {
      if (!v.environment || !variable.starts_with("LC_")) variables.emplace_back(variable);
      continue;
    }
    variables.push_back(std::string(variable) + "-otherwise");
  }
  if (v.environment) {
    constexpr std::size_t some_pages = 12'345;
    variables.emplace_back("LC_ALL=C.UTF-8");
    variables.push_back("REPRISE_FILLER=" + std::string(some_pages, 'x'));
    for (const char* name : {"HOME", "USER", "LANG", "TZ", "TMPDIR", "HOSTNAME"})
      if (!std::getenv(name)) variables.push_back(std::string(name) + "=otherwise");
  }
  if (!preload.empty()) variables.push_back("LD_PRELOAD=" + preload);
  // Without its cache malloc fills all that it gives out and takes back. One length for both, since
  // what stands here moves the stack.
  variables.push_back(fmt::format(
      "GLIBC_TUNABLES=glibc.malloc.tcache_count=0:glibc.malloc.perturb={}", v.heap ? "90" : "00"));
  return variables;
}

std::string executable() {
  std::array<char, PATH_MAX> path{};
  const ssize_t n = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
  if (n <= 0) throw campaign_error("/proc/self/exe can't be read: is /proc mounted?");
  return {path.data(), static_cast<std::size_t>(n)};
}

/// The library of traps: beside the program, above it, or where it was installed.
std::string traps_for(const std::string& program) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  static_cast<void>(program);  // the sanitizer's library must be the first
  return {};
#else
  const std::string folder = program.substr(0, program.rfind('/'));
  for (const std::string& where :
       {folder, folder + "/..", folder + "/../lib", std::string(REPRISE_LIBDIR)}) {
    std::string path = where + "/libreprise_traps.so";
    if (::access(path.c_str(), R_OK) == 0) return path;
  }
  return {};
#endif
}

// ---------------------------------------------------------------- a witness, from its parent

[[noreturn]] void become(const std::string& program, const std::vector<std::string>& words,
                         const std::vector<std::string>& variables, const variation& v) {
  // Where this is forbidden, as in some containers, addresses vary always.
  if (!v.addresses)
    static_cast<void>(
        ::personality(static_cast<unsigned long>(::personality(0xffffffff)) | ADDR_NO_RANDOMIZE));
  std::vector<char*> argv, envp;
  for (const auto& w : words) argv.push_back(const_cast<char*>(w.c_str()));
  for (const auto& e : variables) envp.push_back(const_cast<char*>(e.c_str()));
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  ::execve(program.c_str(), argv.data(), envp.data());
  ::_exit(127);
}

/// A process that makes runs again and says what happens in them, a line of JSON each.
class witness {
public:
  /// `how` outlives it.
  witness(const variation& v, bool with_events, const witness_options& how) : how_(how) {
    const std::string program = executable();
    std::vector<std::string> words{program};
    words.insert(words.end(), how.arguments.begin(), how.arguments.end());
    words.push_back(letters_of(v) + (with_events ? "v" : "-"));
    const auto variables = environment_for(v, traps_for(program));
    // A socket, so that writing to a witness that has gone is no signal.
    std::array<int, 2> to{}, from{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, to.data()) != 0) refuse(errno);
    if (::pipe2(from.data(), O_CLOEXEC) != 0) refuse(errno);
    std::cout.flush();
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0) refuse(errno);
    if (pid_ == 0) {
      ::setpgid(0, 0);
      // A run without end would not see that nobody asks any more.
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() != parent) ::_exit(0);
      // What the scenario prints was printed by the run that is made again.
      const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
      ::dup2(to[0], STDIN_FILENO);
      ::dup2(nowhere, STDOUT_FILENO);
      ::dup2(nowhere, STDERR_FILENO);
      if (from[1] == answers)
        ::fcntl(answers, F_SETFD, 0);
      else
        ::dup2(from[1], answers);
      become(program, words, variables, v);
    }
    ::setpgid(pid_, pid_);  // here, too: it may be ended before it has come to that
    ::close(to[0]);
    ::close(from[1]);
    to_ = to[1];
    from_ = from[0];
  }
  witness(const witness&) = delete;
  ~witness() {
    if (to_ >= 0) ::close(to_);
    if (from_ >= 0) ::close(from_);
    if (pid_ <= 0) return;
    ::kill(-pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  /// The descriptor on which a witness answers.
  static constexpr int answers = 3;

  void ask(const std::string& token) {
    const std::string line = token + '\n';
    // A witness that is gone is found out by its silence.
    static_cast<void>(!::send(to_, line.data(), line.size(), MSG_NOSIGNAL));
  }
  /// The next line; null when there is none to come.
  [[nodiscard]] json next() {
    for (;;) {
      if (const std::size_t end = text_.find('\n', at_); end != std::string::npos) {
        json line = json::parse(text_.begin() + static_cast<std::ptrdiff_t>(at_),
                                text_.begin() + static_cast<std::ptrdiff_t>(end), nullptr, false);
        at_ = end + 1;
        return line.is_discarded() ? json() : line;
      }
      text_.erase(0, std::exchange(at_, 0));
      std::array<char, 65'536> buffer;
      const ssize_t n = wait() ? ::read(from_, buffer.data(), buffer.size()) : 0;
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return {};
      text_.append(buffer.data(), static_cast<std::size_t>(n));
    }
  }

  /// Whether there is none since `go_on` said so.
  [[nodiscard]] bool stopped() const noexcept { return stopped_; }

private:
  /// False when it hangs, or when nobody wants to know any more.
  bool wait() {
    constexpr std::chrono::nanoseconds tick = 50ms;
    const auto started = real_clock::now();
    for (;;) {
      stopped_ = how_.go_on && !how_.go_on();
      const auto left = how_.hang_after - (real_clock::now() - started);
      if (stopped_ || left <= 0ns) return false;
      const auto longest = std::chrono::ceil<std::chrono::milliseconds>(
          std::min(left, how_.go_on ? tick : std::chrono::nanoseconds(1h)));
      pollfd watched{from_, POLLIN, 0};
      const int ready = ::poll(&watched, 1, static_cast<int>(longest.count()));
      if (ready > 0) return true;
      if (ready < 0 && errno != EINTR) return false;
    }
  }
  [[noreturn]] static void refuse(int why) {
    throw campaign_error(fmt::format("no child process can be made ({}).", std::strerror(why)));
  }

  const witness_options& how_;
  bool stopped_ = false;
  pid_t pid_ = 0;
  int to_ = -1, from_ = -1;
  std::string text_;
  std::size_t at_ = 0;
};

// Of a line: its kind, then what it has.
enum line_kind : int { event_line = 0, trap_line = 1, end_line = 2 };
// Of an event: its number, its text, its place. Of a trap: kind, call, place. Of an end: the
// digest.
enum trap_kind : int { clock_read = 0, entropy_read = 1, thread_start = 2, environment_read = 3 };

struct trapped {
  int kind;
  std::string call, place;
};

/// The next line that is no trap.
json next_of_run(witness& w, std::vector<trapped>& traps) {
  for (;;) {
    json line = w.next();
    if (line.is_null() || line[0] != static_cast<int>(trap_line)) return line;
    traps.push_back({line[1], line[2], line[3]});
  }
}

struct comparison {
  bool differs = false;
  bool stopped = false;  // before that was known
  std::uint64_t event = 0;
  std::string first, second, first_place, second_place;
  std::vector<trapped> traps;  // of the first witness
};

/// Two witnesses of one run, side by side, to the first event that differs.
comparison compare(const std::string& token, const variation& a, const variation& b,
                   const witness_options& how) {
  witness one(a, true, how), other(b, true, how);
  one.ask(token);
  other.ask(token);
  comparison found;
  std::vector<trapped> ignored;
  for (;;) {
    const json x = next_of_run(one, found.traps), y = next_of_run(other, ignored);
    const bool x_event = !x.is_null() && x[0] == static_cast<int>(event_line);
    const bool y_event = !y.is_null() && y[0] == static_cast<int>(event_line);
    if (x_event && y_event && x[1] == y[1] && x[2] == y[2]) continue;
    found.stopped = one.stopped() || other.stopped();
    if (found.stopped) return found;
    found.differs = x_event || y_event || x != y;
    if (x_event) {
      found.first = x[2];
      found.first_place = x[3];
      found.event = x[1];
    }
    if (y_event) {
      found.second = y[2];
      found.second_place = y[3];
      if (!x_event || y[1] < x[1]) found.event = y[1];
    }
    return found;
  }
}

// ---------------------------------------------------------------- in a witness

int answer_to = witness::answers;
std::string answer_buffer;
std::set<std::pair<int, const void*>> told;  // calls, by where they are

void flush_answers() {
  std::string_view rest = answer_buffer;
  while (!rest.empty()) {
    const ssize_t n = ::write(answer_to, rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) ::_exit(0);  // nobody listens
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  answer_buffer.clear();
}

void answer(const json& line) {
  answer_buffer += line.dump(-1, ' ', false, json::error_handler_t::replace);
  answer_buffer += '\n';
  constexpr std::size_t enough = 32'768;
  if (answer_buffer.size() > enough) flush_answers();
}

void hear_trap(int kind, const char* call, void* const* frames, int count) {
  // The first frames are the traps' own.
  constexpr int own = 2;
  if (!told.emplace(kind, count > own + 1 ? frames[own + 1] : nullptr).second) return;
  std::string place;
  for (int i = own; i < count && place.empty(); ++i) place = detail::place_of(frames[i]);
  answer(json::array({trap_line, kind, call, place}));
}

/// Tells each event, the scheduler's too.
class teller final : public trace_sink {
public:
  void on_event(const trace_event& e) override {
    std::string text = fmt::format("{}, {}: {}", format_duration(e.at), e.task,
                                   e.user ? e.name : '(' + e.name + ')');
    if (!e.text.empty()) append_json(text += ' ', std::string_view(e.text));
    for (const auto& f : e.fields) {
      text += fmt::format(" {}=", f.key);
      append_json(text, f.value);
    }
    answer(json::array({event_line, e.index + 1, text, detail::place_of(e.place)}));
  }
};

[[gnu::noinline]] void scribble(std::size_t size, unsigned char fill) {
  auto* const room = static_cast<unsigned char*>(::alloca(size));
  std::memset(room, fill, size);
  asm volatile("" : : "r"(room) : "memory");
}

/// Leaves `fill` in the stacks that the tasks of the next run will have.
void fill_stacks(const config& options, std::size_t tasks, unsigned char fill) {
  constexpr std::size_t usual = std::size_t{256} << 10, most = std::size_t{96} << 10;
  const std::size_t size = std::min(most, (options.stack_size ? options.stack_size : usual) / 2);
  static_cast<void>(run(config{.stack_size = options.stack_size}, [&] {
    std::vector<task<void>> all;
    for (std::size_t i = 0; i < tasks; ++i)
      all.push_back(spawn([&] {
        scribble(size, fill);
        sleep_for(duration(1));  // so that each has a stack of its own
      }));
    for (auto& t : all) t.join();
    scribble(size, fill);
  }));
}

/// Leaves holes in the heap, so that what is allocated next lies in another order.
void shuffle_heap() {
  constexpr std::size_t largest = 2048, step = 16, of_each = 64;
  stream random(1, "heap");
  std::vector<void*> holes;
  for (std::size_t size = step; size <= largest; size += step)
    for (std::size_t i = 0; i < of_each; ++i) {
      holes.push_back(std::malloc(size));
      static_cast<void>(!std::malloc(size));  // between two holes; stays for good
    }
  for (std::size_t i = holes.size(); i > 1; --i)
    std::swap(holes[i - 1], holes[static_cast<std::size_t>(random.below(i))]);
  for (void* hole : holes) std::free(hole);
}

void listen_to_traps() {
  using listen = void (*)(bool (*)(), void (*)(int, const char*, void* const*, int));
  if (const auto ask = reinterpret_cast<listen>(::dlsym(RTLD_DEFAULT, "reprise_traps_listen")))
    ask(&detail::real_is_forbidden, &hear_trap);
}

}  // namespace

int run_witness(const std::vector<std::string>& arguments) {
  const std::string how = arguments.empty() ? "" : arguments[0];
  const auto has = [&](char letter) { return how.find(letter) != std::string::npos; };
  ::fcntl(answer_to, F_SETFD, FD_CLOEXEC);
  const bool with_events = has('v');
  if (has('a')) shuffle_heap();
  detail::events_have_places = with_events;
  constexpr unsigned char pattern = 0xA5;
  for (std::string token; std::getline(std::cin, token);) {
    config options = decode_token(token);
    const scenario& what = find_scenario(options.scenario);
    options = options_for(what, std::move(options));
    constexpr std::size_t many = 64, few = 8;
    fill_stacks(options, with_events ? many : few, has('s') ? pattern : 0);
    if (with_events && has('a')) {
      // Again, behind what the preparation and the tables of lines have taken: too much for
      // thousands of runs.
      static_cast<void>(detail::place_of(__builtin_return_address(0)));
      shuffle_heap();
    }
    listen_to_traps();
    teller events;
    if (with_events) options.sink = &events;
    const report r = with_body(what, [&](auto body) { return run(options, body); });
    answer(json::array({end_line, r.digest}));
    flush_answers();
  }
  return 0;
}

namespace {
constexpr const char* search_was_stopped = "the search for it was stopped";
}

std::optional<nondeterminism_report> check_determinism(const std::string& token,
                                                       const witness_options& how) {
  const comparison all = compare(token, {}, everything, how);
  nondeterminism_report report{.differs = all.differs,
                               .event = all.event,
                               .first = all.first,
                               .second = all.second,
                               .first_place = all.first_place,
                               .second_place = all.second_place,
                               .token = token};
  const auto blame = [&](hidden_input cause, std::string detail) {
    report.cause = cause;
    report.detail = std::move(detail);
  };
  static constexpr std::array<hidden_input, 3> of_trap{
      hidden_input::real_clock, hidden_input::real_entropy, hidden_input::stray_thread};
  for (const auto& t : all.traps) {
    if (t.kind < 0 || t.kind >= static_cast<int>(of_trap.size())) continue;
    blame(of_trap.at(static_cast<std::size_t>(t.kind)), t.call);
    report.place = t.place;
    return report;
  }
  if (all.stopped || !all.differs) return std::nullopt;

  struct factor {
    variation only;
    hidden_input cause;
    const char* detail;
  };
  // Other contents of memory move nothing, so they are asked about before addresses are.
  static constexpr std::array<factor, 5> factors{{
      {{}, hidden_input::unknown, "they differ though nothing was varied"},
      {{.environment = true}, hidden_input::environment, "the environment alone"},
      {{.heap = true}, hidden_input::uninitialised, "what fresh memory of the heap holds"},
      {{.stacks = true}, hidden_input::uninitialised, "what fresh stacks hold"},
      {{.addresses = true}, hidden_input::addresses, "the layout of memory alone"},
  }};
  blame(hidden_input::unknown, "they differ only when all is varied together");
  for (const auto& f : factors) {
    const comparison one = compare(token, {}, f.only, how);
    if (one.stopped) {
      blame(hidden_input::unknown, search_was_stopped);
      break;
    }
    if (!one.differs) continue;
    blame(f.cause, f.detail);
    report.event = one.event;
    report.first = one.first;
    report.second = one.second;
    report.first_place = one.first_place;
    report.second_place = one.second_place;
    break;
  }
  if (report.cause == hidden_input::environment)
    for (const auto& t : all.traps)
      if (t.kind == environment_read) {
        report.detail = t.call;
        report.place = t.place;
        break;
      }
  return report;
}

made_again find_difference(const std::vector<known_run>& runs,
                           const std::function<bool(std::uint64_t)>& go_on,
                           const witness_options& how) {
  made_again result;
  if (runs.empty()) return result;
  witness_options asking = how;
  asking.go_on = [&] { return (!go_on || go_on(result.runs)) && (!how.go_on || how.go_on()); };
  witness w(everything, false, asking);
  std::vector<trapped> traps;
  // A few ahead, so that it never waits for us.
  constexpr std::size_t ahead = 8;
  std::size_t asked = 0;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (!asking.go_on()) break;
    for (; asked < std::min(runs.size(), i + ahead); ++asked) w.ask(runs[asked].token);
    const json line = next_of_run(w, traps);
    if (w.stopped()) break;
    ++result.runs;
    const bool real = std::ranges::any_of(
        traps, [](const trapped& t) { return t.kind != static_cast<int>(environment_read); });
    if (line.is_null() || line[1] != runs[i].digest || real) {
      result.differing = &runs[i];
      break;
    }
  }
  return result;
}

nondeterminism_report cause_of(const known_run& differing, const witness_options& how) {
  if (auto why = check_determinism(differing.token, how)) return *std::move(why);
  nondeterminism_report report{.cause = hidden_input::earlier_runs,
                               .detail = differing.token,
                               .differs = true,
                               .token = differing.token};
  if (how.go_on && !how.go_on()) {
    report.cause = hidden_input::unknown;
    report.detail = search_was_stopped;
  }
  return report;
}

sample_check check_sample(const std::vector<known_run>& sample,
                          std::optional<real_clock::time_point> until,
                          const std::function<bool(const campaign_progress&)>& progress,
                          witness_options how) {
  sample_check result;
  const auto started = real_clock::now();
  const auto seconds = [](auto d) { return std::chrono::duration<double>(d).count(); };
  const auto tell = [&](std::uint64_t runs) {
    campaign_progress p{.runs = runs, .real = real_clock::now() - started};
    p.share = static_cast<double>(runs) / static_cast<double>(sample.size());
    if (until && *until > started)
      p.share = std::max(p.share, seconds(p.real) / seconds(*until - started));
    p.share = std::min(p.share, 1.0);
    if (!result.stopped && progress && !progress(p)) result.stopped = true;
    return !result.stopped;
  };
  const made_again again = find_difference(
      sample,
      [&](std::uint64_t runs) { return tell(runs) && (!until || real_clock::now() < *until); },
      how);
  result.runs = again.runs;
  if (again.differing) {
    how.go_on = [&] { return tell(result.runs); };
    result.differs = cause_of(*again.differing, how);
  }
  return result;
}

const char* to_string(hidden_input cause) noexcept {
  switch (cause) {
    case hidden_input::addresses:
      return "address-dependent order";
    case hidden_input::uninitialised:
      return "uninitialised read";
    case hidden_input::environment:
      return "environment";
    case hidden_input::real_clock:
      return "real clock";
    case hidden_input::real_entropy:
      return "real entropy";
    case hidden_input::stray_thread:
      return "stray thread";
    case hidden_input::earlier_runs:
      return "earlier runs";
    case hidden_input::unknown:
      break;
  }
  return "unknown";
}

}  // namespace reprise
