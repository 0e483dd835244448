#pragma once

#include <reprise/core/errors.hpp>
#include <reprise/core/event.hpp>
#include <reprise/core/wait_queue.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace reprise {

namespace detail {

/// Everything about a queue but its items.
class queue_core : public sync_object {
public:
  /// `capacity` 0: no bound.
  queue_core(std::size_t capacity, const char* type, std::string_view name);

  /// No more puts: who waits in `put` gets `queue_closed`; who waits in `get` gets what is left,
  /// then nothing.
  void close();
  [[nodiscard]] bool closed() const noexcept {
    saw(*this);
    return closed_;
  }
  /// Says that an item taken from the queue has been dealt with. Throws: `error` when called more
  /// often than items were put.
  void task_done();
  /// Waits until every item that was put has been dealt with.
  void join();
  [[nodiscard]] std::size_t size() const noexcept {
    saw(*this);
    return size_;
  }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  [[nodiscard]] bool full() const noexcept {
    saw(*this);
    return no_room();
  }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

protected:
  // Of its own operations, which say for themselves what they come after.
  [[nodiscard]] bool was_closed() const noexcept { return closed_; }
  [[nodiscard]] bool no_item() const noexcept { return size_ == 0; }
  [[nodiscard]] bool no_room() const noexcept { return capacity_ != 0 && size_ >= capacity_; }
  /// Waits for room. Throws: `queue_closed`, `cancelled`.
  void wait_for_room(void* place);
  /// Waits for an item; false when the queue is closed and empty. Throws: `cancelled`.
  [[nodiscard]] bool wait_for_item(void* place);
  void announce_put(const char* call) const;
  void announce_get(const char* call) const;
  void added() noexcept {
    ++size_;
    ++unfinished_;
    if (!getters_.empty()) wake_next(getters_);
  }
  void removed() noexcept {
    --size_;
    if (!putters_.empty()) wake_next(putters_);
  }

private:
  static void wake_next(wait_queue& waiters) noexcept;
  static void wake_all(wait_queue& waiters) noexcept;
  // Apart from the common case, which needs no frame to speak of.
  void wait_in_line_to_put(engine& e, task_core& me, void* place);
  bool wait_in_line_to_get(engine& e, task_core& me, void* place);

  std::size_t capacity_;
  std::size_t size_ = 0;
  std::size_t unfinished_ = 0;
  bool closed_ = false;
  wait_queue getters_;
  wait_queue putters_;
  event finished_;
};

template <class T>
struct fifo_items {
  void put(T item) { items.push_back(std::move(item)); }
  T get() {
    T item = std::move(items.front());
    items.pop_front();
    return item;
  }
  std::deque<T> items;
};

template <class T>
struct lifo_items {
  void put(T item) { items.push_back(std::move(item)); }
  T get() {
    T item = std::move(items.back());
    items.pop_back();
    return item;
  }
  std::vector<T> items;
};

/// The least first; of equal ones, the one that was put first.
template <class T, class Compare>
struct ordered_items {
  struct entry {
    T item;
    std::uint64_t sequence;
  };
  void put(T item) {
    entry mine{std::move(item), sequence};
    // As std::push_heap, but the place is found first: a comparison that throws changes nothing.
    const auto parent = [](std::size_t i) { return (i - 1) / 2; };
    std::size_t to = items.size();
    while (to > 0 && later{}(items[parent(to)], mine)) to = parent(to);
    std::size_t hole = items.size();
    items.push_back(std::move(mine));
    ++sequence;
    if (hole == to) return;
    entry last = std::move(items.back());
    for (; hole != to; hole = parent(hole)) items[hole] = std::move(items[parent(hole)]);
    items[to] = std::move(last);
  }
  T get() {
    std::pop_heap(items.begin(), items.end(), later{});
    T item = std::move(items.back().item);
    items.pop_back();
    return item;
  }
  struct later {
    bool operator()(const entry& a, const entry& b) const {
      if (Compare{}(b.item, a.item)) return true;
      if (Compare{}(a.item, b.item)) return false;
      return b.sequence < a.sequence;
    }
  };
  std::vector<entry> items;
  std::uint64_t sequence = 0;
};

template <class T, class Items>
class basic_queue : public queue_core {
public:
  using value_type = T;
  using queue_core::queue_core;

  /// Puts an item, waiting for room in a bounded queue. Does not suspend when there is room.
  /// Throws: `queue_closed`, `cancelled`.
  [[gnu::noinline]] void put(T item) {  // never inline: its return address is the caller's place
    wait_for_room(__builtin_return_address(0));
    items_.put(std::move(item));
    added();
  }
  /// Takes the next item, waiting for one; nothing once the queue is closed and empty. Throws:
  /// `cancelled`.
  [[nodiscard, gnu::noinline]] std::optional<T> get() {
    if (!wait_for_item(__builtin_return_address(0))) return std::nullopt;
    std::optional<T> item(items_.get());
    removed();
    return item;
  }
  /// False when there is no room. Throws: `queue_closed`.
  bool try_put(T item) {
    announce_put("queue::try_put");
    if (was_closed()) throw queue_closed();
    if (no_room()) return false;
    items_.put(std::move(item));
    added();
    return true;
  }
  /// Nothing when it is empty.
  [[nodiscard]] std::optional<T> try_get() {
    announce_get("queue::try_get");
    if (no_item()) return std::nullopt;
    std::optional<T> item(items_.get());
    removed();
    return item;
  }

private:
  Items items_;
};

}  // namespace detail

/// First in, first out. Waiters are served in order; an item is not reserved for the getter that it
/// woke: one that finds it gone waits at the back.
template <class T>
class queue : public detail::basic_queue<T, detail::fifo_items<T>> {
public:
  /// `capacity` 0: no bound.
  explicit queue(std::size_t capacity = 0, std::string_view name = {})
      : detail::basic_queue<T, detail::fifo_items<T>>(capacity, "queue", name) {}
};

/// The least item first; equal ones in put order.
template <class T, class Compare = std::less<T>>
class priority_queue : public detail::basic_queue<T, detail::ordered_items<T, Compare>> {
public:
  explicit priority_queue(std::size_t capacity = 0, std::string_view name = {})
      : detail::basic_queue<T, detail::ordered_items<T, Compare>>(capacity, "priority_queue",
                                                                  name) {}
};

/// Last in, first out.
template <class T>
class lifo_queue : public detail::basic_queue<T, detail::lifo_items<T>> {
public:
  explicit lifo_queue(std::size_t capacity = 0, std::string_view name = {})
      : detail::basic_queue<T, detail::lifo_items<T>>(capacity, "lifo_queue", name) {}
};

}  // namespace reprise
