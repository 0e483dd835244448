#include <reprise/core/shared.hpp>

#include "support/run.hpp"

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
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

namespace {
/// The accesses that `body` makes, in order: r or w.
std::string accesses(const std::function<void()>& body) {
  std::string all;
  const report r = run({.record = true}, body);
  check_passed(r);
  for (const auto& e : r.events)
    if (e.name == "shared_read" || e.name == "shared_write")
      all += e.name == "shared_read" ? 'r' : 'w';
  return all;
}
}  // namespace

TEST_CASE("every operator of the variable is a read, a write, or both") {
  CHECK(accesses([] {
          shared<int> n{6};
          n *= 5;
          n /= 2;
          n %= 8;
          n |= 8;
          n &= 12;
          n ^= 1;
          n <<= 2;
          n >>= 1;
          expect(n.read() == 26);
        }) == "rwrwrwrwrwrwrwrwr");
  CHECK(accesses([] {
          shared<int> a{1}, b{2};
          a = b;   // reads b, writes a
          a += b;  // reads b, then a, writes a
          expect(a == 4);
        }) == "rwrrwr");
  CHECK(accesses([] {
          shared<std::string> a{"x"}, b{"y"};
          expect(a == "x");
          expect("x" == a);
          expect(a != b);
          expect(a < b);
          expect(a + "y" == "xy");
          expect("y" + a == "yx");
          expect(a + b == "xy");
        }) == "rrrrrrrrrr");
  CHECK(accesses([] {
          struct point {
            int x, y;
          };
          shared<point> p{{1, 2}};
          shared<std::vector<int>> v{{1, 2, 3}};
          shared<std::shared_ptr<point>> pointer{std::make_shared<point>(point{3, 4})};
          expect(p->y == 2);
          expect(v[2u] == 3);
          expect(v->size() == 3);
          expect(pointer->x == 3);
          pointer->x = 5;  // a write of what it points to, not of the pointer
        }) == "rrrrr");
}

template <class S>
concept element_assigned = requires(S& s) { s[0u] = "x"; };
template <class S>
concept member_assigned = requires(S& s) { s->first = 1; };

TEST_CASE("a copy that was read is not taken for the variable and changed") {
  STATIC_REQUIRE_FALSE(element_assigned<shared<std::vector<std::string>>>);
  STATIC_REQUIRE_FALSE(member_assigned<shared<std::pair<int, int>>>);
  STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<shared<int>>);
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
