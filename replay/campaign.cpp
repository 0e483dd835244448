#include <reprise/replay/campaign.hpp>

#include "messages.hpp"
#include "search_order.hpp"
#include "unseen.hpp"
#include "worker.hpp"

#include <reprise/core/errors.hpp>
#include <reprise/core/format.hpp>
#include <reprise/core/stream.hpp>
#include <reprise/core/token.hpp>
#include <reprise/replay/case_file.hpp>
#include <reprise/replay/tally.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstring>
#include <deque>
#include <fstream>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include <poll.h>
#include <unistd.h>

namespace reprise::detail {

namespace {

using real_clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto tick = 50ms;  // how often the parent looks after its children
constexpr auto assignment_length =
    100ms;                  // long beside the parent's answer, short beside a person's
constexpr auto grace = 2s;  // for a child that is to stop, before it is made to

/// What of a run's schedule is compared: how long it was, how often a task was preempted, how many
/// tasks there were and how it ended, each roughly. Digests would all differ.
std::uint64_t shape_of(const report& r) {
  // The upper three bits: within 25 %.
  const auto roughly = [](std::uint64_t n) {
    const auto width = static_cast<unsigned>(std::bit_width(n));
    return width <= 3 ? n : std::uint64_t{width} << 3 | (n >> (width - 3) & 3);
  };
  std::uint64_t h = static_cast<std::uint64_t>(r.result);
  for (const std::uint64_t n : {roughly(r.steps), roughly(r.preemptions), roughly(r.tasks)})
    h = stream::mix(h ^ n);
  return h;
}

struct suspicion {
  worker::death how;
  warden watch;  // that looked after the child
};

/// Positions that one child works through, unless it dies.
struct batch {
  batch(std::uint64_t from, std::uint64_t size) : begin(from), next(from), end(from + size) {}

  std::uint64_t begin;
  std::uint64_t next;  // those below are done
  std::uint64_t end;
  bool closed = false;                                             // nobody works on it any more
  std::vector<std::uint64_t> shapes;                               // of [begin, next)
  std::map<std::uint64_t, std::uint64_t> schedules;                // where they are known
  std::map<std::uint64_t, std::vector<std::uint64_t>> reads_from;  // that were new to the child
  std::map<std::uint64_t, report> failures;
  std::map<std::uint64_t, std::uint64_t> sample;  // digests
  std::map<std::uint64_t, report> remarks;  // of runs that have marks or warnings: these alone
  // A child died at `next` which had done others before: the next one begins with it alone.
  std::optional<suspicion> suspected = {};
};

struct crew_member {
  std::unique_ptr<worker> child;
  batch* task = nullptr;
  warden watch{{}, 0};      // anew with each task
  std::uint64_t size = 16;  // of the next assignment
  real_clock::time_point assigned_at;
};

class campaigner {
public:
  campaigner(const campaign_plan& plan, const body_maker& make)
      : plan_(plan),
        make_(make),
        jobs_(plan.jobs > 0 ? plan.jobs : std::max(1u, std::thread::hardware_concurrency())),
        memory_(plan.memory > 0 ? plan.memory : usual_memory(jobs_)),
        order_(plan.what, plan.part),
        tally_(plan.what.marks),
        options_(options_of(plan.what)),
        start_(real_clock::now()) {
    limit_->store(~std::uint64_t{0});
  }

  campaign_result run() {
    // What is learnt is learnt before the others begin, by one child, and they inherit it.
    const std::uint64_t learning = order_.learning_end();
    const bool learns = learning > order_.learning_begin();
    if (learns) work(0, learning, 1);
    crew_.clear();
    if (!over()) work(learns ? learning : 0, order_.size(), jobs_);
    crew_.clear();
    merge_rest();
    result_.lacks_marks =
        plan_.what.require_marks && result_.failures.empty() && !tally_.all_reached();
    result_.marks = std::move(tally_.marks);
    result_.warnings = std::move(tally_.warnings);
    result_.failure_kinds = kinds_.sum();
    result_.shapes = shapes_.sum();
    result_.stopped = stopped_;
    result_.real = real_clock::now() - start_;
    return std::move(result_);
  }

private:
  [[nodiscard]] bool over() const { return decided_ || stopped_ || out_of_time_; }

  // -------------------------------------------------------------- in a child

