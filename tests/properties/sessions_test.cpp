#include "random_history.hpp"
#include "support/run.hpp"

#include <reprise/properties.hpp>

#include <set>

using namespace reprise;
using namespace histories;
using Catch::Matchers::ContainsSubstring;

namespace {

using history_of_ints = history<models::reg<int>>;

void write(history_of_ints& h, process_id process, int value) {
  h.respond(h.invoke(process, models::write(value)));
}
void read(history_of_ints& h, process_id process, int value) {
  h.respond(h.invoke(process, models::read()), value);
}

/// Whether some of the changes `optional`, in any order, with all of `own` between them in order,
/// lead to a state in which `seen` holds.
template <class M, class Seen>
bool some_replica(const history<M>& h, const std::vector<std::uint32_t>& own, std::size_t own_done,
                  std::set<std::uint32_t> optional, const typename M::state& state,
                  const Seen& seen) {
  if (own_done == own.size() && seen(state)) return true;
  const auto goes_on = [&](std::uint32_t call, std::size_t done, std::set<std::uint32_t> left) {
    auto next = state;
    return h.object().step(next, h.calls()[call].what, nullptr) &&
           some_replica(h, own, done, std::move(left), next, seen);
  };
  if (own_done < own.size() && goes_on(own[own_done], own_done + 1, optional)) return true;
  for (const std::uint32_t call : optional) {
    auto left = optional;
    left.erase(call);
    if (goes_on(call, own_done, left)) return true;
  }
  return false;
}

template <class M>
bool is_change(const history<M>& h, std::uint32_t call) {
  const auto& c = h.calls()[call];
  return !h.object().reads_only(c.what, c.answer ? &*c.answer : nullptr);
}

/// The definition, by trying everything.
template <class M>
bool naive_read_your_writes(const history<M>& h) {
  const auto& times = h.log().times();
  for (std::uint32_t r = 0; r < h.size(); ++r) {
    if (times[r].responded == detail::never) continue;
    std::vector<std::uint32_t> own;
    std::set<std::uint32_t> optional;
    for (std::uint32_t c = 0; c < h.size(); ++c) {
      if (c == r || !is_change(h, c) || times[c].invoked > times[r].responded) continue;
      if (times[c].process == times[r].process && times[c].responded < times[r].invoked)
        own.push_back(c);
      else
        optional.insert(c);
    }
    const bool fits = some_replica(h, own, 0, optional, h.object().initial(), [&](auto state) {
      return h.object().step(state, h.calls()[r].what, &*h.calls()[r].answer);
    });
    if (!fits) return false;
  }
  return true;
}

template <class M>
bool grows(const history<M>& h, const std::vector<std::uint32_t>& reads, std::size_t done,
           const std::set<std::uint32_t>& left, const typename M::state& state) {
  if (done == reads.size()) return true;
  auto seen = state;
  const auto& r = h.calls()[reads[done]];
  if (h.object().step(seen, r.what, &*r.answer) && grows(h, reads, done + 1, left, state))
    return true;
  for (const std::uint32_t c : left) {
    if (h.log().times()[c].invoked > h.log().times()[reads[done]].responded) continue;
    auto next = state;
    auto fewer = left;
    fewer.erase(c);
    if (h.object().step(next, h.calls()[c].what, nullptr) && grows(h, reads, done, fewer, next))
      return true;
  }
  return false;
}

template <class M>
bool naive_monotonic_reads(const history<M>& h) {
  std::set<std::uint32_t> changes;
  std::map<process_id, std::vector<std::uint32_t>> reads;
  for (std::uint32_t c = 0; c < h.size(); ++c) {
    if (is_change(h, c))
      changes.insert(c);
    else if (h.calls()[c].answer)
      reads[h.log().times()[c].process].push_back(c);
  }
  for (const auto& [process, own] : reads)
    if (!grows(h, own, 0, changes, h.object().initial())) return false;
  return true;
}

}  // namespace

