// Histories and their verdicts. Built with pkg-config reprise-properties.
#include <reprise/properties.hpp>
#include <cstdio>
#include <cstdlib>
namespace rp = reprise;
#define check(c) ((c) ? void() : (std::printf("%s:%d: %s\n", __FILE__, __LINE__, #c), std::exit(1)))

int main() {
  rp::history<rp::models::reg<int>> h;
  auto w = h.invoke(1, rp::models::write(1)); auto r1 = h.invoke(2, rp::models::read()); h.respond(r1, 0); h.respond(w, {});
  auto r2 = h.invoke(2, rp::models::read()); h.respond(r2, 0);
  check(rp::linearizable(h) == rp::linearizability::no);                          // the write had returned

  rp::history<rp::models::cas_reg<int>> c;
  auto w1 = c.invoke(1, rp::models::write(1)); auto s1 = c.invoke(2, rp::models::cas(1, 2)); c.respond(w1, {}); c.respond(s1, true);
  auto lost = c.invoke(3, rp::models::write(7));                                  // no response: it may have happened or not
  auto r3 = c.invoke(1, rp::models::read()); c.respond(r3, 2); auto r4 = c.invoke(1, rp::models::read()); c.respond(r4, 7);
  check(rp::linearizable(c) == rp::linearizability::yes); static_cast<void>(lost);
  auto s2 = c.invoke(2, rp::models::cas(5, 6)); c.respond(s2, true);
  check(rp::linearizable(c) == rp::linearizability::no);

  rp::history<rp::models::kv> s;
  auto p = s.invoke(1, rp::models::put("k", "a")); s.respond(p, {}); auto a = s.invoke(2, rp::models::append("k", "b")); s.respond(a, {});
  auto g = s.invoke(1, rp::models::get("k")); s.respond(g, "ab"); auto m = s.invoke(1, rp::models::get("none")); s.respond(m, "");
  check(rp::linearizable(s) == rp::linearizability::yes);
  check(rp::linearizable(s, {.partition = false}) == rp::linearizability::yes);
  std::puts("ok");
}
