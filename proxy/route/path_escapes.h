#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "proxy/http/syntax.h"

// Escapes in paths. Internal to the normal form of a target and to its readings. Pure.
namespace lp::escapes {

// Characters that stand for themselves: pchar without ';', which begins parameters (RFC 3986 3.3).
inline constexpr syntax::CharTable kPlain = syntax::chars("-._~!$&'()*+,=:@");
// Escaped or not, they say the same (RFC 3986 2.3).
inline constexpr syntax::CharTable kUnreserved = syntax::chars("-._~");

constexpr bool is_control(int byte) { return byte < 0x20 || byte == 0x7f; }

// The byte that the two hexadecimal digits at `at` say, or -1.
constexpr int byte_of_digits(std::string_view s, std::size_t at) {
  if (at + 1 >= s.size()) return -1;
  const int high = syntax::hex_value(s[at]);
  const int low = syntax::hex_value(s[at + 1]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}
// The byte that the escape at `at` stands for, or -1.
constexpr int escaped_byte(std::string_view s, std::size_t at) {
  return at < s.size() && s[at] == '%' ? byte_of_digits(s, at + 1) : -1;
}
// The byte behind a second layer of encoding, %25 before two hexadecimal digits; -1 where there is none.
constexpr int doubly_escaped_byte(std::string_view s, std::size_t at) {
  return s.substr(at).starts_with("%25") ? byte_of_digits(s, at + 3) : -1;
}

inline void append_escape(std::string& out, int byte) {
  constexpr char kHex[] = "0123456789ABCDEF";
  out += '%';
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}
// A byte that was escaped, as the normal form has it.
inline void append_normal(std::string& out, int byte) {
  if (byte < 0x80 && syntax::in(kPlain, static_cast<char>(byte)))
    out += static_cast<char>(byte);
  else
    append_escape(out, byte);
}

// Every escape of a character in `decoded` as that character, all others with upper-case digits.
[[nodiscard]] inline std::string with_escapes_decoded(std::string_view path, const syntax::CharTable& decoded) {
  std::string out;
  out.reserve(path.size());
  for (std::size_t at = 0; at < path.size(); ++at) {
    const int byte = escaped_byte(path, at);
    if (byte < 0) {
      out += path[at];
      continue;
    }
    if (syntax::in(decoded, static_cast<char>(byte)))
      out += static_cast<char>(byte);
    else
      append_escape(out, byte);
    at += 2;
  }
  return out;
}

[[nodiscard]] inline std::string with_slashes_merged(std::string_view path) {
  std::string merged;
  merged.reserve(path.size());
  for (const char c : path) {
    if (c != '/' || merged.empty() || merged.back() != '/') merged += c;
  }
  return merged;
}

}  // namespace lp::escapes
