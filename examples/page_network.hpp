#pragma once

#include "traced.hpp"

#include <reprise/reprise.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

// A small model of a network: per page a time to connect, a time to the first byte, and chunks that
// arrive one by one. All of it is drawn before anything runs, so the pages are the same under every
// schedule.

namespace gallery {

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

inline page draw_page() {
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

inline reprise::trace_value::list chunks_of(const page& p) {
  reprise::trace_value::list list;
  for (const auto& [bytes, delay] : p.chunks)
    list.emplace_back(reprise::trace_value::list{bytes, delay});
  return list;
}

/// Draws the pages, and says in the trace what was drawn.
inline network draw_network(const std::vector<std::string>& urls) {
  network net;
  for (const auto& url : urls) net.emplace(url, draw_page());
  reprise::note("start", "fn", "main");
  for (const auto& url : urls) {
    const page& p = net.at(url);
    reprise::note("model", "url", url, "connect", p.connect, "head", p.head, "chunks",
                  chunks_of(p));
  }
  return net;
}

inline const std::vector<std::string> page_urls{"https://example.com", "https://example.org",
                                                "https://example.net"};

}  // namespace gallery
