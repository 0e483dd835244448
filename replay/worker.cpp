#include "worker.hpp"

#include <reprise/core/format.hpp>
#include <reprise/core/place.hpp>
#include <reprise/replay/campaign.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <utility>

#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define REPRISE_SANITIZER_REPORTS_CRASHES 1
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define REPRISE_SANITIZER_REPORTS_CRASHES 1
#endif

namespace reprise::detail {

void* map_shared(std::size_t size) {
  void* const memory =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return memory;
}

void unmap_shared(void* memory, std::size_t size) noexcept { ::munmap(memory, size); }

namespace {

constexpr std::size_t most_frames = 48;

/// Where a child was when it died, innermost first.
struct last_words {
  std::atomic<int> count;
  std::array<void*, most_frames> frames;
};

/// What a message begins with. A child that is done with its assignment sends one without text.
struct message_head {
  std::uint64_t position;
  std::uint64_t size;
  bool done;
};

struct assignment {
  std::uint64_t begin;
  std::uint64_t end;
};

bool read_all(int from, void* to, std::size_t size) {
  auto* at = static_cast<char*>(to);
  while (size > 0) {
    const ssize_t n = ::read(from, at, size);
    if (n > 0) {
      at += n;
      size -= static_cast<std::size_t>(n);
    } else if (n == 0 || errno != EINTR) {
      return false;
    }
  }
  return true;
}

bool write_all(int to, const void* from, std::size_t size) {
  const auto* at = static_cast<const char*>(from);
  while (size > 0) {
    const ssize_t n = ::send(to, at, size, MSG_NOSIGNAL);
    if (n > 0) {
      at += n;
      size -= static_cast<std::size_t>(n);
    } else if (n < 0 && errno != EINTR) {
      return false;
    }
  }
  return true;
}

// ---------------------------------------------------------------- in the child

last_words* my_last_words = nullptr;    // of this process, once it is a child
volatile bool is_childs_child = false;  // the program under simulation has forked

#if !defined(REPRISE_SANITIZER_REPORTS_CRASHES)
void on_crash(int number, siginfo_t* info, void* context) {
  // The handler's own frames come first; the one that was interrupted is where to look.
  int n = 0;
#if defined(__x86_64__)
  const auto at = static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP];
  // Places are of return addresses, which lie behind the call.
  // NOLINTNEXTLINE(performance-no-int-to-ptr): a register is a number
  my_last_words->frames[0] = reinterpret_cast<void*>(static_cast<std::uintptr_t>(at) + 1);
  n = 1;
#else
  static_cast<void>(context);
#endif
  n += ::backtrace(my_last_words->frames.data() + n, static_cast<int>(most_frames) - n);
  my_last_words->count.store(n, std::memory_order_release);
  std::signal(number, SIG_DFL);
  if (info->si_code <= 0) std::raise(number);  // else the instruction faults again
}
#endif

void listen_for_crashes() {
#if !defined(REPRISE_SANITIZER_REPORTS_CRASHES)
  // The first call loads the unwinder, which a signal handler must not do.
  std::array<void*, 2> warm{};
  ::backtrace(warm.data(), static_cast<int>(warm.size()));
  struct sigaction action {};
  action.sa_sigaction = on_crash;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP})
    ::sigaction(number, &action, nullptr);
#else
  // Abortion is nothing that they report, and a test framework's handler would tell of the parent's
  // test.
  std::signal(SIGABRT, SIG_DFL);
#endif
  watch_for_crashes();  // a stack overflow is a verdict of the run, not the end of the child
}

void settle_in(pid_t parent) {
  ::setpgid(0, 0);  // so that what it starts can be ended with it, and Ctrl-C is the parent's alone
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(0);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) std::signal(number, SIG_DFL);
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE,
              &none);  // replaying gives one, when asked; here they would fill the disk
  // Where memory is short it is the child that goes, not the parent with what was found.
  if (const int file = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC); file >= 0) {
    static_cast<void>(!::write(file, "1000", 4));
    ::close(file);
  }
  ::pthread_atfork(nullptr, nullptr, [] { is_childs_child = true; });
}

/// Whether the address lies in the file that we are linked into.
bool is_ours(const void* address) {
  Dl_info here{}, there{};
  return ::dladdr(reinterpret_cast<const void*>(&is_ours), &here) != 0 &&
         ::dladdr(address, &there) != 0 && here.dli_fbase == there.dli_fbase;
}

