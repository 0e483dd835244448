#include <reprise/properties/checked_history.hpp>

#include <span>

namespace reprise::detail {

std::vector<interval> growing_part::window(const call_log& log,
                                           const checked_object& object) const {
  return intervals_of(log, object,
                      {calls_.begin() + static_cast<std::ptrdiff_t>(window_begin_), calls_.end()});
}

linearizability growing_part::responded(const call_log& log, checked_object& object,
                                        std::uint64_t budget) {
  --open_;
  if (starts_.empty()) starts_.push_back(object.initial());
  const auto intervals = window(log, object);
  const linearizability verdict = find_order(intervals, object, starts_, budget).verdict;
  const std::size_t size = calls_.size() - window_begin_;
  if (verdict != linearizability::yes || open_ != 0 || size < cut_at_) return verdict;

  // All states that the window can end in take a whole search: where that is dear, or there are
  // too many, a window twice as long is tried next.
  constexpr std::uint64_t configurations_for_a_cut = 10'000;
  constexpr std::size_t most_states = 16;
  std::vector<std::uint32_t> ends;
  const auto all = find_order(intervals, object, starts_, configurations_for_a_cut, &ends).verdict;
  if (all != linearizability::yes || ends.size() > most_states) {
    cut_at_ = size * 2;
    return verdict;
  }
  starts_ = std::move(ends);
  window_begin_ = calls_.size();
  cut_at_ = 16;
  return verdict;
}

history_verdict growing_part::explained(const call_log& log, checked_object& object) const {
  history_verdict verdict;
  verdict.result = linearizability::no;
  explain(verdict, intervals_of(log, object, calls_), object, log, order_kind::real_time);
  return verdict;
}

}  // namespace reprise::detail
