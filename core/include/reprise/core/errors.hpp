#pragma once

#include <exception>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace reprise {

/// The caller asked for something that can't be: the base of every usage error below.
class error : public std::logic_error {
public:
  using std::logic_error::logic_error;
};

/// A simulation primitive was called outside a run. The text names the call.
class no_simulation : public error {
public:
  explicit no_simulation(const char* call);
};

/// A call that waits was made where nothing can wait: in a callback, or in an offloaded job.
class cannot_wait : public error {
public:
  using error::error;
};

/// A handle or a synchronisation object was used after its run had ended, or in another run.
class stale_handle : public error {
public:
  using error::error;
};

/// Thrown into a task where it waits, when the task was cancelled.
///
/// Not a `std::exception`, so that `catch (const std::exception&)` can't swallow it. Catch it to
/// clean up, and rethrow it.
class cancelled {
public:
  cancelled() = default;
  explicit cancelled(std::string message) : message_(std::move(message)) {}
  /// What was given to `cancel(message)`; empty when nothing was.
  [[nodiscard]] const std::string& message() const noexcept { return message_; }

private:
  std::string message_;
};

/// A time-out passed before what it guarded was done.
class timed_out : public std::runtime_error {
public:
  timed_out() : std::runtime_error("timed out") {}
  using std::runtime_error::runtime_error;
};

/// `put` on a queue that was closed.
class queue_closed : public std::runtime_error {
public:
  queue_closed() : std::runtime_error("the queue is closed") {}
};

/// A barrier was aborted or reset while a task waited at it, or had been aborted before.
class broken_barrier : public std::runtime_error {
public:
  broken_barrier() : std::runtime_error("the barrier is broken") {}
};

/// A promise or future was used in a state that does not allow it: set twice, read while pending.
class invalid_state : public error {
public:
  using error::error;
};

/// The failures of a task group: those of its children in time order, the body's own last.
class exception_group : public std::runtime_error {
public:
  explicit exception_group(std::vector<std::exception_ptr> exceptions);
  [[nodiscard]] const std::vector<std::exception_ptr>& exceptions() const noexcept {
    return exceptions_;
  }

private:
  std::vector<std::exception_ptr> exceptions_;
};

}  // namespace reprise