std::uint64_t resident_bytes_of(pid_t process) {
  std::ifstream file(fmt::format("/proc/{}/statm", process));
  std::uint64_t size = 0, resident = 0;
  if (!(file >> size >> resident)) return 0;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

/// The parent and its children have one layout, so their addresses are ours. Between what was
/// interrupted and its callers stand the frames of the handler.
std::string place_of(const last_words& words) {
  const int count = words.count.load(std::memory_order_acquire);
  const auto frame = [&](int i) { return words.frames[static_cast<std::size_t>(i)]; };
  int next = 1;
  for (int i = 1; i < count; ++i)
    if (frame(i) == static_cast<char*>(frame(0)) - 1) next = i + 1;
  // The program's own code is what a person looks for; the C library may have line tables, too.
  for (const bool own : {true, false}) {
    std::string place;
    if (count > 0 && (!own || is_ours(frame(0)))) place = detail::place_of(frame(0));
    for (int i = next; i < count && place.empty(); ++i)
      if (!own || is_ours(frame(i))) place = detail::place_of(frame(i));
    if (!place.empty()) return place;
  }
  return {};
}

void flush_standard_streams() {
  std::cout.flush();
  std::fflush(nullptr);
}

}  // namespace

struct worker::page {
  std::atomic<std::uint64_t> done;
  last_words words;
  std::array<std::uint64_t, most_positions> shapes;
  std::array<std::uint64_t, most_positions> schedules;
};

worker::worker(const std::function<position_result(std::uint64_t)>& execute,
               const std::atomic<std::uint64_t>& limit)
    : page_(std::make_unique<shared_memory<page>>()), seen_at_(std::chrono::steady_clock::now()) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    throw campaign_error(fmt::format("no child process can be made ({}).", std::strerror(errno)));
  flush_standard_streams();  // or both would print it
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) {
    const int why = errno;
    ::close(ends[0]);
    ::close(ends[1]);
    throw campaign_error(fmt::format("no child process can be made ({}).", std::strerror(why)));
  }
  if (pid_ > 0) {
    ::setpgid(pid_, pid_);
    ::close(ends[1]);
    socket_ = ends[0];
    return;
  }
  ::close(ends[0]);
  settle_in(parent);
  page& mine = **page_;
  my_last_words = &mine.words;
  listen_for_crashes();
  const int to_parent = ends[1];
  for (assignment now{}; read_all(to_parent, &now, sizeof now);) {
    for (std::uint64_t at = now.begin;
         at < now.end && at < limit.load(std::memory_order_relaxed);) {
      const position_result r = execute(at);
      if (is_childs_child) ::_exit(0);
      for (const auto& message : r.messages) {
        const message_head head{at, message.size(), false};
        if (!write_all(to_parent, &head, sizeof head) ||
            !write_all(to_parent, message.data(), message.size()))
          ::_exit(0);  // nobody listens any more
      }
      mine.shapes[at - now.begin] = r.shape;
      mine.schedules[at - now.begin] = r.schedule;
      mine.done.store(++at, std::memory_order_release);
      if (r.last) break;
    }
    flush_standard_streams();
    const message_head head{0, 0, true};
    if (!write_all(to_parent, &head, sizeof head)) break;
  }
  flush_standard_streams();
  ::_exit(0);
}

worker::~worker() {
  kill();
  if (pid_ > 0)
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  if (socket_ >= 0) ::close(socket_);
}

void worker::assign(std::uint64_t begin, std::uint64_t end) {
  begin_ = seen_done_ = begin;
  (*page_)->done.store(begin, std::memory_order_relaxed);
  seen_at_ = std::chrono::steady_clock::now();
  idle_ = false;
  ++assignments_;
  const assignment next{begin, end};
  // A child that is gone already is found out by `reap`.
  static_cast<void>(write_all(socket_, &next, sizeof next));
}

std::uint64_t worker::done() const noexcept {
  return (*page_)->done.load(std::memory_order_acquire);
}

std::uint64_t worker::shape(std::uint64_t position) const noexcept {
  return (*page_)->shapes[position - begin_];
}

std::uint64_t worker::schedule(std::uint64_t position) const noexcept {
  return (*page_)->schedules[position - begin_];
}

