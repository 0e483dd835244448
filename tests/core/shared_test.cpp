#include <reprise/core/shared.hpp>

#include "support/run.hpp"

#include <string>
#include <vector>

using namespace reprise;
using namespace support;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("a shared variable is read, written and updated like the variable it stands for") {
  passes([] {
    shared<int> n{3};
    CHECK(n.read() == 3);
    n.write(4);
    n = n + 1;
    CHECK(n == 5);
    n += 2;
    n -= 1;
    CHECK(++n == 7);
    CHECK(n++ == 7);
    CHECK(n-- == 8);
    CHECK(--n == 6);
    CHECK(n.update([](int x) { return x * 2; }) == 12);
    CHECK(n.update([](int& x) { x -= 2; }) == 10);

    shared<std::vector<int>> list;
    list.update([](std::vector<int>& v) { v.push_back(1); });
    CHECK(list.read().size() == 1);
    shared<std::string> text{"a"};
    text += "b";
    CHECK(text.read() == "ab");
  });
}

TEST_CASE("an update is a read and a write, and others may come between") {
  const auto body = [] {
    shared<int> n{0};
    const auto add = [&] { ++n; };
    gather(add, add);
    expect(n.read() == 2, "n is {}", n.read());
  };
  bool lost = false;
  for (std::uint64_t seed = 0; seed < 50 && !lost; ++seed) {
    const report r = run({.seed = seed, .schedule = random_walk()}, body);
    lost = r.result == verdict::failed;
  }
  CHECK(lost);
  check_passed(run(0, body));
}

TEST_CASE("accesses are announced as reads and writes of their object") {
  const report r = run({.record = true}, [] {
    shared<int> a{0}, b{0};
    b.write(a.read());
  });
  std::string seen;
  for (const auto& e : r.events)
    if (e.name.starts_with("shared"))
      seen += e.name + " " + std::get<std::string>(e.fields.at(0).value.get()) + " ";
  CHECK(seen == "shared_read 1.1 shared_write 1.2 ");
  const operation read{operation_kind::shared_read, 1}, write{operation_kind::shared_write, 1};
  CHECK_FALSE(conflict(read, read));
  CHECK(conflict(read, write));
  CHECK(conflict(write, write));
}

TEST_CASE("outside a run a shared variable is made and destroyed, and nothing else") {
  shared<int> n{1};
  CHECK_THAT(text_of<no_simulation>([&] { n.write(2); }), ContainsSubstring("shared::write"));
  passes([&] { n.write(2); });
  CHECK(run(0, [&] { n.write(3); }).exception == "reprise::stale_handle");
}
