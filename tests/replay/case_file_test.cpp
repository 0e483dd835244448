#include "support/catch2.hpp"
#include "support/sanitized.hpp"

#include "planted/programs.hpp"

#include <reprise/core/token.hpp>
#include <reprise/replay/case_file.hpp>
#include <reprise/replay/explore.hpp>
#include <reprise/replay/replay_case.hpp>
#include <reprise/replay/trace.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

using namespace reprise;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

class scratch {
public:
  scratch() {
    static int number = 0;
    path_ = fs::temp_directory_path() /
            ("reprise_case_" + std::to_string(::getpid()) + "_" + std::to_string(++number));
    fs::create_directories(path_);
  }
  scratch(const scratch&) = delete;
  ~scratch() {
    fs::permissions(path_, fs::perms::owner_all);
    fs::remove_all(path_);
  }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ / name; }
  [[nodiscard]] std::string path() const { return path_; }

private:
  fs::path path_;
};

void lost_update() {
  int balance = 0;
  const auto deposit = [&] {
    const int seen = balance;
    yield();
    balance = seen + 1;
    log("writes {}", balance);
  };
  yield();
  gather(deposit, deposit);
  expect(balance == 2, "balance is {}", balance);
}

report failure() {
  const exploration found =
      explore({.scenario = "lost_update", .params = {{"n", "2"}}}, lost_update);
  REQUIRE(found.failure);
  return *found.failure;
}

case_file some_case() { return record_case(failure(), lost_update); }

void put(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string refusal(const std::string& path) {
  try {
    static_cast<void>(read_case(path));
  } catch (const bad_case_file& e) {
    return e.what();
  }
  return "read";
}

}  // namespace

TEST_CASE("a case file reads back as it was written, and is a pure function of the case") {
  const case_file c = some_case();
  const case_file read = parse_case(to_json(c), "x");
  CHECK(encode_token(read.run) == encode_token(c.run));
  CHECK(read.result == c.result);
  CHECK(read.what == c.what);
  CHECK(read.signature == c.signature);
  CHECK(read.digest == c.digest);
  CHECK(read.build_id == build_id());
  CHECK(read.log == c.log);
  CHECK(read.events == c.events);
  CHECK(read.tasks == c.tasks);
  CHECK_FALSE(c.tasks.empty());
  CHECK_FALSE(c.log.empty());
  CHECK_FALSE(c.events.empty());
  CHECK(to_json(read) == to_json(c));
}

TEST_CASE("what is set of a run's options stands in its case, listed choices too") {
  case_file c = some_case();
  c.run.time_limit = std::chrono::seconds(90);
  c.run.step_limit = 1000;
  c.run.stack_size = 65536;
  c.run.detect = {.races = false};
  c.run.seed = ~std::uint64_t{0};
  c.run.schedule = pct(5);
  c.run.choices = std::make_shared<const std::vector<choice>>(c.log);
  c.kept_since = "2026-10-02";
  c.shrunk_from = "rp1_0";
  const case_file read = parse_case(to_json(c), "x");
  CHECK(encode_token(read.run) == encode_token(c.run));
  REQUIRE(read.run.choices);
  CHECK(*read.run.choices == c.log);
  CHECK(read.kept_since == "2026-10-02");
  CHECK(read.shrunk_from == "rp1_0");
}

TEST_CASE("a case is stored under a name of its own, whole, in a folder that is made for it") {
  const scratch dir;
  case_file c = some_case();
  c.kept_since = "2026-10-02";
  const std::string path = store_case(dir / "a/b", c);
  CHECK(path == dir / "a/b/" + file_name(c));
  CHECK_THAT(path, Catch::Matchers::StartsWith(dir / "a/b/lost_update-"));
  CHECK_THAT(path, Catch::Matchers::EndsWith(".reprise"));
  CHECK(to_json(read_case(path)) == to_json(c));
  // Again: the same file, and nothing beside it.
  CHECK(store_case(dir / "a/b", c) == path);
  CHECK(std::distance(fs::directory_iterator(dir / "a/b"), fs::directory_iterator{}) == 1);
  // Without a day it gets this one's.
  case_file other = c;
  other.kept_since.clear();
  other.run.seed += 1;
  const std::string day = read_case(store_case(dir / "c", other)).kept_since;
  CHECK(day.size() == c.kept_since.size());
  CHECK(day > c.kept_since);
  CHECK(file_name(other) != file_name(c));
  other.run.scenario = "transfer/no money lost";
  CHECK_THAT(file_name(other), Catch::Matchers::StartsWith("transfer-no-money-lost-"));
}

