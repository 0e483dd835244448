#include "support/catch2.hpp"

#include <reprise/properties.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace reprise;

namespace {

/// One process makes these calls and gets these answers: is the object like that?
template <class M>
bool allows(const std::vector<std::pair<typename M::op, typename M::result>>& calls,
            M object = {}) {
  history<M> h(object);
  for (const auto& [what, answer] : calls) h.respond(h.invoke(1, what), answer);
  return static_cast<bool>(linearizable(h));
}

/// The texts of its calls.
template <class M>
std::vector<std::string> texts(
    const std::vector<std::pair<typename M::op, typename M::result>>& calls) {
  history<M> h;
  std::vector<std::string> all;
  for (const auto& [what, answer] : calls) {
    const auto call = h.invoke(1, what);
    h.respond(call, answer);
    all.push_back(h.text(call));
  }
  return all;
}

using words = std::vector<std::string>;

/// A log that gives each entry a number: a model of a user's own, with nothing optional.
struct numbered_log {
  using op = std::string;
  using result = std::size_t;
  using state = std::vector<std::string>;
  [[nodiscard]] static state initial() { return {}; }
  static bool step(state& s, const op& entry, const result* number) {
    s.push_back(entry);
    return number == nullptr || *number == s.size();
  }
};

}  // namespace

TEST_CASE("a register gives what was written last") {
  using r = models::reg<int>;
  CHECK(allows<r>({{models::read(), 0}, {models::write(2), {}}, {models::read(), 2}}));
  CHECK_FALSE(allows<r>({{models::write(2), {}}, {models::read(), 0}}));
  CHECK(allows<r>({{models::read(), 5}}, {.start = 5}));
  using t = models::reg<std::string>;
  CHECK(allows<t>({{models::read(), ""}, {models::write("a"), {}}, {models::read(), "a"}}));
  CHECK(texts<t>({{models::write("a"), {}}, {models::read(), "a"}}) ==
        words{"write(\"a\")", "read() = \"a\""});
}

TEST_CASE("compare-and-swap says whether it swapped") {
  using r = models::cas_reg<int>;
  CHECK(allows<r>({{models::cas(0, 1), true},
                   {models::read(), 1},
                   {models::cas(0, 2), false},
                   {models::read(), 1}}));
  CHECK_FALSE(allows<r>({{models::cas(0, 1), false}}));
  CHECK_FALSE(allows<r>({{models::cas(1, 2), true}}));
  CHECK_FALSE(allows<r>({{models::cas(0, 1), true}, {models::read(), 0}}));
  using o = models::cas_reg<std::optional<int>>;
  CHECK(allows<o>(
      {{models::read(), std::nullopt}, {models::cas(std::nullopt, 1), true}, {models::read(), 1}}));
  using l = models::cas_reg<long>;
  CHECK(allows<l>({{models::write(1), {}},
                   {models::read(), 1},
                   {models::cas(1, 0), true},
                   {models::read(), 0}}));
  CHECK(texts<r>({{models::cas(0, 1), true}, {models::read(), 1}, {models::write(3), {}}}) ==
        words{"cas(0, 1) = true", "read() = 1", "write(3)"});
}

TEST_CASE("a key-value store keeps each key's text, and a missing one reads as nothing") {
  using s = models::kv;
  CHECK(allows<s>({{models::get("x"), ""},
                   {models::append("x", "a"), {}},
                   {models::append("x", "b"), {}},
                   {models::get("x"), "ab"},
                   {models::get("y"), ""},
                   {models::put("x", "c"), {}},
                   {models::get("x"), "c"},
                   {models::put("x", ""), {}},
                   {models::get("x"), ""}}));
  CHECK_FALSE(allows<s>({{models::append("x", "a"), {}}, {models::get("x"), "b"}}));
  CHECK_FALSE(allows<s>({{models::put("x", "a"), {}}, {models::get("y"), "a"}}));
  CHECK(
      texts<s>(
          {{models::get("x"), ""}, {models::put("x", "1"), {}}, {models::append("x", "2"), {}}}) ==
      words{"get(\"x\") = \"\"", "put(\"x\", \"1\")", "append(\"x\", \"2\")"});
}

