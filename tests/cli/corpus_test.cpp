// The folder of kept failures: what lies there, who may write to it, and what survives.

#include "cli/support.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <thread>

#include <sys/stat.h>
#include <unistd.h>
#include <csignal>

using namespace cli_test;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> names;
  if (fs::exists(folder))
    for (const auto& entry : fs::directory_iterator(folder))
      names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  return names;
}

json listed(const std::string& folder) {
  const auto r = odd({"corpus", "list", "--corpus", folder, "--format", "json"});
  INFO(r.err);
  CHECK(r.code == 0);
  CHECK(r.err.empty());
  return json::parse(r.out);
}

}  // namespace

TEST_CASE("a failure that is found is kept, one file for each kind, and found again by it") {
  const support::temporary_folder folder;
  const std::string kept = folder.path() + "/cases";
  const auto r = odd({"explore", "many_kinds", "--seeds", "0..999", "--keep-going", "--strategy",
                      "fifo", "--corpus", kept});
  CHECK(r.code == 1);
  CHECK(files_in(kept).size() == 50);
  CHECK(std::ranges::count_if(lines_of(r.out), [](const std::string& line) {
          return line.starts_with("found: seed ");
        }) == 50);
  const json all = listed(kept);
  CHECK(all.size() == 50);
  for (const auto& c : all) {
    CHECK(c.at("scenario") == "many_kinds");
    CHECK(c.at("seed") < 100);  // the first of its kind
  }
  // Nothing new: nothing is written, nothing is told as found.
  const auto again = odd({"explore", "many_kinds", "--seeds", "0..999", "--keep-going",
                          "--strategy", "fifo", "--corpus", kept});
  CHECK_THAT(again.out, !ContainsSubstring("found: "));
  CHECK(files_in(kept).size() == 50);
  const auto replayed = odd({"replay", kept + '/' + files_in(kept).front()});
  CHECK(replayed.code == 1);
  CHECK_THAT(replayed.out, ContainsSubstring("same digest"));
}

TEST_CASE("what a crash leaves is kept, too") {
  const support::temporary_folder folder;
  const auto r = odd({"explore", "aborts", "--seeds", "10..20", "--corpus", folder.path()});
  CHECK(r.code == 1);
  CHECK_THAT(r.out, ContainsSubstring("\n  case:   " + folder.path() + "/aborts-"));
  CHECK(listed(folder.path()).at(0).at("verdict") == "crashed");
}

TEST_CASE("corpus add takes tokens and files, show tells one, prune removes what is there twice") {
  const support::temporary_folder folder, other;
  const auto found =
      json::parse(odd({"explore", "many_kinds", "--seeds", "0..4", "--keep-going", "--strategy",
                       "fifo", "--corpus", other.path(), "--format", "json"})
                      .out);
  REQUIRE(found.at("failures").size() == 2);
  const std::string first = found.at("failures").at(0).at("token"),
                    second = found.at("failures").at(1).at("token");
  const auto added = odd({"corpus", "add", first, second, "--corpus", folder.path()});
  CHECK(added.code == 0);
  CHECK_THAT(added.out, ContainsSubstring("added: " + folder.path() + "/many_kinds-"));
  CHECK_THAT(odd({"corpus", "add", first, "--corpus", folder.path()}).out,
             ContainsSubstring("known since 20"));
  const auto names = files_in(folder.path());
  REQUIRE(names.size() == 2);
  CHECK_THAT(odd({"corpus", "show", names[0], "--corpus", folder.path()}).out,
             ContainsSubstring("many_kinds, seed ") && ContainsSubstring("failure of the kind a"));
  CHECK(json::parse(odd({"corpus", "show", folder.path() + '/' + names[0], "--format", "json"}).out)
            .at("scenario") == "many_kinds");

  // The same kind of another seed, put there by hand.
  const auto later =
      json::parse(odd({"explore", "many_kinds", "--seeds", "100..104", "--strategy", "fifo",
                       "--corpus", other.path() + "/later", "--format", "json"})
                      .out);
  fs::copy(other.path() + "/later/" + files_in(other.path() + "/later").front(), folder.path());
  CHECK(files_in(folder.path()).size() == 3);
  const auto pruned = odd({"corpus", "prune", "--corpus", folder.path()});
  CHECK(pruned.code == 0);
  CHECK_THAT(pruned.out, ContainsSubstring(" (twice)\n2 cases left in "));
  CHECK(files_in(folder.path()).size() == 2);

  const auto in_json = [&](std::vector<std::string> words) {
    words.insert(words.begin(), "corpus");
    words.insert(words.end(), {"--corpus", folder.path(), "--format", "json"});
    return json::parse(odd(words).out);
  };
  const json again = in_json({"add", first});
  CHECK(again.at(0).at("new") == false);
  CHECK(again.at(0).at("path").get<std::string>().starts_with(folder.path()));
  fs::copy(other.path() + "/later/" + files_in(other.path() + "/later").front(), folder.path());
  const json left = in_json({"prune"});
  CHECK(left.at("removed").at(0).at("why") == "twice");
  CHECK(left.at("left") == 2);
}

