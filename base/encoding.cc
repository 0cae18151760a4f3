#include "base/encoding.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace lp {
namespace {

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kNoDigit = 0xff;
constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

using DigitTable = std::array<std::uint8_t, 256>;

constexpr std::uint8_t byte(char c) { return static_cast<std::uint8_t>(c); }

constexpr DigitTable digits_of(std::string_view alphabet) {
  DigitTable table{};
  table.fill(kNoDigit);
  for (std::size_t i = 0; i < alphabet.size(); ++i) table[byte(alphabet[i])] = static_cast<std::uint8_t>(i);
  return table;
}

constexpr DigitTable kBase64Digits = digits_of(kBase64);
constexpr DigitTable kBase64UrlDigits = digits_of(kBase64Url);

constexpr std::uint8_t hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
  return kNoDigit;
}

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

constexpr bool is_unreserved(char c) {  // RFC 3986 2.3
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

// Without padding.
std::string encode_sextets(std::string_view bytes, std::string_view alphabet) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  std::uint32_t buffer = 0;
  unsigned bits = 0;
  for (const char c : bytes) {
    buffer = (buffer << 8) | byte(c);
    for (bits += 8; bits >= 6;) out += alphabet[(buffer >> (bits -= 6)) & 0x3f];
    buffer &= (1u << bits) - 1;
  }
  if (bits > 0) out += alphabet[(buffer << (6 - bits)) & 0x3f];
  return out;
}

// Without padding. Bits left over must be zero: one byte string has one text (RFC 4648 3.5), so that a token cannot be
// varied without breaking its signature or tag.
std::optional<std::string> decode_sextets(std::string_view text, const DigitTable& digits) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t buffer = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const std::uint8_t digit = digits[byte(c)];
    if (digit == kNoDigit) return std::nullopt;
    buffer = (buffer << 6) | digit;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out += static_cast<char>((buffer >> bits) & 0xff);
      buffer &= (1u << bits) - 1;
    }
  }
  if (buffer != 0) return std::nullopt;
  return out;
}

std::optional<std::string> decode_escapes(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (text.size() - i < 3) return std::nullopt;
      const std::uint8_t high = hex_digit(text[i + 1]);
      const std::uint8_t low = hex_digit(text[i + 2]);
      if (high == kNoDigit || low == kNoDigit) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

// Length of the ASCII run that `text` begins with.
std::size_t ascii_prefix_bytes(std::string_view text) {
  std::size_t i = 0;
  for (; text.size() - i >= 8; i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + i, sizeof word);
    if ((word & 0x8080808080808080u) != 0) break;
  }
  while (i < text.size() && byte(text[i]) < 0x80) ++i;
  return i;
}

struct Utf8Lead {
  std::size_t bytes;        // 0: no sequence begins so
  std::uint8_t second_low;  // the second byte's range; later bytes are 80..BF
  std::uint8_t second_high;
};

constexpr Utf8Lead utf8_lead(std::uint8_t b) {  // Unicode table 3-7
  if (b < 0x80) return {1, 0, 0};
  if (b < 0xc2) return {0, 0, 0};
  if (b < 0xe0) return {2, 0x80, 0xbf};
  if (b == 0xe0) return {3, 0xa0, 0xbf};
  if (b == 0xed) return {3, 0x80, 0x9f};
  if (b < 0xf0) return {3, 0x80, 0xbf};
  if (b == 0xf0) return {4, 0x90, 0xbf};
  if (b < 0xf4) return {4, 0x80, 0xbf};
  if (b == 0xf4) return {4, 0x80, 0x8f};
  return {0, 0, 0};
}

}  // namespace

std::string base64_encode(std::string_view bytes) {
  std::string out = encode_sextets(bytes, kBase64);
  while (out.size() % 4 != 0) out += '=';
  return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  return decode_sextets(text, kBase64Digits);
}

std::string base64url_encode(std::string_view bytes) { return encode_sextets(bytes, kBase64Url); }

std::optional<std::string> base64url_decode(std::string_view text) { return decode_sextets(text, kBase64UrlDigits); }

std::string hex_encode(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    out += "0123456789abcdef"[byte(c) >> 4];
    out += "0123456789abcdef"[byte(c) & 0x0f];
  }
  return out;
}

std::string percent_encode(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() + bytes.size() / 4);
  for (const char c : bytes) {
    if (is_unreserved(c)) {
      out += c;
    } else {
      out += '%';
      out += "0123456789ABCDEF"[byte(c) >> 4];
      out += "0123456789ABCDEF"[byte(c) & 0x0f];
    }
  }
  return out;
}

std::optional<std::string> percent_decode(std::string_view text) { return decode_escapes(text, false); }

std::optional<std::string> form_decode(std::string_view text) { return decode_escapes(text, true); }

std::string html_escape(std::string_view text) {
  const std::string valid = replace_invalid_utf8(text);
  std::string out;
  out.reserve(valid.size() + valid.size() / 8);
  for (const char c : valid) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::size_t utf8_sequence_bytes(std::string_view text) {
  if (text.empty()) return 0;
  const Utf8Lead lead = utf8_lead(byte(text[0]));
  if (lead.bytes < 2) return lead.bytes;
  if (text.size() < lead.bytes) return 0;
  if (byte(text[1]) < lead.second_low || byte(text[1]) > lead.second_high) return 0;
  for (std::size_t i = 2; i < lead.bytes; ++i) {
    if ((byte(text[i]) & 0xc0) != 0x80) return 0;
  }
  return lead.bytes;
}

bool is_valid_utf8(std::string_view bytes) {
  for (;;) {
    bytes.remove_prefix(ascii_prefix_bytes(bytes));
    if (bytes.empty()) return true;
    const std::size_t sequence = utf8_sequence_bytes(bytes);
    if (sequence == 0) return false;
    bytes.remove_prefix(sequence);
  }
}

std::string replace_invalid_utf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const std::size_t sequence = std::max(ascii_prefix_bytes(bytes), utf8_sequence_bytes(bytes));
    out += sequence > 0 ? bytes.substr(0, sequence) : kReplacement;
    bytes.remove_prefix(std::max<std::size_t>(sequence, 1));
  }
  return out;
}

namespace {

template <class Word>
bool is_same_word(const char* a, const char* b) {
  Word x = 0;
  Word y = 0;
  std::memcpy(&x, a, sizeof x);
  std::memcpy(&y, b, sizeof y);
  return x == y;
}

// Names are compared all the time, and mostly have the usual spelling: a word at a time, the last one over the one
// before, without a call.
bool is_same_text(const char* a, const char* b, std::size_t size) {
  if (size < 4) return std::equal(a, a + size, b);
  if (size < 8) return is_same_word<std::uint32_t>(a, b) && is_same_word<std::uint32_t>(a + size - 4, b + size - 4);
  for (std::size_t at = 0; at + 8 < size; at += 8) {
    if (!is_same_word<std::uint64_t>(a + at, b + at)) return false;
  }
  return is_same_word<std::uint64_t>(a + size - 8, b + size - 8);
}

}  // namespace

bool iequals_same_size(std::string_view a, std::string_view b) {
  const auto same = [](char x, char y) { return x == y || lower(x) == lower(y); };
  return is_same_text(a.data(), b.data(), a.size()) || std::equal(a.begin(), a.end(), b.begin(), same);
}

std::string ascii_lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

std::string_view trim_ows(std::string_view text) {
  const auto is_ows = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_ows(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_ows(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace lp
