#pragma once

#include <reprise/core/errors.hpp>
#include <reprise/core/virtual_clock.hpp>
#include <reprise/properties/model.hpp>
#include <reprise/properties/order_search.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace reprise {

/// Who makes calls: a client, a thread, a task. Numbers of your own, or those of tasks.
using process_id = std::uint64_t;

/// A call of a history, by its number from 0 in the order of the invocations.
enum class call_id : std::uint32_t {};

/// A response that does not fit its history: to no call of it, or to one that has its answer.
class bad_history : public error {
public:
  using error::error;
};

namespace detail {

/// When a call began and ended.
struct call_times {
  process_id process = 0;
  std::uint64_t invoked = 0;        // position among all events of the history
  std::uint64_t responded = never;  // `never`: pending
  duration invoked_at{0};           // virtual time
  duration responded_at{0};
  bool in_run = false;  // whether it was recorded in a task, so that the times mean something
};

/// What of a history doesn't depend on its model.
class call_log {
public:
  [[nodiscard]] const std::vector<call_times>& times() const noexcept { return times_; }
  /// The name of a task, else the number.
  [[nodiscard]] std::string process_name(process_id process) const;

  std::uint32_t open(process_id process);
  /// Throws: `bad_history`.
  void close(call_id call);
  /// The running task's number; its name is remembered. Throws: `no_simulation` that names `what`.
  process_id this_task(const char* what);

private:
  std::vector<call_times> times_;
  std::uint64_t events_ = 0;
  std::map<process_id, std::string> names_;
};

/// Makes the call by `f` and records its answer in `h`, a history or a checked one.
template <class History, class F>
auto answer_call(History& h, call_id call, F&& f) {
  if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
    std::invoke(std::forward<F>(f));
    h.respond(call);
  } else {
    auto answer = std::invoke(std::forward<F>(f));
    h.respond(call, answer);
    return answer;
  }
}

}  // namespace detail

/// What was called and answered, when, and by whom: `M` says of what object.
///
///     history<models::reg<int>> h;
///     auto w = h.invoke(1, models::write(1));
///     h.respond(w);
///
/// The order of events is the order in which they are recorded. In a task each has its virtual time
/// too, for the picture. A call without a response stays pending: it may have happened or not. A
/// process may have more than one call open. Not for several OS threads at once.
template <model M>
class history {
public:
  using op = typename M::op;
  using result = typename M::result;

  struct call_record {
    op what;
    std::optional<result> answer;
  };

  explicit history(M object = {}) : model_(std::move(object)) {}

  /// `process` calls `what`. Cost: O(1); nothing suspends.
  call_id invoke(process_id process, op what) {
    calls_.push_back({std::move(what), std::nullopt});
    return static_cast<call_id>(log_.open(process));
  }
  /// The running task does. Throws: `no_simulation` outside a task.
  call_id invoke(op what) { return invoke(log_.this_task("history::invoke"), std::move(what)); }

  /// The call has returned with `answer`. Throws: `bad_history` for a call that is unknown or has
  /// an answer.
  void respond(call_id call, result answer = {}) {
    log_.close(call);
    calls_[static_cast<std::size_t>(call)].answer = std::move(answer);
  }

  /// Records a call around `f`, which makes it and returns the answer (or nothing); returns that.
  ///
  /// When `f` throws, the call stays pending. Throws: what `f` does; `no_simulation` outside a
  /// task.
  template <std::invocable F>
  auto call(op what, F&& f) {
    const call_id id = invoke(std::move(what));
    return detail::answer_call(*this, id, std::forward<F>(f));
  }
  template <std::invocable F>
  auto call(process_id process, op what, F&& f) {
    const call_id id = invoke(process, std::move(what));
    return detail::answer_call(*this, id, std::forward<F>(f));
  }

  [[nodiscard]] std::size_t size() const noexcept { return calls_.size(); }
  /// By invocation.
  [[nodiscard]] const std::vector<call_record>& calls() const noexcept { return calls_; }
  [[nodiscard]] const M& object() const noexcept { return model_; }
  [[nodiscard]] const detail::call_log& log() const noexcept { return log_; }
  /// "write(1)", "read() = 0".
  [[nodiscard]] std::string text(call_id call) const {
    const call_record& c = calls_.at(static_cast<std::size_t>(call));
    return detail::describe_call(model_, c.what, c.answer ? &*c.answer : nullptr);
  }

private:
  M model_;
  std::vector<call_record> calls_;
  detail::call_log log_;
};

