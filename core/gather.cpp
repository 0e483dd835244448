#include <reprise/core/gather.hpp>

#include "engine.hpp"

#include <algorithm>
#include <memory>
#include <new>
#include <span>
#include <utility>
#include <vector>

namespace reprise::detail {

namespace {

/// One gather: a future that its caller waits for, and a node in each child. It lives until the
/// last node has run, since asyncio's gather looks at late siblings, too.
struct alignas(callback_node) gathering final : gather_core {
  /// Its `core` is the child, of which it holds a reference.
  struct node : callback_node {
    [[nodiscard]] gathering& of() const noexcept { return *static_cast<gathering*>(owner); }
  };

  /// With room behind it for so many nodes.
  static gathering& make(std::size_t most) {
    const std::size_t bytes = bytes_of(most);
    return *::new (bytes > largest_of_pool ? ::operator new(bytes) : pool_allocate(bytes))
        gathering(most);
  }

  std::span<node> nodes;  // one for each distinct child
  std::size_t room;       // for so many
  std::size_t ended = 0;
  std::size_t users = 1;  // nodes that will run, and the caller
  children whose{};
  failures how{};
  bool cancel_asked = false;
  std::exception_ptr first_failure;

  bool cancel_children(engine& e, std::string_view message) override {
    if (done()) return false;
    bool any = false;
    for (auto& n : nodes) any = e.cancel(*n.core, message) || any;
    cancel_asked = cancel_asked || any;
    return any;
  }

  static void child_ended(engine& e, callback_node& n) {
    gathering& self = static_cast<node&>(n).of();
    self.note_end(e, *n.core);
    self.drop_user();
  }
  static void forget(callback_node& n) { static_cast<node&>(n).of().drop_user(); }
  static constexpr callback_kind notes{child_ended, forget};

  node& add_node() {
    node* const n = ::new (static_cast<void*>(nodes.data() + nodes.size())) node;
    nodes = {nodes.data(), nodes.size() + 1};
    return *n;
  }

  ~gathering() {
    // The run's end destroys all of them, whoever holds them.
    if (!owner->sweeping()) {
      for (const node& n : nodes)
        if (--n.core->references == 0) release_last(n.core);
    }
    std::ranges::destroy(nodes);
  }

  /// What a gather that was cancelled throws: what its last child was told.
  static std::exception_ptr cancellation_of(const future_core& child) {
    if (child.state == future_state::cancelled && child.failure) return child.failure;
    if (child.kind == future_kind::task) {
      auto message = static_cast<const task_core&>(child).cancel_message();
      if (!message.empty()) return std::make_exception_ptr(cancelled(std::move(message)));
    }
    return std::make_exception_ptr(cancelled());
  }

  void note_end(engine& e, future_core& child) {
    ++ended;
    child.collected = true;
    if (e.watching()) e.watching()->pass_on(child.object(), number);
    if (done()) return;
    if (how == failures::thrown && child.state != future_state::value) {
      auto cause = child.failure ? child.failure : std::make_exception_ptr(cancelled());
      if (whose == children::given)
        return e.complete(*this, future_state::failed, std::move(cause));
      if (!first_failure) {
        first_failure = std::move(cause);
        if (!cancel_asked)
          for (auto& n : nodes) e.cancel(*n.core, {});
      }
    }
    if (ended < nodes.size()) return;
    if (first_failure) {
      e.complete(*this, future_state::failed, first_failure);
    } else if (cancel_asked) {
      e.complete(*this, future_state::failed, cancellation_of(child));
    } else {
      e.complete(*this, future_state::value);
    }
  }
  void drop_user() {
    if (--users > 0) return;
    const std::size_t bytes = bytes_of(room);
    this->~gathering();
    if (bytes > largest_of_pool)
      ::operator delete(this);
    else
      pool_free(this, bytes);
  }

private:
  // The pool aligns what is larger, and glibc keeps such blocks: a million children would leave
  // 32 MB.
  static constexpr std::size_t largest_of_pool = 4096;

  explicit gathering(std::size_t most)
      : nodes(reinterpret_cast<node*>(this + 1), std::size_t{0}), room(most) {}
  static std::size_t bytes_of(std::size_t most) noexcept {
    return sizeof(gathering) + most * sizeof(node);
  }
};

}  // namespace

std::exception_ptr failure_of(const core_ref& ref) {
  const future_core& core = *ref.raw();
  if (core.state == future_state::value) return nullptr;
  return core.failure ? core.failure : std::make_exception_ptr(cancelled());
}

namespace {

/// For each, whether it stands before it, too.
std::vector<bool> given_before(std::span<future_core* const> cores) {
  std::vector<std::pair<const future_core*, std::size_t>> sorted;
  sorted.reserve(cores.size());
  for (std::size_t i = 0; i < cores.size(); ++i) sorted.emplace_back(cores[i], i);
  std::ranges::sort(sorted);
  std::vector<bool> again(cores.size());
  for (std::size_t i = 1; i < sorted.size(); ++i)
    again[sorted[i].second] = sorted[i].first == sorted[i - 1].first;
  return again;
}

gathering& make_gathering(engine& e, std::span<future_core* const> cores, children whose,
                          failures how) {
  gathering* const g = &gathering::make(cores.size());
  g->kind = future_kind::gather;
  g->owner = &e;
  g->references = 1;
  g->number = e.new_object();
  g->whose = whose;
  g->how = how;
  // A task that is given twice counts once.
  std::vector<bool> again;
  if (whose == children::given) again = given_before(cores);
  for (std::size_t i = 0; i < cores.size(); ++i) {
    if (!again.empty() && again[i]) continue;
    auto& n = g->add_node();
    n.owner = g;
    n.core = cores[i];
    ++n.core->references;
    n.kind = &gathering::notes;
  }
  // asyncio runs the callbacks of children that are done already at once.
  for (auto& n : g->nodes) {
    ++g->users;
    if (!n.core->done()) e.list(*n.core, n);
  }
  for (auto& n : g->nodes) {
    if (n.listed()) continue;
    g->note_end(e, *n.core);
    g->drop_user();
  }
  return *g;
}

void leave(gathering& g) noexcept {
  // Children that go on are looked at when they end, though nobody waits: their failures count as
  // collected.
  if (!g.done()) g.state = future_state::cancelled;
  g.drop_user();
}

}  // namespace

void gather_children(std::span<future_core* const> cores, children whose, failures how,
                     const char* call) {
  engine& e = engine::checked(call);
  task_core& me = e.task_that_waits(call);
  if (cores.empty()) return;
  gathering& g = make_gathering(e, cores, whose, how);
  struct at_exit {
    gathering& g;
    ~at_exit() { leave(g); }
  };
  const at_exit on_exit{g};
  if (e.await(me, g, operation_kind::gather, __builtin_return_address(0))) e.throw_cancelled(me);
  if (g.state != future_state::value) std::rethrow_exception(g.failure);
}

bool co_gathering::begin(std::span<future_core* const> cores, children whose,
                         std::coroutine_handle<> frame) {
  if (cores.empty()) return false;
  gathering& g = make_gathering(*engine::running(), cores, whose, how_);
  gathering_ = &g;
  return join_.begin(g, operation_kind::gather, frame, __builtin_return_address(0));
}

void co_gathering::end() {
  if (!gathering_) return;
  join_.end();
  const auto& g = *static_cast<gathering*>(gathering_);
  if (g.state != future_state::value) std::rethrow_exception(g.failure);
}

co_gathering::~co_gathering() {
  join_.leave();
  if (gathering_) leave(*static_cast<gathering*>(gathering_));
}

}  // namespace reprise::detail
