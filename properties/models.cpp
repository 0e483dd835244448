#include <reprise/properties/models.hpp>

namespace reprise::models {

using detail::answered;
using detail::called;
using reprise::detail::shown;

bool kv::step(state& s, const op& what, const result* answer) const {
  if (const auto* g = std::get_if<get_op>(&what)) {
    if (answer == nullptr) return true;
    const auto at = s.find(g->key);
    return at == s.end() ? answer->empty() : *answer == at->second;
  }
  // A key that holds "" reads like one that is missing, so it is left out: equal states are equal.
  if (const auto* p = std::get_if<put_op>(&what)) {
    if (p->value.empty())
      s.erase(p->key);
    else
      s[p->key] = p->value;
  } else if (const auto& a = std::get<append_op>(what); !a.value.empty()) {
    s[a.key] += a.value;
  }
  return true;
}

const std::string& kv::key(const op& what) const {
  return std::visit([](const auto& o) -> const std::string& { return o.key; }, what);
}

/// Values only grow, so what was read later begins with what is there now.
bool kv::never_again(const state& s, const op& what, const result& answer) const {
  const auto at = s.find(key(what));
  return at != s.end() && !answer.starts_with(at->second);
}

std::string kv::describe(const op& what, const result* answer) const {
  if (const auto* p = std::get_if<put_op>(&what))
    return fmt::format("put({}, {})", shown(p->key), shown(p->value));
  if (const auto* a = std::get_if<append_op>(&what))
    return fmt::format("append({}, {})", shown(a->key), shown(a->value));
  return answered(called("get", key(what)), answer);
}

std::string kv::describe(const state& s) const {
  std::string all;
  for (const auto& [key, value] : s)
    all += fmt::format("{}{}: {}", all.empty() ? "" : ", ", shown(key), shown(value));
  return '{' + all + '}';
}

bool counter::step(state& s, const op& what, const result* answer) const {
  if (const auto* a = std::get_if<add_op<std::int64_t>>(&what)) {
    s += a->value;
    return true;
  }
  if (answer != nullptr && *answer != s) return false;
  if (const auto* f = std::get_if<fetch_add_op<std::int64_t>>(&what)) s += f->value;
  return true;
}

std::string counter::describe(const op& what, const result* answer) const {
  if (const auto* a = std::get_if<add_op<std::int64_t>>(&what)) return called("add", a->value);
  if (const auto* f = std::get_if<fetch_add_op<std::int64_t>>(&what))
    return answered(called("fetch_add", f->value), answer);
  return answered("read()", answer);
}

bool semaphore::step(state& s, const op& what, const result* answer) const {
  if (std::holds_alternative<release_op>(what)) {
    ++s;
    return true;
  }
  const bool free = s > 0;
  if (std::holds_alternative<acquire_op>(what)) {
    if (!free) return false;
  } else if (answer != nullptr && *answer != free) {
    return false;
  }
  if (free) --s;
  return true;
}

std::string semaphore::describe(const op& what, const result* answer) const {
  if (std::holds_alternative<try_acquire_op>(what)) return answered("try_acquire()", answer);
  return std::holds_alternative<acquire_op>(what) ? "acquire()" : "release()";
}

std::string semaphore::describe(const state& s) const { return fmt::format("{} free", s); }

bool lock::step(state& s, const op& what, const result* answer) const {
  if (std::holds_alternative<release_op>(what)) return std::exchange(s, false);
  if (std::holds_alternative<acquire_op>(what)) return !std::exchange(s, true);
  if (answer != nullptr && *answer == s) return false;
  s = true;
  return true;
}

}  // namespace reprise::models
