#pragma once

#include <reprise/properties/linearizable.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <source_location>
#include <utility>
#include <vector>

namespace reprise {

namespace detail {

/// The calls of one key while they come in.
///
/// Once no call is open, all that came before is behind all that comes after: only the states that
/// it can have led to matter from then on.
class growing_part {
public:
  void invoked(std::uint32_t call) { calls_.push_back(call), ++open_; }
  /// Whether what was answered so far is linearizable: exact, but for the budget.
  linearizability responded(const call_log& log, checked_object& object, std::uint64_t budget);
  /// All of its calls, and why they are not.
  [[nodiscard]] history_verdict explained(const call_log& log, checked_object& object) const;

private:
  [[nodiscard]] std::vector<interval> window(const call_log& log,
                                             const checked_object& object) const;

  call_part calls_;
  std::size_t window_begin_ = 0;  // of `calls_`: those before it are in `starts_`
  std::size_t cut_at_ = 16;       // the window's size at which it is cut
  std::size_t open_ = 0;
  std::vector<std::uint32_t> starts_;  // states before the window; none before the first call
};

}  // namespace detail

/// A history that is checked while it grows. The response after which it is no longer linearizable
/// ends the run as failed, with the picture.
///
/// Cost: each response is a search over the calls of its key since the last moment at which none of
/// them was open; a key with a call that stays pending is searched from there each time.
template <model M>
class checked_history {
public:
  using op = typename M::op;
  using result = typename M::result;

  explicit checked_history(M object = {}, const check_options& options = {})
      : history_(std::move(object)), object_(history_), options_(options) {}
  checked_history(const checked_history&) = delete;
  checked_history& operator=(const checked_history&) = delete;
  ~checked_history() = default;

  /// As in `history`.
  call_id invoke(process_id process, op what) {
    const call_id call = history_.invoke(process, std::move(what));
    part_of(call).invoked(static_cast<std::uint32_t>(call));
    return call;
  }
  call_id invoke(op what) {
    const call_id call = history_.invoke(std::move(what));
    part_of(call).invoked(static_cast<std::uint32_t>(call));
    return call;
  }

  /// As in `history`; ends the run as failed when the history is not linearizable any more. After
  /// the budget was spent once, `verdict()` is `unknown` and nothing more is checked.
  void respond(call_id call, result answer = {},
               std::source_location place = std::source_location::current()) {
    history_.respond(call, std::move(answer));
    if (verdict_ != linearizability::yes) return;
    detail::growing_part& part = part_of(call);
    verdict_ = part.responded(history_.log(), object_, options_.budget);
    if (verdict_ == linearizability::no)
      detail::expect_verdict(part.explained(history_.log(), object_), "linearizable", place);
  }

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

  /// Of what was recorded so far.
  [[nodiscard]] linearizability verdict() const noexcept { return verdict_; }
  [[nodiscard]] const history<M>& recorded() const noexcept { return history_; }

private:
  detail::growing_part& part_of(call_id call) {
    std::size_t part = 0;
    if (options_.partition) {
      const auto& what = history_.calls()[static_cast<std::size_t>(call)].what;
      part = numbers_.try_emplace(detail::partition_key(history_.object(), what), parts_.size())
                 .first->second;
    }
    if (part == parts_.size()) parts_.emplace_back();
    return parts_[part];
  }

  history<M> history_;
  detail::numbered_states<M> object_;
  check_options options_;
  std::map<typename detail::key_of<M>::type, std::size_t> numbers_;  // of parts, by key
  std::vector<detail::growing_part> parts_;
  linearizability verdict_ = linearizability::yes;
};

}  // namespace reprise
