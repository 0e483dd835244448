#pragma once

#include <reprise/core/format.hpp>

#include <fmt/format.h>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::cli {

/// A JSON object that is written a member at a time, in that order.
class json_object {
public:
  json_object& text(std::string_view key, std::string_view value) {
    begin(key);
    append_json(text_, value);
    return *this;
  }
  json_object& number(std::string_view key, std::uint64_t value) {
    return raw(key, fmt::format("{}", value));
  }
  json_object& flag(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }
  /// Seconds, exactly; the key ends in "_s".
  json_object& seconds(std::string_view key, std::chrono::nanoseconds value) {
    return raw(key, format_seconds(value));
  }
  json_object& list(std::string_view key, const std::vector<std::string>& values) {
    return raw(key, array(values));
  }
  json_object& raw(std::string_view key, std::string_view json) {
    begin(key);
    text_ += json;
    return *this;
  }
  [[nodiscard]] std::string done() const { return text_ + '}'; }

  [[nodiscard]] static std::string array(const std::vector<std::string>& values) {
    std::string json = "[";
    for (const auto& v : values) json += (json.size() > 1 ? "," : "") + v;
    return json + ']';
  }

private:
  void begin(std::string_view key) {
    if (text_.size() > 1) text_ += ',';
    append_json(text_, key);
    text_ += ':';
  }
  std::string text_ = "{";
};

}  // namespace reprise::cli
