// Three pages at once. A constructor can't await, so what `async with` enters is a function that
// returns a co_task; what it leaves is still a destructor.

#include "../page_network.hpp"
#include "../traced.hpp"

#include <reprise/reprise.hpp>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

using gallery::network;
using gallery::page;
using reprise::co_task;
namespace co = reprise::co;

namespace {

class response {
public:
  static co_task<response> open(const network& net, std::string url) {
    const page& page = net.at(url);
    co_await co::sleep_for(gallery::seconds(page.connect));
    reprise::note("connected", "url", url);
    co_await co::sleep_for(gallery::seconds(page.head));
    reprise::note("response", "url", url, "status", 200);
    co_return response(page, std::move(url));
  }
  response(response&& other) noexcept
      : url_(std::move(other.url_)), page_(std::exchange(other.page_, nullptr)) {}
  response& operator=(response&&) = delete;
  ~response() {
    if (page_) reprise::note("release", "url", url_);
  }

  [[nodiscard]] co_task<std::string> text() const {
    std::size_t size = 0;
    for (const auto& [bytes, delay] : page_->chunks) {
      co_await co::sleep_for(gallery::seconds(delay));
      size += static_cast<std::size_t>(bytes);
      reprise::note("chunk", "url", url_, "bytes", bytes);
    }
    co_return std::string(size, 'x');
  }

private:
  response(const page& page, std::string url) : url_(std::move(url)), page_(&page) {}
  std::string url_;
  const page* page_;  // of the network, which outlives every response; null once moved from
};

class client_session {
public:
  explicit client_session(const network& net) : net_(net) {}
  client_session(const client_session&) = delete;
  client_session& operator=(const client_session&) = delete;
  ~client_session() { reprise::note("session_close"); }

  [[nodiscard]] co_task<response> get(const std::string& url) const {
    return response::open(net_, url);
  }

private:
  const network& net_;
};

constexpr gallery::traced fetch_url("fetch_url",
                                    [](const network* net,
                                       std::string url) -> co_task<std::string> {
                                      const client_session session(*net);
                                      const response response = co_await session.get(url);
                                      co_return co_await response.text();
                                    });

}  // namespace

REPRISE_CO_SCENARIO("fetch_pages_gather_async", "three pages at once; with co_await") {
  const network net = gallery::draw_network(gallery::page_urls);
  std::vector<co_task<std::string>> tasks;
  for (const auto& url : gallery::page_urls) tasks.push_back(fetch_url(&net, url));
  const std::vector<std::string> pages = co_await co::gather(std::move(tasks));
  for (std::size_t i = 0; i < pages.size(); ++i) {
    reprise::log("Content from {}: {} bytes", gallery::page_urls[i], pages[i].size());
  }
  reprise::note("done", "fn", "main");
}