  position_result execute(std::uint64_t position) {
    config options = options_;
    order_.set(options, position, seen_);
    std::optional<profiler> learner;
    if (order_.learns(position)) {
      learner.emplace(options.seed, options.schedule);
      options.source = &*learner;
    }
    options.seen = plan_.what.count_coverage ? &seen_here_ : nullptr;
    report r;
    try {
      r = run_briefly(options, make_());
    } catch (const std::exception& e) {  // no memory for stacks; a body that can't be copied
      r.result = verdict::crashed;
      r.seed = options.seed;
      r.what = e.what();
      r.token = encode_token(options);
    }
    options.source = nullptr;
    position_result to_tell{.shape = shape_of(r)};
    if (!r) {
      // The parent shows the first one's events.
      to_tell.messages.push_back('F' + pack(r, std::exchange(first_here_, false)));
      to_tell.last = !plan_.what.keep_going && order_.counts(position);
    }
    if (r && is_of_sample(position, options.seed)) {
      to_tell.messages.emplace_back("S        ");
      std::memcpy(to_tell.messages.back().data() + 1, &r.digest, sizeof r.digest);
    }
    if (!r.marks.empty() || !r.warnings.empty()) to_tell.messages.push_back('M' + pack_remarks(r));
    if (options.seen) {
      to_tell.schedule = seen_here_.last_schedule;
      if (!seen_here_.new_reads_from.empty())
        to_tell.messages.push_back('C' + pack(seen_here_.new_reads_from));
    }
    if (learner) to_tell.messages.push_back('P' + pack(learner->learnt()));
    return to_tell;
  }

  [[nodiscard]] bool is_of_sample(std::uint64_t position, std::uint64_t seed) const {
    return plan_.sample_every > 0 && order_.counts(position) && !order_.learns(position) &&
           stream::mix(seed) % plan_.sample_every == 0;
  }

  // -------------------------------------------------------------- the parent's loop

  /// Has all positions from `begin` to `end` done, or stops.
  void work(std::uint64_t begin, std::uint64_t end, unsigned jobs) {
    next_ = begin;
    end_ = end;
    crew_.resize(jobs);
    for (;;) {
      hand_out();
      if (std::ranges::none_of(crew_, [](const auto& m) { return m.task; })) return;
      wait();
      const auto now = real_clock::now();
      for (auto& m : crew_)
        if (m.task) attend(m, now);
      merge();
      look_around(now);
      if (over()) {
        wind_up();
        return;
      }
    }
  }

  void hand_out() {
    for (auto& m : crew_) {
      if (m.task) continue;
      batch* const b = take_batch(m);
      if (!b) continue;
      // A child that is suspected of nothing does not judge another's death.
      if (b->suspected) m.child.reset();
      if (!m.child) {
        try {
          m.child = std::make_unique<worker>(
              [this](std::uint64_t position) { return execute(position); }, *limit_);
        } catch (const campaign_error&) {
          if (std::ranges::none_of(crew_, [](const auto& other) { return other.child != nullptr; }))
            throw;
          left_.push_front(b);  // by those that there are
          continue;
        }
      }
      m.task = b;
      m.watch = warden(plan_.hang_after, memory_);
      m.assigned_at = real_clock::now();
      m.child->assign(b->next, b->suspected ? b->next + 1 : b->end);
    }
  }

  batch* take_batch(const crew_member& m) {
    if (!left_.empty()) {
      batch* const b = left_.front();
      left_.pop_front();
      return b;
    }
    if (next_ >= end_ || next_ >= limit_->load()) return nullptr;
    // Smaller towards the end, so that all end at about the same time.
    const std::uint64_t fair = (end_ - next_) / (2 * crew_.size()) + 1;
    const std::uint64_t size = std::min({m.size, fair, std::uint64_t{worker::most_positions}});
    batches_.emplace_back(next_, size);
    next_ += size;
    return &batches_.back();
  }

  void wait() {
    std::vector<pollfd> watched;
    for (const auto& m : crew_)
      if (m.task) watched.push_back({m.child->descriptor(), POLLIN, 0});
    auto longest = std::chrono::ceil<std::chrono::milliseconds>(tick);
    if (plan_.budget > 0ns) {
      const auto left = plan_.budget - (real_clock::now() - start_);
      longest = std::clamp(std::chrono::ceil<std::chrono::milliseconds>(left), 0ms, longest);
    }
    // Interrupted is as good as woken: whoever stops the campaign is asked next.
    static_cast<void>(::poll(watched.data(), watched.size(), static_cast<int>(longest.count())));
  }

  void attend(crew_member& m, real_clock::time_point now) {
    // Before its messages are read, so that none of a dead one's is missed.
    const auto death = m.child->reap();
    m.child->receive([&](std::uint64_t position, std::string_view message) {
      hear(*m.task, position, message);
    });
    if (death)
      bury(m, *death);
    else if (m.child->idle())
      finish(m, now);
    else
      m.watch.look_at(m.child->process(), m.child->stuck_for(now), now >= next_weighing_);
  }

