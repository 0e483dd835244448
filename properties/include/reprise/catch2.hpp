#pragma once

// Catch2, 2.13 or 3: tests whose bodies run in the simulator, under many schedules.
//
//     REPRISE_TEST_CASE("no money is lost", "[bank]") { … REQUIRE(total == 100); }
//     REPRISE_PROPERTY("gather takes as long as its slowest", (const std::vector<reprise::delay>&
//     ds)) { … }
//
// Catch2's assertions in a run end that run as failed (REQUIRE at once, CHECK at its next
// scheduling point), so that a search sees them as failures of the run; what is reported is one
// failure, the smallest, with its place and the token that repeats it: `REPRISE_REPLAY=TOKEN
// ./the_test NAME`.
// `--rng-seed N` moves the seeds that are tried. For runs in a plain TEST_CASE, make a
// `reprise::catch2_assertions` there first.

#include <reprise/core/claims.hpp>
#include <reprise/core/run.hpp>
#include <reprise/core/task.hpp>
#include <reprise/properties/test_case.hpp>
#include <reprise/replay/explore.hpp>

#if __has_include(<rapidcheck.h>)
#include <reprise/properties/generators.hpp>
#include <reprise/properties/property.hpp>
#endif

#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_assertion_info.hpp>
#include <catch2/catch_message.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/catch_tostring.hpp>
#include <catch2/interfaces/catch_interfaces_capture.hpp>
#include <catch2/interfaces/catch_interfaces_config.hpp>
#include <catch2/internal/catch_assertion_handler.hpp>
#include <catch2/internal/catch_context.hpp>
#include <catch2/internal/catch_decomposer.hpp>
#include <catch2/internal/catch_stdstreams.hpp>
#define REPRISE_CATCH2_3 1
#else
#include <catch2/catch.hpp>
#define REPRISE_CATCH2_3 0
#endif

#include <algorithm>
#include <cstdint>
#include <exception>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace reprise {

namespace detail {

/// What Catch2 tells its assertions to, while runs are on.
class catch2_capture final : public Catch::IResultCapture {
public:
  explicit catch2_capture(Catch::IResultCapture& outer) : outer_(outer) {}

  // --- assertions
#if REPRISE_CATCH2_3
  void notifyAssertionStarted(const Catch::AssertionInfo&) override {}
  using message_argument = std::string&&;
#else
  using message_argument = const std::string&;
#endif
  void handleExpr(const Catch::AssertionInfo& info, const Catch::ITransientExpression& expr,
                  Catch::AssertionReaction&) override {
    const bool passed =
        expr.getResult() != ((info.resultDisposition & Catch::ResultDisposition::FalseTest) != 0);
    if (passed) return assertionPassed();
    std::ostringstream text;
    expr.streamReconstructedExpression(text);
    const std::string written = text_of(info.capturedExpression);
    failed(info, text.str() == written ? "" : "\n  with expansion: " + text.str());
  }
#if REPRISE_CATCH2_3
  void handleMessage(const Catch::AssertionInfo& info, Catch::ResultWas::OfType type,
                     std::string&& message, Catch::AssertionReaction&) override {
    handle_text(info, type, message);
  }
#else
  void handleMessage(const Catch::AssertionInfo& info, Catch::ResultWas::OfType type,
                     const Catch::StringRef& message, Catch::AssertionReaction&) override {
    handle_text(info, type, text_of(message));
  }
#endif
  void handleNonExpr(const Catch::AssertionInfo& info, Catch::ResultWas::OfType type,
                     Catch::AssertionReaction&) override {
    if ((type & Catch::ResultWas::FailureBit) == 0) return assertionPassed();
    failed(info, "\n  no exception was thrown, or one that was not to be");
  }
  void handleUnexpectedExceptionNotThrown(const Catch::AssertionInfo& info,
                                          Catch::AssertionReaction&) override {
    failed(info, "\n  no exception was thrown");
  }
  void handleUnexpectedInflightException(const Catch::AssertionInfo& info, message_argument message,
                                         Catch::AssertionReaction&) override {
    // Only the user's exceptions are a failed assertion. Cancellation, and what unwinds a task at
    // the end of a run, goes on its way.
    try {
      throw;
    } catch (const std::exception&) {
    }
    failed(info, "\n  an exception was thrown: " + std::string(message));
  }
  void handleIncomplete(const Catch::AssertionInfo&) override {}  // it was unwound
  void handleFatalErrorCondition(Catch::StringRef message) override {
    outer_.handleFatalErrorCondition(message);
  }
  bool lastAssertionPassed() override { return last_passed_; }
  void assertionPassed() override { last_passed_ = true; }