namespace detail {

/// Numbers the states of a history's model as they are met, and remembers recent steps.
template <model M>
class numbered_states final : public checked_object {
public:
  /// `h` outlives it, and may grow.
  explicit numbered_states(const history<M>& h) : history_(h), table_(64, none) {
    std::size_t size = 256;
    while (size < h.size() * 16 && size < 65536) size *= 2;
    recent_.resize(size);
  }

  std::uint32_t initial() override { return number(history_.object().initial()); }

  std::uint32_t step(std::uint32_t from, std::uint32_t call, bool answered) override {
    const std::uint64_t key = (std::uint64_t{from} << 32 | call) * 2 + (answered ? 1 : 0) + 1;
    recent_step& slot = recent_[stream::mix(key) & (recent_.size() - 1)];
    if (slot.key == key) return slot.to;
    const auto& [what, answer] = history_.calls()[call];
    const auto* a = answered && answer ? &*answer : nullptr;
    std::uint32_t to = none;
    if (detail::reads_only(history_.object(), what, a)) {
      if (history_.object().step(states_[from], what, a)) to = from;
    } else if (auto next = states_[from]; history_.object().step(next, what, a)) {
      to = number(std::move(next));
    }
    slot = {key, to};
    return to;
  }

  [[nodiscard]] bool pure(std::uint32_t call, bool answered) const override {
    const auto& [what, answer] = history_.calls()[call];
    return detail::reads_only(history_.object(), what, answered && answer ? &*answer : nullptr);
  }
  [[nodiscard]] bool never_again(std::uint32_t state, std::uint32_t call) const override {
    if constexpr (foreseeing_model<M>) {
      const auto& [what, answer] = history_.calls()[call];
      return answer && history_.object().never_again(states_[state], what, *answer);
    }
    return false;
  }
  [[nodiscard]] bool overwrites(std::uint32_t call, std::uint32_t read) const override {
    if constexpr (foreseeing_model<M>)
      return history_.object().overwrites(history_.calls()[call].what, history_.calls()[read].what);
    return true;
  }
  [[nodiscard]] bool foresees() const override { return foreseeing_model<M>; }
  [[nodiscard]] bool same_operation(std::uint32_t a, std::uint32_t b) const override {
    if constexpr (std::equality_comparable<typename M::op>)
      return history_.calls()[a].what == history_.calls()[b].what;
    return false;
  }
  [[nodiscard]] std::string call_text(std::uint32_t call, bool answered) const override {
    const auto& [what, answer] = history_.calls()[call];
    return describe_call(history_.object(), what, answered && answer ? &*answer : nullptr);
  }
  [[nodiscard]] std::string state_text(std::uint32_t state) const override {
    return describe_state(history_.object(), states_[state]);
  }

private:
  struct recent_step {
    std::uint64_t key = 0;
    std::uint32_t to = 0;
  };

  std::uint32_t number(typename M::state s) {
    if ((states_.size() + 1) * 2 > table_.size()) grow();
    const std::uint64_t h = stream::mix(hash_state(history_.object(), s));
    std::size_t at = h & (table_.size() - 1);
    for (; table_[at] != none; at = (at + 1) & (table_.size() - 1))
      if (hashes_[table_[at]] == h && states_[table_[at]] == s) return table_[at];
    table_[at] = static_cast<std::uint32_t>(states_.size());
    states_.push_back(std::move(s));
    hashes_.push_back(h);
    return table_[at];
  }
  void grow() {
    std::vector<std::uint32_t> bigger(table_.size() * 2, none);
    for (std::uint32_t n = 0; n < hashes_.size(); ++n) {
      std::size_t at = hashes_[n] & (bigger.size() - 1);
      while (bigger[at] != none) at = (at + 1) & (bigger.size() - 1);
      bigger[at] = n;
    }
    table_ = std::move(bigger);
  }

  // A vector<bool> would lend no references.
  using box = std::conditional_t<std::is_same_v<typename M::state, bool>, std::deque<bool>,
                                 std::vector<typename M::state>>;
  const history<M>& history_;
  box states_;
  std::vector<std::uint64_t> hashes_;
  std::vector<std::uint32_t> table_;  // open addressing, numbers of states
  std::vector<recent_step> recent_;   // direct-mapped: a step that was forgotten is made again
};

}  // namespace detail
}  // namespace reprise
