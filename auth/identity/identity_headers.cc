#include "auth/identity/identity_headers.h"

#include <nlohmann/json.hpp>

#include "base/encoding.h"

namespace lp {
namespace {

using nlohmann::json;

// What separates the items of a list, inside of which it is encoded; '\0' outside of lists.
constexpr char kNoSeparator = '\0';

void append_percent(std::string& out, char byte) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto value = static_cast<unsigned char>(byte);
  out += '%';
  out += kDigits[value >> 4];
  out += kDigits[value & 0x0f];
}

bool stays_raw(char c, char separator) { return c > 0x20 && c < 0x7f && c != '%' && c != separator; }

std::string percent_text(std::string_view text, char separator) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (stays_raw(c, separator)) {
      out += c;
    } else {
      append_percent(out, c);
    }
  }
  return out;
}

// C1 controls (U+0080 to U+009F) are C2 80 to C2 9F.
bool is_c1_control(std::string_view sequence) {
  return sequence.size() == 2 && sequence[0] == '\xc2' && static_cast<unsigned char>(sequence[1]) < 0xa0;
}

// A space stays inside the text, but not at its ends, where a recipient trims it (RFC 9110 5.5).
std::string utf8_text(std::string_view text, char separator) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_sequence_bytes(text.substr(i));
    const std::string_view sequence = text.substr(i, length);
    const bool inner_space = text[i] == ' ' && separator != ' ' && i > 0 && i + 1 < text.size();
    const bool raw = length > 1 ? !is_c1_control(sequence) : inner_space || stays_raw(text[i], separator);
    for (const char c : sequence) {
      if (raw) {
        out += c;
      } else {
        append_percent(out, c);
      }
    }
    i += length;
  }
  return out;
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

bool is_control(std::string_view sequence) {
  const auto byte = static_cast<unsigned char>(sequence.front());
  return sequence.size() == 1 ? byte < 0x20 || byte == 0x7f : is_c1_control(sequence);
}

// Nothing where a recipient would read something else: controls end a field, blanks at the ends are trimmed, and a
// separator inside an item makes two of it.
std::string raw_text(std::string_view text, char separator) {
  const bool is_trimmed = !text.empty() && (is_blank(text.front()) || is_blank(text.back()));
  const bool is_split = separator != kNoSeparator && text.find(separator) != std::string_view::npos;
  if (is_trimmed || is_split || !is_valid_utf8(text)) return {};
  for (std::size_t i = 0; i < text.size();) {
    const std::string_view sequence = text.substr(i, utf8_sequence_bytes(text.substr(i)));
    if (is_control(sequence)) return {};
    i += sequence.size();
  }
  return std::string(text);
}

std::string encoded(std::string_view text, HeaderEncoding encoding, char separator) {
  if (encoding == HeaderEncoding::raw) return raw_text(text, separator);
  const bool as_utf8 = encoding == HeaderEncoding::utf8 && is_valid_utf8(text);
  return as_utf8 ? utf8_text(text, separator) : percent_text(text, separator);
}

bool is_scalar(const json& claim) { return claim.is_string() || claim.is_number() || claim.is_boolean(); }

std::string scalar_value(const json& claim, HeaderEncoding encoding, char separator) {
  if (claim.is_string()) return encoded(claim.get_ref<const std::string&>(), encoding, separator);
  return claim.dump(-1, ' ', false,
                    json::error_handler_t::replace);  // digits, sign, point, e, true, false: all visible ASCII
}

std::string list_value(const json& list, HeaderEncoding encoding, char separator) {
  std::string out;
  bool is_first = true;
  for (const json& item : list) {
    if (!is_scalar(item)) return {};
    const std::string value = scalar_value(item, encoding, separator);
    if (value.empty() && encoding == HeaderEncoding::raw) continue;
    if (!is_first) out += separator;
    out += value;
    is_first = false;
  }
  return out;
}

}  // namespace

std::string header_value(const json& claim, HeaderEncoding encoding, char separator) {
  if (claim.is_array()) return list_value(claim, encoding, separator);
  return is_scalar(claim) ? scalar_value(claim, encoding, kNoSeparator) : std::string();
}

}  // namespace lp
