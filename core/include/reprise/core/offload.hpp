#pragma once

#include <reprise/core/future_core.hpp>
#include <reprise/core/task.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

namespace reprise {

namespace detail {
struct pool_state;
/// Runs the box's callable on a worker and waits for it; throws what it threw.
void offload_box(const std::shared_ptr<pool_state>& pool, const std::shared_ptr<box_base>& box);
[[nodiscard]] std::shared_ptr<pool_state> make_pool(std::size_t workers);
[[nodiscard]] const std::shared_ptr<pool_state>& default_pool();
}  // namespace detail

/// Simulated background threads. Jobs wait in line, first in, first out, for one that is idle.
class worker_pool {
public:
  /// Throws: `std::invalid_argument` for no workers.
  explicit worker_pool(std::size_t workers) : state_(detail::make_pool(workers)) {}
  worker_pool(const worker_pool&) = delete;
  worker_pool& operator=(const worker_pool&) = delete;

private:
  template <class F>
    requires std::invocable<std::decay_t<F>>
  friend auto offload(worker_pool&, F&&);
  std::shared_ptr<detail::pool_state> state_;
};

namespace detail {
template <class F>
auto offload_on(const std::shared_ptr<pool_state>& pool, F&& f) {
  using result = std::invoke_result_t<std::decay_t<F>>;
  using box_type = closure<std::decay_t<F>, result>;
  const auto box = std::make_shared<box_type>(std::forward<F>(f));
  offload_box(pool, box);
  if constexpr (!std::is_void_v<result>) return result(std::move(*box->value));
}
}  // namespace detail

/// Runs `f` on a worker and waits for its value, while others run.
///
/// The job starts at the call when a worker is idle. It runs outside any task; it may `spend` and
/// `sleep_for`, which hold its worker alone, and `log`, and nothing else that waits. Its result
/// arrives two turns after it ends. Cancelled while it queues it never runs; while it runs, it runs
/// on.
template <class F>
  requires std::invocable<std::decay_t<F>>
auto offload(worker_pool& pool, F&& f) {
  return detail::offload_on(pool.state_, std::forward<F>(f));
}
/// On the run's own pool, of 4 workers.
template <class F>
  requires std::invocable<std::decay_t<F>>
auto offload(F&& f) {
  return detail::offload_on(detail::default_pool(), std::forward<F>(f));
}

}  // namespace reprise
