// Three pages over the network at once. The network is a small model in memory: per page a time to
// connect, a time to the first byte, and chunks that arrive one by one. All of it is drawn before
// anything runs, so the pages are the same under every schedule.

#include "traced.hpp"

#include <reprise/reprise.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

using reprise::trace_value;

namespace {

struct chunk {
  std::int64_t bytes;
  double delay;  // seconds since the one before
};

struct page {
  double connect;  // seconds
  double head;     // seconds from there to the first byte
  std::vector<chunk> chunks;
};

using network = std::map<std::string, page>;

page draw_page() {
  auto& random = reprise::rng();
  page result{};
  result.connect = random.uniform(0.01, 0.05);
  result.head = random.uniform(0.05, 0.3);
  const auto count = random.randint(1, 4);
  for (int i = 0; i < count; ++i) {
    const auto bytes = random.randrange(200, 2000);
    const double delay = random.expovariate(20);
    result.chunks.push_back({bytes, delay});
  }
  return result;
}

trace_value::list chunks_of(const page& p) {
  trace_value::list list;
  for (const auto& [bytes, delay] : p.chunks) list.emplace_back(trace_value::list{bytes, delay});
  return list;
}

// `async with session.get(url) as response:` is an object with a scope: its constructor may wait,
// as any function may, and its destructor is what __aexit__ is. A destructor should not wait.
class response {
public:
  response(const network& net, const std::string& url) : url_(url), page_(net.at(url)) {
    reprise::sleep_for(gallery::seconds(page_.connect));
    reprise::note("connected", "url", url_);
    reprise::sleep_for(gallery::seconds(page_.head));
    reprise::note("response", "url", url_, "status", 200);
  }
  response(const response&) = delete;
  response& operator=(const response&) = delete;
  ~response() { reprise::note("release", "url", url_); }

  [[nodiscard]] std::string text() const {
    std::size_t size = 0;
    for (const auto& [bytes, delay] : page_.chunks) {
      reprise::sleep_for(gallery::seconds(delay));
      size += static_cast<std::size_t>(bytes);
      reprise::note("chunk", "url", url_, "bytes", bytes);
    }
    return std::string(size, 'x');
  }

private:
  std::string url_;
  const page& page_;  // of the network, which outlives every response
};

class client_session {
public:
  explicit client_session(const network& net) : net_(net) {}
  client_session(const client_session&) = delete;
  client_session& operator=(const client_session&) = delete;
  ~client_session() { reprise::note("session_close"); }

  [[nodiscard]] response get(const std::string& url) const { return {net_, url}; }

private:
  const network& net_;
};

constexpr gallery::traced fetch_url("fetch_url", [](const network& net, const std::string& url) {
  const client_session session(net);
  const response response = session.get(url);
  return response.text();
});

}  // namespace

REPRISE_SCENARIO("fetch_pages_gather", "three pages over a modelled network at once") {
  const std::vector<std::string> urls{"https://example.com", "https://example.org",
                                      "https://example.net"};
  network net;
  for (const auto& url : urls) net.emplace(url, draw_page());

  reprise::note("start", "fn", "main");
  for (const auto& url : urls) {
    const page& p = net.at(url);
    reprise::note("model", "url", url, "connect", p.connect, "head", p.head, "chunks",
                  chunks_of(p));
  }
  std::vector<std::function<std::string()>> tasks;
  for (const auto& url : urls) tasks.emplace_back([&] { return fetch_url(net, url); });
  const std::vector<std::string> pages = reprise::gather(tasks);
  for (std::size_t i = 0; i < urls.size(); ++i) {
    reprise::log("Content from {}: {} bytes", urls[i], pages[i].size());
  }
  reprise::note("done", "fn", "main");
}
