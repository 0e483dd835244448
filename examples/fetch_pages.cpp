// Three pages over the network at once. The network is a small model in memory (page_network.hpp).

#include "page_network.hpp"
#include "traced.hpp"

#include <reprise/reprise.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

using gallery::network;
using gallery::page;

namespace {

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
  const network net = gallery::draw_network(gallery::page_urls);
  std::vector<std::function<std::string()>> tasks;
  for (const auto& url : gallery::page_urls)
    tasks.emplace_back([&] { return fetch_url(net, url); });
  const std::vector<std::string> pages = reprise::gather(tasks);
  for (std::size_t i = 0; i < pages.size(); ++i) {
    reprise::log("Content from {}: {} bytes", gallery::page_urls[i], pages[i].size());
  }
  reprise::note("done", "fn", "main");
}
