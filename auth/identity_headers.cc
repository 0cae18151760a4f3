#include "auth/identity_headers.h"

#include <array>
#include <nlohmann/json.hpp>

#include "base/encoding.h"

namespace lp {
namespace {

using nlohmann::json;

enum class Place { whole, in_list };  // in a list the comma separates, so inside an item it is encoded

void append_percent(std::string& out, char byte) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto value = static_cast<unsigned char>(byte);
  out += '%';
  out += kDigits[value >> 4];
  out += kDigits[value & 0x0f];
}

bool stays_raw(char c, Place place) {
  return c > 0x20 && c < 0x7f && c != '%' && !(c == ',' && place == Place::in_list);
}

std::string percent_text(std::string_view text, Place place) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (stays_raw(c, place)) {
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
std::string utf8_text(std::string_view text, Place place) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_sequence_bytes(text.substr(i));
    const std::string_view sequence = text.substr(i, length);
    const bool inner_space = text[i] == ' ' && i > 0 && i + 1 < text.size();
    const bool raw = length > 1 ? !is_c1_control(sequence) : inner_space || stays_raw(text[i], place);
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

std::string encoded(std::string_view text, HeaderEncoding encoding, Place place) {
  const bool as_utf8 = encoding == HeaderEncoding::utf8 && is_valid_utf8(text);
  return as_utf8 ? utf8_text(text, place) : percent_text(text, place);
}

bool is_scalar(const json& claim) { return claim.is_string() || claim.is_number() || claim.is_boolean(); }

std::string scalar_value(const json& claim, HeaderEncoding encoding, Place place) {
  if (claim.is_string()) return encoded(claim.get_ref<const std::string&>(), encoding, place);
  return claim.dump(-1, ' ', false,
                    json::error_handler_t::replace);  // digits, sign, point, e, true, false: all visible ASCII
}

std::string list_value(const json& list, HeaderEncoding encoding) {
  std::string out;
  for (const json& item : list) {
    if (!is_scalar(item)) return {};
    if (&item != &list.front()) out += ',';
    out += scalar_value(item, encoding, Place::in_list);
  }
  return out;
}

}  // namespace

std::string header_value(const json& claim, HeaderEncoding encoding) {
  if (claim.is_array()) return list_value(claim, encoding);
  return is_scalar(claim) ? scalar_value(claim, encoding, Place::whole) : std::string();
}

std::string identity_lines(const json& claims, std::string_view sub, const Settings& settings) {
  std::string lines;
  for (const IdentityHeaderSettings& header : settings.identity_headers) {
    std::string value;
    if (header.claim == "sub") {
      value = encoded(sub, header.encoding, Place::whole);
    } else if (const auto claim = claims.find(header.claim); claim != claims.end()) {
      value = header_value(*claim, header.encoding);
    }
    if (!value.empty()) lines.append(header.header).append(": ").append(value).append("\r\n");
  }
  return lines;
}

}  // namespace lp
