// Bugs with memory inside a task, for the sanitizers to find: does the simulator keep anything from
// them?
//
//   planted_memory overrun|use_after_free|use_after_return|leak|none

#include <reprise/core.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>

using namespace std::chrono_literals;

namespace {

volatile int sink = 0;

[[gnu::noinline]] void write_at(char* where) { *where = 1; }

void overrun() {
  char block[32] = {};
  reprise::sleep_for(1s);
  write_at(block + 32 + (sink & 1));  // one past the end, behind a switch
}

void use_after_free() {
  int* const p = new int(1);
  reprise::sleep_for(1s);
  delete p;
  reprise::sleep_for(1s);
  sink = *static_cast<volatile int*>(p);
}

[[gnu::noinline]] int* escape() {
  int local = 1;
  int* volatile p = &local;
  reprise::sleep_for(1s);
  return p;
}

void use_after_return() {
  int* const p = escape();
  reprise::sleep_for(1s);
  sink = *static_cast<volatile int*>(p);
}

void leak() {
  int* volatile p = new int[64];
  static_cast<void>(p);
  reprise::sleep_for(1s);
  p = nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  void (*bug)() = nullptr;
  if (what == "overrun") bug = overrun;
  if (what == "use_after_free") bug = use_after_free;
  if (what == "use_after_return") bug = use_after_return;
  if (what == "leak") bug = leak;
  if (!bug && what != "none") {
    std::fputs("usage: planted_memory overrun|use_after_free|use_after_return|leak|none\n", stderr);
    return 2;
  }
  const reprise::report r = reprise::run(0, [bug] {
    auto other = reprise::spawn([] { reprise::sleep_for(10s); });
    auto t = reprise::spawn([bug] {
      if (bug) bug();
    });
    t.get();
    for (int i : reprise::generator<int>([](auto give) { give(1); })) sink = i;
    other.get();
  });
  std::puts(r.what.c_str());
  return r ? 0 : 1;
}