TEST_CASE("sequential consistency keeps each process's order and no time") {
  history_of_ints h;
  write(h, 1, 1);
  read(h, 2, 0);  // stale, but process 2 may lag
  CHECK(linearizable(h) == linearizability::no);
  CHECK(sequentially_consistent(h));
  read(h, 2, 1);
  CHECK(sequentially_consistent(h));
  read(h, 2, 0);
  const auto verdict = sequentially_consistent(h);
  CHECK(verdict == linearizability::no);
  CHECK_THAT(verdict.picture, ContainsSubstring("next can't be read() = 0"));
}

TEST_CASE("two registers that are sequentially consistent each need not be so together") {
  history<models::kv> h;
  const auto both = [&](process_id process, const char* mine, const char* other) {
    h.respond(h.invoke(process, models::put(mine, "1")));
    h.respond(h.invoke(process, models::get(other)), "");
  };
  both(1, "x", "y");
  both(2, "y", "x");
  CHECK(sequentially_consistent(h) == linearizability::no);
}

TEST_CASE("the check of sequential consistency agrees with a naive one") {
  const auto letters = register_alphabet();
  stream draw(10, "sequential");
  int no = 0, only_sequential = 0;
  for (int n = 0; n < 4000; ++n) {
    const auto h = random_history(draw, letters, 7);
    const bool expected = naive(h, {.real_time = false, .program_order = true});
    const auto verdict = sequentially_consistent(h);
    INFO(shown(h));
    REQUIRE(verdict.result == (expected ? linearizability::yes : linearizability::no));
    no += expected ? 0 : 1;
    only_sequential += expected && !linearizable(h, {.explain = false}) ? 1 : 0;
    // A wrong answer is to be found in what is called guilty.
    if (!expected) REQUIRE_FALSE(verdict.guilty.empty());
  }
  CHECK(no > 300);
  CHECK(only_sequential > 20);
}

TEST_CASE("who wrote reads that, or what came later") {
  history_of_ints h;
  write(h, 1, 1);
  read(h, 2, 0);
  CHECK(read_your_writes(h));
  read(h, 1, 0);
  const auto verdict = read_your_writes(h);
  CHECK(verdict == linearizability::no);
  CHECK(verdict.guilty == std::vector<call_id>{call_id{0}, call_id{2}});
  CHECK(monotonic_reads(h));

  // What has not returned yet need not be seen.
  history_of_ints open;
  const auto w = open.invoke(1, models::write(1));
  read(open, 1, 0);
  CHECK(read_your_writes(open));
  open.respond(w);
  CHECK(read_your_writes(open));
  read(open, 1, 0);
  CHECK(read_your_writes(open) == linearizability::no);

  history_of_ints later;
  write(later, 1, 1);
  write(later, 2, 2);
  read(later, 1, 2);
  CHECK(read_your_writes(later));
}

TEST_CASE("who has seen a change does not lose it again") {
  history_of_ints h;
  write(h, 1, 1);
  read(h, 2, 1);
  read(h, 3, 0);
  CHECK(monotonic_reads(h));
  read(h, 2, 0);
  const auto verdict = monotonic_reads(h);
  CHECK(verdict == linearizability::no);
  CHECK(verdict.guilty == std::vector<call_id>{call_id{1}, call_id{3}});
  CHECK(read_your_writes(h));
}

TEST_CASE("the session guarantees agree with their definitions, by trying everything") {
  const auto letters = kv_alphabet();
  stream draw(11, "sessions");
  int lost_writes = 0, lost_reads = 0;
  for (int n = 0; n < 2000; ++n) {
    const auto h = random_history(draw, letters, 6);
    INFO(shown(h));
    const bool ryw = naive_read_your_writes(h), mr = naive_monotonic_reads(h);
    REQUIRE(static_cast<bool>(read_your_writes(h)) == ryw);
    REQUIRE(static_cast<bool>(monotonic_reads(h)) == mr);
    REQUIRE(static_cast<bool>(read_your_writes(h, {.partition = false})) == ryw);
    REQUIRE(static_cast<bool>(monotonic_reads(h, {.partition = false})) == mr);
    if (linearizable(h, {.explain = false})) REQUIRE((ryw && mr));
    lost_writes += ryw ? 0 : 1;
    lost_reads += mr ? 0 : 1;
  }
  CHECK(lost_writes > 100);
  CHECK(lost_reads > 100);
}
