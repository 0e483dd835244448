#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace reprise::detail {

[[nodiscard]] void* map_shared(std::size_t size);
void unmap_shared(void* memory, std::size_t size) noexcept;

/// A `T` that a process and its children see both.
template <class T>
class shared_memory {
public:
  shared_memory() : at_(new(map_shared(sizeof(T))) T) {}
  shared_memory(const shared_memory&) = delete;
  ~shared_memory() { unmap_shared(at_, sizeof(T)); }
  [[nodiscard]] T& operator*() const noexcept { return *at_; }
  [[nodiscard]] T* operator->() const noexcept { return at_; }

private:
  T* at_;
};

/// What the run at one position came to, as the child tells it.
struct position_result {
  std::uint64_t shape = 0;
  std::uint64_t schedule = 0;              // 0: not known
  std::vector<std::string> messages = {};  // for the parent
  bool last = false;                       // nothing after it is of interest
};

/// A child process that works through positions, and what its parent knows of it.
///
/// A position is done once its result is in shared memory, so a child may die at any time and only
/// the position that it was at is in doubt.
class worker {
public:
  static constexpr std::size_t most_positions = 65'536;  // in one assignment

  /// Forks. The child calls `execute` for each position that is below `limit` when it comes to it.
  /// Throws: `campaign_error` when no process can be made.
  worker(const std::function<position_result(std::uint64_t)>& execute,
         const std::atomic<std::uint64_t>& limit);
  /// Ends the child at once, and all that it started in its process group.
  ~worker();
  worker(const worker&) = delete;

  /// Precondition: idle.
  void assign(std::uint64_t begin, std::uint64_t end);
  [[nodiscard]] bool idle() const noexcept { return idle_; }
  /// Whether it has worked through something before what it has now.
  [[nodiscard]] bool is_fresh() const noexcept { return assignments_ <= 1; }
  [[nodiscard]] std::uint64_t begin() const noexcept { return begin_; }
  /// The position that it is at, or would go on with.
  [[nodiscard]] std::uint64_t done() const noexcept;
  /// Of a position below `done()`, and not below `begin()`.
  [[nodiscard]] std::uint64_t shape(std::uint64_t position) const noexcept;
  [[nodiscard]] std::uint64_t schedule(std::uint64_t position) const noexcept;

  [[nodiscard]] int descriptor() const noexcept { return socket_; }
  /// Takes in what the child has sent, and calls `hear(position, message)` for each message.
  /// Becomes idle at the end of the assignment.
  void receive(const std::function<void(std::uint64_t, std::string_view)>& hear);

  struct death {
    int signal = 0;  // 0: it has exited
    int exit_code = 0;
    std::string place;  // where the run was, when the child could tell
  };
  /// How it has died; nothing while it lives. Reaps it: after that there is nothing but `done` and
  /// `shape`.
  [[nodiscard]] std::optional<death> reap();

  /// How long it has been at `done()`; zero while it is idle.
  [[nodiscard]] std::chrono::nanoseconds stuck_for(std::chrono::steady_clock::time_point now);
  [[nodiscard]] pid_t process() const noexcept { return pid_; }
  void kill() const noexcept;

private:
  struct page;

  std::unique_ptr<shared_memory<page>> page_;
  pid_t pid_ = 0;
  int socket_ = -1;
  bool idle_ = true;
  std::uint64_t assignments_ = 0;
  std::uint64_t begin_ = 0;
  std::string received_;
  std::uint64_t seen_done_ = 0;
  std::chrono::steady_clock::time_point seen_at_;
};

/// "the process was ended by SIGSEGV (Segmentation fault)", with its place in a second line.
[[nodiscard]] std::string describe(const worker::death& how);

/// Bytes that each of `jobs` children may take: its share of four fifths of the machine.
[[nodiscard]] std::uint64_t usual_memory(unsigned jobs);

/// Makes a child die that takes too long or too much, and says so.
class warden {
public:
  /// How long a run may take in real time, and how many bytes its process.
  warden(std::chrono::nanoseconds hang_after, std::uint64_t memory) noexcept
      : hang_after_(hang_after), memory_(memory) {}
  /// The child has been at one run for `stuck`. `weighs`: its memory is looked at, too.
  void look_at(pid_t child, std::chrono::nanoseconds stuck, bool weighs = true);
  [[nodiscard]] bool made_it_die() const noexcept { return why_ != reason::its_own; }
  /// What ended the child.
  [[nodiscard]] std::string text_of(const worker::death& how) const;

private:
  enum class reason : std::uint8_t { its_own, hang, memory };
  static constexpr std::chrono::seconds grace{2};  // to say where it is

  std::chrono::nanoseconds hang_after_;
  std::uint64_t memory_;
  std::chrono::nanoseconds aborted_after_{0};
  reason why_ = reason::its_own;
};

/// What a child was heard to say, or how it died before it could.
struct isolated_result {
  std::string text;
  std::string died;  // empty when it did not
};
/// Calls `f` in a child process. One that takes longer than `hang_after`, or more than `memory`
/// bytes (0: the usual), is made to die. `goes_on` is asked some twenty times a second; once it
/// says no, the child is ended, and the result is empty. Throws: `campaign_error`.
[[nodiscard]] isolated_result in_child(const std::function<std::string()>& f,
                                       std::chrono::nanoseconds hang_after,
                                       const std::function<bool()>& goes_on = {},
                                       std::uint64_t memory = 0);

/// How a process ended that was attended.
struct attendance {
  int exit_code = 0;  // when it ended by itself
  int signal = 0;     // that ended it, and no run
  /// A run that did not end, and what ended the process in it; empty when there was none.
  std::string token;
  std::string died;
};
/// Goes on in a child process, so that somebody is left to say what ended it: returns nothing
/// there, and in the parent how the child ended. Signals that ask to end go to the child.
///
/// A run that takes longer than `hang_after` (0: any time will do) or more than `memory` bytes is
/// made to die. Where no process can be made, this one goes on unattended. Precondition: the
/// process has one thread.
[[nodiscard]] std::optional<attendance> attend(std::chrono::nanoseconds hang_after,
                                               std::uint64_t memory);

/// Tells the attending process, where there is one, which run this one is in.
class attended_run {
public:
  explicit attended_run(std::string_view token);
  attended_run(const attended_run&) = delete;
  ~attended_run();
};

}  // namespace reprise::detail
