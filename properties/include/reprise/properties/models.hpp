#pragma once

#include <reprise/properties/model.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

// Models of the objects that programs share most often, and the words for their operations.
//
// An operation is written `models::write(1)`; a model takes what it has:
// `history<models::reg<int>>` knows `read` and `write`. `{}` is the answer of an operation that has
// none.

namespace reprise::models {

// --- Operations ------------------------------------------------------------------------------

struct read_op {
  friend bool operator==(const read_op&, const read_op&) = default;
};
struct acquire_op {
  friend bool operator==(const acquire_op&, const acquire_op&) = default;
};
struct try_acquire_op {
  friend bool operator==(const try_acquire_op&, const try_acquire_op&) = default;
};
struct release_op {
  friend bool operator==(const release_op&, const release_op&) = default;
};
struct dequeue_op {
  friend bool operator==(const dequeue_op&, const dequeue_op&) = default;
};
struct pop_op {
  friend bool operator==(const pop_op&, const pop_op&) = default;
};

/// An operation with one value, told from others by `Tag`. Converts with its value.
template <class Tag, class T>
struct value_op {
  explicit value_op(T v) : value(std::move(v)) {}
  template <class U>
    requires(!std::same_as<U, T> && std::convertible_to<U, T>)
  value_op(value_op<Tag, U> other) : value(static_cast<T>(std::move(other.value))) {}
  T value;
  friend bool operator==(const value_op&, const value_op&) = default;
};

template <class T>
using write_op = value_op<struct write_tag, T>;
template <class T>
using enqueue_op = value_op<struct enqueue_tag, T>;
template <class T>
using push_op = value_op<struct push_tag, T>;
template <class T>
using add_op = value_op<struct add_tag, T>;
template <class T>
using remove_op = value_op<struct remove_tag, T>;
template <class T>
using contains_op = value_op<struct contains_tag, T>;
template <class T>
using fetch_add_op = value_op<struct fetch_add_tag, T>;

template <class From, class To = From>
struct cas_op {
  cas_op(From f, To t) : from(std::move(f)), to(std::move(t)) {}
  template <class F, class T>
    requires(!(std::same_as<F, From> && std::same_as<T, To>) && std::convertible_to<F, From> &&
             std::convertible_to<T, To>)
  cas_op(cas_op<F, T> other)
      : from(static_cast<From>(std::move(other.from))), to(static_cast<To>(std::move(other.to))) {}
  From from;
  To to;
  friend bool operator==(const cas_op&, const cas_op&) = default;
};

struct get_op {
  std::string key;
  friend bool operator==(const get_op&, const get_op&) = default;
};
struct put_op {
  std::string key, value;
  friend bool operator==(const put_op&, const put_op&) = default;
};
struct append_op {
  std::string key, value;
  friend bool operator==(const append_op&, const append_op&) = default;
};

/// Of a register or a counter: answered by its value.
[[nodiscard]] inline read_op read() { return {}; }
/// Of a register.
template <class T>
[[nodiscard]] write_op<T> write(T value) {
  return write_op<T>(std::move(value));
}
/// Of a register: makes it `to` if it is `from`; answered by whether it was.
template <class From, class To>
[[nodiscard]] cas_op<From, To> cas(From from, To to) {
  return {std::move(from), std::move(to)};
}
/// Of a key-value store: answered by the value, "" for a key that is missing.
[[nodiscard]] inline get_op get(std::string key) { return {std::move(key)}; }
[[nodiscard]] inline put_op put(std::string key, std::string value) {
  return {std::move(key), std::move(value)};
}
/// Of a key-value store: adds to the end of the value.
[[nodiscard]] inline append_op append(std::string key, std::string value) {
  return {std::move(key), std::move(value)};
}
/// Of a queue.
template <class T>
[[nodiscard]] enqueue_op<T> enqueue(T value) {
  return enqueue_op<T>(std::move(value));
}
/// Of a queue: answered by the oldest value, `std::nullopt` when there is none.
[[nodiscard]] inline dequeue_op dequeue() { return {}; }
/// Of a stack.
template <class T>
[[nodiscard]] push_op<T> push(T value) {
  return push_op<T>(std::move(value));
}
/// Of a stack: answered by the youngest value, `std::nullopt` when there is none.
[[nodiscard]] inline pop_op pop() { return {}; }
/// Of a set: answered by whether the value is new. Of a counter: no answer.
template <class T>
[[nodiscard]] add_op<T> add(T value) {
  return add_op<T>(std::move(value));
}
/// Of a set: answered by whether the value was there.
template <class T>
[[nodiscard]] remove_op<T> remove(T value) {
  return remove_op<T>(std::move(value));
}
/// Of a set: answered by whether the value is there.
template <class T>
[[nodiscard]] contains_op<T> contains(T value) {
  return contains_op<T>(std::move(value));
}
/// Of a counter: answered by the value before.
[[nodiscard]] inline fetch_add_op<std::int64_t> fetch_add(std::int64_t n) {
  return fetch_add_op<std::int64_t>(n);
}
/// Of a lock or a semaphore: done when it has one. No answer.
[[nodiscard]] inline acquire_op acquire() { return {}; }
/// Of a lock or a semaphore: answered by whether it got one.
[[nodiscard]] inline try_acquire_op try_acquire() { return {}; }
/// Of a lock or a semaphore. No answer.
[[nodiscard]] inline release_op release() { return {}; }

namespace detail {
template <class... F>
struct overloaded : F... {
  using F::operator()...;
};

template <class T>
std::string called(std::string_view name, const T& value) {
  return fmt::format("{}({})", name, reprise::detail::shown(value));
}
/// "read() = 3"; nothing behind it when the answer is not known.
template <class T>
std::string answered(std::string call, const T* answer) {
  if (answer) call += " = " + reprise::detail::shown(*answer);
  return call;
}
}  // namespace detail

// --- Registers -------------------------------------------------------------------------------

/// A register: `read`, `write`. Holds `start` at first.
template <class T>
struct reg {
  using op = std::variant<read_op, write_op<T>>;
  using result = T;  // of a read; that of a write is not looked at
  using state = T;
  T start{};

