#pragma once

// Random small histories, and the naive checkers that the clever one is compared with.

#include <reprise/properties.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace histories {

/// What random calls of a model are made of: few values, so that answers collide.
template <class M>
struct alphabet {
  std::vector<typename M::op> ops;
  std::function<std::vector<typename M::result>(const typename M::op&)> answers;
};

using int_register = reprise::models::cas_reg<int>;
using int_queue = reprise::models::queue<int>;

inline alphabet<int_register> register_alphabet() {
  namespace models = reprise::models;
  return {{models::read(), models::read(), models::write(1), models::write(2), models::cas(1, 2),
           models::cas(0, 1)},
          [](const int_register::op& op) -> std::vector<int_register::result> {
            if (op.index() == 0) return {0, 1, 2};
            if (op.index() == 2) return {true, false};
            return {{}};
          }};
}

inline alphabet<int_queue> queue_alphabet() {
  namespace models = reprise::models;
  return {{models::enqueue(1), models::enqueue(2), models::dequeue(), models::dequeue()},
          [](const int_queue::op& op) -> std::vector<int_queue::result> {
            if (op.index() == 0) return {std::nullopt};
            return {std::nullopt, 1, 2};
          }};
}

inline alphabet<reprise::models::kv> kv_alphabet() {
  namespace models = reprise::models;
  return {{models::get("x"), models::get("x"), models::get("y"), models::append("x", "a"),
           models::append("x", "b"), models::append("y", "a"), models::put("x", "b")},
          [](const models::kv::op& op) -> std::vector<std::string> {
            if (op.index() != 0) return {""};
            return {"", "a", "b", "ab", "ba", "aa", "bb"};
          }};
}

inline alphabet<reprise::models::lock> lock_alphabet() {
  namespace models = reprise::models;
  return {{models::acquire(), models::try_acquire(), models::release(), models::release()},
          [](const models::lock::op& op) -> std::vector<bool> {
            if (op.index() == 1) return {true, false};
            return {false};
          }};
}

/// Up to `most` calls of up to 4 processes. Each takes effect at some moment while it is open, but
/// for one answer in some histories, which is any; some calls stay pending.
template <class M>
reprise::history<M> random_history(reprise::stream& draw, const alphabet<M>& letters,
                                   std::uint64_t most) {
  struct client {
    std::optional<reprise::call_id> open;
    typename M::op what;
    std::optional<typename M::result> answer;
    bool answered = false;
  };
  reprise::history<M> h;
  typename M::state state = h.object().initial();
  std::vector<client> clients(1 + draw.below(4), client{{}, letters.ops[0], {}, false});
  const std::uint64_t calls = 1 + draw.below(most), wrong = draw.below(2 * calls);
  for (std::uint64_t steps = calls * 4; steps > 0; --steps) {
    client& c = clients[draw.below(clients.size())];
    if (!c.open) {
      if (h.size() == calls) continue;
      c.what = letters.ops[draw.below(letters.ops.size())];
      c.answered = false;
      c.open = h.invoke(static_cast<std::uint64_t>(&c - clients.data()), c.what);
    } else if (!c.answered) {
      const auto answers = letters.answers(c.what);
      if (static_cast<std::uint64_t>(*c.open) == wrong) {
        c.answer = answers[draw.below(answers.size())];
        c.answered = true;
      } else {
        for (const auto& a : answers) {
          auto next = state;
          if (!h.object().step(next, c.what, &a)) continue;
          state = next;
          c.answer = a;
          c.answered = true;
          break;
        }
      }
    } else {
      h.respond(*c.open, *c.answer);
      c.open.reset();
    }
  }
  return h;
}

/// How a naive checker decides, and how a broken one would.
struct rules {
  bool real_time = true;       // a call comes behind those that had responded before it
  bool program_order = false;  // and behind those that its process had invoked before
  bool pending_may_happen = true;
  bool pending_must_happen = false;
};

/// Tries every order: no memory, no partition, nothing that is clever.
template <class M>
bool naive(const reprise::history<M>& h, const rules& how, const typename M::state& state,
           std::vector<bool>& done) {
  const auto& times = h.log().times();
  bool complete = true;
  for (std::size_t i = 0; i < h.size(); ++i) {
    const bool pending = times[i].responded == reprise::detail::never;
    complete = complete && (done[i] || (pending && !how.pending_must_happen));
  }
  if (complete) return true;
  for (std::size_t i = 0; i < h.size(); ++i) {
    const bool pending = times[i].responded == reprise::detail::never;
    if (done[i] || (pending && !how.pending_may_happen)) continue;
    bool next = true;
    for (std::size_t other = 0; other < h.size(); ++other) {
      if (done[other] || other == i) continue;
      if (how.real_time && times[other].responded < times[i].invoked) next = false;
      if (how.program_order && times[other].process == times[i].process &&
          times[other].invoked < times[i].invoked)
        next = false;
    }
    if (!next) continue;
    auto after = state;
    const auto& call = h.calls()[i];
    if (!h.object().step(after, call.what, call.answer ? &*call.answer : nullptr)) continue;
    done[i] = true;
    if (naive(h, how, after, done)) return true;
    done[i] = false;
  }
  return false;
}

template <class M>
bool naive(const reprise::history<M>& h, const rules& how = {}) {
  std::vector<bool> done(h.size());
  return naive(h, how, h.object().initial(), done);
}

/// The events of `h` again, with what `change` makes of process, operation and answer.
template <class M, class Change>
reprise::history<M> again(const reprise::history<M>& h, Change change) {
  reprise::history<M> copy(h.object());
  const auto& times = h.log().times();
  std::vector<reprise::call_id> calls(h.size());
  for (std::uint64_t at = 0; at < 2 * h.size(); ++at) {
    for (std::size_t i = 0; i < h.size(); ++i) {
      if (times[i].invoked != at && times[i].responded != at) continue;
      std::uint64_t process = times[i].process;
      auto what = h.calls()[i].what;
      auto answer = h.calls()[i].answer;
      change(i, process, what, answer);
      if (times[i].invoked == at)
        calls[i] = copy.invoke(process, what);
      else if (answer)
        copy.respond(calls[i], *answer);
    }
  }
  return copy;
}

/// "1: write(1) [0, 3]; …", for a failure.
template <class M>
std::string shown(const reprise::history<M>& h) {
  std::string all;
  for (std::uint32_t i = 0; i < h.size(); ++i) {
    const auto& t = h.log().times()[i];
    all += fmt::format("{}: {} [{}, {}]\n", t.process, h.text(static_cast<reprise::call_id>(i)),
                       t.invoked,
                       t.responded == reprise::detail::never ? "-" : std::to_string(t.responded));
  }
  return all;
}

}  // namespace histories
