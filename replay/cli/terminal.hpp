#pragma once

#include <reprise/core/format.hpp>

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace reprise::cli {

/// A stream of text to a file descriptor. A reader that has gone, or a full disk, silences it: the
/// exit code is the verdict's all the same.
class output {
public:
  explicit output(int descriptor) noexcept : descriptor_(descriptor) {}
  output(const output&) = delete;
  ~output() { flush(); }

  void write(std::string_view text);
  template <class... Args>
  void print(fmt::format_string<Args...> format, Args&&... args) {
    write(fmt::format(format, std::forward<Args>(args)...));
  }
  void flush() noexcept;
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  /// From here on this stream alone writes to where stdout goes: what the program prints to its
  /// stdout, a scenario with `puts` say, comes out on stderr. Of stdout's stream; once.
  void keep_stdout_to_itself() noexcept;

private:
  int descriptor_;
  bool silent_ = false;
  std::string buffer_;
};

enum class colours : unsigned char { automatic, always, never };

/// A word of status, in its colour where there are colours: passed is green, failed red, what is
/// neither yellow.
class painter {
public:
  /// `NO_COLOR`, `TERM=dumb` and what is no terminal are plain, unless colours are asked for.
  painter(colours wanted, int descriptor);
  [[nodiscard]] std::string good(std::string_view word) const { return paint("32", word); }
  [[nodiscard]] std::string bad(std::string_view word) const { return paint("31", word); }
  [[nodiscard]] std::string unsure(std::string_view word) const { return paint("33", word); }

private:
  [[nodiscard]] std::string paint(std::string_view code, std::string_view word) const;
  bool on_;
};

/// A piece of a line of progress, with the blanks before it.
struct progress_part {
  std::string text;
  int rank = 0;  // the higher, the sooner it is left out; 0 never is
};
/// The line that `parts` make in `columns`: what is needed least is left out first, and what is
/// left is cut.
[[nodiscard]] std::string fitted(std::vector<progress_part> parts, std::size_t columns);

/// One line on stderr about work in progress: at most ten times a second, on a terminal only, gone
/// when finished.
class progress_line {
public:
  progress_line();
  progress_line(const progress_line&) = delete;
  ~progress_line() { clear(); }

  [[nodiscard]] bool on() const noexcept { return on_; }
  /// Whether it is time to show again.
  [[nodiscard]] bool due() const noexcept { return on_ && clock::now() >= next_; }
  void show(std::vector<progress_part> parts);
  void show(std::string text) { show(std::vector<progress_part>{{std::move(text)}}); }
  void clear();

private:
  using clock = std::chrono::steady_clock;
  bool on_;
  bool shown_ = false;
  clock::time_point next_;
};

/// Closed standard descriptors are pointed at /dev/null, so that no file opened later takes their
/// place; a pipe whose reader has gone is an error of the write, not a signal.
void prepare_standard_streams();
/// Columns of the terminal on `descriptor`; `otherwise` when it is none.
[[nodiscard]] std::size_t columns_of(int descriptor, std::size_t otherwise);
using reprise::printable;
using reprise::shell_word;
/// How many columns `text` takes: its code points.
[[nodiscard]] std::size_t width_of(std::string_view text) noexcept;

}  // namespace reprise::cli
