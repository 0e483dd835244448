#include "chrome_trace.hpp"

#include "json.hpp"

#include <reprise/core/format.hpp>

#include <utility>

namespace reprise::cli {

namespace {

/// Their unit is the microsecond; as a double it would lose the nanoseconds of a long run.
std::string microseconds(duration at) {
  const auto ns = static_cast<std::uint64_t>(at.count());
  return fmt::format("{}.{:03}", ns / 1000, ns % 1000);
}

std::string json_of(const trace_value& value) {
  std::string text;
  append_json(text, value);
  return text;
}

/// The name of a process or of a thread.
std::string name_of(std::string_view what, std::uint64_t thread, std::string_view name) {
  return json_object()
      .text("ph", "M")
      .text("name", what)
      .number("pid", 1)
      .number("tid", thread)
      .raw("args", json_object().text("name", name).done())
      .done();
}

}  // namespace

std::string chrome_trace::begin(const trace_header& header) {
  const std::string name =
      fmt::format("{}, seed {}, {}", header.scenario, header.seed, header.strategy);
  return "{\"traceEvents\":[\n" + name_of("process_name", 0, name);
}

std::string chrome_trace::add(const trace_event& event) {
  std::string text;
  const std::uint64_t next = threads_.size() - threads_.count("-") + 1;
  const auto [thread, is_new] = threads_.try_emplace(event.task, event.task == "-" ? 0 : next);
  if (is_new) text += ",\n" + name_of("thread_name", thread->second, event.task);
  const bool is_log = event.name == "log" && event.fields.empty();
  json_object args;
  for (const auto& f : event.fields) args.raw(f.key, json_of(f.value));
  // "#12", as `--until` takes it: no field is likely to be called that.
  args.number("#", event.index);
  return text + ",\n" +
         json_object()
             .text("ph", "i")
             .text("s", "t")
             .text("name", is_log && !event.text.empty() ? event.text : event.name)
             .text("cat", is_log       ? "log"
                          : event.user ? "note"
                                       : "scheduler")
             .number("pid", 1)
             .number("tid", thread->second)
             .raw("ts", microseconds(event.at))
             .raw("args", args.done())
             .done();
}

std::string chrome_trace::end(const trace_reader& read) {
  json_object other;
  other.text("scenario", read.header().scenario)
      .number("seed", read.header().seed)
      .text("strategy", read.header().strategy);
  if (const auto& footer = read.footer())
    other.text("verdict", to_string(footer->result))
        .text("what", footer->what)
        .text("digest", format_digest(footer->digest))
        .text("token", footer->token);
  if (!read.damage().empty()) other.text("damage", read.damage());
  return fmt::format("\n],\"displayTimeUnit\":\"ns\",\"otherData\":{}}}\n", other.done());
}

}  // namespace reprise::cli
