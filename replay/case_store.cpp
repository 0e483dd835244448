// Case files on the disk.
#include <reprise/replay/case_file.hpp>

#include "regular_file.hpp"

#include <reprise/core/choice_log.hpp>
#include <reprise/core/format.hpp>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace reprise {

namespace {

constexpr std::size_t most_bytes = std::size_t{64} * 1024 * 1024;

using detail::descriptor;
using detail::reason_of;

[[noreturn]] void cannot_write(const std::string& path, int error) {
  throw cannot_store(fmt::format("case file '{}' can't be written ({}).", path, reason_of(error)));
}

/// 0, or why not.
int write_all(int fd, std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n > 0)
      text.remove_prefix(static_cast<std::size_t>(n));
    else if (n == 0 || errno != EINTR)
      return n == 0 ? ENOSPC : errno;
  }
  return 0;
}

/// "2026-10-02", in UTC. Cases are stored outside of runs, where time is real.
std::string today() { return fmt::format("{:%F}", fmt::gmtime(std::time(nullptr))); }

}  // namespace

void write_case(const std::string& path, const case_file& c) {
  case_file dated = c;
  if (dated.kept_since.empty()) dated.kept_since = today();
  const std::string text = to_json(dated);
  // Another process may write the same case at the same time: each has a file of its own.
  const std::string partial = fmt::format("{}.{}.partial", path, ::getpid());
  descriptor file(::open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (file.get() < 0) cannot_write(path, errno);
  int error = write_all(file.get(), text);
  if (error == 0 && ::fsync(file.get()) != 0) error = errno;
  if (file.close() != 0 && error == 0) error = errno;
  if (error == 0 && std::rename(partial.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) {
    ::unlink(partial.c_str());
    cannot_write(path, error);
  }
  // The name is on the disk once its directory is.
  const std::size_t slash = path.rfind('/');
  const std::string directory =
      slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
  const descriptor place(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (place.get() >= 0) static_cast<void>(::fsync(place.get()));
}

std::string store_case(const std::string& directory, const case_file& c) {
  std::error_code failure;
  std::filesystem::create_directories(directory, failure);
  if (failure)
    throw cannot_store(
        fmt::format("folder '{}' can't be made ({}).", directory, reason_of(failure.value())));
  std::string path = directory;
  if (!path.ends_with('/')) path += '/';
  path += file_name(c);
  write_case(path, c);
  return path;
}

case_file read_case(const std::string& path) {
  const auto refuse = [&](std::string_view what) {
    throw bad_case_file(fmt::format("case file '{}' {}", path, what));
  };
  const auto [file, size, refused] = detail::open_regular(path);
  if (!refused.empty()) refuse(refused);
  if (size > most_bytes)
    refuse(fmt::format("has {} bytes, more than any case file: at most {}.", format_count(size),
                       format_count(most_bytes)));
  std::string text;
  std::array<char, 65536> block;
  for (;;) {
    const ssize_t n = ::read(file.get(), block.data(), block.size());
    if (n == 0) break;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) refuse(fmt::format("can't be read ({}).", reason_of(errno)));
    text.append(block.data(), static_cast<std::size_t>(n));
    if (text.size() > most_bytes) refuse("grows while it is read.");
  }
  return parse_case(text, path);
}

std::optional<case_file> find_stored_case(const std::string& directory,
                                          std::uint64_t stored_choices) {
  std::error_code failure;
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(directory, failure))
    if (entry.path().extension() == ".reprise") paths.push_back(entry.path().string());
  std::ranges::sort(paths);
  for (const auto& path : paths) {
    try {
      case_file c = read_case(path);
      if (c.run.choices && hash_choices(*c.run.choices) == stored_choices) return c;
    } catch (const bad_case_file&) {  // somebody else's matter
    }
  }
  return std::nullopt;
}

}  // namespace reprise
