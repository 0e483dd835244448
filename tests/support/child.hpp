#pragma once

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace support {

/// A file that is gone with its handle.
class temporary_file {
public:
  temporary_file() {
    const int descriptor = ::mkstemp(path_.data());
    if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "mkstemp");
    ::close(descriptor);
  }
  temporary_file(const temporary_file&) = delete;
  ~temporary_file() { ::unlink(path_.c_str()); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
  std::string path_ = "/tmp/reprise-test-XXXXXX";
};

/// A folder that is gone with its handle, and all that lies in it directly.
class temporary_folder {
public:
  temporary_folder() {
    if (!::mkdtemp(path_.data()))
      throw std::system_error(errno, std::generic_category(), "mkdtemp");
  }
  temporary_folder(const temporary_folder&) = delete;
  ~temporary_folder() { static_cast<void>(std::system(("rm -rf " + path_).c_str())); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
  std::string path_ = "/tmp/reprise-test-XXXXXX";
};

inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Where a child's stdout goes.
enum class stdout_to : unsigned char { capture, closed, full_disk, broken_pipe };

struct child_result {
  int code = 0;  // 128 + n when signal n ended it
  std::string out;
  std::string err;
};

/// A program that runs beside the test; killed with its handle.
class running_child {
public:
  running_child(const std::string& program, const std::vector<std::string>& arguments,
                const std::string& out) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY | O_TRUNC, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    // Whoever holds the write end is a process of the child's making.
    if (::pipe2(alive_, O_CLOEXEC) != 0)
      throw std::system_error(errno, std::generic_category(), "pipe2");
    posix_spawn_file_actions_adddup2(&actions, alive_[1], 99);
    std::vector<std::string> words{program};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (auto& w : words) argv.push_back(w.data());
    argv.push_back(nullptr);
    const int failure =
        posix_spawn(&pid_, program.c_str(), &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(alive_[1]);
    if (failure != 0) throw std::system_error(failure, std::generic_category(), program);
  }
  running_child(const running_child&) = delete;
  ~running_child() {
    if (pid_ > 0) {
      send(SIGKILL);
      static_cast<void>(wait());
    }
    ::close(alive_[0]);
  }
  void send(int signal) const { ::kill(pid_, signal); }
  /// Its exit code; 128 + n when signal n ended it.
  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  /// 0 once it and all that it has started are gone; waits for that.
  [[nodiscard]] int left_over() const {
    pollfd end{alive_[0], 0, 0};
    constexpr int longest_ms = 20'000;
    return ::poll(&end, 1, longest_ms) == 1 ? 0 : 1;
  }

private:
  pid_t pid_ = 0;
  int alive_[2] = {-1, -1};
};

/// Runs a program to its end. Variables of `environment` are added to ours.
inline child_result run_child(const std::string& program, const std::vector<std::string>& arguments,
                              stdout_to where = stdout_to::capture,
                              const std::vector<std::string>& environment = {}) {
  const temporary_file out, err;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 2, err.path().c_str(), O_WRONLY | O_TRUNC, 0);
  int ends[2] = {-1, -1};
  switch (where) {
    case stdout_to::capture:
      posix_spawn_file_actions_addopen(&actions, 1, out.path().c_str(), O_WRONLY | O_TRUNC, 0);
      break;
    case stdout_to::closed:
      posix_spawn_file_actions_addclose(&actions, 1);
      break;
    case stdout_to::full_disk:
      posix_spawn_file_actions_addopen(&actions, 1, "/dev/full", O_WRONLY, 0);
      break;
    case stdout_to::broken_pipe:
      if (::pipe2(ends, O_CLOEXEC) != 0)
        throw std::system_error(errno, std::generic_category(), "pipe2");
      ::close(ends[0]);
      posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
      break;
  }
  std::vector<std::string> words{program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv, envp;
  for (auto& w : words) argv.push_back(w.data());
  argv.push_back(nullptr);
  std::vector<std::string> variables = environment;
  for (auto& v : variables) envp.push_back(v.data());
  for (char** v = environ; *v; ++v) envp.push_back(*v);
  envp.push_back(nullptr);
  pid_t pid = 0;
  const int failure =
      posix_spawn(&pid, program.c_str(), &actions, nullptr, argv.data(), envp.data());
  posix_spawn_file_actions_destroy(&actions);
  if (ends[1] >= 0) ::close(ends[1]);
  if (failure != 0) throw std::system_error(failure, std::generic_category(), program);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read_file(out.path()),
          read_file(err.path())};
}

}  // namespace support
