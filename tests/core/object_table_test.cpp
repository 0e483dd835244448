// The tables of the detectors and policies against the naive thing: a map.

#include "object_table.hpp"
#include "per_task.hpp"

#include "support/rapidcheck.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

using namespace reprise::detail;

namespace {

struct sum {
  int value = 0;
  void clear() noexcept { value = 0; }
};

}  // namespace

TEST_CASE("an object's state is found again, and gone after the run") {
  rc::prop("additions to few and to many objects, in several runs", [] {
    object_table<sum> table;
    for (int round = 0; round < 3; ++round) {
      std::map<std::uint64_t, int> naive;
      const auto objects = *rc::gen::oneOf(
          rc::gen::container<std::vector<std::uint64_t>>(rc::gen::inRange<std::uint64_t>(0, 5)),
          rc::gen::container<std::vector<std::uint64_t>>(rc::gen::inRange<std::uint64_t>(0, 300)),
          rc::gen::container<std::vector<std::uint64_t>>(rc::gen::arbitrary<std::uint64_t>()));
      for (const std::uint64_t object : objects) {
        table[object].value += 1;
        naive[object] += 1;
        RC_ASSERT(table[object].value == naive[object]);
      }
      for (const auto& [object, times] : naive) RC_ASSERT(table[object].value == times);
      table.clear();
    }
  });
}

TEST_CASE("a task's state is found again, and gone after the run") {
  rc::prop("additions to tasks in any order, in several runs", [] {
    per_task<sum> cleared;
    per_task<int> assigned;
    for (int round = 0; round < 3; ++round) {
      std::map<std::uint32_t, int> naive;
      const auto tasks =
          *rc::gen::container<std::vector<std::uint32_t>>(rc::gen::inRange<std::uint32_t>(0, 200));
      for (const std::uint32_t task : tasks) {
        cleared[task].value += 1;
        assigned[task] += 1;
        naive[task] += 1;
      }
      const std::size_t size = naive.empty() ? 0 : naive.rbegin()->first + std::size_t{1};
      RC_ASSERT(cleared.size() == size);
      for (std::uint32_t task = 0; task < size; ++task) {
        const auto found = naive.find(task);
        const int times = found == naive.end() ? 0 : found->second;
        RC_ASSERT(cleared.find(task)->value == times);
        RC_ASSERT(assigned[task] == times);
      }
      RC_ASSERT(cleared.find(static_cast<std::uint32_t>(size)) == nullptr);
      cleared.clear();
      assigned.clear();
    }
  });
}
