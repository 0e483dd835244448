#include "support/catch2.hpp"
#include "support/rapidcheck.hpp"

#include <reprise/core.hpp>
#include <reprise/core/choice_log.hpp>
#include <reprise/core/token.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

using namespace reprise;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

void deposits() {
  int balance = 0;
  const auto deposit = [&] {
    const int seen = balance;
    yield();
    balance = seen + 1;
  };
  gather(deposit, deposit, deposit);
  log("{}", choose("dice", 6));
  sleep_for(std::chrono::milliseconds(rng().randint(0, 50)));
  log("{}", rng().randint(0, 1'000'000));
  gather([] { log("{}", choose("dice", 6)); }, [] { log("{}", choose("dice", 6)); });
  expect(balance == 3, "balance is {}", balance);
}

choice some_choice(std::uint64_t path, std::uint32_t count, std::uint64_t bound,
                   std::uint64_t value) {
  return {choice_kind::schedule, {path, count, operation_kind::lock}, bound, value};
}

std::vector<choice> not_zero(const std::vector<choice>& all) {
  std::vector<choice> some;
  for (const choice& c : all)
    if (c.value != 0) some.push_back(c);
  return some;
}

struct recording {
  report result;
  std::vector<choice> choices;
  std::vector<std::uint32_t> words;
};

recording record(std::uint64_t seed, const strategy& how, void (*body)()) {
  const auto usual = seeded_choices(seed, how);
  choice_recorder recorder(*usual);
  recording r;
  r.result = run({.seed = seed, .schedule = how, .source = &recorder}, body);
  r.choices = recorder.choices();
  r.words = recorder.words();
  return r;
}

}  // namespace

TEST_CASE("a choice log reads back as it was written") {
  rc::prop("any choices", [] {
    const auto count = *rc::gen::inRange<std::size_t>(0, 40);
    std::vector<choice> log;
    for (std::size_t i = 0; i < count; ++i) {
      choice c;
      c.kind = static_cast<choice_kind>(*rc::gen::inRange(0, 4));
      c.label.path = *rc::gen::element<std::uint64_t>(0, 1, ~std::uint64_t{0}, 0x123456789abcdef0u);
      c.label.count = *rc::gen::arbitrary<std::uint32_t>();
      c.label.operation = static_cast<operation_kind>(*rc::gen::inRange(0, 54));
      c.bound = 1 + *rc::gen::inRange<std::uint64_t>(1, ~std::uint64_t{0} - 1);
      c.value = *rc::gen::inRange<std::uint64_t>(0, c.bound);
      log.push_back(c);
    }
    RC_ASSERT(decode_choices(encode_choices(log)) == log);
  });
}

TEST_CASE("the example of docs/formats.md") {
  const std::vector<choice> log{
      {choice_kind::schedule, {0x1122334455667788u, 4, operation_kind::yield}, 3, 1}};
  CHECK(encode_choices(log) == "\x01\x01\x14\x88\x77\x66\x55\x44\x33\x22\x11\x04\x03\x01");
}

TEST_CASE("a choice of a task that is known takes five bytes") {
  std::vector<choice> log;
  for (std::uint32_t i = 0; i < 1000; ++i) log.push_back(some_choice(7, 2 * i, 3, 1));
  CHECK(encode_choices(log).size() < 5100);
}

TEST_CASE("a choice log that is cut, mangled or of a newer release is refused") {
  const std::vector<choice> log{some_choice(1, 2, 3, 2), some_choice(2, 4, 2, 1)};
  const std::string bytes = encode_choices(log);
  for (std::size_t n = 0; n < bytes.size(); ++n)
    CHECK_THROWS_AS(decode_choices(bytes.substr(0, n)), bad_choice_log);
  CHECK_THROWS_AS(decode_choices(bytes + '\0'), bad_choice_log);
  std::string newer = bytes;
  newer[0] = 2;
  CHECK_THROWS_WITH(decode_choices(newer), ContainsSubstring("newer release"));
  // A count that promises more than there is must not be believed.
  const std::string huge("\x01\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10);
  CHECK_THROWS_AS(decode_choices(huge), bad_choice_log);
  rc::prop("any bytes are read or refused", [] {
    try {
      static_cast<void>(decode_choices(*rc::gen::arbitrary<std::string>()));
    } catch (const bad_choice_log&) {
    }
  });
}

TEST_CASE("a run of any strategy is the same again from the choices that are not 0") {
  for (const strategy& how : {random_walk(), round_robin(), pct(3), pos(), surw(), delay_bounded(2),
                              preemption_bounded(2), starvation(), simplest()}) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      INFO(how.to_string() << ", seed " << seed);
      const recording first = record(seed, how, deposits);
      // A label names one choice.
      std::set<std::tuple<int, std::uint64_t, std::uint32_t, int>> labels;
      for (const choice& c : first.choices)
        labels.insert({static_cast<int>(c.kind), c.label.path, c.label.count,
                       static_cast<int>(c.label.operation)});
      CHECK(labels.size() == first.choices.size());
      const config again{
          .seed = seed,
          .schedule = simplest(),
          .choices = std::make_shared<const std::vector<choice>>(not_zero(first.choices))};
      const report second = run(again, deposits);
      CHECK(second.digest == first.result.digest);
      CHECK(second.what == first.result.what);
      // And from a token alone.
      CHECK(run(decode_token(encode_token(again)), deposits).digest == first.result.digest);
    }
  }
}