  // --- INFO and CAPTURE: of the task that made them
  void pushScopedMessage(const Catch::MessageInfo& message) override {
    messages_.push_back({message, current_task().core()});
  }
  void popScopedMessage(const Catch::MessageInfo& message) override {
    std::erase_if(messages_,
                  [&](const scoped& m) { return m.message.sequence == message.sequence; });
  }
#if REPRISE_CATCH2_3
  void emplaceUnscopedMessage(Catch::MessageBuilder&& builder) override {
#else
  void emplaceUnscopedMessage(const Catch::MessageBuilder& builder) override {
#endif
    Catch::MessageInfo message = builder.m_info;
    message.message = builder.m_stream.str();
    pushScopedMessage(message);
  }
  void begin_run() {
    messages_.clear();
    last_passed_ = true;
  }

  // --- what makes no sense in a run
#if REPRISE_CATCH2_3
  bool sectionStarted(Catch::StringRef, const Catch::SourceLineInfo& line,
                      Catch::Counts&) override {
    refuse("SECTION", line);
    return false;
  }
  void sectionEnded(Catch::SectionEndInfo&&) override {}
  void sectionEndedEarly(Catch::SectionEndInfo&&) override {}
  Catch::IGeneratorTracker* acquireGeneratorTracker(Catch::StringRef,
                                                    const Catch::SourceLineInfo& line) override {
    refuse("GENERATE", line);
    return nullptr;
  }
  Catch::IGeneratorTracker* createGeneratorTracker(Catch::StringRef, Catch::SourceLineInfo line,
                                                   Catch::Generators::GeneratorBasePtr&&) override {
    refuse("GENERATE", line);
    return nullptr;
  }
  void benchmarkPreparing(Catch::StringRef) override { refuse("BENCHMARK", {"", 0}); }
  void benchmarkStarting(const Catch::BenchmarkInfo&) override {}
  void benchmarkEnded(const Catch::BenchmarkStats<>&) override {}
  void benchmarkFailed(Catch::StringRef) override {}
#else
  bool sectionStarted(const Catch::SectionInfo& section, Catch::Counts&) override {
    refuse("SECTION", section.lineInfo);
    return false;
  }
  void sectionEnded(const Catch::SectionEndInfo&) override {}
  void sectionEndedEarly(const Catch::SectionEndInfo&) override {}
  Catch::IGeneratorTracker& acquireGeneratorTracker(Catch::StringRef,
                                                    const Catch::SourceLineInfo& line) override {
    refuse("GENERATE", line);
    throw error("GENERATE in a run");
  }
#if defined(CATCH_CONFIG_ENABLE_BENCHMARKING)
  void benchmarkPreparing(const std::string&) override { refuse("BENCHMARK", {"", 0}); }
  void benchmarkStarting(const Catch::BenchmarkInfo&) override {}
  void benchmarkEnded(const Catch::BenchmarkStats<>&) override {}
  void benchmarkFailed(const std::string&) override {}
#endif
#endif
  std::string getCurrentTestName() const override { return outer_.getCurrentTestName(); }
  const Catch::AssertionResult* getLastResult() const override { return outer_.getLastResult(); }
  void exceptionEarlyReported() override {}

private:
  struct scoped {
    Catch::MessageInfo message;
    core_ref task;
  };

  static std::string text_of(Catch::StringRef text) { return {text.data(), text.size()}; }

  void handle_text(const Catch::AssertionInfo& info, Catch::ResultWas::OfType type,
                   const std::string& message) {
#if REPRISE_CATCH2_3
    if (type == Catch::ResultWas::ExplicitSkip) return refuse("SKIP", info.lineInfo);
#endif
    if ((type & Catch::ResultWas::FailureBit) == 0) return assertionPassed();
    failed(info, message.empty() ? "" : "\n  " + message);
  }

  /// Ends the run, at once or at its next scheduling point, as the assertion says.
  void failed(const Catch::AssertionInfo& info, const std::string& more) {
    last_passed_ = false;
    if ((info.resultDisposition & Catch::ResultDisposition::SuppressFail) != 0) return;
    const std::string macro = text_of(info.macroName);
    const std::string written = text_of(info.capturedExpression);
    std::string text = written.empty() ? macro : macro + "( " + written + " )";
    text += more;
    for (const auto& [message, task] : messages_)
      if (task == current_task().core()) text += "\n  " + message.message;
    const auto line = static_cast<std::uint32_t>(info.lineInfo.line);
    if ((info.resultDisposition & Catch::ResultDisposition::ContinueOnFailure) != 0)
      fail_run_soon(text, info.lineInfo.file, line);
    else
      fail_run(text, info.lineInfo.file, line);
  }

  static void refuse(const char* what, const Catch::SourceLineInfo& line) {
    fail_run(
        std::string(what) +
            " in a run: Catch2 would repeat the test for it, and a run is executed once. Put it "
            "around the run, or write a test of its own.",
        line.file, static_cast<std::uint32_t>(line.line));
  }

  Catch::IResultCapture& outer_;
  std::vector<scoped> messages_;
  bool last_passed_ = true;
};

/// The words of the command line, each with a nul behind it.
inline std::string command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Reporters break lines, and would break a token.
inline void say_how_to_repeat(const report& failure, const std::string& test) {
  const std::string line = command_line();
  Catch::cerr() << "replay: REPRISE_REPLAY=" << failure.token << ' '
                << line.substr(0, line.find('\0')) << " \"" << test << "\"\n";
}

/// The seed of `--rng-seed` when it was given, else 0. Catch2 3 would say a random one.
inline std::uint64_t catch2_seed() {
  if (command_line().find("--rng-seed") == std::string::npos) return 0;
  return Catch::getCurrentContext().getConfig()->rngSeed();
}

}  // namespace detail

/// While it lives, Catch2's assertions belong to the runs that are made: for `run` and `explore` in
/// a plain TEST_CASE. Outside of a run they throw `no_simulation` meanwhile.
class catch2_assertions {
public:
  catch2_assertions() : outer_(Catch::getResultCapture()), mine_(outer_) {
    Catch::getCurrentMutableContext().setResultCapture(&mine_);
  }
  catch2_assertions(const catch2_assertions&) = delete;
  catch2_assertions& operator=(const catch2_assertions&) = delete;
  ~catch2_assertions() { Catch::getCurrentMutableContext().setResultCapture(&outer_); }
  /// Forgets the messages of an earlier run, whose tasks may have been unwound.
  void begin_run() { mine_.begin_run(); }

private:
  Catch::IResultCapture& outer_;
  detail::catch2_capture mine_;
};

namespace detail {

template <class F>
void catch2_test(search what, F body) {
  const std::string name = Catch::getResultCapture().getCurrentTestName();
  if (what.seed == 0) what.seed = catch2_seed();
  test_result result;
  {
    catch2_assertions assertions;
    result = try_test(name, what, [&] {
      assertions.begin_run();
      return body();
    });
  }
  if (!result) {
    if (result.found.failure) say_how_to_repeat(*result.found.failure, name);
    FAIL(result.message);
  }
  SUCCEED(result.message);
}

#if __has_include(<rapidcheck.h>)
template <class... Args>
void catch2_property(void (*body)(Args...)) {
  const std::string name = Catch::getResultCapture().getCurrentTestName();
  property_result result;
  {
    catch2_assertions assertions;
    const auto call = [&](Args... args) {
      assertions.begin_run();
      body(std::forward<Args>(args)...);
    };
    result = property(name, call, {.seed = catch2_seed()});
  }
  if (!result) {
    if (result.failure) say_how_to_repeat(*result.failure, name);
    FAIL(result.message);
  }
  SUCCEED(result.message);
}
#endif

}  // namespace detail
}  // namespace reprise