  void hear(batch& b, std::uint64_t position, std::string_view message) {
    if (message.front() == 'P') {
      seen_.merge(unpack_profile(message.substr(1)));
      return;
    }
    if (!order_.counts(position)) return;
    if (message.front() == 'S') {
      std::memcpy(&b.sample[position], message.data() + 1, sizeof(std::uint64_t));
      return;
    }
    if (message.front() == 'M') {
      b.remarks.insert_or_assign(position, unpack_remarks(message.substr(1)));
      return;
    }
    if (message.front() == 'C') {
      b.reads_from.insert_or_assign(position, unpack_numbers(message.substr(1)));
      return;
    }
    b.failures.insert_or_assign(position, unpack_report(message.substr(1)));
    if (!plan_.what.keep_going) lower_limit(position);
  }

  /// Nobody begins a position behind that one: the search ends there.
  void lower_limit(std::uint64_t position) {
    if (position + 1 < limit_->load()) limit_->store(position + 1);
  }

  /// What the child has done goes over to the batch.
  static void take_over(batch& b, const worker& child) {
    for (std::uint64_t done = child.done(); b.next < done; ++b.next) {
      b.shapes.push_back(child.shape(b.next));
      if (const auto schedule = child.schedule(b.next); schedule != 0)
        b.schedules.emplace(b.next, schedule);
    }
  }

  void finish(crew_member& m, real_clock::time_point now) {
    batch& b = *std::exchange(m.task, nullptr);
    const std::uint64_t before = b.next;
    take_over(b, *m.child);
    const std::uint64_t done = b.next - before;
    if (const auto took = now - m.assigned_at; done > 0 && took > 0ns) {
      const double fitting =
          static_cast<double>(done) * (std::chrono::duration<double>(assignment_length) / took);
      m.size = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(std::min(fitting, 1e9)), 1,
                                         std::max<std::uint64_t>(1, 8 * m.size));
    }
    if (b.suspected && done > 0) acquit(b);
    const bool cut = b.next >= limit_->load() || b.failures.contains(b.next - 1);
    if (b.next < b.end && !over() && !(cut && !plan_.what.keep_going))
      left_.push_back(&b);
    else
      b.closed = true;
  }

  /// The position at which a child had died was done by another that began with it.
  void acquit(batch& b) {
    const suspicion was = *std::exchange(b.suspected, std::nullopt);
    const std::uint64_t position = b.next - 1;
    // A machine that is busy, and memory that many runs have lost, are no fault of this one.
    if (was.watch.made_it_die() || b.failures.contains(position)) return;
    accuse(b, position, was,
           "\n  alone in its process it does not: what an earlier run left behind is to blame");
  }

  void bury(crew_member& m, const worker::death& how) {
    batch& b = *std::exchange(m.task, nullptr);
    const bool alone = m.child->is_fresh() && m.child->begin() == m.child->done();
    take_over(b, *m.child);
    m.child.reset();
    const suspicion suspected{how, m.watch};
    // It may have told of its failure before it died.
    if (b.failures.contains(b.next)) {
      b.shapes.push_back(shape_of(b.failures.at(b.next)));
      ++b.next;
      b.suspected.reset();
    } else if (b.next < b.end) {
      if (alone) {
        accuse(b, b.next, suspected, "");
        b.shapes.push_back(shape_of(b.failures.at(b.next)));
        ++b.next;
        b.suspected.reset();
      } else {
        b.suspected = suspected;
      }
    }
    if (b.next < b.end && b.next < limit_->load())
      left_.push_back(&b);
    else
      b.closed = true;
  }

  void accuse(batch& b, std::uint64_t position, const suspicion& s, const std::string& more) {
    if (!order_.counts(position)) {
      b.failures.try_emplace(position).first->second.result = verdict::crashed;
      return;
    }
    config options = options_;
    order_.set(options, position, seen_);
    report r;
    r.result = verdict::crashed;
    r.seed = options.seed;
    r.token = encode_token(options);
    r.what = s.watch.text_of(s.how) + more;
    b.failures.insert_or_assign(position, std::move(r));
    if (!plan_.what.keep_going) lower_limit(position);
  }

