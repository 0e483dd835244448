#include "watch.hpp"

#include "debugger.hpp"
#include "numbers.hpp"
#include "print.hpp"
#include "trace_file.hpp"
#include "worker.hpp"

#include <reprise/core/format.hpp>
#include <reprise/core/token.hpp>
#include <reprise/replay/trace.hpp>

#include <algorithm>
#include <memory>
#include <thread>

#include <sys/resource.h>

namespace reprise::cli {

namespace {

using real_clock = std::chrono::steady_clock;

double peak_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024;
}

}  // namespace

class run_watcher::listener final : public trace_sink {
public:
  listener(session& s, const watch_options& watch, std::string title)
      : options_(watch),
        words_(s.json ? s.err : watch.words(s)),
        title_(std::move(title)),
        until_(watch.until),
        break_at_(watch.break_at) {
    if (!watch.trace.empty()) {
      if (watch.trace == "-") s.out.keep_stdout_to_itself();
      file_ = std::make_unique<trace_file>(watch.trace, s.out);
      writer_ = std::make_unique<trace_writer>(
          trace_options{watch.trace_format == "oracle" ? trace_format::oracle : trace_format::jsonl,
                        watch.scheduler},
          [this](std::string_view line) { file_->write(line); });
    }
  }

  void begin(const config& options) {
    if (writer_) {
      writer_->begin(options);
      file_->flush();  // a run that hangs has its token there
    }
    start_ = real_clock::now();
  }

  void end(watched_run& run) {
    run.real = real_clock::now() - start_;
    progress_.clear();
    if (!options_.until.empty()) words_.print("{}\n", until_.told(run.result.elapsed));
    if (!writer_) return;
    writer_->end(run.result);
    try {
      file_->finish();
    } catch (const environment_error& e) {  // the verdict is told first
      run.trace_failure = e.what();
    }
  }

  void on_event(const trace_event& event) override {
    if (writer_ && (event.user || writer_->wants_scheduler_events())) {
      writer_->on_event(event);
      if (in_real_time()) file_->flush();
    }
    if (!options_.break_at.empty() && !break_at_.reached()) {
      static_cast<void>(break_at_.shows(event));
      if (break_at_.reached()) break_here();
    }
    if (!shows_events() || (!event.user && !options_.scheduler) || !until_.shows(event)) return;
    progress_.clear();
    words_.write(event_line(event));
    words_.flush();  // who comes to grief has told so far
  }
  [[nodiscard]] bool wants_scheduler_events() const override {
    if (!options_.break_at.empty()) return true;  // any event may be the one
    return options_.scheduler && (shows_events() || (writer_ && writer_->wants_scheduler_events()));
  }
  void on_deadlock(duration at) override {
    if (writer_) writer_->on_deadlock(at);
  }
  void on_time(duration, duration to) override {
    if (in_real_time()) {
      std::this_thread::sleep_until(start_ + to);
    } else if (++moves_ % 64 == 0 && progress_.due()) {
      progress_.show(fmt::format("{}  {} of virtual time, {}", title_, short_time(to),
                                 short_time(real_clock::now() - start_)));
    }
  }

private:
  [[nodiscard]] bool in_real_time() const { return options_.clock == "wall"; }
  [[nodiscard]] bool shows_events() const {
    return options_.events || in_real_time() || !options_.until.empty();
  }

  const watch_options& options_;
  output& words_;
  std::string title_;
  std::unique_ptr<trace_file> file_;
  std::unique_ptr<trace_writer> writer_;
  progress_line progress_;
  real_clock::time_point start_;
  std::uint64_t moves_ = 0;
  until until_;
  until break_at_;
};

run_watcher::run_watcher(session& s, const watch_options& watch, const std::string& title)
    : listener_(std::make_unique<listener>(s, watch, title)) {}
run_watcher::~run_watcher() = default;
trace_sink& run_watcher::sink() noexcept { return *listener_; }
void run_watcher::begin(const config& options) { listener_->begin(options); }
void run_watcher::end(watched_run& run) { listener_->end(run); }

until::until(const std::string& text) : text_(text) {
  if (text.empty()) return;
  const bool numbered = text[0] == '#';
  const std::string digits = text.substr(numbered ? 1 : 0);
  const bool all_digits =
      !digits.empty() && std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  if (all_digits) {
    number_ = read_number("event", digits);
  } else if (text[0] >= '0' && text[0] <= '9') {
    at_ = read_duration("time", text, duration{0});
  }
}

std::string until::told(duration end) const {
  const std::string what = printable(text_);
  if (reached_ || (at_ && end >= *at_)) return "  until " + what;
  // Of a number nobody knows here: the scheduler's events have numbers, too.
  if (number_) return "  no event here is '" + what + "' or later; this is all";
  return "  '" + what + "' did not come; this is all";
}

bool until::shows(const trace_event& event) noexcept {
  if (text_.empty()) return true;
  if (reached_) return false;
  if (at_ && event.at > *at_) {
    reached_ = true;
    return false;
  }
  // The number is the one in a trace, and no event of a greater one is shown.
  if (number_ && event.index >= *number_) {
    reached_ = true;
    return event.index == *number_;
  }
  if (!at_ && !number_ && (event.text == text_ || event.name == text_)) reached_ = true;
  return true;
}

watched_run run_watched(session& s, const scenario& what, const config& options,
                        const watch_options& watch) {
  run_watcher listener(s, watch, "run " + what.name);
  config heard = options;
  heard.sink = &listener.sink();
  watched_run run;
  const double before = peak_bytes();
  s.out.flush();  // what the scenario itself prints comes after
  listener.begin(heard);
  {
    const detail::attended_run here(encode_token(options));
    run.result = with_body(what, [&](auto body) { return reprise::run(heard, body); });
  }
  listener.end(run);
  run.peak_bytes = peak_bytes() - before;
  refuse_bad_parameter(run.result);
  return run;
}

watched_run run_unwatched(const scenario& what, const config& options) {
  watched_run run;
  const detail::attended_run here(encode_token(options));
  const auto start = real_clock::now();
  run.result = with_body(what, [&](auto body) { return reprise::run(options, body); });
  run.real = real_clock::now() - start;
  refuse_bad_parameter(run.result);
  return run;
}

namespace {
constexpr std::string_view bad_parameter_type = "reprise::bad_parameter";
}

bool is_bad_parameter(const report& r) { return r.exception == bad_parameter_type; }

void refuse_bad_parameter(const report& r) {
  constexpr std::string_view type = bad_parameter_type;
  if (!is_bad_parameter(r)) return;
  std::string text = r.what.substr(0, r.what.find('\n'));
  if (text.starts_with(type)) text.erase(0, type.size() + 2);
  throw usage_error(text + '.');
}

}  // namespace reprise::cli