void worker::receive(const std::function<void(std::uint64_t, std::string_view)>& hear) {
  for (std::array<char, 65'536> buffer;;) {
    const ssize_t n = ::recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    received_.append(buffer.data(), static_cast<std::size_t>(n));
  }
  std::size_t at = 0;
  for (message_head head{}; received_.size() - at >= sizeof head;) {
    std::memcpy(&head, received_.data() + at, sizeof head);
    if (received_.size() - at - sizeof head < head.size) break;
    if (head.done)
      idle_ = true;
    else
      hear(head.position, std::string_view(received_).substr(at + sizeof head, head.size));
    at += sizeof head + head.size;
  }
  received_.erase(0, at);
}

std::optional<worker::death> worker::reap() {
  if (pid_ <= 0) return std::nullopt;
  int status = 0;
  const pid_t gone = ::waitpid(pid_, &status, WNOHANG);
  if (gone == 0 || (gone < 0 && errno == EINTR)) return std::nullopt;
  ::kill(-pid_, SIGKILL);  // what it has left behind
  pid_ = 0;
  death found;
  if (gone > 0 && WIFSIGNALED(status)) found.signal = WTERMSIG(status);
  if (gone > 0 && WIFEXITED(status)) found.exit_code = WEXITSTATUS(status);
  found.place = place_of((*page_)->words);
  return found;
}

std::chrono::nanoseconds worker::stuck_for(std::chrono::steady_clock::time_point now) {
  if (const std::uint64_t at = done(); idle_ || at != seen_done_) {
    seen_done_ = at;
    seen_at_ = now;
  }
  return now - seen_at_;
}

void worker::kill() const noexcept {
  if (pid_ > 0 && ::kill(-pid_, SIGKILL) != 0) ::kill(pid_, SIGKILL);
}

std::string describe(const worker::death& how) {
  std::string text;
  if (how.signal == 0) {
    text = fmt::format(
        "the process ended with exit code {} in the middle of the run, so there is no verdict",
        how.exit_code);
  } else {
    const char* name = ::sigabbrev_np(how.signal);
    const char* about = ::sigdescr_np(how.signal);
    text = fmt::format("the process was ended by SIG{} ({})", name ? name : "?",
                       about ? about : "unknown");
    if (how.signal == SIGKILL) text += ", as the system does when memory is short";
  }
  if (!how.place.empty()) text += "\n  at " + how.place;
  return text;
}

namespace {

std::string describe_hang(std::chrono::nanoseconds after, const worker::death& how) {
  std::string text =
      fmt::format("hang: the run had not ended after {} of real time", format_duration(after));
  if (!how.place.empty()) text += "\n  at " + how.place;
  return text;
}

}  // namespace

std::uint64_t usual_memory(unsigned jobs) {
  std::uint64_t all = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                      static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  // A container may have less; the file says "max" where it has not.
  if (std::uint64_t limit = 0; std::ifstream("/sys/fs/cgroup/memory.max") >> limit)
    all = std::min(all, limit);
  return all / 5 * 4 / jobs;
}

void warden::look_at(pid_t child, std::chrono::nanoseconds stuck, bool weighs) {
  if (child <= 0) return;  // that would be a group
  if (why_ == reason::hang && stuck - aborted_after_ > grace) ::kill(child, SIGKILL);
  if (made_it_die()) return;
  if (stuck > hang_after_) {
    why_ = reason::hang;
    aborted_after_ = stuck;
    ::kill(child, SIGABRT);  // so that it says where it is
  } else if (weighs && resident_bytes_of(child) > memory_) {
    why_ = reason::memory;
    ::kill(child, SIGKILL);
  }
}

std::string warden::text_of(const worker::death& how) const {
  switch (why_) {
    case reason::hang:
      return describe_hang(hang_after_, how);
    case reason::memory:
      return fmt::format("out of memory: the process took more than {} MiB", memory_ >> 20);
    case reason::its_own:
      break;
  }
  return describe(how);
}

namespace {

constexpr int tick_ms = 50;

}  // namespace

