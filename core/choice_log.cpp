#include <reprise/core/choice_log.hpp>

#include "engine.hpp"

#include <reprise/core/stream.hpp>

#include <algorithm>
#include <array>
#include <map>

namespace reprise {

namespace {

constexpr std::uint64_t log_version = 1;
/// After so many zeros in a row a user's draw comes from the seed.
constexpr std::uint32_t most_zeros = 1000;
/// A task that went on so often in a row spins, and is left.
constexpr std::uint32_t most_went_on = 10'000;

void put_number(std::string& bytes, std::uint64_t n) {
  for (; n >= 0x80; n >>= 7) bytes += static_cast<char>(n | 0x80);
  bytes += static_cast<char>(n);
}

class reader {
public:
  explicit reader(std::string_view bytes) : bytes_(bytes) {}
  std::uint64_t number() {
    std::uint64_t n = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint8_t b = byte();
      n |= std::uint64_t{b & 0x7fu} << shift;
      if (b < 0x80) return n;
    }
    fail();
  }
  std::uint64_t word() {
    std::uint64_t n = 0;
    for (unsigned shift = 0; shift < 64; shift += 8) n |= std::uint64_t{byte()} << shift;
    return n;
  }
  [[nodiscard]] std::size_t left() const noexcept { return bytes_.size(); }
  [[noreturn]] static void fail() { throw bad_choice_log("the choice log is cut or mangled."); }

private:
  std::uint8_t byte() {
    if (bytes_.empty()) fail();
    const auto b = static_cast<std::uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return b;
  }
  std::string_view bytes_;
};

// Bits of a choice's head.
constexpr std::uint64_t kind_bits = 3, new_path = 4;
constexpr unsigned operation_shift = 3;

}  // namespace

std::string encode_choices(std::span<const choice> choices) {
  std::string bytes;
  put_number(bytes, log_version);
  put_number(bytes, choices.size());
  struct known_path {
    std::uint64_t index = 0;
    std::uint32_t last = 0;  // the count of its last choice
  };
  std::map<std::uint64_t, known_path> paths;
  for (const choice& c : choices) {
    const auto [at, is_new] = paths.try_emplace(c.label.path, known_path{paths.size(), 0});
    put_number(bytes, static_cast<std::uint64_t>(c.kind) | (is_new ? new_path : 0) |
                          static_cast<std::uint64_t>(c.label.operation) << operation_shift);
    if (is_new)
      for (unsigned shift = 0; shift < 64; shift += 8)
        bytes += static_cast<char>(c.label.path >> shift & 0xff);
    else
      put_number(bytes, at->second.index);
    put_number(bytes, c.label.count - at->second.last);  // modulo 2^32
    at->second.last = c.label.count;
    put_number(bytes, c.bound);
    put_number(bytes, c.value);
  }
  return bytes;
}

std::vector<choice> decode_choices(std::string_view bytes) {
  reader r(bytes);
  if (const std::uint64_t version = r.number(); version != log_version)
    throw bad_choice_log("the choice log is of a newer release (version " +
                         std::to_string(version) + "; this program reads version 1).");
  const std::uint64_t count = r.number();
  constexpr std::size_t least = 5;  // bytes of a choice
  if (count > r.left() / least) reader::fail();
  std::vector<choice> choices;
  choices.reserve(count);
  struct known_path {
    std::uint64_t path;
    std::uint32_t last;
  };
  std::vector<known_path> paths;
  for (std::uint64_t i = 0; i < count; ++i) {
    choice c;
    const std::uint64_t head = r.number();
    if (head >> operation_shift > 0xff) reader::fail();
    c.kind = static_cast<choice_kind>(head & kind_bits);
    c.label.operation = static_cast<operation_kind>(head >> operation_shift);
    std::size_t path = paths.size();
    if (head & new_path) {
      paths.push_back({r.word(), 0});
    } else {
      path = r.number();
      if (path >= paths.size()) reader::fail();
    }
    const std::uint64_t step = r.number();
    if (step > ~std::uint32_t{0}) reader::fail();
    paths[path].last += static_cast<std::uint32_t>(step);
    c.label.path = paths[path].path;
    c.label.count = paths[path].last;
    c.bound = r.number();
    c.value = r.number();
    if (c.value >= c.bound) reader::fail();
    choices.push_back(c);
  }
  if (r.left() != 0) reader::fail();
  return choices;
}

