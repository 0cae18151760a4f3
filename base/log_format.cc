#include "base/log_format.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "base/encoding.h"

namespace lp {
namespace {

constexpr std::uint8_t octet(char c) { return static_cast<std::uint8_t>(c); }

constexpr bool is_plain(char c) { return octet(c) >= 0x20 && octet(c) < 0x7f && c != '"' && c != '\\'; }

constexpr std::uint64_t kOnes = 0x0101010101010101u;
constexpr std::uint64_t kHighs = kOnes * 0x80;

constexpr std::uint64_t has_byte(std::uint64_t word, std::uint8_t b) {
  const std::uint64_t x = word ^ (kOnes * b);
  return (x - kOnes) & ~x & kHighs;
}

constexpr bool all_plain(std::uint64_t word) {
  const std::uint64_t below_space = (word - kOnes * 0x20) & ~word & kHighs;
  return ((word & kHighs) | below_space | has_byte(word, '"') | has_byte(word, '\\') | has_byte(word, 0x7f)) == 0;
}

// Length of the run that `text` begins with and that stands for itself: eight bytes at a time, most text is such.
std::size_t plain_prefix_bytes(std::string_view text) {
  std::size_t i = 0;
  for (; text.size() - i >= 8; i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + i, sizeof word);
    if (!all_plain(word)) break;
  }
  while (i < text.size() && is_plain(text[i])) ++i;
  return i;
}

void append_u_escape(std::string& out, std::uint32_t code) {
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += "0123456789abcdef"[(code >> shift) & 0x0f];
}

void append_escaped_ascii(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      append_u_escape(out, octet(c));
  }
}

// Code points that a terminal or a viewer obeys rather than shows: C1 controls, line and paragraph separators, and the
// bidirectional overrides that make a line read as another one.
std::uint32_t hostile_code_point(std::string_view sequence) {
  if (sequence.size() == 2 && octet(sequence[0]) == 0xc2 && octet(sequence[1]) < 0xa0) return octet(sequence[1]);
  if (sequence.size() != 3 || octet(sequence[0]) != 0xe2) return 0;
  const std::uint32_t code = 0x2000u | ((octet(sequence[1]) & 0x3fu) << 6) | (octet(sequence[2]) & 0x3fu);
  const bool hostile = (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
  return hostile ? code : 0;
}

// Appends what stands at the front of `text`, which is not plain, and says how many bytes that was.
std::size_t append_special(std::string& out, std::string_view text) {
  if (octet(text[0]) < 0x80) {
    append_escaped_ascii(out, text[0]);
    return 1;
  }
  const std::size_t size = utf8_sequence_bytes(text);
  if (size == 0) {
    out += "\xef\xbf\xbd";
    return 1;
  }
  const std::string_view sequence = text.substr(0, size);
  if (const std::uint32_t code = hostile_code_point(sequence); code != 0) {
    append_u_escape(out, code);
  } else {
    out += sequence;
  }
  return size;
}

std::string_view cut(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  std::size_t end = max_bytes;
  while (end > 0 && max_bytes - end < 3 && (octet(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

struct Date {
  unsigned year;
  unsigned month;
  unsigned day;
};

// Proleptic Gregorian calendar from days since 1970-01-01 (Howard Hinnant, chrono-compatible low-level date
// algorithms). gmtime_r takes a lock, and this runs for each access line.
Date civil_date(std::int64_t days) {
  const std::int64_t shifted = days + 719468;
  const std::int64_t era = shifted / 146097;
  const auto day_of_era = static_cast<unsigned>(shifted - era * 146097);
  const unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned march_month = (5 * day_of_year + 2) / 153;
  const unsigned day = day_of_year - (153 * march_month + 2) / 5 + 1;
  const unsigned month = march_month < 10 ? march_month + 3 : march_month - 9;
  return {year_of_era + static_cast<unsigned>(era) * 400 + (month <= 2 ? 1 : 0), month, day};
}

void put_digits(char* at, unsigned value, int count) {
  for (int i = count - 1; i >= 0; --i, value /= 10) at[i] = static_cast<char>('0' + value % 10);
}

}  // namespace

void append_json_escaped(std::string& out, std::string_view text, std::size_t max_bytes) {
  text = cut(text, max_bytes);
  for (;;) {
    const std::size_t plain = plain_prefix_bytes(text);
    out.append(text.data(), plain);
    text.remove_prefix(plain);
    if (text.empty()) return;
    text.remove_prefix(append_special(out, text));
  }
}

bool is_plain_json(std::string_view text, std::size_t max_bytes) {
  return text.size() <= max_bytes && plain_prefix_bytes(text) == text.size();
}

void append_rfc3339_ms(std::string& out, std::int64_t unix_ms) {
  constexpr std::int64_t kDayMs = 86'400'000;
  constexpr std::int64_t kLastMs = 253'402'300'799'999;  // 9999-12-31T23:59:59.999Z: RFC 3339 has four digits
  unix_ms = std::clamp<std::int64_t>(unix_ms, 0, kLastMs);
  const Date date = civil_date(unix_ms / kDayMs);
  const auto ms_of_day = static_cast<unsigned>(unix_ms % kDayMs);
  std::array<char, 24> text{'0', '0', '0', '0', '-', '0', '0', '-', '0', '0', 'T', '0',
                            '0', ':', '0', '0', ':', '0', '0', '.', '0', '0', '0', 'Z'};
  put_digits(text.data(), date.year, 4);
  put_digits(text.data() + 5, date.month, 2);
  put_digits(text.data() + 8, date.day, 2);
  put_digits(text.data() + 11, ms_of_day / 3'600'000, 2);
  put_digits(text.data() + 14, ms_of_day / 60'000 % 60, 2);
  put_digits(text.data() + 17, ms_of_day / 1000 % 60, 2);
  put_digits(text.data() + 20, ms_of_day % 1000, 3);
  out.append(text.data(), text.size());
}

}  // namespace lp
