#pragma once

#include <reprise/core/claims.hpp>
#include <reprise/core/gather.hpp>
#include <reprise/properties/history.hpp>
#include <reprise/properties/linearizable.hpp>
#include <reprise/properties/model.hpp>
#include <reprise/properties/property.hpp>

#include <fmt/format.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <ostream>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

// Stateful tests: random commands to a system, checked against a model of it (model.hpp), one after
// the other or by several tasks at once.
//
// Source: Claessen, Palka, Smallbone, Hughes, Svensson, Arts and Wiger, "Finding race conditions in
// Erlang with QuickCheck and PULSE", ICFP 2009: generate commands, run them in parallel under a
// random schedule, check that some order explains the answers, shrink.

namespace reprise {

/// A model that allows some commands in some states only: others are left out. One after the other
/// only, since nobody knows the state while several tasks are at it.
template <class M>
concept guarded_model =
    model<M> && requires(const M m, const typename M::state s, const typename M::op what) {
      { m.allows(s, what) } -> std::convertible_to<bool>;
    };

/// How commands are tried in parallel.
struct parallel_options {
  std::size_t tasks = 2;
  std::size_t longest = 5;  // commands of a task; as many at most go before, one after the other
  property_options search = {.runs_per_case = 10};
  check_options check = {};
};

namespace detail {

/// Commands of a model, which says what they are called.
template <model M>
struct command_list {
  M object;
  std::vector<typename M::op> commands;

  [[nodiscard]] std::string text() const {
    std::string all;
    for (const auto& what : commands)
      all += (all.empty() ? "" : "; ") + describe_call(object, what, nullptr);
    return all.empty() ? "nothing" : all;
  }
  friend void showValue(const command_list& list, std::ostream& to) { to << list.text(); }
};

/// What goes before, and what each task does then.
template <model M>
struct parallel_commands {
  command_list<M> first;
  std::vector<command_list<M>> tasks;

  friend void showValue(const parallel_commands& all, std::ostream& to) {
    if (!all.first.commands.empty()) to << "first " << all.first.text() << ", ";
    to << "then at once";
    for (const auto& task : all.tasks)
      if (!task.commands.empty()) to << "\n  " << task.text();
  }
};

/// Up to `longest` commands; as many as the size says.
template <model M>
rc::Gen<command_list<M>> lists_of(const M& object, const rc::Gen<typename M::op>& commands,
                                  std::size_t longest) {
  using ops = std::vector<typename M::op>;
  const auto lists = rc::gen::withSize([commands, longest](int size) {
    const int most = std::min(size, static_cast<int>(longest));
    return rc::gen::resize(most, rc::gen::container<ops>(rc::gen::resize(size, commands)));
  });
  return rc::gen::map(lists, [object](ops list) {
    return command_list<M>{object, std::move(list)};
  });
}

template <model M, class System>
typename M::result answer_of(System& system, const typename M::op& what) {
  if constexpr (std::is_void_v<std::invoke_result_t<System&, const typename M::op&>>) {
    std::invoke(system, what);
    return {};
  } else {
    return std::invoke(system, what);
  }
}

}  // namespace detail

/// Tries random commands, one after the other, to a new system each time: `make()` makes it in the
/// run, and `system(command)` does one and answers. An answer that the model does not allow fails
/// the run. A failure's commands are made few and simple.
///
/// Throws: as `property`.
template <model M, std::invocable Make>
property_result stateful_property(std::string_view name, const M& object,
                                  const rc::Gen<typename M::op>& commands, Make make,
                                  const property_options& options = {},
                                  std::source_location place = std::source_location::current()) {
  constexpr std::size_t longest = 100;
  const auto lists = detail::lists_of(object, commands, longest).as("commands");
  return property(
      name,
      [&] {
        const detail::command_list<M> list = *lists;
        auto system = make();
        auto state = object.initial();
        std::size_t number = 0;
        for (const auto& what : list.commands) {
          ++number;
          if constexpr (guarded_model<M>)
            if (!object.allows(state, what)) continue;
          const auto before = state;
          const auto answer = detail::answer_of<M>(system, what);
          if (object.step(state, what, &answer)) continue;
          const std::string stood = detail::describe_state(object, before);
          detail::fail_run(
              fmt::format("command {} of {}: {}, which the model does not allow{}{}", number,
                          list.commands.size(), detail::describe_call(object, what, &answer),
                          stood.empty() ? "" : "; its state was ", stood),
              place);
        }
      },
      options, place);
}

/// Tries random commands by several tasks at once, after some that go before: the answers must be
/// such that some order of the commands explains them (`linearizable`). A failure's commands are
/// made few and simple, and its schedule too.
///
/// A command that waits for others may wait for ever, which is a deadlock: give it one that tries.
/// Throws: as `property`.
template <model M, std::invocable Make>
property_result parallel_property(std::string_view name, const M& object,
                                  const rc::Gen<typename M::op>& commands, Make make,
                                  const parallel_options& options = {},
                                  std::source_location place = std::source_location::current()) {
  using all_commands = detail::parallel_commands<M>;
  const auto list = detail::lists_of(object, commands, options.longest);
  const auto lists =
      rc::gen::map(
          rc::gen::pair(
              list, rc::gen::container<std::vector<detail::command_list<M>>>(options.tasks, list)),
          [](std::pair<detail::command_list<M>, std::vector<detail::command_list<M>>> drawn) {
            return all_commands{std::move(drawn.first), std::move(drawn.second)};
          })
          .as("commands");
  return property(
      name,
      [&] {
        const all_commands all = *lists;
        history<M> h(object);
        auto system = make();
        const auto do_all = [&](const detail::command_list<M>& of_one) {
          for (const auto& what : of_one.commands)
            h.call(what, [&] { return detail::answer_of<M>(system, what); });
        };
        do_all(all.first);
        std::vector<std::function<void()>> tasks;
        for (const auto& of_one : all.tasks) tasks.emplace_back([&] { do_all(of_one); });
        gather(tasks);
        expect_linearizable(h, options.check, place);
      },
      options.search, place);
}

}  // namespace reprise
