#include "trace_line.hpp"

#include "verdicts.hpp"

#include <reprise/core/operation.hpp>
#include <reprise/replay/trace.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <set>
#include <utility>

namespace reprise::detail {

namespace {

using json = nlohmann::json;

/// By events of the parser rather than by its tree: a number's digits are lost in a tree, a line of
/// 64 MiB would be a tree of gigabytes, and depth is bounded as it grows.
class line_builder final : public nlohmann::json_sax<json> {
public:
  explicit line_builder(trace_line& to) : to_(to) {}

  bool null() override { return put({}); }
  bool boolean(bool b) override { return put(b); }
  bool number_integer(std::int64_t n) override { return put(n); }
  bool number_unsigned(std::uint64_t n) override {
    return std::in_range<std::int64_t>(n) ? put(static_cast<std::int64_t>(n)) : put(n);
  }
  bool number_float(double x, const std::string& digits) override {
    if (depth_ == 1 && open_.empty()) to_.members.back().digits = digits;
    return put(x);
  }
  bool string(std::string& text) override {
    if (depth_ == 2) {
      to_.params[std::move(param_)] = std::move(text);
      return true;
    }
    if (in_field()) {  // JSON has no numbers for these
      constexpr double infinity = std::numeric_limits<double>::infinity();
      if (text == "NaN") return put(std::numeric_limits<double>::quiet_NaN());
      if (text == "Infinity") return put(infinity);
      if (text == "-Infinity") return put(-infinity);
    }
    return put(std::move(text));
  }
  bool binary(json::binary_t&) override { return false; }

  bool start_object(std::size_t) override {
    if (depth_ == 1 && (!open_.empty() || to_.members.back().key != "params")) return false;
    return ++depth_ <= 2;
  }
  bool key(std::string& name) override {
    if (depth_ == 2)
      param_ = std::move(name);
    else
      to_.members.push_back({std::move(name), {}, {}});
    return true;
  }
  bool end_object() override {
    --depth_;
    return true;
  }
  bool start_array(std::size_t) override {
    constexpr std::size_t deepest = 1000;  // lists are written and destroyed by recursion
    if (depth_ != 1 || open_.size() == deepest) return false;
    open_.emplace_back();
    return true;
  }
  bool end_array() override {
    trace_value::list values = std::move(open_.back());
    open_.pop_back();
    return put(std::move(values));
  }
  bool parse_error(std::size_t position, const std::string&, const json::exception&) override {
    to_.wrong_at = position == 0 ? 0 : position - 1;  // it counts from 1
    return false;
  }

private:
  bool put(trace_value value) {
    if (depth_ != 1) return false;
    if (open_.empty())
      to_.members.back().value = std::move(value);
    else
      open_.back().push_back(std::move(value));
    return true;
  }
  /// Within what a note said, not in a member of ours.
  [[nodiscard]] bool in_field() const {
    constexpr std::size_t ours = 4;  // i, t, task, event
    return to_.begins_with("i") && to_.members.size() > ours && to_.members.back().key != "text";
  }

