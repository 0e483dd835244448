#include "support/run.hpp"
#include "support/sanitized.hpp"

#include <reprise/properties.hpp>

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

using namespace reprise;
using namespace support;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

namespace {

// --- a queue: a ring with room for all

using queue_model = models::queue<int>;

rc::Gen<queue_model::op> queue_commands() {
  return rc::gen::oneOf(rc::gen::map(rc::gen::inRange(0, 5),
                                     [](int n) { return queue_model::op(models::enqueue(n)); }),
                        rc::gen::just(queue_model::op(models::dequeue())));
}

/// Takes and gives a place by a load and a store where it should by one step.
class racy_ring {
public:
  queue_model::result operator()(const queue_model::op& what) {
    if (const auto* const put = std::get_if<models::enqueue_op<int>>(&what)) {
      const std::size_t at = tail_.load();
      items_.at(at).store(put->value);
      tail_.store(at + 1);
      return {};
    }
    const std::size_t at = head_.load();
    if (at == tail_.load()) return {};
    head_.store(at + 1);
    return items_.at(at).load();
  }

private:
  std::array<atomic<int>, 64> items_{};
  atomic<std::size_t> head_{0}, tail_{0};
};

class locked_ring {
public:
  queue_model::result operator()(const queue_model::op& what) {
    const std::scoped_lock lock(m_);
    return ring_(what);
  }

private:
  mutex m_;
  racy_ring ring_;
};

// --- a cache in front of a store

rc::Gen<models::kv::op> store_commands() {
  const auto key = rc::gen::element<std::string>("a", "b");
  return rc::gen::oneOf(
      rc::gen::map(key, [](std::string k) { return models::kv::op(models::get(std::move(k))); }),
      rc::gen::map(rc::gen::pair(key, rc::gen::element<std::string>("x", "y")),
                   [](std::pair<std::string, std::string> kv) {
                     return models::kv::op(models::put(kv.first, kv.second));
                   }));
}

/// A read fills the cache with what it read from the store before; a write to the store in between,
/// which emptied the cache, is lost on later reads.
template <bool Locked>
class cache {
public:
  models::kv::result operator()(const models::kv::op& what) {
    std::unique_lock lock(m_, std::defer_lock);
    if constexpr (Locked) lock.lock();
    if (const auto* const put = std::get_if<models::put_op>(&what)) {
      store_[put->key] = put->value;
      yield();
      cached_.erase(put->key);
      return {};
    }
    const auto& key = std::get<models::get_op>(what).key;
    if (const auto hit = cached_.find(key); hit != cached_.end()) return hit->second;
    std::string value = store_[key];
    yield();
    cached_[key] = value;
    return value;
  }

private:
  mutex m_;
  std::map<std::string, std::string> store_, cached_;
};

// --- a bank

struct bank_model {
  struct op {
    int from = 0, to = 0, amount = 0;  // from = to asks for the balance
  };
  struct result {
    bool done = false;
    int balance = 0;
  };
  using state = std::array<int, 2>;
  [[nodiscard]] state initial() const { return {10, 10}; }
  bool step(state& s, const op& what, const result* answer) const {
    const auto from = static_cast<std::size_t>(what.from), to = static_cast<std::size_t>(what.to);
    if (from == to) return !answer || answer->balance == s[from];
    const bool done = s[from] >= what.amount;
    if (answer && answer->done != done) return false;
    if (done) s[from] -= what.amount, s[to] += what.amount;
    return true;
  }
  [[nodiscard]] std::string describe(const op& what, const result* answer) const {
    if (what.from == what.to)
      return fmt::format("balance({}){}", what.from,
                         answer ? fmt::format(" = {}", answer->balance) : "");
    return fmt::format("transfer({}, {}, {}){}", what.from, what.to, what.amount,
                       answer ? (answer->done ? " = done" : " = refused") : "");
  }
};

rc::Gen<bank_model::op> bank_commands() {
  return rc::gen::map(
      rc::gen::tuple(rc::gen::inRange(0, 2), rc::gen::inRange(0, 2), rc::gen::inRange(0, 15)),
      [](const std::tuple<int, int, int>& t) {
        return bank_model::op{std::get<0>(t), std::get<1>(t), std::get<2>(t)};
      });
}

/// Looks and takes in two critical sections where one is needed.
template <bool Racy>
class bank {
public:
  bank_model::result operator()(const bank_model::op& what) {
    std::unique_lock lock(m_);
    auto& from = accounts_.at(static_cast<std::size_t>(what.from));
    if (what.from == what.to) return {.balance = from};
    if (from < what.amount) return {.done = false};
    if constexpr (Racy) {
      lock.unlock();
      lock.lock();
    }
    from -= what.amount;
    accounts_.at(static_cast<std::size_t>(what.to)) += what.amount;
    return {.done = true};
  }

private:
  mutex m_;
  std::array<int, 2> accounts_{10, 10};
};

const parallel_options thousand{.search = {.cases = 100, .runs_per_case = 10}};

void check_found(const property_result& r) {
  INFO(r.message);
  REQUIRE_FALSE(r);
  REQUIRE(r.failure);
  CHECK(r.runs - r.shrink_runs <= 1000);
  CHECK_THAT(r.failure->what, StartsWith("the history is not linearizable"));
  CHECK_THAT(r.counterexample, ContainsSubstring("then at once"));
}

}  // namespace