isolated_result in_child(const std::function<std::string()>& f, std::chrono::nanoseconds hang_after,
                         const std::function<bool()>& goes_on, std::uint64_t memory) {
  const shared_memory<std::atomic<std::uint64_t>> limit;
  limit->store(1);
  worker child([&](std::uint64_t) { return position_result{.messages = {f()}}; }, *limit);
  warden watch(hang_after, memory > 0 ? memory : usual_memory(1));
  isolated_result result;
  bool heard = false;
  child.assign(0, 1);
  for (;;) {
    pollfd watched{child.descriptor(), POLLIN, 0};
    static_cast<void>(::poll(&watched, 1, tick_ms));
    if (goes_on && !goes_on()) return {};
    const auto death = child.reap();
    child.receive([&](std::uint64_t, std::string_view message) {
      result.text = message;
      heard = true;
    });
    if (heard) return result;
    if (death) {
      result.died = watch.text_of(*death);
      return result;
    }
    watch.look_at(child.process(), child.stuck_for(std::chrono::steady_clock::now()));
  }
}

// ---------------------------------------------------------------- a process that is attended

namespace {

constexpr std::size_t most_of_token = 16'384;

/// What an attended process tells of itself.
struct attended_page {
  std::atomic<std::int64_t> since;  // of the steady clock, in nanoseconds
  std::atomic<std::size_t> size;    // of the token; 0: in no run
  std::array<char, most_of_token> token;
  last_words words;
};

attended_page* my_page = nullptr;  // of this process, when it is attended
volatile pid_t attended = 0;       // the child of this process, when it attends one

std::int64_t ticks() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

constexpr std::array<int, 4> asks_to_end{SIGINT, SIGTERM, SIGHUP, SIGQUIT};

/// What a terminal sends goes to both; what is sent to this process alone is meant for its child.
void pass_on(int number, siginfo_t* info, void*) {
  if (info->si_code <= 0) ::kill(attended, number);
}

void listen_for_the_child() {
  for (const int number : asks_to_end) {
    struct sigaction before {};
    ::sigaction(number, nullptr, &before);
    if (before.sa_handler == SIG_IGN) continue;  // as nohup has it
    struct sigaction action {};
    action.sa_sigaction = pass_on;
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    ::sigaction(number, &action, nullptr);
  }
}

/// Waits for `child` to end, for a while.
void wait_for(int handle) {
  // A kernel without such handles tells nobody, so the looks are often.
  pollfd watched{handle, POLLIN, 0};
  static_cast<void>(::poll(&watched, 1, handle < 0 ? 1 : tick_ms));
}

}  // namespace

std::optional<attendance> attend(std::chrono::nanoseconds hang_after, std::uint64_t memory) {
  auto* const page = ::new (map_shared(sizeof(attended_page))) attended_page{};
  flush_standard_streams();  // or both would print it
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child <= 0) {
    if (child < 0) return std::nullopt;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(0);
    my_page = page;
    my_last_words = &page->words;
    listen_for_crashes();
    return std::nullopt;
  }
  attended = child;
  listen_for_the_child();
  const auto handle = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
  warden watch(
      hang_after > std::chrono::nanoseconds(0) ? hang_after : std::chrono::nanoseconds::max(),
      memory > 0 ? memory : usual_memory(1));
  int status = 0;
  for (pid_t gone = 0; gone != child;) {
    wait_for(handle);
    gone = ::waitpid(child, &status, WNOHANG);
    if (gone < 0 && errno != EINTR) break;
    const bool runs = page->size.load(std::memory_order_acquire) > 0;
    if (gone == 0) watch.look_at(child, std::chrono::nanoseconds(runs ? ticks() - page->since : 0));
  }
  if (handle >= 0) ::close(handle);
  attendance came;
  worker::death how;
  if (WIFSIGNALED(status)) came.signal = how.signal = WTERMSIG(status);
  if (WIFEXITED(status)) came.exit_code = how.exit_code = WEXITSTATUS(status);
  const bool was_asked = std::ranges::find(asks_to_end, came.signal) != asks_to_end.end();
  if (const std::size_t size = page->size.load(std::memory_order_acquire); size > 0 && !was_asked) {
    how.place = place_of(page->words);
    came.token.assign(page->token.data(), size);
    came.died = watch.text_of(how);
  }
  unmap_shared(page, sizeof(attended_page));
  return came;
}

attended_run::attended_run(std::string_view token) {
  if (!my_page || is_childs_child) return;
  const std::size_t size = std::min(token.size(), most_of_token);
  std::ranges::copy(token.substr(0, size), my_page->token.begin());
  my_page->since.store(ticks());
  my_page->size.store(size, std::memory_order_release);
}

attended_run::~attended_run() {
  if (my_page) my_page->size.store(0, std::memory_order_release);
}

}  // namespace reprise::detail
