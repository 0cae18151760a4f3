#include "config/spelling.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>

#include "config/case_folding.h"

namespace lp {
namespace {

constexpr std::string_view kBlank = "%20";

// Code points beyond ASCII that functions which trim a text take for blanks.
bool is_blank(std::uint32_t c) {
  constexpr std::uint32_t kSingle[] = {0x85, 0xa0, 0x1680, 0x180e, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0xfeff};
  return (c >= 0x2000 && c <= 0x200b) || std::find(std::begin(kSingle), std::end(kSingle), c) != std::end(kSingle);
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// The byte beyond ASCII that the escape at `at` stands for.
std::optional<std::uint32_t> high_byte(std::string_view s, std::size_t at) {
  if (at + 2 >= s.size() || s[at] != '%') return std::nullopt;
  const int high = hex_value(s[at + 1]);
  const int low = hex_value(s[at + 2]);
  if (high < 8 || low < 0) return std::nullopt;
  return static_cast<std::uint32_t>(high * 16 + low);
}

// The character of escapes that begins at `at`, which it moves behind it; nothing where there is no whole one.
std::optional<std::uint32_t> escaped_character(std::string_view s, std::size_t& at) {
  const auto lead = high_byte(s, at);
  if (!lead || *lead < 0xc2 || *lead > 0xf4) return std::nullopt;
  const int more = *lead < 0xe0 ? 1 : *lead < 0xf0 ? 2 : 3;
  std::uint32_t c = *lead & (0x3fU >> more);
  std::size_t next = at + 3;
  for (int i = 0; i < more; ++i, next += 3) {
    const auto byte = high_byte(s, next);
    if (!byte || *byte > 0xbf) return std::nullopt;
    c = c << 6 | (*byte & 0x3f);
  }
  at = next;
  return c;
}

// Without escapes of ASCII, which keep their digits, in lower case.
std::string folded(std::string_view text, bool fold_ascii) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    if (const auto c = escaped_character(text, at)) {
      if (is_blank(*c))
        out += kBlank;
      else
        append_case_folded(out, *c);
    } else if (text[at] == '%') {
      out += text.substr(at, 3);
      at += std::min<std::size_t>(3, text.size() - at);
    } else {
      const char letter = text[at++];
      out += fold_ascii && letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    }
  }
  return out;
}

std::string_view trimmed(std::string_view segment) {
  while (segment.starts_with(kBlank)) segment.remove_prefix(kBlank.size());
  for (;;) {
    if (segment.ends_with('.'))
      segment.remove_suffix(1);
    else if (segment.ends_with(kBlank))
      segment.remove_suffix(kBlank.size());
    else
      return segment;
  }
}

}  // namespace

std::string spelling_key(std::string_view normal_path) {
  const std::string path = folded(normal_path, true);
  std::string key;
  key.reserve(path.size());
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view segment = trimmed(std::string_view(path).substr(at, end - at));
    if (!segment.empty()) key.append("/").append(segment);
    at = end + 1;
  }
  return key.empty() ? "/" : key;
}

PathPattern spelling_key(PathPattern pattern) {
  using Kind = PathPattern::Kind;
  if (pattern.kind == Kind::regex)
    pattern.text = "(?i:" + folded(pattern.text, false) + ")";
  else if (!pattern.text.empty())
    pattern.text = spelling_key(pattern.text);
  if (pattern.kind == Kind::prefix && pattern.text == "/") pattern.text.clear();
  return pattern;
}

bool may_have_other_key(std::string_view normal_path) {
  char before = 0;
  for (const char c : normal_path) {
    if (c == '%' || (c >= 'A' && c <= 'Z') || (c == '/' && (before == '.' || before == '/'))) return true;
    before = c;
  }
  return (before == '/' && normal_path.size() > 1) || before == '.';
}

std::string with_plain_blanks(std::string_view normal_path) {
  std::string out;
  for (std::size_t at = 0; at < normal_path.size();) {
    std::size_t next = at;
    const auto c = escaped_character(normal_path, next);
    if (!c) next = at + 1;
    if (c && is_blank(*c))
      out += kBlank;
    else
      out += normal_path.substr(at, next - at);
    at = next;
  }
  return out;
}

}  // namespace lp
