#pragma once

// Reads the histories that others have recorded, in the two formats of Porcupine's test data.

#include <reprise/properties.hpp>

#include <cstdint>
#include <fstream>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace support {

/// A register that holds nothing at first.
using etcd_history = reprise::history<reprise::models::cas_reg<std::optional<int>>>;
using kv_history = reprise::history<reprise::models::kv>;

inline std::vector<std::string> split(const std::string& line, char by) {
  std::vector<std::string> parts(1);
  for (const char c : line) {
    if (c == by)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

/// "INFO  jepsen.util - 3 <tab> :invoke <tab> :cas <tab> [1 4]", a line each.
inline etcd_history read_etcd(const std::string& path) {
  namespace models = reprise::models;
  std::ifstream file(path);
  if (!file) throw std::runtime_error("can't read " + path);
  etcd_history h;
  std::map<int, reprise::call_id> open;
  for (std::string line; std::getline(file, line);) {
    const auto parts = split(line, '\t');
    if (parts.size() < 4) continue;
    const int process = std::stoi(parts[0].substr(parts[0].rfind(' ') + 1));
    const auto &type = parts[1], &f = parts[2], &value = parts[3];
    const auto number = [](const std::string& text) {
      return text == "nil" ? std::optional<int>() : std::optional<int>(std::stoi(text));
    };
    if (type == ":invoke") {
      if (f == ":read") {
        open[process] = h.invoke(static_cast<std::uint64_t>(process), models::read());
      } else if (f == ":write") {
        open[process] = h.invoke(static_cast<std::uint64_t>(process), models::write(number(value)));
      } else {
        const auto pair = split(value.substr(1, value.size() - 2), ' ');
        open[process] = h.invoke(static_cast<std::uint64_t>(process),
                                 models::cas(number(pair.at(0)), number(pair.at(1))));
      }
    } else if (value == ":timed-out") {
      // A read that says nothing, or a change that may happen at any later time, or never.
    } else if (f == ":read") {
      h.respond(open.at(process), number(value));
    } else if (f == ":write") {
      h.respond(open.at(process));
    } else {
      h.respond(open.at(process), type == ":ok");
    }
  }
  return h;
}

/// "{:process 0, :type :invoke, :f :append, :key "0", :value "x 0 0 y"}", a line each.
inline kv_history read_kv(const std::string& path) {
  namespace models = reprise::models;
  std::ifstream file(path);
  if (!file) throw std::runtime_error("can't read " + path);
  kv_history h;
  std::map<int, reprise::call_id> open;
  const auto after = [](const std::string& line, const std::string& key) {
    const auto begin = line.find(key + ' ') + key.size() + 1;
    if (line[begin] == '"') return line.substr(begin + 1, line.find('"', begin + 1) - begin - 1);
    return line.substr(begin, line.find_first_of(",}", begin) - begin);
  };
  for (std::string line; std::getline(file, line);) {
    if (line.empty()) continue;
    const int process = std::stoi(after(line, ":process"));
    const std::string f = after(line, ":f"), key = after(line, ":key"),
                      value = after(line, ":value");
    if (after(line, ":type") == ":invoke") {
      const auto p = static_cast<std::uint64_t>(process);
      open[process] = f == ":get"   ? h.invoke(p, models::get(key))
                      : f == ":put" ? h.invoke(p, models::put(key, value))
                                    : h.invoke(p, models::append(key, value));
    } else {
      h.respond(open.at(process), f == ":get" ? value : "");
    }
  }
  return h;
}

struct recorded_verdict {
  std::string name;  // "etcd/etcd_000.log"
  bool linearizable = false;
};

/// `folder`/verdicts.tsv; empty when there is none.
inline std::vector<recorded_verdict> read_verdicts(const std::string& folder) {
  std::vector<recorded_verdict> all;
  std::ifstream file(folder + "/verdicts.tsv");
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const auto parts = split(line, '\t');
    all.push_back({parts.at(0), parts.at(1) == "yes"});
  }
  return all;
}

}  // namespace support
