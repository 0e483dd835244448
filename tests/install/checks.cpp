// A test that checks a history: it links what <reprise/properties.hpp> needs.
#include <reprise/properties.hpp>

#include <cstdio>

int main() {
  reprise::history<reprise::models::reg<int>> history;
  history.respond(history.invoke(1, reprise::models::write(1)));
  history.respond(history.invoke(2, reprise::models::read()), 0);
  const bool found = reprise::linearizable(history) == reprise::linearizability::no;
  std::puts(found ? "ok" : "failed");
  return found ? 0 : 1;
}
