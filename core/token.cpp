#include <reprise/core/token.hpp>

#include <reprise/core/choice_log.hpp>
#include <reprise/core/stream.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace reprise {

namespace {

// Lower-case base 32 without i, l, o and u, which are easily misread (D. Crockford's set).
constexpr std::string_view digits = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::string_view prefix = "rp1_";
constexpr std::size_t check_digits = 5;
/// Of a choice log in a token: 2,048 digits.
constexpr std::size_t most_choice_bytes = 1280;

enum field : std::uint64_t {
  has_time_limit = 1,
  has_step_limit = 2,
  has_stack_size = 4,
  has_params = 8,
  has_detectors = 16,  // some are off
  has_choices = 32,
  has_stored_choices = 64,  // their hash
  all_fields = 127
};

void put_number(std::string& bytes, std::uint64_t n) {
  while (n >= 0x80) {
    bytes += static_cast<char>(n | 0x80);
    n >>= 7;
  }
  bytes += static_cast<char>(n);
}

void put_text(std::string& bytes, std::string_view text) {
  put_number(bytes, text.size());
  bytes += text;
}

std::string check_sum(std::string_view body) {
  std::uint64_t h = stream::mix(stream::hash(body));
  std::string text;
  for (std::size_t i = 0; i < check_digits; ++i, h >>= 5) text += digits[h & 31];
  return text;
}

class reader {
public:
  reader(std::string bytes, std::string_view token) : bytes_(std::move(bytes)), token_(token) {}
  std::uint64_t number() {
    std::uint64_t n = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(next());
      n |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return n;
    }
    fail();
  }
  std::string text() {
    const std::uint64_t size = number();
    if (size > bytes_.size() - at_) fail();
    at_ += size;
    return bytes_.substr(at_ - size, size);
  }
  [[nodiscard]] bool at_end() const { return at_ == bytes_.size(); }
  [[noreturn]] void fail() const {
    throw bad_token(fmt::format(
        "the token '{}' does not check out: a character is missing or wrong. Copy it again.",
        token_));
  }

private:
  char next() {
    if (at_ == bytes_.size()) fail();
    return bytes_[at_++];
  }
  std::string bytes_;
  std::string token_;
  std::size_t at_ = 0;
};

}  // namespace

std::string encode_token(const config& options) {
  std::uint64_t fields = 0;
  if (options.time_limit > duration{0}) fields |= has_time_limit;
  if (options.step_limit > 0) fields |= has_step_limit;
  if (options.stack_size > 0) fields |= has_stack_size;
  if (!options.params.empty()) fields |= has_params;
  if (options.detect.off() != 0) fields |= has_detectors;
  std::string choices;
  std::uint64_t stored = options.stored_choices;
  if (options.choices) {
    choices = encode_choices(*options.choices);
    stored = choices.size() > most_choice_bytes ? hash_choices(*options.choices) : 0;
    if (stored == 0) fields |= has_choices;
  }
  if (stored != 0) fields |= has_stored_choices;
  std::string bytes;
  put_number(bytes, fields);
  put_number(bytes, options.seed);
  put_number(bytes, options.schedule.kind().id);
  for (std::size_t i = 0; i < options.schedule.kind().parameters; ++i)
    put_number(bytes, options.schedule.parameters()[i]);
  if (!options.schedule.kind().learnt.empty()) {
    put_number(bytes, options.schedule.learnt().size());
    for (const std::uint64_t n : options.schedule.learnt()) put_number(bytes, n);
  }
  put_text(bytes, options.scenario);
  if (fields & has_time_limit)
    put_number(bytes, static_cast<std::uint64_t>(options.time_limit.count()));
  if (fields & has_step_limit) put_number(bytes, options.step_limit);
  if (fields & has_stack_size) put_number(bytes, options.stack_size);
  if (fields & has_params) {
    put_number(bytes, options.params.size());
    for (const auto& [name, value] : options.params) {
      put_text(bytes, name);
      put_text(bytes, value);
    }
  }
  if (fields & has_detectors) put_number(bytes, options.detect.off());
  if (fields & has_choices) put_text(bytes, choices);
  if (fields & has_stored_choices) put_number(bytes, stored);
  std::string body;
  std::uint32_t bits = 0, count = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (count += 8; count >= 5; count -= 5) body += digits[bits >> (count - 5) & 31];
    bits &= (1u << count) - 1;
  }
  if (count > 0) body += digits[bits << (5 - count) & 31];
  return std::string(prefix) + body + check_sum(body);
}