  [[nodiscard]] state initial() const { return start; }
  bool step(state& s, const op& what, const result* answer) const {
    if (const auto* w = std::get_if<write_op<T>>(&what)) {
      s = w->value;
      return true;
    }
    return answer == nullptr || *answer == s;
  }
  [[nodiscard]] bool reads_only(const op& what, const result*) const {
    return std::holds_alternative<read_op>(what);
  }
  [[nodiscard]] std::string describe(const op& what, const result* answer) const {
    if (const auto* w = std::get_if<write_op<T>>(&what)) return detail::called("write", w->value);
    return detail::answered("read()", answer);
  }
};

/// What a `cas_reg` answers: the value to a `read`, a bool to a `cas`, `{}` to a `write`.
template <class T>
struct cas_result {
  cas_result() = default;
  template <class U>
    requires(!std::same_as<U, bool> && !std::same_as<U, cas_result> && std::convertible_to<U, T>)
  cas_result(U v) : value(static_cast<T>(std::move(v))) {}
  template <std::same_as<bool> B>
  cas_result(B b) : done(b) {
    if constexpr (std::convertible_to<bool, T>) value = static_cast<T>(b);
  }
  T value{};
  bool done = false;
};

/// A register with compare-and-swap: `read`, `write`, `cas`. Holds `start` at first.
template <class T>
struct cas_reg {
  using op = std::variant<read_op, write_op<T>, cas_op<T>>;
  using result = cas_result<T>;
  using state = T;
  T start{};

