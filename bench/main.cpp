// Measures what reprise costs beside what it can't cost less than, and beside its peers, and prints
// a table. Round by round, so that every row and its limit see the same noise of the neighbours: it
// is the ratio within a round that holds on a busy machine. (Google Benchmark repeats one benchmark
// before it goes on to the next, and measures in one process.)

#include "rows.hpp"
#include "workload.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <boost/version.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace bench;
using nlohmann::json;

/// What is wrong in the world around: no row can be measured.
struct environment_error : std::runtime_error {
  using runtime_error::runtime_error;
};

struct options {
  std::vector<std::string> rows;
  int rounds = 5;
  bool quick = false;
  bool as_json = false;
  std::string python = "python3";
};

// --- measuring, in a child process each

template <class Words>
std::string in_a_row(const Words& words) {
  std::string text;
  for (const auto& word : words) (text += text.empty() ? "" : " ") += word;
  return text;
}

/// Runs a program; what it wrote to stdout, or nothing when it failed.
std::optional<std::string> output_of(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  std::array<int, 2> pipe_ends{};
  if (pipe2(pipe_ends.data(), O_CLOEXEC) != 0) return std::nullopt;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
  pid_t child = 0;
  const int failed =
      posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(pipe_ends[1]);
  std::string text;
  std::array<char, 4096> buffer{};
  for (ssize_t got = 0; (got = read(pipe_ends[0], buffer.data(), buffer.size())) > 0;)
    text.append(buffer.data(), static_cast<std::size_t>(got));
  close(pipe_ends[0]);
  int status = 0;
  if (failed != 0 || waitpid(child, &status, 0) != child) return std::nullopt;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return std::nullopt;
  return text;
}

bool is_of_asyncio(std::string_view workload) { return workload.starts_with("asyncio/"); }

std::string own_path() { return std::filesystem::read_symlink("/proc/self/exe"); }

measurement measure(const options& how, std::string_view workload, std::uint64_t n) {
  const std::string count = fmt::to_string(n);
  std::vector<std::string> command{own_path(), "measure", std::string(workload), count};
  if (is_of_asyncio(workload))
    command = {how.python, BENCH_ASYNCIO, std::string(workload.substr(8)), count};
  const auto text = output_of(command);
  if (!text) throw environment_error(fmt::format("'{}' failed", in_a_row(command)));
  const json result = json::parse(*text);
  return {result.at("seconds"), result.at("operations"), result.at("bytes")};
}

const workload* find(std::string_view name) {
  for (const auto list : {fibers(), coroutines(), raw_fibers(), raw_coroutines(), boost_fiber()})
    for (const auto& w : list)
      if (w.name == name) return &w;
  return nullptr;
}

/// The child's part.
int measure_here(std::string_view name, std::uint64_t n) {
  const workload* w = find(name);
  if (!w) {
    fmt::print(stderr, "bench: there is no workload '{}'.\n", name);
    return 2;
  }
  const measurement m = w->run(n);
  fmt::print("{}\n",
             json{{"seconds", m.seconds}, {"operations", m.operations}, {"bytes", m.bytes}}.dump());
  return 0;
}

// --- figures

/// A median and how far the rounds lie around it.
struct figure {
  double median = 0;
  double min = 0;
  double max = 0;
};
figure figure_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  const double median =
      values.size() % 2 != 0 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {median, values.front(), values.back()};
}

/// What was measured of one workload, a round an entry.
struct series {
  std::vector<double> ns;  // an operation
  std::vector<double> bytes;
};
using key = std::pair<std::string_view, std::uint64_t>;

class results {
public:
  explicit results(const options& how) : how_(how) {}
  [[nodiscard]] key key_of(const measured& what) const {
    return {what.workload, how_.quick ? what.quick_n : what.n};
  }
  void add(const measured& what, const measurement& m) {
    series& s = all_[key_of(what)];
    s.ns.push_back(m.seconds * 1e9 / static_cast<double>(m.operations));
    s.bytes.push_back(m.bytes);
  }
  [[nodiscard]] const series* of(const measured& what) const {
    const auto found = all_.find(key_of(what));
    return found == all_.end() ? nullptr : &found->second;
  }
  /// How many times the other's cost ours is, round by round.
  [[nodiscard]] std::optional<figure> ratio(const measured& ours, const measured& other) const {
    const series* a = of(ours);
    const series* b = of(other);
    if (!a || !b) return std::nullopt;
    std::vector<double> ratios;
    for (std::size_t i = 0; i < std::min(a->ns.size(), b->ns.size()); ++i)
      ratios.push_back(a->ns[i] / b->ns[i]);
    return figure_of(std::move(ratios));
  }

private:
  options how_;
  std::map<key, series> all_;
};

