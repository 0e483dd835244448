#include "regular_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>

namespace reprise::detail {

std::string reason_of(int error) {
  std::string text = std::generic_category().message(error);
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z')
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

regular_file open_regular(const std::string& path) {
  // Without O_NONBLOCK a pipe that nobody writes to would be waited for.
  regular_file opened{
      descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY))};
  struct stat status {};
  if (opened.file.get() < 0 || ::fstat(opened.file.get(), &status) != 0)
    opened.refused = fmt::format("can't be read ({}).", reason_of(errno));
  else if (S_ISDIR(status.st_mode))
    opened.refused = "is a folder.";
  else if (!S_ISREG(status.st_mode))
    opened.refused = "is no regular file.";
  opened.size = static_cast<std::uint64_t>(status.st_size);
  return opened;
}

}  // namespace reprise::detail