  [[nodiscard]] state initial() const { return start; }
  bool step(state& s, const op& what, const result* answer) const {
    if (const auto* w = std::get_if<write_op<T>>(&what)) {
      s = w->value;
      return true;
    }
    if (const auto* c = std::get_if<cas_op<T>>(&what)) {
      const bool holds = s == c->from;
      if (answer != nullptr && answer->done != holds) return false;
      if (holds) s = c->to;
      return true;
    }
    return answer == nullptr || answer->value == s;
  }
  [[nodiscard]] bool reads_only(const op& what, const result* answer) const {
    return std::holds_alternative<read_op>(what) ||
           (std::holds_alternative<cas_op<T>>(what) && answer != nullptr && !answer->done);
  }
  [[nodiscard]] std::string describe(const op& what, const result* answer) const {
    if (const auto* w = std::get_if<write_op<T>>(&what)) return detail::called("write", w->value);
    if (const auto* c = std::get_if<cas_op<T>>(&what))
      return detail::answered(fmt::format("cas({}, {})", reprise::detail::shown(c->from),
                                          reprise::detail::shown(c->to)),
                              answer ? &answer->done : nullptr);
    return detail::answered("read()", answer ? &answer->value : nullptr);
  }
};

// --- Key-value -------------------------------------------------------------------------------

/// A store of text by key: `get`, `put`, `append`. A key that is missing reads as "".
struct kv {
  using op = std::variant<get_op, put_op, append_op>;
  using result = std::string;  // of a get
  using state = std::map<std::string, std::string>;

  [[nodiscard]] state initial() const { return {}; }
  bool step(state& s, const op& what, const result* answer) const;
  [[nodiscard]] bool reads_only(const op& what, const result*) const {
    return std::holds_alternative<get_op>(what);
  }
  [[nodiscard]] const std::string& key(const op& what) const;
  [[nodiscard]] bool never_again(const state& s, const op& what, const result& answer) const;
  [[nodiscard]] bool overwrites(const op& what, const op& read) const {
    return std::holds_alternative<put_op>(what) && key(what) == key(read);
  }
  [[nodiscard]] std::string describe(const op& what, const result* answer) const;
  [[nodiscard]] std::string describe(const state& s) const;
};

// --- Collections -----------------------------------------------------------------------------

/// First in, first out: `enqueue`, `dequeue`.
template <class T>
struct queue {
  using op = std::variant<enqueue_op<T>, dequeue_op>;
  using result = std::optional<T>;  // of a dequeue
  using state = std::vector<T>;     // the oldest first

  [[nodiscard]] state initial() const { return {}; }
  bool step(state& s, const op& what, const result* answer) const {
    if (const auto* e = std::get_if<enqueue_op<T>>(&what)) {
      s.push_back(e->value);
      return true;
    }
    if (s.empty()) return answer == nullptr || !answer->has_value();
    if (answer != nullptr && (!answer->has_value() || **answer != s.front())) return false;
    s.erase(s.begin());
    return true;
  }
  [[nodiscard]] bool reads_only(const op& what, const result* answer) const {
    return std::holds_alternative<dequeue_op>(what) && answer != nullptr && !answer->has_value();
  }
  [[nodiscard]] std::string describe(const op& what, const result* answer) const {
    if (const auto* e = std::get_if<enqueue_op<T>>(&what))
      return detail::called("enqueue", e->value);
    return detail::answered("dequeue()", answer);
  }
  [[nodiscard]] std::string describe(const state& s) const { return reprise::detail::shown(s); }
};

/// Last in, first out: `push`, `pop`.
template <class T>
struct stack {
  using op = std::variant<push_op<T>, pop_op>;
  using result = std::optional<T>;  // of a pop
  using state = std::vector<T>;     // the youngest last

