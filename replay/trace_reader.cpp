#include <reprise/replay/trace_reader.hpp>

#include "regular_file.hpp"
#include "trace_line.hpp"

#include <reprise/core/format.hpp>
#include <reprise/core/token.hpp>
#include <reprise/replay/trace.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <system_error>
#include <utility>
#include <vector>

namespace reprise {

namespace {

using detail::block_sums;

constexpr std::string_view magic = "{\"reprise_trace\":";
constexpr std::size_t longest_line = std::size_t{64} * 1024 * 1024;
constexpr std::size_t read_at_once = std::size_t{64} * 1024;

/// Part of a file, at most `size` bytes of it. Throws: the system's error number.
std::string read_part(int descriptor, std::uint64_t at, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    const ssize_t n =
        ::pread(descriptor, bytes.data() + have, size - have, static_cast<off_t>(at + have));
    if (n == 0) break;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw std::system_error(errno, std::generic_category());
    have += static_cast<std::size_t>(n);
  }
  bytes.resize(have);
  return bytes;
}

/// A line as it lies in the file.
struct raw_line {
  enum class end : unsigned char {
    newline,   // it is whole
    of_file,   // it is cut
    too_long,  // more than any line has
    zeros      // a hole in the file, which may be large: nobody looks for its end
  };
  std::uint64_t at = 0;
  std::string_view text = {};  // without the newline
  end ended = end::newline;
  [[nodiscard]] std::uint64_t behind() const { return at + text.size() + 1; }
};

/// The lines of a file, in the memory of the longest.
class line_source {
public:
  explicit line_source(int descriptor) : descriptor_(descriptor) {}

  void rewind(std::uint64_t to) {
    buffer_.clear();
    begin_ = taken_ = 0;
    at_ = to;
  }
  /// False at the end of the file.
  bool next(raw_line& line) {
    at_ += taken_;
    begin_ += std::exchange(taken_, 0);
    for (std::size_t looked = begin_;;) {
      const std::size_t found = buffer_.find('\n', looked);
      line = {at_, std::string_view(buffer_).substr(begin_, found - begin_)};
      if (found != std::string::npos) {
        taken_ = line.text.size() + 1;
        return true;
      }
      if (buffer_.find('\0', looked) != std::string::npos) {
        line.text = line.text.substr(0, line.text.find('\0'));
        line.ended = raw_line::end::zeros;
        return true;
      }
      if (line.text.size() > longest_line) {
        line.ended = raw_line::end::too_long;
        return true;
      }
      buffer_.erase(0, std::exchange(begin_, 0));
      looked = buffer_.size();
      const std::string more = read_part(descriptor_, at_ + buffer_.size(), read_at_once);
      buffer_ += more;
      if (more.empty()) {
        line = {at_, buffer_, raw_line::end::of_file};
        taken_ = buffer_.size();
        return !buffer_.empty();
      }
    }
  }

private:
  int descriptor_;
  std::string buffer_;
  std::size_t begin_ = 0;  // of the next line in it, less `taken_`
  std::size_t taken_ = 0;  // bytes of the line that was given last
  std::uint64_t at_ = 0;   // of `begin_` in the file
};

/// What is wrong, and how many events lie before it.
struct found_damage {
  std::string what;  // "is damaged at byte 812"
  std::uint64_t whole = 0;
};

}  // namespace

class trace_reader::file {
public:
  file(std::string path, trace_reading how) : path_(std::move(path)), file_(open()), how_(how) {
    try {
      check();
    } catch (const std::system_error& e) {
      refuse(fmt::format("can't be read ({}).", detail::reason_of(e.code().value())));
    }
    lines_.rewind(first_event_);
  }