  void look_around(real_clock::time_point now) {
    if (now >= next_weighing_) next_weighing_ = now + 2 * tick;
    const auto real = now - start_;
    if (plan_.budget > 0ns && real >= plan_.budget) out_of_time_ = true;
    if (!plan_.progress || now < next_progress_) return;
    next_progress_ = now + tick;
    campaign_progress p{.runs = result_.runs,
                        .failures = result_.failures.size(),
                        .kinds = result_.kinds.size(),
                        .real = real,
                        .shapes = shapes_.sum()};
    for (const auto& m : crew_)
      if (m.task) p.runs += m.child->done() - m.child->begin();
    p.share = plan_.budget > 0ns ? std::chrono::duration<double>(real) /
                                       std::chrono::duration<double>(plan_.budget)
                                 : static_cast<double>(p.runs) / static_cast<double>(order_.size());
    p.share = std::min(p.share, 1.0);
    if (!plan_.progress(p)) stopped_ = true;
  }

  /// Lets each child end the run that it is in, for a while.
  void wind_up() {
    limit_->store(0);
    const auto until = real_clock::now() + grace;
    while (std::ranges::any_of(crew_, [](const auto& m) { return m.task; })) {
      const auto now = real_clock::now();
      if (decided_ || now > until) break;  // then nothing that comes is of interest
      wait();
      for (auto& m : crew_) {
        if (!m.task) continue;
        const auto death = m.child->reap();
        m.child->receive([&](std::uint64_t position, std::string_view message) {
          hear(*m.task, position, message);
        });
        if (!death && !m.child->idle()) continue;
        take_over(*m.task, *m.child);
        m.task = nullptr;
      }
    }
    for (auto& m : crew_)
      if (m.task) take_over(*std::exchange(m.task, nullptr), *m.child);
  }

  // -------------------------------------------------------------- what was found, in order

  void merge() {
    while (!decided_ && !batches_.empty()) {
      batch& b = batches_.front();
      if (!b.closed) return;
      merge(b);
      batches_.pop_front();
    }
  }

  /// What is there of those that were not finished.
  void merge_rest() {
    for (; !decided_ && !batches_.empty(); batches_.pop_front()) merge(batches_.front());
  }

  void merge(batch& b) {
    for (std::uint64_t at = b.begin; at < b.next && !decided_; ++at) {
      if (!order_.counts(at)) continue;
      ++result_.runs;
      if (order_.learns(at)) ++result_.profile_runs;
      shapes_.add(b.shapes[at - b.begin]);
      if (const auto schedule = b.schedules.find(at); schedule != b.schedules.end())
        result_.seen.schedules.insert(schedule->second);
      if (const auto pairs = b.reads_from.find(at); pairs != b.reads_from.end())
        for (const std::uint64_t pair : pairs->second) result_.seen.reads_from.insert(pair);
      if (const auto remarks = b.remarks.find(at); remarks != b.remarks.end())
        tally_.add(remarks->second);
      if (const auto sampled = b.sample.find(at); sampled != b.sample.end()) {
        config options = options_;
        order_.set(options, at, seen_);
        result_.sample.push_back({encode_token(options), sampled->second});
      }
      const auto failed = b.failures.find(at);
      if (failed == b.failures.end()) {
        kinds_.add_none();
        continue;
      }
      report& r = failed->second;
      const std::string kind = failure_signature(r);
      kinds_.add(stream::hash(kind));
      ++result_.kinds[kind];
      if (!result_.failures.empty()) r.events = {};
      if (plan_.on_failure) plan_.on_failure(r);
      result_.failures.push_back(std::move(r));
      decided_ = !plan_.what.keep_going;
    }
  }

  const campaign_plan& plan_;
  const body_maker& make_;
  unsigned jobs_;
  std::uint64_t memory_;
  search_order order_;
  tally tally_;
  config options_;
  real_clock::time_point start_;
  profile seen_;
  coverage seen_here_;      // in a child
  bool first_here_ = true;  // in a child: whether it has not yet told of a failure

  /// Positions from there on are not begun.
  shared_memory<std::atomic<std::uint64_t>> limit_;
  std::vector<crew_member> crew_;
  std::deque<batch> batches_;  // in rising order; those at the front that are closed are merged
  std::deque<batch*> left_;    // parts of them that nobody works on
  std::uint64_t next_ = 0;
  std::uint64_t end_ = 0;
  bool decided_ = false;  // the first failure is known, and no other is wanted
  bool stopped_ = false;
  bool out_of_time_ = false;
  real_clock::time_point next_progress_, next_weighing_;

  kind_counter kinds_, shapes_;
  campaign_result result_;
};

}  // namespace

campaign_result run_campaign(const campaign_plan& plan, const body_maker& make) {
  if (plan.part.index == 0 || plan.part.index > plan.part.count)
    throw std::invalid_argument(
        fmt::format("run_campaign: there is no part {} of {}.", plan.part.index, plan.part.count));
  prepare_run();  // refuses a run inside a run
  return campaigner(plan, make).run();
}

}  // namespace reprise::detail