TEST_CASE("a queue gives the oldest, a stack the youngest") {
  using q = models::queue<int>;
  CHECK(allows<q>({{models::dequeue(), std::nullopt},
                   {models::enqueue(1), {}},
                   {models::enqueue(2), {}},
                   {models::dequeue(), 1},
                   {models::dequeue(), 2},
                   {models::dequeue(), std::nullopt}}));
  CHECK_FALSE(
      allows<q>({{models::enqueue(1), {}}, {models::enqueue(2), {}}, {models::dequeue(), 2}}));
  CHECK_FALSE(allows<q>({{models::enqueue(1), {}}, {models::dequeue(), std::nullopt}}));
  using s = models::stack<int>;
  CHECK(allows<s>({{models::pop(), std::nullopt},
                   {models::push(1), {}},
                   {models::push(2), {}},
                   {models::pop(), 2},
                   {models::pop(), 1},
                   {models::pop(), std::nullopt}}));
  CHECK_FALSE(allows<s>({{models::push(1), {}}, {models::push(2), {}}, {models::pop(), 1}}));
  CHECK_FALSE(allows<s>({{models::push(1), {}}, {models::pop(), std::nullopt}}));
  CHECK(texts<q>({{models::enqueue(1), {}}, {models::dequeue(), 1}, {models::dequeue(), {}}}) ==
        words{"enqueue(1)", "dequeue() = 1", "dequeue() = none"});
  CHECK(texts<s>({{models::push(1), {}}, {models::pop(), 1}}) == words{"push(1)", "pop() = 1"});
}

TEST_CASE("a set says what is new, what was there and what is") {
  using s = models::set<std::string>;
  CHECK(allows<s>({{models::contains("a"), false},
                   {models::add("a"), true},
                   {models::add("a"), false},
                   {models::contains("a"), true},
                   {models::remove("b"), false},
                   {models::remove("a"), true},
                   {models::contains("a"), false}}));
  CHECK_FALSE(allows<s>({{models::add("a"), false}}));
  CHECK_FALSE(allows<s>({{models::remove("a"), true}}));
  CHECK_FALSE(allows<s>({{models::add("a"), true}, {models::contains("a"), false}}));
  CHECK(texts<s>({{models::add("a"), true},
                  {models::remove("a"), true},
                  {models::contains("a"), false}}) ==
        words{"add(\"a\") = true", "remove(\"a\") = true", "contains(\"a\") = false"});
}

TEST_CASE("a counter counts") {
  using c = models::counter;
  CHECK(allows<c>({{models::add(2), {}}, {models::fetch_add(3), 2}, {models::read(), 5}}));
  CHECK_FALSE(allows<c>({{models::add(2), {}}, {models::read(), 1}}));
  CHECK_FALSE(allows<c>({{models::fetch_add(1), 1}}));
  CHECK(allows<c>({{models::read(), 7}}, {.start = 7}));
  CHECK(texts<c>({{models::add(2), {}}, {models::fetch_add(3), 2}, {models::read(), 5}}) ==
        words{"add(2)", "fetch_add(3) = 2", "read() = 5"});
}

TEST_CASE("a lock is held once, a semaphore as often as it has permits") {
  using l = models::lock;
  CHECK(allows<l>({{models::acquire(), {}},
                   {models::try_acquire(), false},
                   {models::release(), {}},
                   {models::try_acquire(), true}}));
  CHECK_FALSE(allows<l>({{models::acquire(), {}}, {models::acquire(), {}}}));
  CHECK_FALSE(allows<l>({{models::release(), {}}}));
  CHECK_FALSE(allows<l>({{models::try_acquire(), false}}));
  CHECK_FALSE(allows<l>({{models::acquire(), {}}, {models::try_acquire(), true}}));
  using s = models::semaphore;
  CHECK(allows<s>({{models::acquire(), {}},
                   {models::try_acquire(), true},
                   {models::try_acquire(), false},
                   {models::release(), {}},
                   {models::acquire(), {}}},
                  {.permits = 2}));
  CHECK_FALSE(allows<s>({{models::acquire(), {}}, {models::acquire(), {}}}));
  CHECK_FALSE(allows<s>({{models::try_acquire(), false}}));
  CHECK(texts<s>(
            {{models::acquire(), {}}, {models::try_acquire(), false}, {models::release(), {}}}) ==
        words{"acquire()", "try_acquire() = false", "release()"});
}

TEST_CASE("two who hold a lock at one time contradict one another") {
  history<models::lock> h;
  const auto a = h.invoke(1, models::acquire());
  const auto b = h.invoke(2, models::acquire());
  h.respond(a);
  h.respond(b);
  const auto verdict = linearizable(h);
  CHECK(verdict.guilty.size() == 2);
  CHECK_THAT(verdict.picture, Catch::Matchers::ContainsSubstring("The state is then held"));
}

TEST_CASE("a model of one's own needs a state, a first one and a step") {
  CHECK(allows<numbered_log>({{"a", 1}, {"b", 2}}));
  CHECK_FALSE(allows<numbered_log>({{"a", 1}, {"b", 1}}));
  CHECK(texts<numbered_log>({{"a", 1}}) == words{"\"a\" = 1"});
}
