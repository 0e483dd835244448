// The smallest program: print, wait, print.
//
//   async def say_hello():
//       print("Hello")
//       await asyncio.sleep(1)
//       print("World")
//   asyncio.run(say_hello())
//
// The body of a scenario is the root task, as main() is for asyncio.run(). There is no `async` and
// no `await`: every task has a stack of its own, so an ordinary function may wait. The second that
// it waits is virtual and takes no real time.

#include <reprise/reprise.hpp>

using namespace std::chrono_literals;

REPRISE_SCENARIO("say_hello", "print, wait a second, print") {
  reprise::note("start", "fn", "say_hello");
  reprise::log("Hello");
  reprise::sleep_for(1s);
  reprise::log("World");
  reprise::note("done", "fn", "say_hello");
}
