#include <reprise/core/latch.hpp>

#include <reprise/core/errors.hpp>

#include <fmt/format.h>

#include <stdexcept>

namespace reprise {

latch::latch(std::int64_t count, std::string_view name) : count_(count), zero_(name) {
  if (count < 0)
    throw std::invalid_argument(fmt::format("latch: count is {}; it must be 0 or more", count));
  if (count == 0) zero_.set();
}

void latch::count_down(std::int64_t n) {
  if (n < 0 || n > count_) throw error(fmt::format("latch::count_down: {} from {}", n, count_));
  count_ -= n;
  detail::left_to(zero_.object());
  if (count_ == 0) zero_.set();
}

}  // namespace reprise
