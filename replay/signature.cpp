#include <reprise/replay/signature.hpp>

#include <cctype>

namespace reprise {

std::string signature_of(const report& r) {
  if (r) return {};
  std::string text = std::string(to_string(r.result)) + ": ";
  bool in_number = false;
  for (const char c : r.what.substr(0, r.what.find('\n'))) {
    const bool digit = std::isdigit(static_cast<unsigned char>(c)) != 0;
    if (digit && in_number) continue;
    in_number = digit || (in_number && (c == '.' || c == ','));
    text += digit ? '#' : c;
  }
  return text;
}

}  // namespace reprise