  std::optional<trace_event> next() {
    if (given_ == told.events) return std::nullopt;
    raw_line line;
    if (!lines_.next(line) || line.ended != raw_line::end::newline) changed();
    auto event = detail::event_of(detail::parse_trace_line(line.text), told.header.scheduler);
    if (!event) changed();
    ++given_;
    // With its newline, which lies behind it in the buffer.
    told.line = {line.text.data(), line.text.size() + 1};
    return event;
  }

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  // What it says, and how it is.
  struct contents {
    trace_header header = {};
    std::optional<trace_footer> footer = {};
    std::string damage = {};
    std::uint64_t events = 0;
    std::string_view line = {};  // the one that was given last
  };
  contents told;

private:
  detail::regular_file open() {
    detail::regular_file opened = detail::open_regular(path_);
    if (!opened.refused.empty()) refuse(opened.refused);
    if (opened.size == 0)
      refuse("is empty: nothing was written to it. `run SCENARIO --trace FILE` writes a trace.");
    return opened;
  }

  [[noreturn]] void refuse(const std::string& what) const {
    throw bad_trace(fmt::format("trace '{}' {}", path_, what));
  }
  [[noreturn]] void changed() const { refuse("has changed while it was read. Try again."); }

  // ---------------------------------------------------------------- the first pass

  void check() {
    read_header();
    const auto found = first_damage();
    if (!found) return;
    const std::string text =
        fmt::format("trace '{}' {}; {}.", path_, found->what,
                    found->whole == 0   ? "no event is whole"
                    : found->whole == 1 ? "1 event is whole"
                                        : format_count(found->whole) + " events are whole");
    if (!how_.partial) {
      throw bad_trace(text + (found->whole == 0   ? " Make the trace again."
                              : found->whole == 1 ? " `--partial` reads that."
                                                  : " `--partial` reads those."));
    }
    // Where the header itself is in doubt, nothing that it says is of use.
    if (header_damaged_) throw bad_trace(text + " Make the trace again.");
    told.damage = text;
    told.events = found->whole;
  }

  void read_header() {
    raw_line line;
    lines_.rewind(0);
    if (!lines_.next(line)) refuse("is empty.");
    const bool ours = line.text.starts_with(magic);
    if (line.ended == raw_line::end::of_file && (ours || magic.starts_with(line.text)))
      refuse(
          fmt::format("ends in the middle of its header (byte {}); no event is whole. Make the "
                      "trace again.",
                      format_count(line.text.size())));
    if (ours && line.text.ends_with('\r'))
      refuse(
          "has CRLF line ends, and a trace's are LF. Something has translated it on the way: `sed "
          "'s/\\r$//'` makes it a trace again.");
    const detail::trace_line parsed = detail::parse_trace_line(line.text);
    if (detail::is_oracles(parsed))
      refuse(
          "is in the form of the asyncio oracle, which can't be read, only written. Make the trace "
          "again with `--trace-format jsonl`.");
    if (!ours || (parsed.ok && !detail::version_of(parsed)))
      refuse("is no trace: its first line is no header. `run SCENARIO --trace FILE` writes one.");
    if (const auto version = detail::version_of(parsed);
        parsed.ok && version != trace_format_version)
      refuse(fmt::format(
          "is of version {}, and this program reads version {}. {}", *version, trace_format_version,
          *version > trace_format_version ? "A newer release reads it." : "Make the trace again."));
    auto read = detail::header_of(parsed);
    if (line.ended != raw_line::end::newline || !parsed.ok || !read)
      refuse(fmt::format("is damaged at byte {} (in its header). Make the trace again.",
                         format_count(parsed.wrong_at.value_or(0))));
    told.header = std::move(*read);
    first_event_ = line.behind();
    count(line);
  }

