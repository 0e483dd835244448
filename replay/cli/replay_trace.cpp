#include "replay_trace.hpp"

#include "numbers.hpp"
#include "print.hpp"
#include "watch.hpp"
#include "worker.hpp"

#include <reprise/core/format.hpp>
#include <reprise/core/token.hpp>
#include <reprise/replay/replay_case.hpp>
#include <reprise/replay/trace.hpp>

#include <exception>
#include <optional>
#include <string>
#include <utility>

namespace reprise::cli {

namespace {

/// Hears a run, compares each event's line with the trace's, and passes all on. What is compared is
/// the bytes that a trace of this run would have: nothing that a trace says gets lost on the way.
class comparer final : public trace_sink {
public:
  comparer(trace_reader& recorded, trace_sink& next)
      : recorded_(recorded),
        next_(next),
        writer_({.scheduler_events = recorded.header().scheduler},
                [this](std::string_view line) { line_ = line; }) {}

  void on_event(const trace_event& event) override {
    if (!over_ && (event.user || recorded_.header().scheduler)) {
      try {
        compare(event);
      } catch (...) {  // the run is not to hear of it
        failure_ = std::current_exception();
        over_ = true;
      }
    }
    if (event.user || next_.wants_scheduler_events()) next_.on_event(event);
  }
  [[nodiscard]] bool wants_scheduler_events() const override {
    return recorded_.header().scheduler || next_.wants_scheduler_events();
  }
  void on_time(duration from, duration to) override { next_.on_time(from, to); }
  void on_deadlock(duration at) override { next_.on_deadlock(at); }

  /// The run has ended. The first event that differs, if one does.
  std::optional<event_difference> end() {
    if (failure_) std::rethrow_exception(failure_);
    if (!over_)
      if (const auto left = recorded_.next()) difference_ = between(&*left, nullptr);
    return difference_;
  }
  /// How many events were the same.
  [[nodiscard]] std::uint64_t same() const noexcept { return same_; }

private:
  void compare(const trace_event& event) {
    const auto recorded = recorded_.next();
    if (!recorded && !recorded_.damage().empty()) {  // nobody knows how it went on
      over_ = true;
      return;
    }
    writer_.on_event(event);
    if (recorded && recorded_.line() == line_) {
      ++same_;
      return;
    }
    over_ = true;
    difference_ = between(recorded ? &*recorded : nullptr, &event);
  }

  static event_difference between(const trace_event* recorded, const trace_event* happened) {
    event_difference d{static_cast<std::size_t>(recorded ? recorded->index : happened->index),
                       recorded ? case_event(*recorded) : "",
                       happened ? case_event(*happened) : ""};
    if (d.recorded == d.happened) {  // then it is what the scheduler did in between
      d.recorded += fmt::format(" (event {})", format_count(recorded->index));
      d.happened += fmt::format(" (event {})", format_count(happened->index));
    }
    return d;
  }

  trace_reader& recorded_;
  trace_sink& next_;
  std::string line_;
  trace_writer writer_;
  bool over_ = false;
  std::uint64_t same_ = 0;
  std::optional<event_difference> difference_;
  std::exception_ptr failure_;
};

/// How the run went, beside the trace.
struct comparison {
  std::uint64_t same = 0;
  std::optional<event_difference> difference;
  bool ended_otherwise = false;  // another verdict or digest than the footer's
  bool same_build = false;

