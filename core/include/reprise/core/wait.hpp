#pragma once

#include <reprise/core/task.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <utility>
#include <vector>

namespace reprise {

/// What `wait` waits for.
enum class until {
  all_completed,
  first_completed,  // any end counts
  first_failed,     // a failure, or all of them; a cancellation is not a failure
};

template <class T>
struct wait_result {
  std::vector<task<T>> done;     // in argument order
  std::vector<task<T>> pending;  // in argument order
};

namespace detail {

void wait_cores(std::span<const core_ref> cores, until what, std::optional<delay> within);

/// The completed tasks of an `as_completed`, in the order of their ends.
class completion_queue {
public:
  completion_queue(std::span<const core_ref> cores, std::optional<delay> within);
  completion_queue(const completion_queue&) = delete;
  ~completion_queue();
  /// Waits for the next one; its index among the cores. Throws: `timed_out`.
  std::size_t next();
  [[nodiscard]] std::size_t left() const noexcept;

  struct state;

private:
  state* state_;
};

template <class R>
using task_of = typename std::remove_cvref_t<std::ranges::range_value_t<R>>::value_type;

template <class R>
concept task_range = std::ranges::input_range<R> && requires { typename task_of<R>; } &&
                     std::convertible_to<std::ranges::range_value_t<R>, task<task_of<R>>>;

/// Duplicates dropped, order kept.
template <class T>
std::vector<task<T>> distinct(auto&& range) {
  std::vector<task<T>> tasks;
  for (auto&& t : range)
    if (std::ranges::find(tasks, t) == tasks.end()) tasks.push_back(t);
  return tasks;
}
template <class T>
std::vector<core_ref> cores_of(const std::vector<task<T>>& tasks) {
  std::vector<core_ref> cores;
  cores.reserve(tasks.size());
  for (const auto& t : tasks) cores.push_back(t.core());
  return cores;
}
template <class T>
[[gnu::always_inline]] inline wait_result<T> wait_for_tasks(std::vector<task<T>> tasks, until what,
                                                            std::optional<delay> within) {
  const auto cores = cores_of(tasks);
  wait_cores(cores, what, within);
  wait_result<T> result;
  for (auto& t : tasks) (t.done() ? result.done : result.pending).push_back(std::move(t));
  return result;
}

}  // namespace detail

/// Waits until the tasks are as `what` says. Nobody is cancelled and nothing is thrown for a failed
/// task.
///
/// Duplicates are dropped. Throws: `std::invalid_argument` for no tasks. Cost: the caller resumes
/// two turns after the end that decided, also when all are done already.
template <detail::task_range R>
[[gnu::always_inline]] inline auto wait(R&& tasks, until what = until::all_completed) {
  using T = detail::task_of<R>;
  return detail::wait_for_tasks<T>(detail::distinct<T>(tasks), what, std::nullopt);
}
/// The same, for `within` of virtual time at most; 0 is one turn through the timers.
template <detail::task_range R, class Rep, class Period>
[[gnu::always_inline]] inline auto wait(R&& tasks, until what,
                                        std::chrono::duration<Rep, Period> within) {
  using T = detail::task_of<R>;
  return detail::wait_for_tasks<T>(detail::distinct<T>(tasks), what, detail::to_delay(within));
}

/// Tasks in the order in which they end: `for (auto& t : as_completed(tasks)) use(t.get());`.
template <class T>
class completion_range {
public:
  completion_range(std::vector<task<T>> tasks, std::optional<detail::delay> within)
      : tasks_(std::move(tasks)),
        queue_(std::make_unique<detail::completion_queue>(detail::cores_of(tasks_), within)) {}

  /// Waits for the next task that ends. Precondition: `remaining() > 0`. Throws: `timed_out` for
  /// each task that did not end in time.
  [[gnu::always_inline]] task<T>& next() { return tasks_[queue_->next()]; }
  [[nodiscard]] std::size_t remaining() const noexcept { return queue_->left(); }

  class iterator {
  public:
    using value_type = task<T>;
    using difference_type = std::ptrdiff_t;
    [[gnu::always_inline]] explicit iterator(completion_range* range) : range_(range) { ++*this; }
    task<T>& operator*() const { return *current_; }
    task<T>* operator->() const { return current_; }
    [[gnu::always_inline]] iterator& operator++() {
      current_ = range_->remaining() == 0 ? nullptr : &range_->next();
      return *this;
    }
    [[gnu::always_inline]] void operator++(int) { ++*this; }
    friend bool operator==(const iterator& i, std::default_sentinel_t) {
      return i.current_ == nullptr;
    }

  private:
    completion_range* range_;
    task<T>* current_ = nullptr;
  };
  [[gnu::always_inline]] iterator begin() { return iterator(this); }
  std::default_sentinel_t end() const { return {}; }

private:
  std::vector<task<T>> tasks_;
  std::unique_ptr<detail::completion_queue> queue_;
};

/// Throws out of the loop: nothing for a failed task (its `get` does).
template <detail::task_range R>
auto as_completed(R&& tasks) {
  using T = detail::task_of<R>;
  return completion_range<T>(detail::distinct<T>(tasks), std::nullopt);
}
/// The same, with `timed_out` from the loop once `within` of virtual time has passed. The tasks go
/// on.
template <detail::task_range R, class Rep, class Period>
auto as_completed(R&& tasks, std::chrono::duration<Rep, Period> within) {
  using T = detail::task_of<R>;
  return completion_range<T>(detail::distinct<T>(tasks), detail::to_delay(within));
}

}  // namespace reprise