config decode_token(std::string_view token) {
  std::string text(token);
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  const reader nothing({}, token);
  if (!text.starts_with("rp"))
    throw bad_token(fmt::format("'{}' is not a token: a token begins with '{}'.", token, prefix));
  if (!text.starts_with(prefix)) {
    if (text.find('_') != std::string::npos)
      throw bad_token(fmt::format("the token '{}' is of another version: this program reads '{}'.",
                                  token, prefix));
    nothing.fail();
  }
  const std::string_view all = std::string_view(text).substr(prefix.size());
  if (all.size() <= check_digits) nothing.fail();
  const std::string_view body = all.substr(0, all.size() - check_digits);
  if (check_sum(body) != all.substr(body.size())) nothing.fail();
  std::string bytes;
  std::uint32_t bits = 0, count = 0;
  for (const char c : body) {
    const std::size_t digit = digits.find(c);
    if (digit == std::string_view::npos) nothing.fail();
    bits = bits << 5 | static_cast<std::uint32_t>(digit);
    count += 5;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>(bits >> count & 0xff);
      bits &= (1u << count) - 1;
    }
  }
  reader r(std::move(bytes), token);
  config options;
  const std::uint64_t fields = r.number();
  if (fields > all_fields)
    throw bad_token(fmt::format(
        "the token '{}' is of a newer release: it holds what this program does not know.", token));
  options.seed = r.number();
  const std::uint64_t id = r.number();
  const auto kind = std::ranges::find(strategies(), id,
                                      [](const strategy_kind* k) { return std::uint64_t{k->id}; });
  if (kind == strategies().end())
    throw bad_token(fmt::format(
        "the token '{}' asks for a strategy (number {}) that this program does not have.", token,
        id));
  std::array<std::uint64_t, 2> parameters{};
  for (std::size_t i = 0; i < (*kind)->parameters; ++i) parameters[i] = r.number();
  std::vector<std::uint64_t> learnt;
  if (!(*kind)->learnt.empty()) {
    const std::uint64_t numbers = r.number();
    if (numbers > token.size()) r.fail();  // each takes a digit at least
    for (std::uint64_t i = 0; i < numbers; ++i) learnt.push_back(r.number());
  }
  options.schedule = strategy(**kind, parameters, std::move(learnt));
  options.scenario = r.text();
  if (fields & has_time_limit) options.time_limit = duration(static_cast<std::int64_t>(r.number()));
  if (fields & has_step_limit) options.step_limit = r.number();
  if (fields & has_stack_size) options.stack_size = r.number();
  if (fields & has_params) {
    for (std::uint64_t n = r.number(); n > 0; --n) {
      std::string name = r.text();
      options.params[std::move(name)] = r.text();
    }
  }
  if (fields & has_detectors) options.detect = detectors::without(r.number());
  if (fields & has_choices) {
    try {
      options.choices = std::make_shared<const std::vector<choice>>(decode_choices(r.text()));
    } catch (const bad_choice_log& e) {
      throw bad_token(fmt::format("the token '{}' can't be read: {}", token, e.what()));
    }
  }
  if (fields & has_stored_choices) options.stored_choices = r.number();
  if (!r.at_end()) r.fail();
  return options;
}

}  // namespace reprise
