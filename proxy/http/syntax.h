#pragma once
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <array>
#include <bit>
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

#ifdef __SSE2__
// How many of sixteen bytes are marked, up to the first that is not.
inline std::size_t marked_in_block(__m128i marks) {
  return static_cast<std::size_t>(std::countr_one(static_cast<std::uint32_t>(_mm_movemask_epi8(marks))));
}
// Marks the bytes that lie at most `span` above `first`.
inline __m128i between(__m128i block, char first, char span) {
  const __m128i above = _mm_sub_epi8(block, _mm_set1_epi8(first));
  return _mm_cmpeq_epi8(_mm_min_epu8(above, _mm_set1_epi8(span)), above);
}
// How many of the next sixteen bytes are letters, digits or '-', up to the first that is not: what nearly all tokens
// are made of.
inline std::size_t usual_token_in_block(const char* bytes) {
  const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
  const __m128i letters = between(_mm_or_si128(block, _mm_set1_epi8(0x20)), 'a', 25);
  const __m128i others = _mm_or_si128(between(block, '0', 9), _mm_cmpeq_epi8(block, _mm_set1_epi8('-')));
  return marked_in_block(_mm_or_si128(letters, others));
}

inline constexpr std::size_t kTextBlock = 16;
// A bit for each of sixteen bytes that is not is_text().
inline std::uint64_t other_than_text(const char* bytes) {
  const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
  const __m128i del = _mm_cmpeq_epi8(block, _mm_set1_epi8(0x7f));
  const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1f)), block);
  return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_or_si128(del, control)));
}
// How many of the next kTextBlock bytes are is_text(), up to the first that is not.
inline std::size_t text_in_block(const char* bytes) {
  return std::min(static_cast<std::size_t>(std::countr_zero(other_than_text(bytes))), kTextBlock);
}
inline constexpr std::size_t kLongTextBlock = 64;
// Likewise of four at once: cookies are long.
inline std::size_t text_in_long_block(const char* bytes) {
  const std::uint64_t others = other_than_text(bytes) | other_than_text(bytes + 16) << 16 |
                               other_than_text(bytes + 32) << 32 | other_than_text(bytes + 48) << 48;
  return static_cast<std::size_t>(std::countr_zero(others));
}
#else
inline constexpr std::size_t kTextBlock = 8;
inline std::size_t text_in_block(const char* bytes) {
  constexpr std::uint64_t ones = 0x0101010101010101U;
  constexpr std::uint64_t high = ones * 0x80;
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, 8);
  const std::uint64_t control = (word - ones * 0x20) & ~word;
  const std::uint64_t differs_from_del = word ^ (ones * 0x7f);
  const std::uint64_t del = (differs_from_del - ones) & ~differs_from_del;
  if (((control | del) & high) == 0) return kTextBlock;
  std::size_t text = 0;
  while (is_text(bytes[text])) ++text;
  return text;
}
#endif

// The first position from `at` on that is not is_tchar(), or the end.
inline std::size_t skip_token(std::string_view s, std::size_t at) {
#ifdef __SSE2__
  while (s.size() - at >= 16) {
    const std::size_t usual = usual_token_in_block(s.data() + at);
    at += usual;
    if (usual < 16) break;
  }
#endif
  while (at < s.size() && is_tchar(s[at])) ++at;
  return at;
}

// skip_text() behind the first block. Not inline, for half of all values end in that one.
[[gnu::noinline]] inline std::size_t skip_more_text(std::string_view s, std::size_t at, std::size_t end) {
#ifdef __SSE2__
  while (end - at >= kLongTextBlock) {
    const std::size_t text = text_in_long_block(s.data() + at);
    at += text;
    if (text < kLongTextBlock) return at;
  }
#endif
  while (end - at >= kTextBlock) {
    const std::size_t text = text_in_block(s.data() + at);
    at += text;
    if (text < kTextBlock) return at;
  }
  while (at < end && is_text(s[at])) ++at;
  return at;
}

// The first position in [at, end) that is not is_text(), or `end`. Many bytes at a time: a head is mostly text.
[[gnu::always_inline]] inline std::size_t skip_text(std::string_view s, std::size_t at, std::size_t end) {
  if (end - at < kTextBlock) return skip_more_text(s, at, end);
  const std::size_t text = text_in_block(s.data() + at);
  return text < kTextBlock ? at + text : skip_more_text(s, at + text, end);
}

}  // namespace lp::syntax
