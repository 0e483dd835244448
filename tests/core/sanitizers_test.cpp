// What a sanitizer must still find inside a task. Each bug ends a process of its own.

#include "support/catch2.hpp"

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <string>

#if defined(__SANITIZE_ADDRESS__)
#define BUILT_WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BUILT_WITH_ASAN 1
#endif
#endif

using Catch::Matchers::ContainsSubstring;

namespace {

struct ended {
  int status;
  std::string output;
};

ended planted(const std::string& bug) {
  const std::string command =
      "ASAN_OPTIONS=detect_stack_use_after_return=1:detect_leaks=1:exitcode="
      "99 " REPRISE_PLANTED_MEMORY " " +
      bug + " 2>&1";
  ended e{-1, {}};
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe);
  std::array<char, 4096> block{};
  while (const std::size_t n = std::fread(block.data(), 1, block.size(), pipe))
    e.output.append(block.data(), n);
  const int status = ::pclose(pipe);
  e.status = WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
  return e;
}

}  // namespace

TEST_CASE("a program without a bug is clean") {
  const ended e = planted("none");
  INFO(e.output);
  CHECK(e.status == 0);
}

#if defined(BUILT_WITH_ASAN)
TEST_CASE("a stack overrun in a task is reported") {
  const ended e = planted("overrun");
  CHECK(e.status == 99);
  CHECK_THAT(e.output, ContainsSubstring("stack-buffer-overflow") && ContainsSubstring("overrun"));
}

TEST_CASE("a use after free in a task is reported") {
  const ended e = planted("use_after_free");
  CHECK(e.status == 99);
  CHECK_THAT(e.output, ContainsSubstring("heap-use-after-free") && ContainsSubstring("freed by"));
}

TEST_CASE("a use after return in a task is reported") {
  const ended e = planted("use_after_return");
  CHECK(e.status == 99);
  CHECK_THAT(e.output, ContainsSubstring("stack-use-after-return"));
}

TEST_CASE("a leak in a task is reported") {
  const ended e = planted("leak");
  CHECK(e.status == 99);
  CHECK_THAT(e.output, ContainsSubstring("detected memory leaks") && ContainsSubstring("256 byte"));
}
#endif