  trace_line& to_;
  int depth_ = 0;  // of objects
  std::vector<trace_value::list> open_;
  std::string param_;
};

const std::string* text_in(const line_member* m) {
  return m ? std::get_if<std::string>(&m->value.get()) : nullptr;
}

std::optional<std::uint64_t> number_in(const line_member* m) {
  if (!m) return std::nullopt;
  if (const auto* n = std::get_if<std::int64_t>(&m->value.get()); n && *n >= 0)
    return static_cast<std::uint64_t>(*n);
  if (const auto* n = std::get_if<std::uint64_t>(&m->value.get())) return *n;
  return std::nullopt;
}

/// Seconds to the nanosecond: a double has 53 bits, and a run may have more.
std::optional<duration> seconds_in(const line_member* m) {
  constexpr std::uint64_t per_second = 1'000'000'000;
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  std::uint64_t whole = 0, rest = 0;
  if (const auto n = number_in(m)) {
    whole = *n;
  } else if (m && !m->digits.empty()) {
    const std::string_view text = m->digits;
    const std::size_t point = text.find('.');
    if (point == std::string_view::npos) return std::nullopt;
    std::string fraction(text.substr(point + 1));
    if (fraction.empty() || fraction.size() > 9) return std::nullopt;
    fraction.resize(9, '0');
    const auto read = [](std::string_view digits, std::uint64_t& to) {
      const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), to);
      return failure == std::errc() && end == digits.data() + digits.size();
    };
    if (!read(text.substr(0, point), whole) || !read(fraction, rest)) return std::nullopt;
  } else {
    return std::nullopt;
  }
  if (whole > most / per_second || rest > most - whole * per_second) return std::nullopt;
  return duration(static_cast<std::int64_t>(whole * per_second + rest));
}

std::optional<std::uint64_t> hex_in(const std::string& text, std::size_t digits) {
  std::uint64_t n = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), n, 16);
  if (text.size() != digits || failure != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return n;
}

bool is_operation(const std::string& name) {
  static const auto all = [] {
    std::set<std::string> names;
    for (int kind = 0; kind < 256; ++kind)
      names.insert(to_string(static_cast<operation_kind>(kind)));
    return names;
  }();
  return all.contains(name);
}

/// Whether it looks as the scheduler's do: an operation, and at most the object that it touches.
bool is_schedulers(const trace_event& event) {
  if (!event.text.empty() || event.fields.size() > 1 || !is_operation(event.name)) return false;
  if (event.fields.empty()) return true;
  const auto* object = std::get_if<std::string>(&event.fields[0].value.get());
  return event.fields[0].key == "object" && object &&
         object->find_first_not_of("0123456789.") == std::string::npos;
}

}  // namespace

const line_member* trace_line::find(std::string_view key) const {
  const auto found = std::ranges::find(members, key, &line_member::key);
  return found == members.end() ? nullptr : &*found;
}

trace_line parse_trace_line(std::string_view text) {
  trace_line line;
  // JSON would take a tab or a carriage return as a blank, and no line of ours has one.
  const auto control =
      std::ranges::find_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  if (control != text.end()) {
    line.ok = false;
    line.wrong_at = static_cast<std::size_t>(control - text.begin());
    return line;
  }
  line_builder builder(line);
  line.ok = json::sax_parse(text.begin(), text.end(), &builder);
  return line;
}

std::optional<std::uint64_t> version_of(const trace_line& line) {
  if (!line.begins_with("reprise_trace")) return std::nullopt;
  return number_in(line.members.data());
}

std::optional<trace_header> header_of(const trace_line& line) {
  const std::string* const scenario = text_in(line.find("scenario"));
  const std::string* const strategy = text_in(line.find("strategy"));
  const std::string* const build = text_in(line.find("build_id"));
  const auto seed = number_in(line.find("seed"));
  if (!scenario || !strategy || !build || !seed || !line.find("params")) return std::nullopt;
  trace_header h;
  h.scenario = *scenario;
  h.seed = *seed;
  h.strategy = *strategy;
  h.params = line.params;
  h.build_id = *build;
  if (const line_member* const limit = line.find("time_limit_s")) {
    const auto read = seconds_in(limit);
    if (!read) return std::nullopt;
    h.time_limit = *read;
  }
  for (const auto& [key, to] :
       {std::pair{"step_limit", &h.step_limit}, {"stack_size", &h.stack_size}})
    if (const line_member* const limit = line.find(key)) {
      const auto read = number_in(limit);
      if (!read) return std::nullopt;
      *to = *read;
    }
  if (const std::string* const library = text_in(line.find("c_library"))) h.c_library = *library;
  if (const std::string* const token = text_in(line.find("token"))) h.token = *token;
  if (const line_member* const scheduler = line.find("scheduler"))
    h.scheduler = scheduler->value == trace_value(true);
  return h;
}

