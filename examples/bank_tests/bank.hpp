#pragma once

#include <reprise/reprise.hpp>

#include <mutex>
#include <vector>

/// A bank of some accounts with 100 each. With `careful` off, it looks into an account and takes
/// the money out of it in two steps, and another transfer comes in between.
class bank {
public:
  explicit bank(std::size_t accounts, bool careful = true)
      : balances_(accounts, 100), careful_(careful) {}

  bool transfer(std::size_t from, std::size_t to, int amount) {
    std::unique_lock lock(mutex_);
    if (balances_.at(from) < amount) return false;
    if (!careful_) {
      lock.unlock();  // the bug: what was seen need not be so any more
      lock.lock();
    }
    balances_.at(from) -= amount;
    balances_.at(to) += amount;
    return true;
  }
  [[nodiscard]] int balance(std::size_t account) {
    const std::scoped_lock lock(mutex_);
    return balances_.at(account);
  }

private:
  reprise::mutex mutex_;
  std::vector<int> balances_;
  bool careful_;
};
