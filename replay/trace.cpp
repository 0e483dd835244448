#include <reprise/replay/trace.hpp>

#include <reprise/core/format.hpp>
#include <reprise/core/stream.hpp>
#include <reprise/core/token.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <utility>
#include <variant>

#include <link.h>
#if defined(__GLIBC__)
#include <gnu/libc-version.h>
#endif

namespace reprise {

namespace {

// ---------------------------------------------------------------- jsonl

constexpr std::array<std::string_view, 5> own_keys{"i", "t", "task", "event", "text"};

/// `key` without the underscores behind it.
std::string_view bare(std::string_view key) noexcept {
  return key.substr(0, key.find_last_not_of('_') + 1);
}

bool is_own(std::string_view key) noexcept {
  return std::ranges::find(own_keys, key) != own_keys.end();
}

void put(std::string& line, std::string_view key, std::string_view text) {
  append_json(line, key);
  line += ':';
  append_json(line, text);
}

// ---------------------------------------------------------------- oracle

/// The code point at the front of well-formed UTF-8, and its length.
std::pair<std::uint32_t, std::size_t> first_code_point(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return std::uint32_t{static_cast<unsigned char>(text[i])};
  };
  if (byte(0) < 0x80) return {byte(0), 1};
  if (byte(0) < 0xe0) return {(byte(0) & 0x1f) << 6 | (byte(1) & 0x3f), 2};
  if (byte(0) < 0xf0) return {(byte(0) & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f), 3};
  return {
      (byte(0) & 0x07) << 18 | (byte(1) & 0x3f) << 12 | (byte(2) & 0x3f) << 6 | (byte(3) & 0x3f),
      4};
}

/// As Python's json.dumps writes a string: ASCII alone, surrogate pairs beyond the basic plane.
void append_python(std::string& out, std::string_view text) {
  std::string json;
  append_json(json, text);  // quotes, escapes, and well-formed UTF-8 between them
  for (std::size_t i = 0; i < json.size();) {
    const auto [code, length] = first_code_point(std::string_view(json).substr(i));
    if (json.compare(i, 6, "\\u0008") == 0) {
      out += "\\b";
      i += 6;
    } else if (json.compare(i, 6, "\\u000c") == 0) {
      out += "\\f";
      i += 6;
    } else if (json[i] ==
               '\\') {  // an escape goes whole, so that the second half of \\ begins none
      out += json.substr(i, 2);
      i += 2;
    } else {
      if (code < 0x80) {
        out += static_cast<char>(code);
      } else if (code < 0x10000) {
        out += fmt::format("\\u{:04x}", code);
      } else {
        out += fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + ((code - 0x10000) >> 10),
                           0xdc00 + ((code - 0x10000) & 0x3ff));
      }
      i += length;
    }
  }
}

void append_python_value(std::string& out, const trace_value& value) {
  if (const auto* text = std::get_if<std::string>(&value.get())) {
    append_python(out, *text);
  } else if (const auto* x = std::get_if<double>(&value.get())) {
    out += format_double(*x);  // json.dumps writes NaN and Infinity bare
  } else if (const auto* list = std::get_if<trace_value::list>(&value.get())) {
    out += '[';
    for (std::size_t i = 0; i < list->size(); ++i) {
      if (i) out += ',';
      append_python_value(out, (*list)[i]);
    }
    out += ']';
  } else {
    append_json(out, value);
  }
}

/// Seconds as the float that a Python program would hold.
std::string python_seconds(duration d) {
  return format_double(static_cast<double>(d.count()) / 1e9);
}

/// The start of a line; the caller closes it.
void open_oracle_line(std::string& line, duration at, std::string_view task,
                      std::string_view event) {
  line += "{\"t\":" + python_seconds(at) + ",\"task\":";
  append_python(line, task);
  line += ",\"event\":";
  append_python(line, event);
}

const char* outcome(const report& result) {
  if (!result.exception.empty()) return "exception";
  return result.result == verdict::passed ? "ok" : to_string(result.result);
}

}  // namespace

