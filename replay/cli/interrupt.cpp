#include "interrupt.hpp"

#include <csignal>
#include <ctime>

#include <array>
#include <cstddef>
#include <cstdint>

namespace reprise::cli {

namespace {

constexpr std::array<int, 3> signals{SIGINT, SIGTERM, SIGHUP};
volatile std::sig_atomic_t asked_by = 0;
volatile std::int64_t asked_at = 0;  // written and read in the handler alone
std::array<struct sigaction, signals.size()> previous;

// The second one ends the process. timeout(1) sends two, one of them to the whole group: who sends
// the same within a moment asks once.
void hear(int number) {
  constexpr std::int64_t moment = 200'000'000;
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  const std::int64_t now = std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
  if (asked_by == 0) {
    asked_by = number;
    asked_at = now;
  } else if (now - asked_at > moment) {
    static_cast<void>(std::signal(number, SIG_DFL));
    static_cast<void>(std::raise(number));
  }
}

}  // namespace

interrupt_guard::interrupt_guard() {
  asked_by = 0;
  for (std::size_t i = 0; i < signals.size(); ++i) {
    struct sigaction action {};
    action.sa_handler = hear;
    sigemptyset(&action.sa_mask);
    for (const int other : signals) sigaddset(&action.sa_mask, other);
    ::sigaction(signals.at(i), nullptr, &previous.at(i));
    // One that is ignored, as nohup has it, stays so.
    if (previous.at(i).sa_handler != SIG_IGN) ::sigaction(signals.at(i), &action, nullptr);
  }
}

interrupt_guard::~interrupt_guard() {
  for (std::size_t i = 0; i < signals.size(); ++i)
    ::sigaction(signals.at(i), &previous.at(i), nullptr);
}

int interrupt_guard::asked() noexcept { return asked_by; }

}  // namespace reprise::cli
