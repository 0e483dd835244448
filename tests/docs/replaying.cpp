// What docs/replaying.md shows, compiled and run.

#include "support/catch2.hpp"

#include <reprise/core.hpp>
#include <reprise/core/token.hpp>
#include <reprise/replay.hpp>

#include <filesystem>
#include <string>

#include <unistd.h>

using namespace reprise;

namespace {

void transfers() {
  atomic<int> balance{100};
  const auto withdraw = [&] {
    if (balance.load() >= 60) balance = balance - 60;
  };
  gather(withdraw, withdraw);
  expect(balance.load() >= 0, "the balance is {}", balance.load());
}

}  // namespace

TEST_CASE("a failure is found, shrunk, explained, kept and replayed, as docs/replaying.md says") {
  const std::string folder =
      std::filesystem::temp_directory_path() / ("reprise_docs_" + std::to_string(::getpid()));
  const exploration found = explore({}, transfers);
  REQUIRE(found.failure);
  const report simplest = shrink(*found.failure, transfers);
  CHECK(simplest.preemptions == 1);
  const report again = replay(simplest.token, transfers);
  CHECK(again.digest == simplest.digest);

  const shrinking all = shrink_run(decode_token(found.failure->token), transfers, {.runs = 5000});
  CHECK(all.choices == 1);
  CHECK(all.complete);

  const explanation why = explain(decode_token(found.failure->token), transfers);
  REQUIRE(why.deciding);
  const explained_choice& decides = why.choices.at(*why.deciding);
  CHECK(decides.taken.value != 0);

  const case_file kept = record_case(simplest, transfers);
  const std::string path = store_case(folder, kept);
  CHECK(failure_signature(*found.failure) == kept.signature);
  const case_replay now = replay_case(read_case(path), transfers);
  CHECK(now.outcome == replay_outcome::same);
  std::filesystem::remove_all(folder);
}