namespace detail {

std::uint32_t crc32(std::string_view bytes, std::uint32_t before) noexcept {
  static constexpr auto table = [] {
    std::array<std::uint32_t, 256> t{};
    for (std::uint32_t n = 0; n < t.size(); ++n) {
      std::uint32_t c = n;
      for (int bit = 0; bit < 8; ++bit) c = c >> 1 ^ (c & 1 ? 0xedb88320u : 0);
      t[n] = c;
    }
    return t;
  }();
  std::uint32_t sum = ~before;
  for (const char b : bytes) sum = sum >> 8 ^ table[(sum ^ static_cast<unsigned char>(b)) & 0xff];
  return ~sum;
}

void block_sums::add(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, block - filled_);
    sum_ = crc32(part, sum_);
    filled_ += part.size();
    bytes.remove_prefix(part.size());
    if (filled_ < block) return;
    done_.push_back(std::exchange(sum_, 0));
    filled_ = 0;
  }
}

std::vector<std::uint32_t> block_sums::all() const {
  std::vector<std::uint32_t> sums = done_;
  if (filled_ > 0) sums.push_back(sum_);
  return sums;
}

std::string trace_key(std::string_view key) {
  std::string text(key);
  if (is_own(bare(key))) text += '_';
  return text;
}

std::optional<std::string_view> field_key(std::string_view trace_key) noexcept {
  if (!is_own(bare(trace_key))) return trace_key;
  if (is_own(trace_key)) return std::nullopt;
  return trace_key.substr(0, trace_key.size() - 1);
}

}  // namespace detail

trace_writer::trace_writer(trace_options options, std::function<void(std::string_view)> out)
    : options_(options), out_(std::move(out)) {}

bool trace_writer::wants_scheduler_events() const {
  return options_.scheduler_events && options_.format == trace_format::jsonl;
}

void trace_writer::write_line() {
  line_ += "}\n";
  if (options_.format == trace_format::jsonl) sums_.add(line_);
  out_(line_);
  line_.clear();
}

void trace_writer::begin(const config& run) {
  if (options_.format == trace_format::oracle) return;
  line_ += fmt::format("{{\"reprise_trace\":{},", trace_format_version);
  put(line_, "scenario", run.scenario);
  line_ += fmt::format(",\"seed\":{},", run.seed);
  put(line_, "strategy", run.schedule.to_string());
  line_ += ",\"params\":{";
  for (bool first = true; const auto& [name, value] : run.params) {
    if (!std::exchange(first, false)) line_ += ',';
    put(line_, name, value);
  }
  line_ += '}';
  if (run.time_limit > duration{0}) line_ += ",\"time_limit_s\":" + format_seconds(run.time_limit);
  if (run.step_limit > 0) line_ += fmt::format(",\"step_limit\":{}", run.step_limit);
  if (run.stack_size > 0) line_ += fmt::format(",\"stack_size\":{}", run.stack_size);
  line_ += ',';
  put(line_, "build_id", build_id());
  line_ += ',';
  put(line_, "c_library", c_library_fingerprint());
  line_ += ',';
  put(line_, "token", encode_token(run));  // here too, for a trace whose end is cut off
  if (options_.scheduler_events) line_ += ",\"scheduler\":true";
  write_line();
}

void trace_writer::on_event(const trace_event& event) {
  if (options_.format == trace_format::oracle) {
    const bool is_log = event.name == "log" && event.fields.empty();
    open_oracle_line(line_, event.at, event.task, is_log ? "print" : event.name);
    if (is_log) {
      line_ += ",\"text\":";
      append_python(line_, event.text);
    }
    for (const auto& field : event.fields) {
      line_ += ',';
      append_python(line_, field.key);
      line_ += ':';
      append_python_value(line_, field.value);
    }
  } else {
    line_ += fmt::format("{{\"i\":{},\"t\":{},", event.index, format_seconds(event.at));
    put(line_, "task", event.task);
    line_ += ',';
    put(line_, "event", event.name);
    if (event.name == "log" && event.fields.empty()) {
      line_ += ',';
      put(line_, "text", event.text);
    }
    for (const auto& field : event.fields) {
      line_ += ',';
      append_json(line_, std::string_view(detail::trace_key(field.key)));
      line_ += ':';
      append_json(line_, field.value);
    }
    ++events_;
  }
  write_line();
}

