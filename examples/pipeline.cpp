// One step after the other, each waiting for the one before: plain function calls.

#include "traced.hpp"

#include <reprise/reprise.hpp>

#include <string>
#include <string_view>

using namespace std::chrono_literals;

namespace {

constexpr gallery::traced fetch_data("fetch_data", [] {
  reprise::log("Fetching data...");
  reprise::sleep_for(1s);
  return std::string("data");
});

constexpr gallery::traced process_data("process_data", [](std::string_view data) {
  reprise::log("Processing {}...", data);
  reprise::sleep_for(1s);
  return std::string("processed data");
});

}  // namespace

// `data = await fetch_data()` is a call: it runs in the caller's task and returns when it is done.
REPRISE_SCENARIO("fetch_process_pipeline", "fetch, then process what was fetched") {
  reprise::note("start", "fn", "main");
  const std::string data = fetch_data();
  const std::string processed = process_data(data);
  reprise::log("Final result: {}", processed);
  reprise::note("done", "fn", "main");
}
