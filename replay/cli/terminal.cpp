#include "terminal.hpp"

#include <reprise/core/format.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace reprise::cli {

namespace {

constexpr std::size_t buffer_size = std::size_t{32} * 1024;
constexpr std::chrono::milliseconds between_lines{100};

bool is_dumb() {
  const char* term = std::getenv("TERM");
  return !term || std::string_view(term).empty() || std::string_view(term) == "dumb";
}

}  // namespace

void output::write(std::string_view text) {
  buffer_ += text;
  if (buffer_.size() >= buffer_size) flush();
}

void output::flush() noexcept {
  std::string_view rest = buffer_;
  while (!rest.empty() && !silent_) {
    const ssize_t n = ::write(descriptor_, rest.data(), rest.size());
    if (n > 0) {
      rest.remove_prefix(static_cast<std::size_t>(n));
    } else if (n == 0 || errno != EINTR) {
      silent_ = true;
    }
  }
  buffer_.clear();
}

void output::keep_stdout_to_itself() noexcept {
  if (descriptor_ != STDOUT_FILENO) return;
  const int kept = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (kept < 0) return;
  // There is no way back, so that what C's and C++'s streams hold needs no flush at the right
  // moment: whenever they write, it is to stderr.
  if (::dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
    ::close(kept);
    return;
  }
  descriptor_ = kept;
}

painter::painter(colours wanted, int descriptor) : on_(wanted == colours::always) {
  if (wanted != colours::automatic) return;
  const char* no_color = std::getenv("NO_COLOR");
  on_ = ::isatty(descriptor) && !is_dumb() && (!no_color || *no_color == '\0');
}

std::string painter::paint(std::string_view code, std::string_view word) const {
  return on_ ? fmt::format("\033[{}m{}\033[0m", code, word) : std::string(word);
}

progress_line::progress_line()
    : on_(::isatty(STDERR_FILENO) && !is_dumb()), next_(clock::now() + between_lines) {}

std::string fitted(std::vector<progress_part> parts, std::size_t columns) {
  const auto line = [&] {
    std::string text;
    for (const auto& part : parts) text += part.text;
    return text;
  };
  while (width_of(line()) > columns) {
    const auto least = std::ranges::max_element(parts, {}, &progress_part::rank);
    if (least == parts.end() || least->rank == 0) break;
    parts.erase(least);
  }
  std::string text = line();
  if (width_of(text) <= columns) return text;
  if (columns == 0) return {};
  std::size_t end = 0, width = 0;
  while (width < columns) {  // one column is the ellipsis's
    width += (static_cast<unsigned char>(text[end]) & 0xc0) != 0x80;
    if (width < columns) ++end;
  }
  return text.substr(0, end) + "…";
}

void progress_line::show(std::vector<progress_part> parts) {
  if (!on_) return;
  // In the last column, some terminals would begin the next line.
  const std::size_t columns = columns_of(STDERR_FILENO, 80) - 1;
  output(STDERR_FILENO).print("\r\033[K{}", fitted(std::move(parts), columns));
  shown_ = true;
  next_ = clock::now() + between_lines;
}

void progress_line::clear() {
  if (std::exchange(shown_, false)) output(STDERR_FILENO).write("\r\033[K");
}

void prepare_standard_streams() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(descriptor, F_GETFD) != -1 || errno != EBADF) continue;
    // The lowest free number is this one, since those below it are open.
    static_cast<void>(::open("/dev/null", O_RDWR));
  }
  std::signal(SIGPIPE, SIG_IGN);
}

std::size_t columns_of(int descriptor, std::size_t otherwise) {
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return otherwise;
  return size.ws_col;
}

std::size_t width_of(std::string_view text) noexcept {
  std::size_t width = 0;
  for (const char c : text) width += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return width;
}

}  // namespace reprise::cli