TEST_CASE("a case that can't be written leaves what was there, and says why") {
  const scratch dir;
  const case_file c = some_case();
  CHECK_THROWS_WITH(write_case(dir / "none/x.reprise", c),
                    ContainsSubstring("no such file or directory"));
  put(dir / "file", "text");
  CHECK_THROWS_WITH(store_case(dir / "file/x", c), ContainsSubstring("can't be made"));
  CHECK_THROWS_AS(write_case("/dev/full/x", c), cannot_store);
  fs::create_directory(dir / "taken.reprise");
  CHECK_THROWS_AS(write_case(dir / "taken.reprise", c), cannot_store);
  // No half file stays.
  for (const auto& entry : fs::directory_iterator(dir.path()))
    CHECK(entry.path().string().find("partial") == std::string::npos);
}

TEST_CASE("what is no case file is refused in one line that says what is wrong") {
  const scratch dir;
  const std::string good = to_json(some_case());
  const std::string path = dir / "x.reprise";
  const auto refused = [&](std::string_view text) {
    put(path, text);
    std::string line = refusal(path);
    CHECK(line.find('\n') == std::string::npos);
    CHECK_THAT(line, ContainsSubstring("'" + path + "'"));
    return line;
  };
  CHECK_THAT(refused(""), ContainsSubstring("it is empty"));
  CHECK_THAT(refused(good.substr(0, good.size() / 2)), ContainsSubstring("it was cut"));
  CHECK_THAT(refused("{\"a\":1,,}"), ContainsSubstring("damaged at byte 7"));
  CHECK_THAT(refused("{\"a\":1}"), ContainsSubstring("no case file"));
  CHECK_THAT(refused("[1,2]"), ContainsSubstring("no case file"));
  CHECK_THAT(refused("\x7f\x45LF\x02"), ContainsSubstring("damaged at byte 0"));
  CHECK_THAT(refused(std::string(100'000, '[')), ContainsSubstring("cut"));
  std::string newer = good;
  newer.replace(newer.find("\"reprise_case\": 1"), 17, "\"reprise_case\": 2");
  CHECK_THAT(refused(newer), ContainsSubstring("of version 2, and this program reads version 1"));
  std::string edited = good;
  edited.replace(edited.find("\"seed\": "), 9, "\"seed\": 77");
  CHECK_THAT(refused(edited), ContainsSubstring("check sum"));

  CHECK_THAT(refusal(dir / "none.reprise"), ContainsSubstring("no such file"));
  CHECK_THAT(refusal(dir.path()), ContainsSubstring("is a folder"));
  CHECK_THAT(refusal("/dev/zero"), ContainsSubstring("no regular file"));
  REQUIRE(::mkfifo((dir / "pipe").c_str(), 0600) == 0);
  CHECK_THAT(refusal(dir / "pipe"), ContainsSubstring("no regular file"));
  put(dir / "huge", "x");
  REQUIRE(::truncate((dir / "huge").c_str(), std::int64_t{4} << 30) == 0);
  CHECK_THAT(refusal(dir / "huge"), ContainsSubstring("more than any case file"));
}

TEST_CASE("each flipped byte of a case file is noticed") {
  const std::string good = to_json(some_case());
  const case_file c = parse_case(good, "x");
  for (std::size_t i = 0; i < good.size(); i += 7) {
    for (const char flip : {'\x01', '\x20', '\x40'}) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ flip);
      std::string read;
      try {
        read = to_json(parse_case(bad, "x"));
      } catch (const bad_case_file&) {
        continue;
      }
      CHECK(read == good);  // where white space alone has changed it is the same case
    }
  }
}

TEST_CASE("a token's choices are found among the cases of a folder") {
  const scratch dir;
  case_file c = some_case();
  std::vector<choice> many;
  for (std::uint32_t i = 0; i < 1000; ++i)
    many.push_back({choice_kind::schedule, {i, i, operation_kind::lock}, 2, 1});
  c.run.choices = std::make_shared<const std::vector<choice>>(many);
  const std::uint64_t stored = decode_token(encode_token(c.run)).stored_choices;
  REQUIRE(stored != 0);
  CHECK_FALSE(find_stored_case(dir / "none", stored));
  put(dir / "a.reprise", "no case");
  CHECK_FALSE(find_stored_case(dir.path(), stored));
  static_cast<void>(store_case(dir.path(), c));
  const auto found = find_stored_case(dir.path(), stored);
  REQUIRE(found);
  CHECK(*found->run.choices == many);
  CHECK_FALSE(find_stored_case(dir.path(), stored + 1));
}

TEST_CASE("a signature leaves out what a schedule decides") {
  const auto of = [](verdict v, std::string what) {
    report r;
    r.result = v;
    r.what = std::move(what);
    return failure_signature(r);
  };
  CHECK(of(verdict::passed, "").empty());
  CHECK(of(verdict::failed, "balance is 1\n  at examples/lost_update.cpp:25\n  in Task-1 at 0 s") ==
        "failed: balance is # (lost_update.cpp)");
  CHECK(of(verdict::failed, "balance is -17\n  at src/lost_update.cpp:31\n  in x at 3 s") ==
        "failed: balance is # (lost_update.cpp)");
  CHECK(of(verdict::failed, "expected to take 1 s, took 1.5 ms\n  at a.cpp:1") ==
        "failed: expected to take #, took # (a.cpp)");
  CHECK(of(verdict::failed, "cell 0x7f3a of fork2 is 1,204.5e-3") ==
        "failed: cell # of fork# is #");
  CHECK(of(verdict::failed, "std::runtime_error: boom\n  out of Task-1 at 3 s") ==
        "failed: std::runtime_error: boom");
  CHECK(of(verdict::step_limit, "the limit of 20,000 steps is reached at 0 s; last ran Task-2") ==
        "step_limit");
  CHECK(of(verdict::deadlock,
           "deadlock at 1 s: 2 tasks wait for each other\n"
           "  Task-2 holds fork[0] (d.cpp:21) and waits for fork[1] (d.cpp:22)\n"
           "  Task-3 holds fork[1] (d.cpp:21) and waits for fork[0] (d.cpp:22)\n"
           "  Task-1 waits for Task-2 (d.cpp:30)") ==
        of(verdict::deadlock,
           "deadlock at 9 ms: 2 tasks wait for each other\n"
           "  Task-7 holds fork[1] (d.cpp:23) and waits for fork[0] (d.cpp:24)\n"
           "  Task-8 holds fork[0] (d.cpp:23) and waits for fork[1] (d.cpp:24)"));
  CHECK(
      of(verdict::deadlock,
         "lost wake-up at 1 s: Task-2 waits to be notified by ready (a.cpp:12), and Task-3 did so "
         "before (a.cpp:14)\n  Task-1 waits for its children in gather") ==
      "deadlock: lost wake-up, waits to be notified by ready (a.cpp:#)");
  CHECK(of(verdict::failed, "one") != of(verdict::failed, "two"));
  CHECK(of(verdict::failed, "one") != of(verdict::crashed, "one"));
}

TEST_CASE("failures of one planted bug under many seeds have few signatures") {
  std::size_t alone = 0, programs = 0;
  for (const auto& p : planted::programs()) {
    std::set<std::string> signatures;
    const exploration found = explore(
        {.runs = support::sanitized ? 100u : 500u, .keep_going = true, .step_limit = 20'000},
        p.buggy);
    for (const auto& f : found.failures) signatures.insert(failure_signature(f));
    ++programs;
    if (signatures.size() <= 1) ++alone;
    INFO(p.name);
    std::string all;
    for (const auto& s : signatures) all += "\n  " + s;
    INFO(all);
    CHECK(signatures.size() <= 4);
  }
  CHECK(alone * 4 >= programs * 3);
}
