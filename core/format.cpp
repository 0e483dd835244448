#include <reprise/core/format.hpp>

#include "engine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <utility>
#include <vector>

namespace reprise {

namespace {

/// `ns` in units of 10^digits ns, exactly, without trailing zeros.
std::string decimal(std::uint64_t ns, int digits) {
  std::uint64_t unit = 1;
  for (int i = 0; i < digits; ++i) unit *= 10;
  std::string text = fmt::format("{}", ns / unit);
  if (const std::uint64_t rest = ns % unit; rest != 0) {
    std::string fraction = fmt::format("{:0{}}", rest, digits);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    text += '.' + fraction;
  }
  return text;
}

std::uint64_t magnitude(std::int64_t n) {
  return n < 0 ? 0 - static_cast<std::uint64_t>(n) : static_cast<std::uint64_t>(n);
}

/// The length of the well-formed UTF-8 sequence at the front of `text`; 0 when there is none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto tail = [&](std::size_t i) { return (byte(i) & 0xc0u) == 0x80u; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return tail(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    if (!tail(1) || !tail(2)) return 0;
    if (first == 0xe0 && byte(1) < 0xa0) return 0;
    if (first == 0xed && byte(1) > 0x9f) return 0;
    return 3;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    if (!tail(1) || !tail(2) || !tail(3)) return 0;
    if (first == 0xf0 && byte(1) < 0x90) return 0;
    if (first == 0xf4 && byte(1) > 0x8f) return 0;
    return 4;
  }
  return 0;
}

}  // namespace

std::string format_duration(duration d) {
  const std::uint64_t ns = magnitude(d.count());
  std::string text = d.count() < 0 ? "-" : "";
  if (ns == 0 || ns >= 1'000'000'000) return text + decimal(ns, 9) + " s";
  if (ns >= 1'000'000) return text + decimal(ns, 6) + " ms";
  if (ns >= 1'000) return text + decimal(ns, 3) + " µs";
  return text + decimal(ns, 0) + " ns";
}

std::string format_count(std::uint64_t n) {
  std::string text = fmt::format("{}", n);
  for (std::size_t i = text.size(); i > 3;) text.insert(i -= 3, 1, ',');
  return text;
}

std::string format_seconds(duration d) {
  return fmt::format("{}{}", d.count() < 0 ? "-" : "", decimal(magnitude(d.count()), 9));
}

std::string format_digest(std::uint64_t digest) { return fmt::format("{:016x}", digest); }

std::string format_double(double x) {
  if (std::isnan(x)) return "NaN";
  if (std::isinf(x)) return x < 0 ? "-Infinity" : "Infinity";
  char buffer[32];
  // The shortest digits that read back, then Python's choice between the two notations.
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, x, std::chars_format::scientific).ptr;
  const std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
  const std::size_t e = text.find('e');
  const int exponent = std::atoi(std::string(text.substr(e + 1)).c_str());
  if (exponent < -4 || exponent >= 16) return std::string(text);
  std::string fixed(64, '\0');
  const auto fixed_end =
      std::to_chars(fixed.data(), fixed.data() + fixed.size(), x, std::chars_format::fixed).ptr;
  fixed.resize(static_cast<std::size_t>(fixed_end - fixed.data()));
  if (fixed.find('.') == std::string::npos) fixed += ".0";
  return fixed;
}

void append_json(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x80) {
      switch (c) {
        case '"':
          out += "\\\"";
          break;
        case '\\':
          out += "\\\\";
          break;
        case '\n':
          out += "\\n";
          break;
        case '\r':
          out += "\\r";
          break;
        case '\t':
          out += "\\t";
          break;
        default:
          if (c < 0x20 || c == 0x7f)
            out += fmt::format("\\u{:04x}", c);
          else
            out += text[i];
      }
      ++i;
    } else if (const std::size_t n = utf8_length(text.substr(i)); n > 0) {
      out += text.substr(i, n);
      i += n;
    } else {
      out += "\\ufffd";
      ++i;
    }
  }
  out += '"';
}

void append_json(std::string& out, const trace_value& value) {
  struct writer {
    std::string& out;
    void operator()(std::monostate) const { out += "null"; }
    void operator()(bool b) const { out += b ? "true" : "false"; }
    void operator()(std::int64_t n) const { out += fmt::format("{}", n); }
    void operator()(std::uint64_t n) const { out += fmt::format("{}", n); }
    // JSON has no numbers for these.
    void operator()(double x) const {
      out += std::isfinite(x) ? format_double(x) : '"' + format_double(x) + '"';
    }
    void operator()(const std::string& text) const { append_json(out, std::string_view(text)); }
    void operator()(const trace_value::list& list) const {
      out += '[';
      for (std::size_t i = 0; i < list.size(); ++i) {
        if (i) out += ',';
        append_json(out, list[i]);
      }
      out += ']';
    }
  };
  std::visit(writer{out}, value.get());
}

namespace {

/// How many letters must change, go or come. Source: Wagner and Fischer, 1974.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string did_you_mean(std::string_view text, const std::vector<std::string_view>& names) {
  const std::string_view* nearest = nullptr;
  // Of three letters one may be wrong, of five two; the dashes of an option are no letters.
  const std::size_t letters = text.size() - std::min(text.find_first_not_of('-'), text.size());
  std::size_t least = (letters + 1) / 3 + 1;
  for (const auto& name : names) {
    const std::size_t distance = edit_distance(text, name);
    if (distance < least ||
        (!nearest && !text.empty() && name.find(text) != std::string_view::npos)) {
      least = std::min(least, distance);
      nearest = &name;
    }
  }
  return nearest ? fmt::format(" Did you mean '{}'?", *nearest) : "";
}

std::string printable(std::string_view text) {
  // JSON's escapes without its quotes: what is not UTF-8 is replaced, and quotes stay as they are.
  std::string json;
  append_json(json, text);
  std::string out;
  for (std::size_t i = 1; i + 1 < json.size(); ++i) {
    if (json[i] == '\\' && (json[i + 1] == '"' || json[i + 1] == '\\')) ++i;
    out += json[i];
  }
  return out;
}

std::string shell_word(std::string_view text) {
  // Not '=', '~' and '%': `a=b/mine replay` is an assignment, and the others mean homes and jobs.
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-./,:+@").find(c) != std::string_view::npos ||
           static_cast<unsigned char>(c) >= 0x80;
  };
  const bool harmless = printable(text) == text;
  if (harmless && !text.empty() && std::ranges::all_of(text, is_plain)) return std::string(text);
  // Plain quotes can't say a control character in letters.
  std::string word = harmless ? "'" : "$'";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (!harmless && (byte < 0x20 || byte >= 0x7f))
      word += fmt::format("\\{:03o}", byte);
    else if (!harmless && (c == '\'' || c == '\\'))
      word += {'\\', c};
    else if (c == '\'')
      word += "'\\''";
    else
      word += c;
  }
  return word + '\'';
}

}  // namespace reprise