TEST_CASE("races are found in parallel within a thousand runs, and are made small") {
  const auto ring = parallel_property(
      "ring", queue_model{}, queue_commands(), [] { return racy_ring(); }, thousand);
  check_found(ring);
  CHECK(ring.failure->preemptions <= 2);
  const auto stale = parallel_property(
      "cache", models::kv{}, store_commands(), [] { return cache<false>(); }, thousand);
  check_found(stale);
  const auto overdrawn = parallel_property(
      "bank", bank_model{}, bank_commands(), [] { return bank<true>(); }, thousand);
  check_found(overdrawn);
  CHECK(overdrawn.failure->preemptions <= 1);
}

TEST_CASE("the token of a parallel failure repeats it") {
  const auto found = parallel_property(
      "bank", bank_model{}, bank_commands(), [] { return bank<true>(); }, thousand);
  REQUIRE(found.failure);
  ::setenv("REPRISE_REPLAY", found.failure->token.c_str(), 1);
  const auto again = parallel_property(
      "bank", bank_model{}, bank_commands(), [] { return bank<true>(); }, thousand);
  const auto repaired = parallel_property(
      "bank", bank_model{}, bank_commands(), [] { return bank<false>(); }, thousand);
  ::unsetenv("REPRISE_REPLAY");
  REQUIRE(again.failure);
  CHECK(again.failure->digest == found.failure->digest);
  CHECK(again.counterexample == found.counterexample);
  CHECK(repaired);
  CHECK(repaired.runs == 1);
}

TEST_CASE("their correct twins pass ten thousand runs") {
  const parallel_options many{
      .search = {.cases = support::sanitized ? 50u : 1000u, .runs_per_case = 10}};
  for (const auto& r :
       {parallel_property(
            "ring", queue_model{}, queue_commands(), [] { return locked_ring(); }, many),
        parallel_property(
            "cache", models::kv{}, store_commands(), [] { return cache<true>(); }, many),
        parallel_property(
            "bank", bank_model{}, bank_commands(), [] { return bank<false>(); }, many)}) {
    INFO(r.message);
    CHECK(r);
    CHECK(r.runs == many.search.cases * many.search.runs_per_case);
  }
}

TEST_CASE("one after the other, each answer is the model's, and a wrong one is told") {
  CHECK(stateful_property("ring", queue_model{}, queue_commands(), [] { return racy_ring(); },
                          {.max_size = 40}));
  struct forgetful {
    std::vector<int> items;
    queue_model::result operator()(const queue_model::op& what) {
      if (const auto* const put = std::get_if<models::enqueue_op<int>>(&what)) {
        if (put->value != 3) items.push_back(put->value);  // the bug
        return {};
      }
      if (items.empty()) return {};
      const int first = items.front();
      items.erase(items.begin());
      return first;
    }
  };
  const auto r =
      stateful_property("forgetful", queue_model{}, queue_commands(), [] { return forgetful(); });
  REQUIRE(r.failure);
  CHECK(r.counterexample == "drew commands enqueue(3); dequeue()");
  CHECK_THAT(r.failure->what,
             StartsWith("command 2 of 2: dequeue() = none, which the model does not allow") &&
                 ContainsSubstring("stateful_test.cpp:"));
}

TEST_CASE("a model may allow a command in some states only") {
  struct guarded_queue : queue_model {
    [[nodiscard]] bool allows(const state& s, const op& what) const {
      return std::holds_alternative<models::enqueue_op<int>>(what) || s != initial();
    }
  };
  int empty_gets = 0;
  struct strict {
    int* empty_gets;
    int count = 0;
    std::vector<int> items;
    queue_model::result operator()(const queue_model::op& what) {
      if (const auto* const put = std::get_if<models::enqueue_op<int>>(&what)) {
        items.push_back(put->value);
        return {};
      }
      if (items.empty()) {
        ++*empty_gets;
        return {};
      }
      const int first = items.front();
      items.erase(items.begin());
      return first;
    }
  };
  const auto r = stateful_property("strict", guarded_queue{}, queue_commands(), [&] {
    return strict{&empty_gets, 0, {}};
  });
  INFO(r.message);
  CHECK(r);
  CHECK(empty_gets == 0);
}