TEST_CASE("mistakes with a corpus") {
  const support::temporary_folder folder;
  check_mistake(odd({"corpus"}), 2, "nothing to do: corpus list, add, show or prune.");
  check_mistake(odd({"corpus", "burn"}), 2, "'burn' is none of: list, add, show, prune.");
  check_mistake(odd({"corpus", "add", "--corpus", folder.path()}), 2, "nothing to add");
  check_mistake(odd({"corpus", "show", "--corpus", folder.path()}), 2, "nothing to show");
  CHECK(odd({"corpus", "list", "--corpus", folder.path() + "/nowhere"}).code == 0);
  const support::temporary_file file;
  check_mistake(odd({"corpus", "list", "--corpus", file.path()}), 4,
                "'" + file.path() + "' can't be read (");
  const auto passing = json::parse(odd({"run", "sized", "--format", "json"}).out);
  check_mistake(odd({"corpus", "add", passing.at("token"), "--corpus", folder.path()}), 2,
                "the run of '");
  CHECK(files_in(folder.path()).empty());
}

TEST_CASE("a file that can't be read is passed over with a word, and stays") {
  const support::temporary_folder folder;
  CHECK(odd({"explore", "many_kinds", "--seeds", "0..1", "--strategy", "fifo", "--corpus",
             folder.path()})
            .code == 1);
  const std::string good = folder.path() + '/' + files_in(folder.path()).front();
  const std::string text = support::read_file(good);
  std::ofstream(folder.path() + "/cut.reprise") << text.substr(0, text.size() / 2);
  const std::ofstream empty(folder.path() + "/empty.reprise");
  std::string flipped = text;
  flipped[flipped.size() / 2] ^= 0x20;
  std::ofstream(folder.path() + "/flipped.reprise") << flipped;
  fs::create_directory(folder.path() + "/folder.reprise");
  REQUIRE(::mkfifo((folder.path() + "/pipe.reprise").c_str(), 0600) == 0);
  fs::create_symlink("/dev/zero", folder.path() + "/zero.reprise");
  const auto r = odd({"corpus", "list", "--corpus", folder.path()});
  CHECK(r.code == 0);
  for (const char* name : {"cut", "empty", "folder", "pipe", "zero"})
    CHECK_THAT(r.err, ContainsSubstring(std::string(name) + ".reprise"));
  CHECK_THAT(r.out, ContainsSubstring("many_kinds"));
  CHECK(files_in(folder.path()).size() == 7);
}