class progress_line {
public:
  void show(const std::string& text) const {
    if (terminal_) fmt::print(stderr, "\r\033[K{}", text);
  }
  ~progress_line() { show(""); }

private:
  const char* term_ = std::getenv("TERM");
  bool terminal_ = isatty(STDERR_FILENO) != 0 && term_ && std::string_view(term_) != "dumb";
};

constexpr int heavy_rounds = 2;
constexpr int peer_rounds = 2;

results measure_all(const options& how, const std::vector<row>& chosen, bool with_asyncio) {
  results all(how);
  const progress_line progress;
  for (int round = 0; round < how.rounds; ++round) {
    std::set<key> done;
    const auto add = [&](const row& r, const measured& what, int rounds) {
      if (!what || round >= rounds || !done.insert(all.key_of(what)).second) return;
      progress.show(
          fmt::format("round {} of {}  {}  {}", round + 1, how.rounds, r.id, what.workload));
      all.add(what, measure(how, what.workload, all.key_of(what).second));
    };
    for (const row& r : chosen) {
      const int rounds = r.heavy ? heavy_rounds : how.rounds;
      add(r, r.ours, rounds);
      add(r, r.limit, rounds);
      if (!boost_fiber().empty()) add(r, r.boost_fiber.what, std::min(rounds, peer_rounds));
      if (with_asyncio) add(r, r.asyncio.what, std::min(rounds, peer_rounds));
    }
  }
  return all;
}

// --- the table

/// Three significant digits.
std::string three_digits(double x) {
  return x >= 99.95   ? fmt::format("{:.0f}", x)
         : x >= 9.995 ? fmt::format("{:.1f}", x)
                      : fmt::format("{:.2f}", x);
}
std::string time_text(double ns) {
  if (ns < 999.5) return three_digits(ns) + " ns";
  if (ns < 999.5e3) return three_digits(ns / 1e3) + " µs";
  return three_digits(ns / 1e6) + " ms";
}
std::string rate_text(double ns) {
  const double per_second = 1e9 / ns;
  return per_second >= 999.5e3 ? three_digits(per_second / 1e6) + " M/s"
                               : three_digits(per_second / 1e3) + " k/s";
}
std::string cost_text(const row& r, double ns) { return r.rate ? rate_text(ns) : time_text(ns); }
std::string bytes_text(double bytes) {
  return bytes < 1023.5 ? fmt::format("{:.0f} B", bytes) : three_digits(bytes / 1024) + " KiB";
}
std::string times_text(double times) { return three_digits(times) + "×"; }
std::string count_text(std::uint64_t n) {
  return n % 1'000'000 == 0 ? fmt::format("{}M", n / 1'000'000) : fmt::format("{}k", n / 1000);
}
std::string spread_text(const figure& f) {
  return fmt::format("{:+.0f}/{:+.0f} %", (f.min / f.median - 1) * 100,
                     (f.max / f.median - 1) * 100);
}

/// Columns that a text takes: all that we print is one column a character.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}
std::string padding(std::string_view text, std::size_t width) {
  const std::size_t has = width_of(text);
  return std::string(has < width ? width - has : 0, ' ');
}
std::string left(const std::string& text, std::size_t width) { return text + padding(text, width); }
std::string right(const std::string& text, std::size_t width) {
  return padding(text, width) + text;
}

struct judged {
  const row* of = nullptr;
  std::string label;
  figure ours;
  std::optional<figure> limit;
  std::optional<figure> ratio;
  std::optional<bool> met;  // of the goal in time
  double bytes = 0;
  double limit_bytes = 0;
  std::optional<bool> bytes_met;
  std::optional<double> boost_fiber;  // times that we are cheaper
  std::optional<double> asyncio;
};

judged judge(const row& r, const results& all) {
  judged j;
  j.of = &r;
  const series& ours = *all.of(r.ours);
  j.label = fmt::format(fmt::runtime(r.label), count_text(all.key_of(r.ours).second));
  j.ours = figure_of(ours.ns);
  j.bytes = figure_of(ours.bytes).median;
  if (const series* limit = all.of(r.limit)) {
    j.limit = figure_of(limit->ns);
    if (!r.again) j.limit_bytes = figure_of(limit->bytes).median;
  }
  j.ratio = all.ratio(r.ours, r.limit);
  if (r.ratio > 0 && j.ratio) j.met = j.ratio->median <= r.ratio;
  if (r.ns > 0) j.met = j.ours.median <= r.ns;
  if (r.bytes > 0) j.bytes_met = j.bytes <= r.bytes;
  if (const auto times = all.ratio(r.boost_fiber.what, r.ours)) j.boost_fiber = times->median;
  if (const auto times = all.ratio(r.asyncio.what, r.ours)) j.asyncio = times->median;
  return j;
}

