#pragma once

#include <reprise/core/stream.hpp>

#include <fmt/format.h>

#include <concepts>
#include <cstdint>
#include <functional>
#include <ranges>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace reprise {

/// What an object does when it does one operation at a time.
///
/// A model has the types `op`, `result` and `state`, and
///
///     state initial() const;
///     bool step(state& s, const op& what, const result* answer) const;
///
/// `step` says whether `what` may be done in `s` and give `*answer`; then it makes `s` what it is
/// afterwards. A null answer is one that nobody saw: any will do. When it returns false, `s` may be
/// left in any shape. State and answer together must say what the next state is.
///
/// Optional members:
///
///     bool reads_only(const op&, const result*) const;
///     K key(const op&) const;
///     std::string describe(const op&, const result*) const;
///     std::string describe(const state&) const;
///     std::uint64_t hash(const state&) const;
///     bool never_again(const state&, const op& read, const result&) const;
///     bool overwrites(const op& what, const op& read) const;
///
/// `reads_only` is true only of what never changes any state; its step must leave `s` as it was.
/// Checks are much faster with it. `key` promises that the object is many objects, one for each key
/// (< must order the keys), so that each can be checked alone. `hash` is for states that
/// `detail::hash_value` doesn't know. `never_again` may be true where no operations lead from the
/// state to one in which the read gives its answer, but for those that overwrite what it reads: the
/// search turns back there. What overwrites anything must say so of itself, too.
///
/// States are compared with ==. A model is a value: copied with its history, its members never
/// change.
template <class M>
concept model =
    std::copy_constructible<M> && std::copyable<typename M::op> &&
    std::copyable<typename M::result> && std::default_initializable<typename M::result> &&
    std::copyable<typename M::state> && std::equality_comparable<typename M::state> &&
    requires(const M m, typename M::state s, const typename M::op what,
             const typename M::result* answer) {
      { m.initial() } -> std::convertible_to<typename M::state>;
      { m.step(s, what, answer) } -> std::convertible_to<bool>;
    };

/// A model whose operations have keys.
template <class M>
concept keyed_model = model<M> && requires(const M m, const typename M::op what) {
  { m.key(what) < m.key(what) } -> std::convertible_to<bool>;
};

namespace detail {

template <class M>
struct key_of {
  using type = std::monostate;
};
template <keyed_model M>
struct key_of<M> {
  using type =
      std::decay_t<decltype(std::declval<const M&>().key(std::declval<const typename M::op&>()))>;
};
/// Of a model without keys: one that all operations share.
template <model M>
typename key_of<M>::type partition_key(const M& m, const typename M::op& what) {
  if constexpr (keyed_model<M>)
    return m.key(what);
  else
    return {};
}

template <class T>
concept tuple_like = requires { typename std::tuple_size<T>::type; };
template <class T>
concept optional_like = requires(const T& x) {
  { x.has_value() } -> std::same_as<bool>;
  *x;
};

inline std::uint64_t hash_pair(std::uint64_t a, std::uint64_t b) noexcept {
  return stream::mix(a + 0x9e3779b97f4a7c15u) ^ (b * 0xff51afd7ed558ccdu);
}

/// A hash of numbers, enumerations, text, optionals, pairs, tuples and ranges of them.
template <class T>
std::uint64_t hash_value(const T& x) {
  if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
    return stream::mix(static_cast<std::uint64_t>(x) + 1);
  } else if constexpr (std::convertible_to<const T&, std::string_view>) {
    return std::hash<std::string_view>{}(x);
  } else if constexpr (std::same_as<T, std::monostate>) {
    return 1;
  } else if constexpr (optional_like<T>) {
    return x.has_value() ? hash_pair(1, hash_value(*x)) : 0;
  } else if constexpr (std::ranges::input_range<T>) {
    std::uint64_t h = 0;
    for (const auto& e : x)
      h = hash_pair(h, hash_value(static_cast<std::ranges::range_value_t<T>>(e)));
    return h;
  } else if constexpr (tuple_like<T>) {
    return std::apply(
        [](const auto&... e) {
          std::uint64_t h = 0;
          ((h = hash_pair(h, hash_value(e))), ...);
          return h;
        },
        x);
  } else {
    return std::hash<T>{}(x);
  }
}

template <class M>
std::uint64_t hash_state(const M& m, const typename M::state& s) {
  if constexpr (requires {
                  { m.hash(s) } -> std::convertible_to<std::uint64_t>;
                })
    return m.hash(s);
  else
    return hash_value(s);
}

template <class M>
bool reads_only(const M& m, const typename M::op& what, const typename M::result* answer) {
  if constexpr (requires {
                  { m.reads_only(what, answer) } -> std::convertible_to<bool>;
                })
    return m.reads_only(what, answer);
  else
    return false;
}

template <class M>
concept foreseeing_model =
    model<M> && requires(const M m, const typename M::state s, const typename M::op what,
                         const typename M::result answer) {
      { m.never_again(s, what, answer) } -> std::convertible_to<bool>;
      { m.overwrites(what, what) } -> std::convertible_to<bool>;
    };

/// A value for a person: text in quotes, an absent one as "none", lists in brackets.
template <class T>
std::string shown(const T& x) {
  if constexpr (std::same_as<T, bool>) {
    return x ? "true" : "false";
  } else if constexpr (std::convertible_to<const T&, std::string_view>) {
    return fmt::format("\"{}\"", std::string_view(x));
  } else if constexpr (std::is_enum_v<T> && !fmt::is_formattable<T>::value) {
    return fmt::format("{}", static_cast<std::int64_t>(x));
  } else if constexpr (fmt::is_formattable<T>::value) {
    return fmt::format("{}", x);
  } else if constexpr (std::same_as<T, std::monostate>) {
    return "nothing";
  } else if constexpr (optional_like<T>) {
    return x.has_value() ? shown(*x) : "none";
  } else if constexpr (std::ranges::input_range<T>) {
    std::string all;
    for (const auto& e : x) {
      if (!all.empty()) all += ", ";
      all += shown(static_cast<std::ranges::range_value_t<T>>(e));
    }
    return '[' + all + ']';
  } else if constexpr (tuple_like<T>) {
    std::string all;
    std::apply([&](const auto&... e) { ((all += (all.empty() ? "" : ", ") + shown(e)), ...); }, x);
    return '(' + all + ')';
  } else {
    return "?";
  }
}

/// Empty when the model has no words for it.
template <class M>
std::string describe_state(const M& m, const typename M::state& s) {
  if constexpr (requires {
                  { m.describe(s) } -> std::convertible_to<std::string>;
                })
    return m.describe(s);
  else if (auto text = shown(s); text != "?")
    return text;
  return {};
}

template <class M>
std::string describe_call(const M& m, const typename M::op& what,
                          const typename M::result* answer) {
  if constexpr (requires {
                  { m.describe(what, answer) } -> std::convertible_to<std::string>;
                }) {
    return m.describe(what, answer);
  } else {
    const std::string text = shown(what);
    return answer ? text + " = " + shown(*answer) : text;
  }
}

}  // namespace detail
}  // namespace reprise