TEST_CASE("a folder that can't be written: the default one only warns") {
  const support::temporary_file file;  // a file where the folder should be
  const auto asked = odd({"explore", "many_kinds", "--seeds", "0..9", "--strategy", "fifo",
                          "--corpus", file.path() + "/cases"});
  CHECK(asked.code == 4);
  CHECK_THAT(asked.out, ContainsSubstring(" replay rp1_"));
  CHECK_THAT(asked.err, ContainsSubstring("kept nowhere"));
  CHECK(std::ranges::count(asked.err, '\n') == 1);

  const support::temporary_folder folder;
  std::ofstream(folder.path() + "/.reprise") << "not a folder";
  const auto usual =
      support::run_child("/bin/sh", {"-c", "cd " + folder.path() +
                                               " && exec " REPRISE_ODD_PROGRAM
                                               " explore many_kinds --seeds 0..9 --strategy fifo"});
  CHECK(usual.code == 1);
  CHECK_THAT(usual.out, ContainsSubstring(" replay rp1_"));
  CHECK_THAT(usual.err, ContainsSubstring("kept nowhere"));
}

TEST_CASE("a disk that is full: what was kept stays whole, and what is found is told") {
  const support::temporary_folder folder;
  const std::string kept = folder.path() + "/cases";
  REQUIRE(odd({"explore", "many_kinds", "--seeds", "0..9", "--keep-going", "--strategy", "fifo",
               "--corpus", kept})
              .code == 1);
  const auto before = files_in(kept);
  REQUIRE(before.size() == 5);
  // A file may get 512 bytes and no more, which ends in the middle of any case. That is true of
  // stdout here, too.
  const auto r = support::run_child(
      "/bin/sh",
      {"-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh", REPRISE_ODD_PROGRAM, "explore",
       "many_kinds", "--seeds", "0..19", "--keep-going", "--strategy", "fifo", "--corpus", kept});
  INFO(r.out << r.err);
  CHECK(r.code == 4);
  CHECK_THAT(r.out, ContainsSubstring("10 of 20 runs") && ContainsSubstring("  rp1_"));
  CHECK_THAT(r.err, ContainsSubstring("can't be written (file too large)"));
  CHECK(files_in(kept) == before);  // and nothing half written beside them
  CHECK(listed(kept).size() == 5);
}

TEST_CASE("two campaigns on one corpus lose nothing and mix nothing up") {
  const support::temporary_folder folder;
  const support::temporary_file out_a, out_b;
  const auto start = [&](const std::string& out) {
    return std::make_unique<support::running_child>(
        REPRISE_ODD_PROGRAM,
        std::vector<std::string>{"explore", "many_kinds", "--seeds", "0..199", "--keep-going",
                                 "--strategy", "fifo", "--corpus", folder.path()},
        out);
  };
  const auto a = start(out_a.path()), b = start(out_b.path());
  CHECK(a->wait() == 1);
  CHECK(b->wait() == 1);
  const json all = listed(folder.path());
  std::vector<std::string> kinds;
  for (const auto& c : all) kinds.push_back(c.at("signature"));
  std::ranges::sort(kinds);
  kinds.erase(std::unique(kinds.begin(), kinds.end()), kinds.end());
  CHECK(kinds.size() == 50);
}

TEST_CASE("a campaign killed at fifty moments loses nothing that it told and leaves no half file") {
  std::mt19937 random(1);  // of the moments; which they are does not matter
  for (int round = 0; round < 50; ++round) {
    const support::temporary_folder folder;
    const support::temporary_file out;
    support::running_child child(REPRISE_ODD_PROGRAM,
                                 {"explore", "many_kinds", "--seeds", "0..100000000",
                                  "--keep-going", "--strategy", "fifo", "--corpus", folder.path()},
                                 out.path());
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 400'000));
    child.send(SIGKILL);
    CHECK(child.wait() == 128 + SIGKILL);
    CHECK(child.left_over() == 0);
    const json all = listed(folder.path());  // no word of files that can't be read
    std::vector<std::string> paths;
    for (const auto& c : all) paths.push_back(c.at("path"));
    for (const auto& line : lines_of(support::read_file(out.path()))) {
      if (!line.starts_with("found: ") || !line.ends_with(".reprise")) continue;
      const std::string path = line.substr(line.rfind("  ") + 2);
      INFO(path);
      CHECK(std::ranges::count(paths, path) == 1);
    }
  }
}