std::uint64_t hash_choices(std::span<const choice> choices) {
  const std::uint64_t h = stream::mix(stream::hash(encode_choices(choices)));
  return h ? h : 1;
}

// ---------------------------------------------------------------- sources

std::size_t listed_choices::hash::operator()(const choice& c) const noexcept {
  return static_cast<std::size_t>(stream::mix(c.label.path ^ std::uint64_t{c.label.count} << 16 ^
                                              static_cast<std::uint64_t>(c.label.operation) << 4 ^
                                              static_cast<std::uint64_t>(c.kind)));
}

listed_choices::listed_choices(std::span<const choice> listed, std::uint64_t seed)
    : listed_(listed), used_(listed.size(), false), late_(seed, "late") {
  index_.reserve(listed.size());
  for (std::size_t i = 0; i < listed.size(); ++i) {
    index_.try_emplace(listed[i], i);
    if (listed[i].value == 0) used_[i] = true;
  }
}

std::uint64_t listed_choices::value_of(choice_kind kind, const choice_label& label,
                                       std::uint64_t bound) {
  if (index_.empty()) return 0;
  const auto found = index_.find({.kind = kind, .label = label});
  if (found == index_.end()) return 0;
  const std::uint64_t value = listed_[found->second].value;
  if (value >= bound) return 0;
  used_[found->second] = true;
  return value;
}

std::uint64_t listed_choices::take(choice_kind kind, const choice_label& label,
                                   std::uint64_t bound) {
  const std::uint64_t value = value_of(kind, label, bound);
  if (kind != choice_kind::user || value != 0) {
    user_zeros_ = 0;
    return value;
  }
  return ++user_zeros_ > most_zeros ? late_.below(bound) : 0;
}

std::size_t listed_choices::take_schedule(const choice_label& label,
                                          const candidate_list& candidates) {
  user_zeros_ = 0;
  const auto value =
      static_cast<std::size_t>(value_of(choice_kind::schedule, label, candidates.size()));
  if (value != 0 || !candidates.running_goes_on()) {
    went_on_ = 0;
    return value;
  }
  if (++went_on_ < most_went_on) return 0;
  went_on_ = 0;
  return 1;
}

void listed_choices::workload(std::span<std::uint32_t> words) noexcept {
  const auto flag = std::ranges::find_if(listed_, [](const choice& c) {
    return c.kind == choice_kind::random && c.label == workload_is_listed;
  });
  if (flag == listed_.end()) return;
  used_[static_cast<std::size_t>(flag - listed_.begin())] = true;
  std::ranges::fill(words, 0u);
  for (std::size_t i = 0; i < listed_.size(); ++i) {
    const choice& c = listed_[i];
    if (c.kind != choice_kind::random || c.label.count >= words.size()) continue;
    words[c.label.count] = static_cast<std::uint32_t>(c.value);
    used_[i] = true;
  }
}

std::uint64_t choice_recorder::take(choice_kind kind, const choice_label& label,
                                    std::uint64_t bound) {
  const std::uint64_t value = inner_.take(kind, label, bound);
  choices_.push_back({kind, label, bound, value});
  preemptible_.push_back(false);
  return value;
}

std::size_t choice_recorder::take_schedule(const choice_label& label,
                                           const candidate_list& candidates) {
  const std::size_t value = inner_.take_schedule(label, candidates);
  choices_.push_back({choice_kind::schedule, label, candidates.size(), value});
  preemptible_.push_back(candidates.running_goes_on());
  return value;
}

void choice_recorder::workload(std::span<std::uint32_t> words) noexcept {
  inner_.workload(words);
  words_.assign(words.begin(), words.end());
}

std::unique_ptr<choice_source> seeded_choices(std::uint64_t seed, const strategy& how) {
  return detail::make_seeded_source(seed, how);
}

}  // namespace reprise
