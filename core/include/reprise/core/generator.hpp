#pragma once

#include <reprise/core/future_core.hpp>

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace reprise {

namespace detail {
struct generator_state;
/// A body that runs on a stack of its own, inside whichever task asks for its next value.
class generator_core {
public:
  explicit generator_core(std::unique_ptr<box_base> body);
  generator_core(generator_core&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  generator_core& operator=(generator_core other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~generator_core();
  /// Runs the body to its next yield; false when it has ended. Throws what it throws.
  bool resume();

private:
  generator_state* state_ = nullptr;
};
/// Leaves the body that runs, until the next `resume`.
void generator_suspend();
}  // namespace detail

/// A sequence made on demand: `generator<int>([](auto yield) { yield(1); yield(2); })`, for a
/// range-for.
///
/// The body runs on its own stack in the task that iterates; a wait inside it makes that task wait.
/// Destroying a generator unwinds a body that has not ended. Input range, one pass. Cost: two
/// switches a value.
template <class T>
class generator {
public:
  /// What the body calls with each value.
  class yielder {
  public:
    void operator()(T value) const {
      slot_->emplace(std::move(value));
      detail::generator_suspend();
    }

  private:
    friend class generator;
    explicit yielder(std::optional<T>* slot) : slot_(slot) {}
    std::optional<T>* slot_;
  };

  template <class F>
    requires std::is_invocable_v<F&, yielder>
  explicit generator(F body)
      : slot_(std::make_unique<std::optional<T>>()),
        core_(make_body(
            [body = std::move(body), slot = slot_.get()]() mutable { body(yielder(slot)); })) {}

  class iterator {
  public:
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    explicit iterator(generator* g) : generator_(g) { ++*this; }
    T& operator*() const { return **generator_->slot_; }
    T* operator->() const { return &**generator_->slot_; }
    iterator& operator++() {
      generator_->slot_->reset();
      if (!generator_->core_.resume()) generator_ = nullptr;
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& i, std::default_sentinel_t) {
      return i.generator_ == nullptr;
    }

  private:
    generator* generator_;
  };
  iterator begin() { return iterator(this); }
  std::default_sentinel_t end() const { return {}; }

private:
  template <class F>
  static std::unique_ptr<detail::box_base> make_body(F&& f) {
    return std::make_unique<detail::closure<std::decay_t<F>, void>>(std::forward<F>(f));
  }
  std::unique_ptr<std::optional<T>>
      slot_;  // where the value is handed over; keeps its place when the generator moves
  detail::generator_core core_;
};

}  // namespace reprise
