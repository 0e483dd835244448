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

namespace {

class pos_policy final : public scheduling_policy {
public:
  void begin(const stream& s, const strategy&) override { priorities_.begin(s); }
  std::size_t pick(const candidate_list& candidates) override {
    return priorities_.highest(candidates, [](std::size_t) { return true; });
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
