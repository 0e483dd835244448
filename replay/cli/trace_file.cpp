#include "trace_file.hpp"

#include "session.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace reprise::cli {

namespace {

constexpr std::size_t buffer_size = std::size_t{64} * 1024;
constexpr std::chrono::milliseconds between_flushes{100};

/// The file that a symbolic link means; renaming over the link would replace the link.
std::string resolved(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), std::free);
  return real ? real.get() : path;
}

}  // namespace

trace_file::trace_file(std::string path, output& out, std::string_view what)
    : what_(what), path_(std::move(path)), out_(out) {
  if (path_ == "-") return;
  path_ = resolved(path_);
  struct stat status {};
  const bool exists = ::stat(path_.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) refuse(EISDIR);
  if (exists && !S_ISREG(status.st_mode)) {
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
  } else {
    if (exists && ::access(path_.c_str(), W_OK) != 0) refuse(errno);
    partial_ = fmt::format("{}.{}.partial", path_, ::getpid());
    descriptor_ = ::open(partial_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  }
  if (descriptor_ < 0) {
    partial_.clear();
    refuse(errno);
  }
}

trace_file::~trace_file() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!partial_.empty()) ::unlink(partial_.c_str());
}

void trace_file::write(std::string_view text) noexcept {
  if (path_ == "-") return out_.write(text);
  buffer_ += text;
  // Whole lines: a look at the clock costs a fraction of what making one does.
  if (buffer_.size() >= buffer_size || std::chrono::steady_clock::now() >= next_flush_) flush();
}

void trace_file::flush() noexcept {
  if (path_ == "-") return out_.flush();
  next_flush_ = std::chrono::steady_clock::now() + between_flushes;
  std::string_view rest = buffer_;
  while (!rest.empty() && error_ == 0) {
    const ssize_t n = ::write(descriptor_, rest.data(), rest.size());
    if (n > 0) {
      rest.remove_prefix(static_cast<std::size_t>(n));
    } else if (n == 0 || errno != EINTR) {
      error_ = n == 0 ? ENOSPC : errno;
    }
  }
  buffer_.clear();
}

void trace_file::finish() {
  flush();
  if (path_ == "-") return;
  if (error_ == EPIPE) return;  // its reader has had enough
  if (error_ == 0 && !partial_.empty() && ::fsync(descriptor_) != 0) error_ = errno;
  if (::close(std::exchange(descriptor_, -1)) != 0 && error_ == 0) error_ = errno;
  if (error_ == 0 && !partial_.empty()) {
    if (std::rename(partial_.c_str(), path_.c_str()) == 0)
      partial_.clear();
    else
      error_ = errno;
  }
  if (error_ != 0) refuse(error_);
}

void trace_file::refuse(int error) const {
  std::string reason = std::generic_category().message(error);
  if (!reason.empty() && reason[0] >= 'A' && reason[0] <= 'Z')
    reason[0] = static_cast<char>(reason[0] - 'A' + 'a');
  throw environment_error(
      fmt::format("{} '{}' can't be written ({}). Choose another place, or '-' for stdout.", what_,
                  path_, reason));
}

}  // namespace reprise::cli
