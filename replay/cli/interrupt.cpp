#include "interrupt.hpp"

#include <csignal>

#include <array>
#include <cstddef>

namespace reprise::cli {

namespace {

constexpr std::array<int, 3> signals{SIGINT, SIGTERM, SIGHUP};
volatile std::sig_atomic_t asked_by = 0;
std::array<struct sigaction, signals.size()> previous;

}  // namespace

interrupt_guard::interrupt_guard() {
  asked_by = 0;
  for (std::size_t i = 0; i < signals.size(); ++i) {
    struct sigaction action {};
    action.sa_handler = [](int number) { asked_by = number; };
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigemptyset(&action.sa_mask);
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