  /// Reads all lines behind the header.
  std::optional<found_damage> first_damage() {
    raw_line line;
    std::uint64_t last_index = 0;
    duration last_at{0};
    while (lines_.next(line)) {
      const std::uint64_t number = told.events + 1;
      if (line.ended == raw_line::end::of_file) return cut(line);
      if (line.ended == raw_line::end::too_long)
        return damaged_line(line, 0, "the line is longer than any");
      const bool hole = line.ended == raw_line::end::zeros;
      detail::trace_line parsed = detail::parse_trace_line(line.text);
      if (hole || !parsed.ok)
        return damaged_line(line, hole ? line.text.size() : parsed.wrong_at.value_or(0),
                            hole || parsed.wrong_at ? "the line is no JSON" : "it is no event");
      if (parsed.begins_with("verdict")) return ends_with(line, parsed);
      const auto event = detail::event_of(std::move(parsed), told.header.scheduler);
      if (!event) return damaged_line(line, 0, "it is no event");
      if (told.events > 0 && event->index <= last_index)
        return damaged_line(line, 0,
                            fmt::format("its number, {}, is not above {}",
                                        format_count(event->index), format_count(last_index)));
      if (event->at < last_at)
        return damaged_line(line, 0,
                            fmt::format("its time, {}, is before {}", format_duration(event->at),
                                        format_duration(last_at)));
      // Of an older release: its first event is the scheduler's, or is missing.
      if (told.events == 0 && told.header.token.empty() && event->index == 0)
        told.header.scheduler = true;
      last_index = event->index;
      last_at = event->at;
      count(line);
      told.events = number;
    }
    return found_damage{
        fmt::format("has no footer: its writer was stopped, or it was cut at byte {}",
                    format_count(line.at)),
        told.events};
  }

  /// Adds a whole line to the sums.
  void count(const raw_line& line) {
    // Which blocks end within it: what was whole before it is whole before their ends.
    while ((whole_before_.size() + 1) * block_sums::block < line.behind())
      whole_before_.push_back(told.events);
    sums_.add(line.text);
    sums_.add("\n");
  }
  /// How many events lie before block `k`.
  [[nodiscard]] std::uint64_t whole_before(std::size_t k) const {
    if (k == 0) return 0;
    return k <= whole_before_.size() ? whole_before_[k - 1] : told.events;
  }

  found_damage cut(const raw_line& line) const {
    const std::string end = format_count(line.at + line.text.size());
    if (line.text.starts_with("{\"v"))
      return {fmt::format("ends in the middle of its footer (byte {})", end), told.events};
    return {
        fmt::format("ends in the middle of event {} (byte {})", format_count(told.events + 1), end),
        told.events};
  }

  /// A line that is none, at its byte `at`. The check sums, if the footer is there, may know of
  /// damage before it.
  found_damage damaged_line(const raw_line& line, std::size_t at, const std::string& why) {
    if (const auto last = last_footer(); last && last->first > line.at && last->second.sums) {
      const std::uint64_t summed = line.at;
      const std::uint64_t end =
          std::min(last->first, (line.at / block_sums::block + 1) * block_sums::block);
      sums_.add(read_part(file_.file.get(), summed, static_cast<std::size_t>(end - summed)));
      if (const auto found = wrong_block(*last->second.sums, end)) return *found;
    }
    return {fmt::format("is damaged at byte {} (event {}: {})", format_count(line.at + at),
                        format_count(told.events + 1), why),
            told.events};
  }

  /// The footer, if it is whole: where, and what it says.
  [[nodiscard]] std::optional<std::pair<std::uint64_t, detail::checked_footer>> last_footer()
      const {
    for (std::size_t size = read_at_once;; size *= 2) {
      const std::uint64_t at = file_.size - std::min<std::uint64_t>(file_.size, size);
      const std::string tail = read_part(file_.file.get(), at, size);
      if (tail.size() < 2 || !tail.ends_with('\n')) return std::nullopt;
      const std::size_t before = tail.rfind('\n', tail.size() - 2);
      if (before == std::string::npos) {
        if (at == 0 || size > longest_line) return std::nullopt;
        continue;
      }
      const std::string_view text(tail.data() + before + 1, tail.size() - before - 2);
      auto footer = detail::footer_of(detail::parse_trace_line(text), text);
      if (!footer) return std::nullopt;
      return std::pair(at + before + 1, std::move(*footer));
    }
  }

