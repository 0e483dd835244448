#include <reprise/replay/case_file.hpp>

#include "verdicts.hpp"

#include <reprise/core/choice_log.hpp>
#include <reprise/core/format.hpp>
#include <reprise/core/stream.hpp>
#include <reprise/core/token.hpp>
#include <reprise/replay/trace.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

namespace reprise {

namespace {

using json = nlohmann::ordered_json;

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::string_view name_digits = "0123456789abcdefghjkmnpqrstvwxyz";  // as in tokens

std::string to_hex(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto b = static_cast<unsigned char>(c);
    text += hex_digits[b >> 4];
    text += hex_digits[b & 15];
  }
  return text;
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const std::size_t high = hex_digits.find(text[i]), low = hex_digits.find(text[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    bytes += static_cast<char>(high << 4 | low);
  }
  return bytes;
}

/// Bytes that are not UTF-8 would stop the writer half-way.
std::string clean(std::string_view text) {
  std::string quoted;
  append_json(quoted, text);
  return json::parse(quoted).get<std::string>();
}

// ---------------------------------------------------------------- signatures

constexpr std::array<std::string_view, 11> units{"ns", "µs",  "us",  "ms", "min", "s",
                                                 "h",  "KiB", "MiB", "kB", "%"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

/// `text` with each number, its unit and its sign as one '#'.
std::string without_numbers(std::string_view text) {
  std::string masked;
  for (std::size_t i = 0; i < text.size();) {
    const bool begins = is_digit(text[i]) && (masked.empty() || !is_letter(masked.back()));
    if (!begins) {
      if (is_digit(text[i])) {  // of a word: "fork2"
        if (masked.back() != '#') masked += '#';
        ++i;
        while (i < text.size() && is_digit(text[i])) ++i;
        continue;
      }
      masked += text[i++];
      continue;
    }
    if (!masked.empty() && masked.back() == '-' &&
        (masked.size() == 1 || !is_letter(masked[masked.size() - 2])))
      masked.pop_back();
    // Digits, hexadecimal ones too, thousands, decimals, an exponent.
    while (i < text.size() && (is_digit(text[i]) || is_letter(text[i]) ||
                               ((text[i] == '-' || text[i] == '+') && text[i - 1] == 'e' &&
                                i + 1 < text.size() && is_digit(text[i + 1])) ||
                               ((text[i] == '.' || text[i] == ',' || text[i] == '\'') &&
                                i + 1 < text.size() && is_digit(text[i + 1]))))
      ++i;
    masked += '#';
    if (i + 1 >= text.size() || text[i] != ' ') continue;
    for (const std::string_view unit : units) {
      if (text.substr(i + 1, unit.size()) != unit) continue;
      const std::size_t end = i + 1 + unit.size();
      if (end < text.size() && (is_letter(text[end]) || is_digit(text[end]))) continue;
      i = end;
      break;
    }
  }
  return masked;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string_view trimmed(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  return line;
}

/// The file of a line "at lost_update.cpp:25"; the number moves with every edit.
std::string_view place_in(std::string_view line) {
  line = trimmed(line);
  const std::size_t colon = line.rfind(':');
  if (!line.starts_with("at ") || colon == std::string_view::npos || colon + 1 == line.size() ||
      !std::ranges::all_of(line.substr(colon + 1), is_digit))
    return {};
  line = line.substr(3, colon - 3);
  return line.substr(line.rfind('/') + 1);
}

/// "Task-2 waits for mutex (a.cpp:3), held by …" without who waits: tasks trade places.
std::string without_task(std::string_view line) {
  line = trimmed(line);
  for (const std::string_view verb : {" holds ", " waits "})
    if (const std::size_t at = line.find(verb); at != std::string_view::npos)
      line.remove_prefix(std::min(at + 1, line.size()));
  return std::string(line);
}

std::string deadlock_signature(const std::vector<std::string_view>& lines) {
  const std::string_view first = lines.empty() ? std::string_view() : lines[0];
  if (first.starts_with("lost wake-up")) {
    // Who waits for what; the rest of the line tells of the notification, and others wait for this
    // one.
    const std::size_t colon = first.find(": ");
    std::string wait = colon == std::string_view::npos ? std::string(first)
                                                       : without_task(first.substr(colon + 2));
    wait = wait.substr(0, std::min(wait.find(';'), wait.find(", ")));
    return "lost wake-up, " + without_numbers(wait);
  }
  const bool circle = first.find("wait for each other") != std::string_view::npos;
  std::string text = circle                                                     ? "circle"
                     : first.find("waits for itself") != std::string_view::npos ? "itself"
                                                                                : "nothing can run";
  // In what each waits. Who waits for another task waits because that one does.
  std::vector<std::string> waits;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::string_view line = trimmed(lines[i]);
    if (circle && line.find(" holds ") == std::string_view::npos) continue;
    std::string wait = without_task(line);
    wait = wait.substr(0, wait.find(", held by"));
    if (wait.starts_with("waits for Task-") || wait.starts_with("and ") ||
        wait.find("gather") != std::string::npos || wait.find("join") != std::string::npos)
      continue;
    waits.push_back(without_numbers(wait));
  }
  std::ranges::sort(waits);
  const auto rest = std::ranges::unique(waits);
  waits.erase(rest.begin(), rest.end());
  for (const auto& w : waits) text += ", " + w;
  return text;
}

std::string race_signature(const std::vector<std::string_view>& lines) {
  std::string text = without_numbers(lines[0].substr(0, lines[0].find(':')));
  // The two accesses, in whatever order they came: where, and whether they write.
  std::vector<std::string> accesses;
  for (std::size_t i = 1; i < lines.size() && i < 3; ++i) {
    std::string access(trimmed(lines[i]));
    for (const std::string_view verb : {" writes", " reads", " wrote", " read"})
      if (const std::size_t at = access.find(verb); at != std::string::npos) {
        access.erase(0, at + 1);
        break;
      }
    accesses.push_back(without_numbers(access.substr(0, access.find(", "))));
  }
  std::ranges::sort(accesses);
  for (const auto& a : accesses) text += ", " + a;
  return text;
}

}  // namespace

std::string failure_signature(const report& r) {
  const auto lines = lines_of(r.what);
  std::string kind = to_string(r.result);
  switch (r.result) {
    case verdict::passed:
      return {};
    case verdict::deadlock:
      return kind + ": " + deadlock_signature(lines);
    case verdict::time_limit:
    case verdict::step_limit:
    case verdict::diverged:
      return kind;
    case verdict::failed:
    case verdict::crashed:
      break;
  }
  if (lines.empty()) return kind;
  if (lines[0].starts_with("data race")) return kind + ": " + race_signature(lines);
  std::string text = kind + ": " + without_numbers(lines[0]);
  for (const std::string_view line : lines)
    if (const std::string_view file = place_in(line); !file.empty()) {
      text += fmt::format(" ({})", file);
      break;
    }
  return text;
}

std::string case_event(const trace_event& event) {
  std::string text = fmt::format("{} {} {}", format_seconds(event.at), event.task, event.name);
  if (!event.user) {
    for (const auto& f : event.fields)
      if (const auto* object = std::get_if<std::string>(&f.value.get())) text += ' ' + *object;
    return text;
  }
  if (!event.text.empty()) {
    text += ' ';
    append_json(text, std::string_view(event.text));
  }
  for (const auto& f : event.fields) {
    text += fmt::format(" {}=", f.key);
    append_json(text, f.value);
  }
  return text;
}

case_file make_case(const report& failure) {
  case_file c;
  c.run = decode_token(failure.token);
  c.result = failure.result;
  c.what = failure.what;
  c.signature = failure_signature(failure);
  c.digest = failure.digest;
  c.build_id = build_id();
  return c;
}

std::string file_name(const case_file& c) {
  constexpr std::size_t longest = 80;
  std::string name;
  for (const char ch : c.run.scenario.substr(0, longest))
    name += is_letter(ch) || is_digit(ch) || ch == '.' || ch == '-' ? ch : '-';
  if (name.empty() || name[0] == '.') name.insert(0, "run");
  std::uint64_t h = stream::mix(stream::hash(encode_token(c.run)));
  name += '-';
  for (int i = 0; i < 10; ++i, h >>= 5) name += name_digits[h & 31];
  return name + ".reprise";
}

// ---------------------------------------------------------------- JSON

namespace {

std::string check_of(const json& o) {
  return format_digest(
      stream::mix(stream::hash(o.dump(-1, ' ', false, json::error_handler_t::replace))));
}

json to_object(const case_file& c) {
  json o;
  o["reprise_case"] = case_file_version;
  o["scenario"] = clean(c.run.scenario);
  json params = json::object();
  for (const auto& [name, value] : c.run.params) params[clean(name)] = clean(value);
  o["params"] = params;
  o["seed"] = c.run.seed;
  o["strategy"] = c.run.schedule.to_string();
  if (c.run.time_limit > duration{0}) o["time_limit_ns"] = c.run.time_limit.count();
  if (c.run.step_limit > 0) o["step_limit"] = c.run.step_limit;
  if (c.run.stack_size > 0) o["stack_size"] = c.run.stack_size;
  if (c.run.detect.off() != 0) o["detectors_off"] = c.run.detect.off();
  if (c.run.choices) {
    o["choices"] = c.run.choices->size();
    o["choice_list"] = to_hex(encode_choices(*c.run.choices));
  }
  o["verdict"] = to_string(c.result);
  o["signature"] = clean(c.signature);
  o["what"] = clean(c.what);
  o["digest"] = format_digest(c.digest);
  o["build_id"] = c.build_id;
  if (!c.kept_since.empty()) o["kept_since"] = c.kept_since;
  if (!c.shrunk_from.empty()) o["shrunk_from"] = c.shrunk_from;
  if (!c.events.empty()) {
    json events = json::array();
    for (const auto& e : c.events) events.push_back(clean(e));
    o["events"] = std::move(events);
  }
  if (!c.tasks.empty()) {
    json tasks = json::object();
    for (const auto& [path, name] : c.tasks) tasks[format_digest(path)] = clean(name);
    o["tasks"] = std::move(tasks);
  }
  if (!c.log.empty()) o["log"] = to_hex(encode_choices(c.log));
  return o;
}

/// Reads members, and says of a wrong one which it is.
class object_reader {
public:
  object_reader(const json& o, const std::string& name) : o_(o), name_(name) {}
  [[noreturn]] void refuse(std::string_view what) const {
    throw bad_case_file(fmt::format("case file '{}': {}", name_, what));
  }
  [[nodiscard]] bool has(const char* key) const { return o_.contains(key); }
  [[nodiscard]] std::string text(const char* key) const {
    const json& v = member(key);
    if (!v.is_string()) refuse(fmt::format("\"{}\" is no text.", key));
    return v.get<std::string>();
  }
  [[nodiscard]] std::uint64_t number(const char* key) const {
    const json& v = member(key);
    if (!v.is_number_unsigned())
      refuse(fmt::format("\"{}\" is {}, and no whole number from 0 to 18446744073709551615.", key,
                         shown(v)));
    return v.get<std::uint64_t>();
  }
  [[nodiscard]] std::string bytes(const char* key) const {
    auto bytes = from_hex(text(key));
    if (!bytes) refuse(fmt::format("\"{}\" is not in hexadecimal digits.", key));
    return std::move(*bytes);
  }
  [[nodiscard]] std::vector<choice> choices(const char* key) const {
    try {
      return decode_choices(bytes(key));
    } catch (const bad_choice_log& e) {
      refuse(fmt::format("\"{}\": {}", key, e.what()));
    }
  }
  [[nodiscard]] const json& member(const char* key) const {
    const auto found = o_.find(key);
    if (found == o_.end()) refuse(fmt::format("\"{}\" is missing.", key));
    return *found;
  }
  [[nodiscard]] static std::string shown(const json& v) {
    const std::string text = v.dump(-1, ' ', true, json::error_handler_t::replace);
    return text.size() > 40 ? text.substr(0, 40) + "…" : text;
  }

private:
  const json& o_;
  const std::string& name_;
};

verdict read_verdict(const object_reader& in) {
  const std::string text = in.text("verdict");
  if (const auto known = detail::verdict_of(text)) return *known;
  in.refuse(fmt::format("the verdict '{}' is none of this program's.", text));
}

std::uint64_t read_word(const object_reader& in, const std::string& text) {
  const auto bytes = from_hex(text);
  if (!bytes || bytes->size() != 8)
    in.refuse(fmt::format("'{}' is not of 16 hexadecimal digits.", text));
  std::uint64_t digest = 0;
  for (const char b : *bytes) digest = digest << 8 | static_cast<unsigned char>(b);
  return digest;
}

}  // namespace

std::string to_json(const case_file& c) {
  json o = to_object(c);
  o["check"] = check_of(o);
  return o.dump(1, ' ', false, json::error_handler_t::replace) + '\n';
}

case_file parse_case(std::string_view text, const std::string& name) {
  const auto refuse = [&](const std::string& what) {
    throw bad_case_file(fmt::format("case file '{}': {}", name, what));
  };
  if (text.empty()) refuse("it is empty.");
  json o;
  try {
    o = json::parse(text);
  } catch (const json::parse_error& e) {
    // "at byte", which counts from 1 and is one past the end where the text ends too early.
    const std::size_t at = e.byte == 0 ? 0 : e.byte - 1;
    const std::size_t whole = text.find_last_not_of(" \n\r\t") + 1;
    if (at >= whole)
      refuse(fmt::format("it ends in the middle, at byte {}: it was cut.", format_count(whole)));
    refuse(fmt::format(
        "it is {}damaged at byte {}.",
        text.find("\"reprise_case\"") == std::string_view::npos ? "no case file, or it is " : "",
        format_count(at)));
  } catch (const json::exception&) {  // a number that no double holds
    refuse("it is damaged: it holds a number that is out of all range.");
  }
  const object_reader in(o, name);
  if (!o.is_object() || !in.has("reprise_case"))
    in.refuse("it is JSON, but no case file: \"reprise_case\" is missing.");
  if (const std::uint64_t version = in.number("reprise_case"); version != case_file_version)
    in.refuse(fmt::format("it is of version {}, and this program reads version {}. {}", version,
                          case_file_version,
                          version > case_file_version ? "A newer release reads it." : ""));
  const std::string check = in.text("check");
  o.erase("check");
  if (check != check_of(o))
    in.refuse(
        "it is damaged: its check sum does not fit what it says. Take it from where it came "
        "from.");
  case_file c;
  c.run.scenario = in.text("scenario");
  const json& params = in.member("params");
  if (!params.is_object()) in.refuse("\"params\" is no object.");
  for (const auto& [key, value] : params.items()) {
    if (!value.is_string()) in.refuse(fmt::format("parameter '{}' is no text.", key));
    c.run.params[key] = value.get<std::string>();
  }
  c.run.seed = in.number("seed");
  try {
    c.run.schedule = strategy::parse(in.text("strategy"));
  } catch (const std::invalid_argument& e) {
    in.refuse(e.what());
  }
  if (in.has("time_limit_ns")) {
    const std::uint64_t ns = in.number("time_limit_ns");
    if (!std::in_range<std::int64_t>(ns)) in.refuse("\"time_limit_ns\" is out of range.");
    c.run.time_limit = duration(static_cast<std::int64_t>(ns));
  }
  if (in.has("step_limit")) c.run.step_limit = in.number("step_limit");
  if (in.has("stack_size")) {
    c.run.stack_size = in.number("stack_size");
    constexpr std::uint64_t largest = std::uint64_t{1} << 30;  // as on the command line
    if (c.run.stack_size > largest) in.refuse("\"stack_size\" is out of range: up to 1 GiB.");
  }
  if (in.has("detectors_off")) c.run.detect = detectors::without(in.number("detectors_off"));
  if (in.has("choice_list"))
    c.run.choices = std::make_shared<const std::vector<choice>>(in.choices("choice_list"));
  c.result = read_verdict(in);
  c.signature = in.text("signature");
  c.what = in.text("what");
  c.digest = read_word(in, in.text("digest"));
  c.build_id = in.text("build_id");
  if (in.has("kept_since")) c.kept_since = in.text("kept_since");
  if (in.has("shrunk_from")) c.shrunk_from = in.text("shrunk_from");
  if (in.has("events")) {
    const json& events = in.member("events");
    if (!events.is_array()) in.refuse("\"events\" is no list.");
    for (const auto& e : events) {
      if (!e.is_string()) in.refuse("\"events\" holds what is no text.");
      c.events.push_back(e.get<std::string>());
    }
  }
  if (in.has("tasks")) {
    const json& tasks = in.member("tasks");
    if (!tasks.is_object()) in.refuse("\"tasks\" is no object.");
    for (const auto& [path, task] : tasks.items()) {
      if (!task.is_string()) in.refuse("\"tasks\" holds what is no text.");
      c.tasks[read_word(in, path)] = task.get<std::string>();
    }
  }
  if (in.has("log")) c.log = in.choices("log");
  return c;
}

}  // namespace reprise
