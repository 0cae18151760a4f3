#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string_view>

// The character classes of HTTP/1.1 and URI grammar as tables. Internal to the codec and the target normaliser. Pure.
namespace lp::syntax {

using CharTable = std::array<bool, 256>;

constexpr CharTable chars(std::string_view extra, bool alphanumeric = true) {
  CharTable table{};
  if (alphanumeric) {
    for (std::size_t c = '0'; c <= '9'; ++c) table[c] = true;
    for (std::size_t c = 'A'; c <= 'Z'; ++c) table[c] = table[c + 32] = true;
  }
  for (const char c : extra) table[static_cast<unsigned char>(c)] = true;
  return table;
}

inline constexpr CharTable kToken = chars("!#$%&'*+-.^_`|~");  // tchar, RFC 9110 5.6.2

constexpr bool in(const CharTable& table, char c) { return table[static_cast<unsigned char>(c)]; }
constexpr bool is_tchar(char c) { return in(kToken, c); }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_ows(char c) { return c == ' ' || c == '\t'; }
constexpr bool is_visible(char c) { return c > 0x20 && c < 0x7f; }
// SP, VCHAR and obs-text: what may stand in a field value, HTAB apart (RFC 9110 5.5).
constexpr bool is_text(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; }

// -1 for anything else.
constexpr int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Not zero when one of eight bytes is not is_text().
inline std::uint64_t non_text_of_8(const char* bytes) {
  constexpr std::uint64_t ones = 0x0101010101010101U;
  constexpr std::uint64_t high = ones * 0x80;
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, 8);
  const std::uint64_t control = (word - ones * 0x20) & ~word;
  const std::uint64_t differs_from_del = word ^ (ones * 0x7f);
  const std::uint64_t del = (differs_from_del - ones) & ~differs_from_del;
  return (control | del) & high;
}

// The first position in [at, end) that is not is_text(), or `end`. Many bytes at a time: a head is mostly text.
inline std::size_t skip_text(std::string_view s, std::size_t at, std::size_t end) {
  while (end - at >= 16 && (non_text_of_8(s.data() + at) | non_text_of_8(s.data() + at + 8)) == 0) at += 16;
  if (end - at >= 8 && non_text_of_8(s.data() + at) == 0) at += 8;
  while (at < end && is_text(s[at])) ++at;
  return at;
}

}  // namespace lp::syntax