namespace Catch {
/// So that `CHECK(reprise::run(…))` and `CHECK(reprise::explore(…))` say what failed, and how to
/// repeat it.
template <>
struct StringMaker<reprise::report> {
  static std::string convert(const reprise::report& r) {
    return r ? "passed" : reprise::detail::failure_message(reprise::to_string(r.result), r);
  }
};
template <>
struct StringMaker<reprise::exploration> {
  static std::string convert(const reprise::exploration& e) {
    if (e.failure) return StringMaker<reprise::report>::convert(*e.failure);
    return e.lacks_marks ? "a mark was never reached" : "passed";
  }
};
}  // namespace Catch

/// A test case whose body is explored: `REPRISE_TEST_CASE("name", "[tag]") { … }`.
#define REPRISE_TEST_CASE(...) REPRISE_TEST_CASE_2(__COUNTER__, __VA_ARGS__)
#define REPRISE_TEST_CASE_2(n, ...) REPRISE_TEST_CASE_3(n, __VA_ARGS__)
#define REPRISE_TEST_CASE_3(n, ...)                                                 \
  static void reprise_test_##n();                                                   \
  TEST_CASE(__VA_ARGS__) { ::reprise::detail::catch2_test({}, &reprise_test_##n); } \
  static void reprise_test_##n()

/// A property as a test case: `REPRISE_PROPERTY("name", (const delays& ds)) { … }`; tags may follow
/// the arguments.
#define REPRISE_PROPERTY(name, arguments, ...) \
  REPRISE_PROPERTY_2(__COUNTER__, name, arguments __VA_OPT__(, ) __VA_ARGS__)
#define REPRISE_PROPERTY_2(n, name, arguments, ...) \
  REPRISE_PROPERTY_3(n, name, arguments __VA_OPT__(, ) __VA_ARGS__)
#define REPRISE_PROPERTY_3(n, name, arguments, ...)            \
  static void reprise_property_##n arguments;                  \
  TEST_CASE(name __VA_OPT__(, ) __VA_ARGS__) {                 \
    ::reprise::detail::catch2_property(&reprise_property_##n); \
  }                                                            \
  static void reprise_property_##n arguments