class printer {
public:
  explicit printer(int rounds) : rounds_(rounds) {}
  void print(const std::vector<judged>& table) {
    std::string_view section;
    for (const judged& j : table) {
      if (j.of->section != section) {
        section = j.of->section;
        fmt::print("\n{}\n", section);
        heading();
      }
      line(j);
    }
  }
  [[nodiscard]] int goals() const noexcept { return goals_; }
  [[nodiscard]] int met() const noexcept { return met_; }

private:
  static void heading() {
    fmt::print("  {} {} {} {} {}  {} {} {} {}\n", left("", 39), right("ours", 9),
               right("spread", 10), right("limit", 9), right("ratio", 6), left("goal", 10),
               left("", 6), right("Boost.Fiber", 14), right("asyncio", 14));
  }
  void line(const judged& j) {
    const row& r = *j.of;
    std::string goal;
    if (r.ratio > 0) goal = "≤ " + times_text(r.ratio);
    if (r.ns > 0) goal = (r.rate ? "≥ " : "≤ ") + cost_text(r, r.ns);
    std::string text = fmt::format(
        "  {} {} {} {} {}  {} {} {} {}", left(j.label, 39), right(cost_text(r, j.ours.median), 9),
        right(rounds_ > 1 ? spread_text(j.ours) : "", 10),
        right(j.limit ? cost_text(r, j.limit->median) : "", 9),
        right(j.ratio ? times_text(j.ratio->median) : "", 6), left(goal, 10), verdict(j.met),
        right(peer_text(j.boost_fiber, r.boost_fiber.times), 14),
        right(peer_text(j.asyncio, r.asyncio.times), 14));
    show(text);
    if (r.bytes > 0 || j.bytes > 0) {
      show(fmt::format(
          "  {} {} {} {} {}  {} {}",
          left(r.again ? "  memory each, beyond the second run's" : "  memory each", 39),
          right(bytes_text(j.bytes), 9), right("", 10),
          right(j.limit_bytes > 0 ? bytes_text(j.limit_bytes) : "", 9), right("", 6),
          left(r.bytes > 0 ? "≤ " + bytes_text(r.bytes) : "", 10), verdict(j.bytes_met)));
    }
  }
  static void show(std::string text) {
    text.erase(text.find_last_not_of(' ') + 1);
    fmt::print("{}\n", text);
  }
  std::string verdict(std::optional<bool> met) {
    if (!met) return left("", 6);
    count(*met);
    if (!colour_) return left(*met ? "met" : "missed", 6);
    return *met ? "\033[32mmet\033[0m   " : "\033[31mmissed\033[0m";
  }
  std::string peer_text(std::optional<double> times, double goal) {
    if (!times) return {};
    if (goal <= 0) return times_text(*times);
    count(*times >= goal);
    return fmt::format("{} of {}×", times_text(*times), goal);
  }
  void count(bool met) {
    ++goals_;
    if (met) ++met_;
  }

  int rounds_;
  bool colour_ = isatty(STDOUT_FILENO) != 0 && !std::getenv("NO_COLOR");
  int goals_ = 0;
  int met_ = 0;
};

json to_json(const figure& f) { return {{"median", f.median}, {"min", f.min}, {"max", f.max}}; }
json to_json(const judged& j) {
  const row& r = *j.of;
  json out{{"id", r.id}, {"section", r.section}, {"label", j.label}, {"ours_ns", to_json(j.ours)}};
  if (j.limit) out["limit_ns"] = to_json(*j.limit);
  if (j.ratio) out["ratio"] = to_json(*j.ratio);
  if (r.ratio > 0) out["goal_ratio"] = r.ratio;
  if (r.ns > 0) out["goal_ns"] = r.ns;
  if (j.met) out["met"] = *j.met;
  if (j.bytes > 0 || r.bytes > 0) out["bytes"] = j.bytes;
  if (j.limit_bytes > 0) out["limit_bytes"] = j.limit_bytes;
  if (r.bytes > 0) out["goal_bytes"] = r.bytes;
  if (j.bytes_met) out["bytes_met"] = *j.bytes_met;
  const auto add_peer = [&](const char* name, std::optional<double> times, double goal) {
    if (!times) return;
    out["peers"][name]["times_cheaper"] = *times;
    if (goal > 0) out["peers"][name]["goal"] = goal;
  };
  add_peer("boost_fiber", j.boost_fiber, r.boost_fiber.times);
  add_peer("asyncio", j.asyncio, r.asyncio.times);
  return out;
}

