#pragma once

#include <reprise/core/operation.hpp>
#include <reprise/core/wait_queue.hpp>

#include <atomic>
#include <string_view>

namespace reprise::detail {

/// Memory whose every access the search sees. What it holds is its heir's.
class watched : public sync_object {
protected:
  constexpr explicit watched(const char* type) noexcept : sync_object(type) {}
  watched(const char* type, std::string_view name) : sync_object(type, name) {}
  /// A scheduling point, and the access is the caller's next step. In a callback, a job and a
  /// coroutine the access is announced, and nothing goes before it.
  ///
  /// Its callers are inlined into the user's code, so that the return address is a place there.
  /// Throws: `no_simulation`, `stale_handle`.
  void access(operation_kind kind, const char* call, std::memory_order order) const;
  /// Says that the compare-exchange announced last has succeeded.
  void exchanged(std::memory_order order) const;
  /// Says that it has failed, and so was a read.
  void only_looked(std::memory_order order) const;

private:
  void watch(engine& e, operation_kind kind, std::memory_order order, void* place) const;
};

/// Watched memory that tasks wait for.
class watched_atomic : public watched {
protected:
  using watched::watched;
  /// Waits while `same(self, old)`. Throws: `cancelled`, `cannot_wait`.
  void wait_while(bool (*same)(const void* self, const void* old), const void* self,
                  const void* old, std::memory_order order) const;
  void notify(std::size_t count, const char* call) const;

private:
  void wake_waiters(engine& e, std::size_t count) const;

  mutable wait_queue waiters_;
};

/// Announces a fence.
void fence(std::memory_order order, const char* call);

}  // namespace reprise::detail
