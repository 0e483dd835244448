// Programs that are no function of their seed, each for one reason, and a twin of each that is one.

#include <reprise/reprise.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

using namespace std::chrono_literals;

namespace {

struct order {
  int number;
  char payload[40] = {};
};

std::vector<std::unique_ptr<order>> some_orders() {
  std::vector<std::unique_ptr<order>> all;
  for (int i = 0; i < 20; ++i) all.push_back(std::make_unique<order>(order{i}));
  return all;
}

}  // namespace

// Its name makes it the first.
REPRISE_SCENARIO("at_a_standstill", "never ends where it is made again, and says so in a file") {
  const char* const file = std::getenv("REPRISE_TEST_STANDSTILL");
  if (!file || !std::getenv("REPRISE_FILLER")) return;
  std::ofstream(file) << "here";
  for (volatile bool on = true; on;) {
  }
}

REPRISE_SCENARIO("pointer_keyed_map", "goes through a map in the order of addresses") {
  const auto orders = some_orders();
  std::map<const order*, int> paid;
  for (const auto& o : orders) paid[o.get()] = o->number;
  for (const auto& [key, number] : paid) reprise::log("paid order {}", number);  // place: map
}

REPRISE_SCENARIO("pointer_keyed_map_twin", "goes through it in the order of numbers") {
  const auto orders = some_orders();
  std::map<int, const order*> paid;
  for (const auto& o : orders) paid[o->number] = o.get();
  for (const auto& [number, at] : paid) reprise::log("paid order {}", number);
}

REPRISE_SCENARIO("unordered_pointers", "goes through a set in the order of hashed addresses") {
  const auto orders = some_orders();
  std::unordered_set<const order*> open;
  for (const auto& o : orders) open.insert(o.get());
  for (const order* o : open) reprise::log("open order {}", o->number);  // place: set
}

REPRISE_SCENARIO("heap_read", "reads what malloc gave") {
  auto* const fresh = static_cast<volatile unsigned char*>(std::malloc(300));
  const int value = fresh[200];
  std::free(const_cast<unsigned char*>(fresh));
  reprise::log("quantity {}", value);  // place: heap
}

REPRISE_SCENARIO("heap_read_twin", "writes it first") {
  auto* const fresh = static_cast<volatile unsigned char*>(std::calloc(300, 1));
  const int value = fresh[200];
  std::free(const_cast<unsigned char*>(fresh));
  reprise::log("quantity {}", value);
}

namespace {

[[gnu::noinline]] int sum_of_nothing() {
  unsigned char room[30'000];
  // Written, for all that the compiler knows; some make a constant of what is not.
  asm volatile("" : "=m"(room));
  return room[10'000];
}

}  // namespace

REPRISE_SCENARIO("stack_read", "reads a local variable that was never written") {
  reprise::spawn([] {
    reprise::sleep_for(1ms);
    const int value = sum_of_nothing();
    reprise::log("sum {}", value);  // place: stack
  }).join();
}

REPRISE_SCENARIO("real_clock", "measures real time") {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();  // place: clock
  reprise::log("took {} ns", now.count());
}

REPRISE_SCENARIO("unused_clock", "measures real time, and nothing comes of it") {
  static_cast<void>(std::chrono::system_clock::now());  // place: unused
  reprise::log("done");
}

REPRISE_SCENARIO("real_clock_twin", "measures real time, allowed to") {
  const reprise::allow_real for_measuring;
  const auto start = std::chrono::steady_clock::now();
  static_cast<void>(start);
  reprise::log("done");
}

REPRISE_SCENARIO("real_entropy", "draws from the system") {
  std::random_device entropy;
  const unsigned drawn = entropy();  // place: entropy
  reprise::log("drawn {}", drawn);
}

REPRISE_SCENARIO("stray_thread", "starts a thread") {
  std::thread([] {}).join();  // place: thread
  reprise::log("done");
}

REPRISE_SCENARIO("environment", "asks who the user is") {
  const char* user = std::getenv("USER");  // place: environment
  reprise::log("hello, {}", user ? user : "nobody");
}

REPRISE_SCENARIO("order_of_tasks", "wakes tasks in the order of addresses") {
  const auto orders = some_orders();
  std::map<const order*, int> waiting;
  for (const auto& o : orders) waiting[o.get()] = o->number;
  reprise::queue<int> due;
  auto reader = reprise::spawn([&] {
    while (const auto n = due.get())             // place: get
      if (*n % 7 == 0) reprise::sleep_for(1ms);  // place: nap
  });
  for (const auto& [key, number] : waiting) {
    due.put(number);
    reprise::yield();
  }
  due.close();
  reader.join();
}