// --- the machine, for who reads the table later

std::string processor() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string text; std::getline(info, text);)
    if (text.starts_with("model name")) return text.substr(text.find(':') + 2);
  return "unknown processor";
}
double load() {
  double minute = 0;
  return getloadavg(&minute, 1) == 1 ? minute : 0;
}
std::string compiler() {
#if defined(__clang__)
  return fmt::format("clang {}.{}", __clang_major__, __clang_minor__);
#else
  return fmt::format("g++ {}.{}", __GNUC__, __GNUC_MINOR__);
#endif
}

/// Boost's, as people write it.
std::string boost_version() {
  std::string text = BOOST_LIB_VERSION;
  std::replace(text.begin(), text.end(), '_', '.');
  return text;
}

/// The version, or nothing where asyncio can't be measured.
std::optional<std::string> asyncio_version(const std::string& python) {
  const auto text = output_of({python, "-c",
                               "import sys; print('%d.%d.%d' % sys.version_info[:3] if "
                               "sys.version_info >= (3, 11) else '')"});
  if (!text || text->size() < 2) return std::nullopt;
  return text->substr(0, text->size() - 1);
}

std::vector<row> choose_rows(const std::vector<std::string>& ids) {
  if (ids.empty()) return rows();
  std::vector<row> chosen;
  std::set<std::string_view> known;
  for (const row& r : rows()) {
    known.insert(r.id);
    if (std::find(ids.begin(), ids.end(), r.id) != ids.end()) chosen.push_back(r);
  }
  for (const auto& id : ids)
    if (!known.contains(id))
      throw CLI::ValidationError(
          fmt::format("there is no row '{}'. The rows: {}.", id, in_a_row(known)));
  return chosen;
}

int report(const options& how) {
  const std::vector<row> chosen = choose_rows(how.rows);
  const auto python = asyncio_version(how.python);
  const double load_before = load();
  const std::string peers = fmt::format("Boost.Fiber {}, asyncio {}",
                                        boost_fiber().empty() ? "not found" : boost_version(),
                                        python ? "of Python " + *python : "not found");
  const std::string about =
      fmt::format("{}, {} cores, load {:.1f}; {}, Boost.Context {}; {}", processor(),
                  sysconf(_SC_NPROCESSORS_ONLN), load_before, compiler(), boost_version(), peers);
  if (!how.as_json) {
    fmt::print(
        "{}\nCPU time an operation: the median of {} round{}, and how far the others lie from it\n",
        about, how.rounds, how.rounds == 1 ? "" : "s");
    std::fflush(stdout);
  }
  const results all = measure_all(how, chosen, python.has_value());
  std::vector<judged> table;
  table.reserve(chosen.size());
  for (const row& r : chosen) table.push_back(judge(r, all));

  if (how.as_json) {
    json out{{"machine", about}, {"rounds", how.rounds}, {"quick", how.quick}};
    out["rows"] = json::array();
    for (const judged& j : table) out["rows"].push_back(to_json(j));
    fmt::print("{}\n", out.dump(2));
    return 0;
  }
  printer shown(how.rounds);
  shown.print(table);
  fmt::print("\n{} of {} goals met. Some rows, more rounds: {} w1 w7 --rounds 9\n", shown.met(),
             shown.goals(), std::filesystem::relative(own_path()).string());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Measures reprise beside the raw limits and its peers.", "bench");
  options how;
  app.add_option("ROW", how.rows, "only these rows, such as w1 or c3-1m");
  app.add_option("--rounds", how.rounds, "how often each is measured (5; 1 with --quick)")
      ->check(CLI::Range(1, 1000));
  app.add_flag("--quick", how.quick, "small counts: shows that it works, not what it costs");
  app.add_flag("--json", how.as_json, "for a machine");
  app.add_option("--python", how.python, "whose asyncio is measured (python3)");
  auto* child = app.add_subcommand("measure", "one workload, in this process");
  std::string name;
  std::uint64_t n = 0;
  child->add_option("WORKLOAD", name)->required();
  child->add_option("N", n)->required();
  try {
    app.parse(argc, argv);
    if (*child) return measure_here(name, n);
    if (how.quick && app.count("--rounds") == 0) how.rounds = 1;
    return report(how);
  } catch (const CLI::CallForHelp&) {
    fmt::print("{}", app.help());
    return 0;
  } catch (const CLI::Error& e) {
    fmt::print(stderr, "bench: {}\n", e.what());
    return 2;
  } catch (const std::exception& e) {
    fmt::print(stderr, "bench: {}\n", e.what());
    return 4;
  }
}