  [[nodiscard]] state initial() const { return {}; }
  bool step(state& s, const op& what, const result* answer) const {
    if (const auto* p = std::get_if<push_op<T>>(&what)) {
      s.push_back(p->value);
      return true;
    }
    if (s.empty()) return answer == nullptr || !answer->has_value();
    if (answer != nullptr && (!answer->has_value() || **answer != s.back())) return false;
    s.pop_back();
    return true;
  }
  [[nodiscard]] bool reads_only(const op& what, const result* answer) const {
    return std::holds_alternative<pop_op>(what) && answer != nullptr && !answer->has_value();
  }
  [[nodiscard]] std::string describe(const op& what, const result* answer) const {
    if (const auto* p = std::get_if<push_op<T>>(&what)) return detail::called("push", p->value);
    return detail::answered("pop()", answer);
  }
  [[nodiscard]] std::string describe(const state& s) const { return reprise::detail::shown(s); }
};

/// A set: `add`, `remove`, `contains`. Each value is an object of its own.
template <class T>
struct set {
  using op = std::variant<add_op<T>, remove_op<T>, contains_op<T>>;
  using result = bool;
  using state = std::vector<T>;  // sorted

  [[nodiscard]] state initial() const { return {}; }
  bool step(state& s, const op& what, const result* answer) const {
    const T& value = key(what);
    const auto at = std::lower_bound(s.begin(), s.end(), value);
    const bool there = at != s.end() && !(value < *at);
    const bool adds = std::holds_alternative<add_op<T>>(what);
    if (answer != nullptr && *answer != (adds ? !there : there)) return false;
    if (adds && !there) s.insert(at, value);
    if (there && std::holds_alternative<remove_op<T>>(what)) s.erase(at);
    return true;
  }
  [[nodiscard]] bool reads_only(const op& what, const result* answer) const {
    return std::holds_alternative<contains_op<T>>(what) || (answer != nullptr && !*answer);
  }
  [[nodiscard]] const T& key(const op& what) const {
    return std::visit([](const auto& o) -> const T& { return o.value; }, what);
  }
  [[nodiscard]] std::string describe(const op& what, const result* answer) const {
    constexpr std::string_view names[] = {"add", "remove", "contains"};
    return detail::answered(detail::called(names[what.index()], key(what)), answer);
  }
  [[nodiscard]] std::string describe(const state& s) const { return reprise::detail::shown(s); }
};

// --- Numbers and permits ---------------------------------------------------------------------

/// A counter: `read`, `add`, `fetch_add`. Starts at `start`.
struct counter {
  using op = std::variant<read_op, add_op<std::int64_t>, fetch_add_op<std::int64_t>>;
  using result = std::int64_t;
  using state = std::int64_t;
  std::int64_t start = 0;

  [[nodiscard]] state initial() const { return start; }
  bool step(state& s, const op& what, const result* answer) const;
  [[nodiscard]] bool reads_only(const op& what, const result*) const {
    return std::holds_alternative<read_op>(what);
  }
  [[nodiscard]] std::string describe(const op& what, const result* answer) const;
};

/// So many permits: `acquire`, `try_acquire`, `release`.
struct semaphore {
  using op = std::variant<acquire_op, try_acquire_op, release_op>;
  using result = bool;         // of a try_acquire
  using state = std::int64_t;  // free
  std::int64_t permits = 1;

  [[nodiscard]] state initial() const { return permits; }
  bool step(state& s, const op& what, const result* answer) const;
  [[nodiscard]] bool reads_only(const op& what, const result* answer) const {
    return std::holds_alternative<try_acquire_op>(what) && answer != nullptr && !*answer;
  }
  [[nodiscard]] std::string describe(const op& what, const result* answer) const;
  [[nodiscard]] std::string describe(const state& s) const;
};

/// A lock: `acquire`, `try_acquire`, `release`. A release of what nobody holds is impossible.
struct lock {
  using op = semaphore::op;
  using result = bool;  // of a try_acquire
  using state = bool;   // whether it is held

  [[nodiscard]] state initial() const { return false; }
  bool step(state& s, const op& what, const result* answer) const;
  [[nodiscard]] bool reads_only(const op& what, const result* answer) const {
    return semaphore{}.reads_only(what, answer);
  }
  [[nodiscard]] std::string describe(const op& what, const result* answer) const {
    return semaphore{}.describe(what, answer);
  }
  [[nodiscard]] std::string describe(const state& s) const { return s ? "held" : "free"; }
};

}  // namespace reprise::models
