#include <reprise/properties/history.hpp>

#include <reprise/core/task.hpp>

#include <fmt/format.h>

namespace reprise::detail {

namespace {
/// Where in time we are, if a task is: in a callback, or outside a run, calls have an order alone.
bool stamp(duration& at) {
  if (!current_task()) return false;
  at = virtual_clock::now().time_since_epoch();
  return true;
}
}  // namespace

std::string call_log::process_name(process_id process) const {
  const auto at = names_.find(process);
  return at == names_.end() ? fmt::format("{}", process) : at->second;
}

std::uint32_t call_log::open(process_id process) {
  call_times& call = times_.emplace_back();
  call.process = process;
  call.invoked = events_++;
  call.in_run = stamp(call.invoked_at);
  return static_cast<std::uint32_t>(times_.size() - 1);
}

void call_log::close(call_id call) {
  const auto number = static_cast<std::size_t>(call);
  if (number >= times_.size())
    throw bad_history(fmt::format(
        "history::respond: there is no call {}, the history has {}. Pass what its invoke returned.",
        number, times_.size()));
  call_times& times = times_[number];
  if (times.responded != never)
    throw bad_history(fmt::format(
        "history::respond: call {} has responded already. Each call responds once.", number));
  times.responded = events_++;
  times.in_run = stamp(times.responded_at) && times.in_run;
}

process_id call_log::this_task(const char* what) {
  const any_task task = current_task();
  if (!task) throw no_simulation(what);
  names_.try_emplace(task.id(), task.name());
  return task.id();
}

}  // namespace reprise::detail