  /// The first block whose sum is not the one in the footer; the last ends at `end`.
  [[nodiscard]] std::optional<found_damage> wrong_block(const std::vector<std::uint32_t>& wanted,
                                                        std::uint64_t end) {
    const std::vector<std::uint32_t> have = sums_.all();
    const auto k = static_cast<std::size_t>(std::ranges::mismatch(have, wanted).in1 - have.begin());
    if (k == have.size()) return std::nullopt;
    header_damaged_ = k * block_sums::block < first_event_;
    return found_damage{
        fmt::format("is damaged between byte {} and {}", format_count(k * block_sums::block),
                    format_count(std::min<std::uint64_t>(end, (k + 1) * block_sums::block))),
        whole_before(k)};
  }

  /// The footer's line has come.
  std::optional<found_damage> ends_with(const raw_line& line, const detail::trace_line& parsed) {
    auto read = detail::footer_of(parsed, line.text);
    if (!read || (!read->sums && !told.header.token.empty()))
      return found_damage{
          fmt::format("is damaged in its footer, which begins at byte {}", format_count(line.at)),
          told.events};
    if (read->sums) {
      if (auto found = wrong_block(*read->sums, line.at)) return found;
      const std::size_t blocks = (line.at + block_sums::block - 1) / block_sums::block;
      if (read->sums->size() != blocks)
        return found_damage{
            fmt::format("is damaged: its footer has check sums of {} blocks, and it has {}",
                        format_count(read->sums->size()), format_count(blocks)),
            told.events};
    }
    if (read->events && *read->events != told.events)
      return found_damage{fmt::format("is damaged: its footer counts {} events, and it has {}",
                                      format_count(*read->events), format_count(told.events)),
                          told.events};
    told.footer = std::move(read->says);
    raw_line rest;
    const std::uint64_t behind = line.behind();
    if (lines_.next(rest))
      return found_damage{
          fmt::format("has text behind its footer, at byte {}", format_count(behind)), told.events};
    return std::nullopt;
  }

  std::string path_;
  detail::regular_file file_;
  trace_reading how_;
  line_source lines_{file_.file.get()};
  block_sums sums_;                          // of the lines so far
  std::vector<std::uint64_t> whole_before_;  // events, by the number of the block that follows
  std::uint64_t first_event_ = 0;            // where the header ends
  std::uint64_t given_ = 0;
  bool header_damaged_ = false;
};

trace_reader::trace_reader(std::string path, trace_reading how)
    : file_(std::make_unique<file>(std::move(path), how)) {}
trace_reader::~trace_reader() = default;

const std::string& trace_reader::path() const noexcept { return file_->path(); }
const trace_header& trace_reader::header() const noexcept { return file_->told.header; }
const std::optional<trace_footer>& trace_reader::footer() const noexcept {
  return file_->told.footer;
}
const std::string& trace_reader::damage() const noexcept { return file_->told.damage; }
std::uint64_t trace_reader::events() const noexcept { return file_->told.events; }
std::optional<trace_event> trace_reader::next() { return file_->next(); }
std::string_view trace_reader::line() const noexcept { return file_->told.line; }

config trace_reader::run() const {
  const trace_header& h = header();
  if (!h.token.empty()) return decode_token(h.token);
  if (footer() && !footer()->token.empty()) return decode_token(footer()->token);
  config c;
  c.seed = h.seed;
  c.schedule = strategy::parse(h.strategy);
  c.time_limit = h.time_limit;
  c.step_limit = h.step_limit;
  c.stack_size = h.stack_size;
  c.scenario = h.scenario;
  c.params = h.params;
  return c;
}

bool looks_like_a_trace(const std::string& path) {
  const auto [file, size, refused] = detail::open_regular(path);
  if (!refused.empty()) return false;
  try {
    const std::string first = read_part(file.get(), 0, magic.size());
    // The oracle's, and one whose first line is gone, are told as what they are.
    return first == magic || first.starts_with("{\"t\":") || first.starts_with("{\"i\":");
  } catch (const std::system_error&) {
    return false;
  }
}

}  // namespace reprise