void trace_writer::on_deadlock(duration at) {
  if (options_.format != trace_format::oracle) return;  // the footer says it
  open_oracle_line(line_, at, "-", "deadlock");
  write_line();
}

void trace_writer::end(const report& result) {
  if (options_.format == trace_format::oracle) {
    open_oracle_line(line_, result.elapsed, "-", "end");
    line_ += ",\"outcome\":";
    append_python(line_, std::string_view(outcome(result)));
    if (!result.exception.empty()) {
      line_ += ",\"exc\":";
      append_python(line_, result.exception);
    }
  } else {
    line_ += '{';
    put(line_, "verdict", to_string(result.result));
    line_ +=
        fmt::format(",\"elapsed_s\":{},\"steps\":{},\"tasks\":{},\"preemptions\":{},",
                    format_seconds(result.elapsed), result.steps, result.tasks, result.preemptions);
    put(line_, "digest", format_digest(result.digest));
    line_ += ',';
    put(line_, "token", result.token);
    line_ += ',';
    put(line_, "what", result.what);
    line_ += fmt::format(",\"events\":{},\"sums\":[", events_);
    for (bool first = true; const std::uint32_t sum : sums_.all())
      line_ += fmt::format("{}\"{:08x}\"", std::exchange(first, false) ? "" : ",", sum);
    line_ += ']';
    line_ += fmt::format(",\"check\":\"{:08x}\"", detail::crc32(line_));
  }
  write_line();
}

// ---------------------------------------------------------------- what a run may depend on besides
// its seed

std::string build_id() {
  std::string id;
  // The first object that is listed is the executable.
  dl_iterate_phdr(
      [](dl_phdr_info* object, std::size_t, void* data) {
        for (std::size_t i = 0; i < object->dlpi_phnum; ++i) {
          const auto& header = object->dlpi_phdr[i];
          if (header.p_type != PT_NOTE) continue;
          // The loader gives addresses as numbers. NOLINTNEXTLINE(performance-no-int-to-ptr)
          const char* at = reinterpret_cast<const char*>(object->dlpi_addr + header.p_vaddr);
          const char* const end = at + header.p_memsz;
          const std::size_t align = header.p_align > 4 ? header.p_align : 4;
          const auto padded = [&](std::size_t n) { return (n + align - 1) / align * align; };
          while (static_cast<std::size_t>(end - at) >= sizeof(ElfW(Nhdr))) {
            ElfW(Nhdr) note;
            std::memcpy(&note, at, sizeof note);
            const char* const name = at + sizeof note;
            const std::size_t text_offset = padded(sizeof note + note.n_namesz);
            if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
                std::memcmp(name, "GNU", 4) == 0) {
              for (std::size_t k = 0; k < note.n_descsz; ++k)
                *static_cast<std::string*>(data) +=
                    fmt::format("{:02x}", static_cast<unsigned char>(at[text_offset + k]));
              return 1;
            }
            const std::size_t size = padded(text_offset + note.n_descsz);
            if (size > static_cast<std::size_t>(end - at)) break;
            at += size;
          }
        }
        return 1;
      },
      &id);
  return id;
}

std::string c_library_fingerprint() {
  std::uint64_t h = 0;
  // Volatile, so that the C library answers and not the compiler.
  volatile double opaque = 1.7;
  const double factor = opaque;
  for (double x = 0.05; x < 40; x *= factor) {
    for (const double y : {std::log(x), std::exp(-x), std::pow(x, 0.37), std::sin(x), std::cos(x)})
      h = stream::mix(h ^ std::bit_cast<std::uint64_t>(y));
  }
#if defined(__GLIBC__)
  return fmt::format("glibc-{}-{}", gnu_get_libc_version(), format_digest(h));
#else
  return fmt::format("libc-{}", format_digest(h));
#endif
}

}  // namespace reprise
