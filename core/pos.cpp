#include "policies.hpp"

namespace reprise {

namespace detail {

void event_priorities::ran(std::uint32_t task, const operation& op) {
  if (task != 0)
    table_.of_task(task).priority = 0;  // what it does next is another event
  else
    table_.forget_callback(op.object);
  if (op.object == 0) return;
  // Beyond, the oldest is forgotten: nobody has chosen for so long that hardly anyone waits.
  if (ran_.size() == most_remembered) ran_.erase(ran_.begin());
  ran_.push_back({task, op});
}

void event_priorities::update(const candidate_list& candidates) {
  ++choices_;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const candidate c = candidates[i];
    drawn& d = table_.of(c);
    if (choices_ - d.at > oldest) d.priority = 0;
    if (c.next.object == 0) continue;
    for (const step& s : ran_)
      if (s.task != c.task && conflict(s.op, c.next)) d.priority = 0;
  }
  ran_.clear();
}

std::uint64_t event_priorities::of(const candidate& c) {
  drawn& d = table_.of(c);
  while (d.priority == 0) d = {stream_(), choices_};
  return d.priority;
}

namespace {

class pos_policy final : public scheduling_policy {
public:
  void begin(const stream& s, const strategy&) override { priorities_.begin(s); }
  std::size_t pick(const candidate_list& candidates) override {
    priorities_.update(candidates);
    std::size_t best = 0;
    std::uint64_t most = 0;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const std::uint64_t priority = priorities_.of(candidates[i]);
      if (priority <= most) continue;
      most = priority;
      best = i;
    }
    return best;
  }
  void ran(std::uint32_t task, const operation& op) noexcept override { priorities_.ran(task, op); }

private:
  event_priorities priorities_;
};

}  // namespace

constinit const strategy_kind pos_kind{
    .id = 5,
    .name = "pos",
    .about = "a random priority for each operation, drawn anew after a conflict",
    .parameters = 0,
    .make = []() -> std::unique_ptr<scheduling_policy> { return std::make_unique<pos_policy>(); },
    .follows = true};

}  // namespace detail

strategy pos() noexcept { return strategy(detail::pos_kind); }

}  // namespace reprise
