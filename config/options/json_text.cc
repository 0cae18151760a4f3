#include "config/options/json_text.h"

#include <algorithm>
#include <string_view>

namespace lp {
namespace {

std::string json_text(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') out += '\\';
    if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  return out + '"';
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// RFC 8259 6. Anything else that looks like a number to some YAML reader, 0x10 or 1_000, is a text.
bool is_json_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const std::size_t exponent = text.find_first_of("eE");
  if (exponent != std::string_view::npos) {
    std::string_view power = text.substr(exponent + 1);
    if (power.starts_with('+') || power.starts_with('-')) power.remove_prefix(1);
    if (!is_digits(power)) return false;
    text = text.substr(0, exponent);
  }
  const std::size_t point = text.find('.');
  if (point != std::string_view::npos && !is_digits(text.substr(point + 1))) return false;
  const std::string_view whole = text.substr(0, point);
  return is_digits(whole) && (whole.size() == 1 || whole.front() != '0');
}

}  // namespace

std::string json_of(const Node& node) {
  std::string out;
  switch (node.kind) {
    case Node::Kind::null:
      return "null";
    case Node::Kind::scalar: {
      const bool is_word = node.text == "true" || node.text == "false" || is_json_number(node.text);
      return is_word && !node.quoted ? node.text : json_text(node.text);
    }
    case Node::Kind::list:
      for (const Node& item : node.items) out += (out.empty() ? "" : ",") + json_of(item);
      return "[" + out + "]";
    case Node::Kind::map:
      for (const Entry& entry : node.entries)
        out += (out.empty() ? "" : ",") + json_text(entry.key) + ":" + json_of(entry.value);
      return "{" + out + "}";
  }
  return out;
}

}  // namespace lp