std::optional<trace_event> event_of(trace_line line, bool scheduler) {
  constexpr std::array<std::string_view, 4> ours{"i", "t", "task", "event"};
  if (!line.ok || line.members.size() < ours.size()) return std::nullopt;
  for (std::size_t k = 0; k < ours.size(); ++k)
    if (line.members[k].key != ours[k]) return std::nullopt;
  const auto index = number_in(line.members.data());
  const auto at = seconds_in(&line.members[1]);
  const std::string* const task = text_in(&line.members[2]);
  const std::string* const name = text_in(&line.members[3]);
  if (!index || !at || !task || !name) return std::nullopt;
  trace_event event;
  event.index = *index;
  event.at = *at;
  event.task = *task;
  event.name = *name;
  for (std::size_t k = ours.size(); k < line.members.size(); ++k) {
    line_member& m = line.members[k];
    if (m.key == "text") {  // of a log, alone
      const std::string* const text = text_in(&m);
      if (!text || event.name != "log" || line.members.size() != ours.size() + 1)
        return std::nullopt;
      event.text = *text;
      break;
    }
    const auto key = field_key(m.key);
    if (!key) return std::nullopt;
    event.fields.push_back({std::string(*key), std::move(m.value)});
  }
  event.user = !scheduler || !is_schedulers(event);
  return event;
}

bool is_oracles(const trace_line& line) {
  return line.begins_with("t") && line.find("task") && line.find("event");
}

std::optional<checked_footer> footer_of(const trace_line& line, std::string_view text) {
  const std::string* const result = text_in(line.find("verdict"));
  const std::string* const digest = text_in(line.find("digest"));
  const std::string* const token = text_in(line.find("token"));
  const std::string* const what = text_in(line.find("what"));
  const auto elapsed = seconds_in(line.find("elapsed_s"));
  const auto steps = number_in(line.find("steps"));
  const auto tasks = number_in(line.find("tasks"));
  const auto preemptions = number_in(line.find("preemptions"));
  if (!line.ok || !result || !digest || !token || !what || !elapsed || !steps || !tasks ||
      !preemptions)
    return std::nullopt;
  checked_footer f;
  f.says.what = *what;
  f.says.elapsed = *elapsed;
  f.says.steps = *steps;
  f.says.tasks = *tasks;
  f.says.preemptions = *preemptions;
  f.says.token = *token;
  const auto known = verdict_of(*result);
  const auto digest_read = hex_in(*digest, 16);
  if (!known || !digest_read) return std::nullopt;
  f.says.result = *known;
  f.says.digest = *digest_read;

  const line_member* const sums = line.find("sums");
  const line_member* const check = line.find("check");
  if (!sums && !check) return f;  // of an older release
  // The check sum is that of the bytes before it, and stands last.
  constexpr std::string_view before = ",\"check\":\"";
  constexpr std::size_t digits = 8, all = before.size() + digits + 2;
  const auto* const list = sums ? std::get_if<trace_value::list>(&sums->value.get()) : nullptr;
  const std::string* const check_text = text_in(check);
  f.events = number_in(line.find("events"));
  if (!list || !check_text || !f.events || text.size() < all ||
      !text.substr(text.size() - all).starts_with(before) ||
      *check_text != fmt::format("{:08x}", crc32(text.substr(0, text.size() - all))))
    return std::nullopt;
  f.sums.emplace();
  for (const trace_value& v : *list) {
    const auto* const sum_text = std::get_if<std::string>(&v.get());
    const auto sum = sum_text ? hex_in(*sum_text, digits) : std::nullopt;
    if (!sum) return std::nullopt;
    f.sums->push_back(static_cast<std::uint32_t>(*sum));
  }
  return f;
}

}  // namespace reprise::detail
