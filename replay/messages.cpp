#include "messages.hpp"

#include <nlohmann/json.hpp>

#include <cstring>
#include <variant>
#include <vector>

namespace reprise::detail {

namespace {

using nlohmann::json;

std::string bytes_of(const json& j) {
  std::string bytes;
  json::to_cbor(j, bytes);
  return bytes;
}

json json_of(const trace_value& value) {
  return std::visit(
      []<class T>(const T& v) -> json {
        if constexpr (std::is_same_v<T, std::monostate>) {
          return nullptr;
        } else if constexpr (std::is_same_v<T, trace_value::list>) {
          json list = json::array();
          for (const auto& one : v) list.push_back(json_of(one));
          return list;
        } else {
          return v;
        }
      },
      value.get());
}

trace_value value_of(const json& j) {
  switch (j.type()) {
    case json::value_t::boolean:
      return j.get<bool>();
    case json::value_t::number_integer:
      return j.get<std::int64_t>();
    case json::value_t::number_unsigned:
      return j.get<std::uint64_t>();
    case json::value_t::number_float:
      return j.get<double>();
    case json::value_t::string:
      return j.get<std::string>();
    case json::value_t::array: {
      trace_value::list list;
      for (const auto& one : j) list.push_back(value_of(one));
      return list;
    }
    default:
      return {};
  }
}

}  // namespace

std::string pack(const report& r, bool with_events) {
  json events = json::array();
  if (with_events) {
    for (const auto& e : r.events) {
      json fields = json::array();
      for (const auto& f : e.fields) fields.push_back(json::array({f.key, json_of(f.value)}));
      events.push_back(
          json::array({e.index, e.at.count(), e.task, e.name, e.text, fields, e.user}));
    }
  }
  return bytes_of(
      json::array({static_cast<int>(r.result), r.seed, r.token, r.what, r.exception,
                   r.elapsed.count(), r.steps, r.preemptions, r.tasks, r.digest, events}));
}

report unpack_report(std::string_view bytes) {
  const json j = json::from_cbor(bytes.begin(), bytes.end());
  report r;
  r.result = static_cast<verdict>(j[0].get<int>());
  r.seed = j[1];
  r.token = j[2];
  r.what = j[3];
  r.exception = j[4];
  r.elapsed = duration(j[5].get<std::int64_t>());
  r.steps = j[6];
  r.preemptions = j[7];
  r.tasks = j[8];
  r.digest = j[9];
  for (const auto& e : j[10]) {
    trace_event event{.index = e[0],
                      .at = duration(e[1].get<std::int64_t>()),
                      .task = e[2],
                      .name = e[3],
                      .text = e[4],
                      .fields = {},
                      .user = e[6]};
    for (const auto& f : e[5]) event.fields.push_back({f[0], value_of(f[1])});
    r.events.push_back(std::move(event));
  }
  return r;
}

std::string pack_remarks(const report& r) {
  json marks = json::array(), warnings = json::array();
  for (const auto& m : r.marks) marks.push_back(json::array({m.name, m.times}));
  for (const auto& w : r.warnings)
    warnings.push_back(json::array({static_cast<int>(w.kind), w.what, w.signature}));
  return bytes_of(json::array({r.seed, r.token, marks, warnings}));
}

report unpack_remarks(std::string_view bytes) {
  const json j = json::from_cbor(bytes.begin(), bytes.end());
  report r;
  r.seed = j[0];
  r.token = j[1];
  for (const auto& m : j[2]) r.marks.push_back({m[0], m[1]});
  for (const auto& w : j[3])
    r.warnings.push_back({static_cast<warning_kind>(w[0].get<int>()), w[1], w[2]});
  return r;
}

std::string pack(const std::vector<std::uint64_t>& numbers) {
  std::string bytes(numbers.size() * sizeof(std::uint64_t), '\0');
  std::memcpy(bytes.data(), numbers.data(), bytes.size());
  return bytes;
}

std::vector<std::uint64_t> unpack_numbers(std::string_view bytes) {
  std::vector<std::uint64_t> numbers(bytes.size() / sizeof(std::uint64_t));
  std::memcpy(numbers.data(), bytes.data(), numbers.size() * sizeof(std::uint64_t));
  return numbers;
}

std::string pack(const profile& p) {
  json targets = json::array();
  for (const auto& t : p.targets) {
    json shares = json::array();
    for (const auto& s : t.shares) shares.push_back(json::array({s.task, s.parent, s.count}));
    targets.push_back(json::array({t.objects, t.weight, shares}));
  }
  return bytes_of(json::array({p.runs, p.lengths, p.preemptible_lengths, targets}));
}

profile unpack_profile(std::string_view bytes) {
  const json j = json::from_cbor(bytes.begin(), bytes.end());
  profile p;
  p.runs = j[0];
  p.lengths = j[1].get<std::vector<std::uint64_t>>();
  p.preemptible_lengths = j[2].get<std::vector<std::uint64_t>>();
  for (const auto& t : j[3]) {
    profile::target target;
    target.objects = t[0].get<std::vector<std::uint64_t>>();
    target.weight = t[1];
    for (const auto& s : t[2]) target.shares.push_back({s[0], s[1], s[2]});
    p.targets.push_back(std::move(target));
  }
  return p;
}

}  // namespace reprise::detail
