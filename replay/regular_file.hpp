#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <unistd.h>

namespace reprise::detail {

/// A file descriptor, closed with its owner.
class descriptor {
public:
  explicit descriptor(int fd = -1) noexcept : fd_(fd) {}
  descriptor(const descriptor&) = delete;
  descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }
  /// What closing says.
  [[nodiscard]] int close() noexcept { return ::close(std::exchange(fd_, -1)); }

private:
  int fd_;
};

/// What `error` means, as part of a sentence: "no such file or directory".
[[nodiscard]] std::string reason_of(int error);

/// A file that somebody else gave, open for reading; or why not.
struct regular_file {
  descriptor file;
  std::uint64_t size = 0;
  std::string refused = {};  // "is a folder."; empty when it is open
};

/// Opens `path` without ever waiting for it: a pipe that nobody writes to is refused, as are
/// folders and devices.
[[nodiscard]] regular_file open_regular(const std::string& path);

}  // namespace reprise::detail
