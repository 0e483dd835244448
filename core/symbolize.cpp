// Return addresses as places in the source, for reports only.

#include "engine.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#if defined(REPRISE_HAVE_BACKTRACE)
// Declared here because the header lies in gcc's own include folder, where clang does not look; the
// library is found by both.
extern "C" {
struct backtrace_state;
using backtrace_error_callback = void (*)(void*, const char*, int);
using backtrace_full_callback = int (*)(void*, std::uintptr_t, const char*, int, const char*);
backtrace_state* backtrace_create_state(const char*, int, backtrace_error_callback, void*);
int backtrace_pcinfo(backtrace_state*, std::uintptr_t, backtrace_full_callback,
                     backtrace_error_callback, void*);
}
#endif

namespace reprise::detail {

namespace {

#if defined(REPRISE_HAVE_BACKTRACE)
std::string_view folder_of(std::string_view file) { return file.substr(0, file.rfind('/') + 1); }

/// Where our own sources lay when they were compiled; nothing when they have no lines.
std::string own_folder(backtrace_state* state) {
  std::string folder;
  backtrace_pcinfo(
      state, reinterpret_cast<std::uintptr_t>(&place_of),
      [](void* to, std::uintptr_t, const char* file, int, const char*) {
        if (file) *static_cast<std::string*>(to) = folder_of(file);
        return 1;
      },
      [](void*, const char*, int) {}, &folder);
  return folder;
}

/// Whether a person would look for the place here: not in the standard library, nor in ours.
bool is_users(std::string_view file, std::string_view own) {
  return !file.empty() && file.find("/include/reprise/") == std::string_view::npos &&
         !file.starts_with("/usr/include/") && !file.starts_with("/usr/lib/") &&
         file.find("/c++/") == std::string_view::npos && (own.empty() || folder_of(file) != own);
}

/// The place of the user's code there, after `skip` inlined functions of the user's.
std::string look_up(const void* address, int skip) {
  static backtrace_state* const state = backtrace_create_state(
      nullptr, 1, [](void*, const char*, int) {}, nullptr);
  if (!state) return {};
  static const std::string own = own_folder(state);
  struct found {
    int skip;
    std::string_view own;
    std::string place;
  } result{skip, own, {}};
  // Inlined frames come innermost first.
  backtrace_pcinfo(
      state, reinterpret_cast<std::uintptr_t>(address) - 1,
      [](void* data, std::uintptr_t, const char* file, int line, const char*) {
        auto& found_here = *static_cast<found*>(data);
        if (!file || line <= 0 || !is_users(file, found_here.own) || found_here.skip-- > 0)
          return 0;
        std::string_view name(file);
        name.remove_prefix(name.rfind('/') + 1);
        found_here.place = fmt::format("{}:{}", name, line);
        return 1;
      },
      [](void*, const char*, int) {}, &result);
  return result.place;
}
#else
std::string look_up(const void*, int) { return {}; }
#endif

}  // namespace

std::string place_of(const void* return_address) {
  if (!return_address) return {};
  static std::mutex mutex;
  static std::map<const void*, std::string> known;
  const std::scoped_lock lock(mutex);
  const auto [entry, is_new] = known.try_emplace(return_address);
  if (is_new) entry->second = look_up(return_address, 0);
  return entry->second;
}

std::string in_brackets(const std::string& place) {
  return place.empty() ? "" : " (" + place + ")";
}

std::string caller_of(const void* return_address) { return look_up(return_address, 1); }

}  // namespace reprise::detail