  [[nodiscard]] bool differs() const { return difference || ended_otherwise; }
  [[nodiscard]] bool diverged() const { return differs() && same_build; }
  [[nodiscard]] const char* outcome() const {
    return diverged() ? "diverged" : differs() ? "another run" : "same";
  }
};

void print_notes(output& words, const trace_reader& trace) {
  const trace_header& h = trace.header();
  if (h.build_id != build_id())
    words.print("note: the trace was recorded by another build ({}; this is {})\n",
                h.build_id.empty() ? "of no id" : printable(h.build_id.substr(0, 12)),
                build_id().substr(0, 12));
  if (!h.c_library.empty() && h.c_library != c_library_fingerprint())
    words.print(
        "note: the trace was recorded with another C library ({}; this is {}): draws that use log, "
        "exp, pow, sin or cos may differ\n",
        printable(h.c_library), c_library_fingerprint());
  if (!trace.damage().empty()) words.print("note: {}\n", printable(trace.damage()));
}

/// What is said of a run that should have been the trace's.
std::string told(const report& r, const std::optional<trace_footer>& recorded) {
  std::string text = "the run is another one than the trace's, of the same build";
  if (recorded && recorded->digest != r.digest)
    text += fmt::format(": digest {}, recorded {}", format_digest(r.digest),
                        format_digest(recorded->digest));
  if (recorded && recorded->result != r.result)
    text += fmt::format("; {}, recorded {}", to_string(r.result), to_string(recorded->result));
  if (recorded && recorded->digest == r.digest)
    text += "\nthe digests agree, so it is the trace that was changed since it was written";
  return text;
}

void print_comparison(session& s, output& words, const given_run& given, const comparison& found,
                      const report& r, bool with_events) {
  const painter paint(s.colour, words.descriptor());
  const std::string title = title_of(*given.what, given.options);
  const std::string result = r ? paint.good("passed") : paint.bad(to_string(r.result));
  const std::string again =
      r ? paint.good("passed again") : paint.bad(fmt::format("{} again", to_string(r.result)));
  const std::string events = counted(found.same, "event");
  const auto& recorded = given.trace->footer();
  if (found.diverged()) {
    words.print("{}: {}. exit {}\n", title, paint.bad("diverged"),
                static_cast<int>(nondeterminism));
    print_text(words, r.what);
  } else if (found.differs()) {
    words.print("{}: {}, in another run than the trace's: the program has changed\n", title,
                result);
  } else if (recorded) {
    words.print("{}: {}, as the trace says: {}, same digest {}\n", title, again, events,
                format_digest(r.digest));
  } else {
    words.print("{}: {}, and what is whole of the trace is the same: {}\n", title, result, events);
  }
  if (found.difference)
    print_first_difference(words, *found.difference);
  else if (found.differs())
    words.print("  the events of the trace, {}, are the same; what lies between them is not\n",
                format_count(found.same));
  if (found.diverged()) {
    words.print("  replay: {} replay {}\n", shell_word(s.program), r.token);
    return;
  }
  print_warnings(s, words, r);
  if (!r) print_failure(s, words, r, with_events);
}

}  // namespace

exit_code replay_trace(session& s, const watch_options& watch, const given_run& given) {
  output& words = watch.words(s);
  trace_reader& trace = *given.trace;
  run_watcher watcher(s, watch, "replay " + given.what->name);
  comparer hears(trace, watcher.sink());
  config options = given.options;
  options.sink = &hears;
  watched_run run;
  s.out.flush();  // what the scenario itself prints comes after
  watcher.begin(options);
  {
    const detail::attended_run here(encode_token(given.options));
    run.result = with_body(*given.what, [&](auto body) { return reprise::run(options, body); });
  }
  watcher.end(run);
  refuse_bad_parameter(run.result);

  report& r = run.result;
  comparison found;
  found.difference = hears.end();
  found.same = hears.same();
  const std::string& build = trace.header().build_id;
  found.same_build = !build.empty() && build == build_id();
  if (const auto& footer = trace.footer())
    found.ended_otherwise = footer->result != r.result || footer->digest != r.digest;

  if (found.diverged()) {
    r.what = told(r, trace.footer());
    r.result = verdict::diverged;
  }

  if (s.json) {
    json_object o = json_of(r, options);
    o.seconds("real_s", run.real)
        .text("outcome", found.outcome())
        .flag("same_build", found.same_build)
        .number("same_events", found.same);
    if (trace.footer())
      o.text("recorded_verdict", to_string(trace.footer()->result))
          .text("recorded_digest", format_digest(trace.footer()->digest));
    if (!trace.damage().empty()) o.text("damage", trace.damage());
    add_difference(o, found.difference);
    words.print("{}\n", o.done());
  } else {
    print_notes(words, trace);
    print_comparison(s, words, given, found, r, !watch.any());
  }
  words.flush();
  if (!run.trace_failure.empty()) throw environment_error(run.trace_failure);
  return found.diverged() ? nondeterminism : code_of(r);
}

}  // namespace reprise::cli
