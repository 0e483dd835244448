#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace reprise::detail {

class engine;
class watcher;
struct task_core;
struct waiter;

/// Tasks that wait, in the order in which they came. Its nodes live on the waiters' stacks;
/// destroying the queue detaches them.
class wait_queue {
public:
  wait_queue() = default;
  wait_queue(const wait_queue&) = delete;
  ~wait_queue();
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  void push(waiter& w) noexcept;
  void remove(waiter& w) noexcept;
  [[nodiscard]] waiter* first() const noexcept { return first_; }

private:
  waiter* first_ = nullptr;
  waiter* last_ = nullptr;
};

/// What every synchronisation object is: numbered by creation in its task, and of one run.
class sync_object {
public:
  sync_object(const sync_object&) = delete;
  sync_object& operator=(const sync_object&) = delete;
  /// The name given, or "mutex 2 of Task-1".
  [[nodiscard]] std::string description() const {
    return description(type_, name_ ? *name_ : std::string(), object_);
  }
  [[nodiscard]] static std::string description(const char* type, const std::string& name,
                                               std::uint64_t object);
  [[nodiscard]] std::uint64_t object() const noexcept { return object_; }

protected:
  /// Without a name; that of a static may be constant.
  constexpr explicit sync_object(const char* type) noexcept : type_(type) {
    if (!std::is_constant_evaluated()) bind_to_running();
  }
  sync_object(const char* type, std::string_view name);
  ~sync_object();
  /// The run that the caller is in. Throws: `no_simulation`, `stale_handle` when the object is of
  /// another run.
  engine& enter(const char* call) const;
  /// The same for calls that never throw: null where `enter` would throw, and inside a run that
  /// fails.
  engine* try_enter() const noexcept;
  /// Ends the run when the detectors are on: what holds the object is not the caller.
  void check_holder(std::uint32_t holder) const noexcept;
  /// The same for the `count` readers that hold it, when they are known and the caller is none of
  /// them.
  void check_reader(std::uint32_t count) const noexcept;
  /// By `holder`, or by so many readers.
  void destroyed_while_held(std::uint32_t holder, std::uint32_t readers = 0) const noexcept;

private:
  void unlocked_beside(const std::string& holders) const noexcept;
  friend void left_to(const sync_object& object) noexcept;
  friend void saw(const sync_object& object) noexcept;
  void bind_to_running() const noexcept;
  friend class watcher;
  bool bind(engine& e) const noexcept;
  engine& enter_first(const char* call) const;
  engine* try_enter_first() const noexcept;

  const char* type_;
  std::optional<std::string> name_;  // a string is no constant for every compiler
  mutable std::uint64_t run_ = 0;    // the serial number of its run; 0 until it is used in one
  mutable std::uint64_t object_ = 0;
};

/// The caller has seen what was done to the object: what was done before happened before. For calls
/// that announce nothing; costs nothing but a look while no detector is on.
void saw(std::uint64_t object) noexcept;
void saw(const sync_object& object) noexcept;
/// Whoever sees what is done to the object comes after what the caller did until here. One that was
/// made outside the run gets its number first.
void left_to(const sync_object& object) noexcept;

}  // namespace reprise::detail