TEST_CASE("fifo's turns stay when only a user's draws are listed") {
  const recording first = record(3, fifo(), deposits);
  CHECK(first.choices.size() == 3);  // the draws
  const report second =
      run({.seed = 3,
           .schedule = fifo(),
           .choices = std::make_shared<const std::vector<choice>>(not_zero(first.choices))},
          deposits);
  CHECK(second.digest == first.result.digest);
}

TEST_CASE("without choices everything is the simplest: no preemption, draws are 0") {
  const report r = run({.seed = 5,
                        .schedule = random_walk(),
                        .choices = std::make_shared<const std::vector<choice>>()},
                       [] {
                         gather([] { yield(); }, [] { yield(); });
                         log("{}", choose("dice", 6));
                       });
  CHECK(r.preemptions == 0);
  CHECK(r.events.at(0).text == "0");
}

TEST_CASE("a loop that draws until it likes the value ends when the draw is not listed") {
  const report r = run({.seed = 5,
                        .schedule = random_walk(),
                        .choices = std::make_shared<const std::vector<choice>>()},
                       [] {
                         while (choose("dice", 6) != 5) {
                         }
                       });
  CHECK(r);
}

TEST_CASE("a task that spins is left in the end though nothing says so") {
  const report r =
      run({.schedule = simplest(), .choices = std::make_shared<const std::vector<choice>>()}, [] {
        atomic<bool> done{false};
        const auto t = spawn([&] { done = true; });
        while (!done) {
        }
      });
  CHECK(r);
  CHECK(r.preemptions == 1);
}

TEST_CASE("the workload's words can be listed: 0 but for those") {
  const recording first = record(9, pos(), deposits);
  REQUIRE(first.words.size() == workload_choices);
  std::vector<choice> listed = not_zero(first.choices);
  listed.push_back({choice_kind::random, workload_is_listed, 2, 1});
  for (std::uint32_t i = 0; i < first.words.size(); ++i)
    listed.push_back({choice_kind::random,
                      {0, i, operation_kind::none},
                      std::uint64_t{1} << 32,
                      first.words[i]});
  const auto run_of = [](const std::vector<choice>& choices) {
    return run({.seed = 9,
                .schedule = simplest(),
                .choices = std::make_shared<const std::vector<choice>>(choices)},
               deposits);
  };
  CHECK(run_of(listed).digest == first.result.digest);
  // Without them the sleep takes no time, and the draw is its low end.
  listed.resize(listed.size() - first.words.size());
  const report zero = run_of(listed);
  CHECK(zero.elapsed == 0s);
  bool drew_zero = false;
  for (const auto& e : zero.events) drew_zero = drew_zero || e.text == "0";
  CHECK(drew_zero);
}

TEST_CASE("the generator's next words can be put, and are what comes") {
  prng r(42);
  static_cast<void>(r());
  const auto words = r.upcoming();
  CHECK(words.size() == 623);
  prng same = r;
  same.put_upcoming(words);
  CHECK(same() == r());
  std::vector<std::uint32_t> wanted;
  for (std::uint32_t i = 0; i < 100; ++i) wanted.push_back(i * 0x9e3779b9u);
  r.put_upcoming(wanted);
  for (const std::uint32_t w : wanted) CHECK(r() == w);
}

TEST_CASE("a list says which of its choices came up") {
  const std::vector<choice> listed{some_choice(1, 2, 3, 2), some_choice(1, 4, 3, 2),
                                   some_choice(1, 6, 9, 8)};
  listed_choices source(listed, 0);
  CHECK(source.take(choice_kind::schedule, listed[0].label, 3) == 2);
  CHECK(source.take(choice_kind::schedule, listed[2].label, 3) == 0);  // no longer below the bound
  CHECK(source.used() == std::vector{true, false, false});
}

TEST_CASE("tokens hold choices, or their hash when they are many") {
  config c{.seed = 1, .schedule = simplest(), .scenario = "s"};
  c.choices = std::make_shared<const std::vector<choice>>(
      std::vector<choice>{some_choice(11, 2, 3, 2), some_choice(12, 4, 2, 1)});
  const config read = decode_token(encode_token(c));
  REQUIRE(read.choices);
  CHECK(*read.choices == *c.choices);
  CHECK(read.stored_choices == 0);

  std::vector<choice> many;
  for (std::uint32_t i = 0; i < 1000; ++i) many.push_back(some_choice(i % 7, 2 * i, 3, 1));
  c.choices = std::make_shared<const std::vector<choice>>(many);
  const std::string token = encode_token(c);
  CHECK(token.size() < 100);
  const config stored = decode_token(token);
  CHECK_FALSE(stored.choices);
  CHECK(stored.stored_choices == hash_choices(many));
  CHECK(encode_token(stored) == token);
  CHECK_THROWS_WITH(run(stored, [] {}), ContainsSubstring("case file"));
}

TEST_CASE("a token of some hundred choices stays under two thousand characters or so") {
  std::vector<choice> log;
  for (std::uint32_t i = 0; i < 240; ++i) log.push_back(some_choice(i % 3, 2 * i, 3, 1));
  const config c{.schedule = simplest(),
                 .choices = std::make_shared<const std::vector<choice>>(log)};
  const std::string token = encode_token(c);
  CHECK(token.size() < 2100);
  CHECK(decode_token(token).choices);
}
