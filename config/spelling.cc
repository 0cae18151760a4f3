#include "config/spelling.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>

#include "config/case_folding.h"
#include "config/compatible_forms.h"

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

// The character that %25uXXXX stands for, where it begins at `at`, which it moves behind it: what IIS and JavaScript's
// unescape() once made of %uXXXX, encoded. No percent sign, for that would begin another one.
std::optional<std::uint32_t> unicode_escape(std::string_view s, std::size_t& at) {
  constexpr std::size_t kLength = 8;
  if (s.size() < at + kLength || s.substr(at, 3) != "%25" || (s[at + 3] != 'u' && s[at + 3] != 'U')) return {};
  std::uint32_t c = 0;
  for (std::size_t i = at + 4; i < at + kLength; ++i) {
    if (hex_value(s[i]) < 0) return std::nullopt;
    c = c * 16 + static_cast<std::uint32_t>(hex_value(s[i]));
  }
  if (c < 0x21 || c == '%' || c == 0x7f || (c >= 0xd800 && c < 0xe000)) return std::nullopt;
  at += kLength;
  return c;
}

bool is_key_character(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// As the key has it.
void append_ascii(std::string& out, char c) {
  constexpr std::string_view kAsItStands = "-._~!$&'()*,=:@;";
  constexpr char kUpperHex[] = "0123456789ABCDEF";
  if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (c == '\\') c = '/';
  if (c == '+')
    out += kBlank;
  else if (is_key_character(c) || c == '/' || kAsItStands.find(c) != std::string_view::npos)
    out += c;
  else
    out.append({'%', kUpperHex[c >> 4 & 15], kUpperHex[c & 15]});
}

enum class Of { path, pattern };

void append_character(std::string& out, std::uint32_t c, Of kind) {
  if (is_invisible(c)) return;
  if (is_blank(c)) {
    out += kBlank;
    return;
  }
  const std::string form = c < 0x80 ? std::string(1, static_cast<char>(c)) : ascii_form(c);
  // In a pattern all else means something.
  const bool counts = !form.empty() && (kind == Of::path || std::all_of(form.begin(), form.end(), is_key_character));
  if (!counts) return append_case_folded(out, c);
  for (const char one : form) append_ascii(out, one);
}

// Without escapes of ASCII, which keep their digits, in lower case.
std::string folded(std::string_view text, Of kind) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto doubly = kind == Of::path ? unicode_escape(text, at) : std::nullopt;
    if (const auto c = doubly ? doubly : escaped_character(text, at)) {
      append_character(out, *c, kind);
    } else if (text[at] == '%') {
      out += text.substr(at, 3);
      at += std::min<std::size_t>(3, text.size() - at);
    } else if (kind == Of::path && text[at] == '+') {
      out += kBlank;
      ++at;
    } else {
      const char letter = text[at++];
      out += kind == Of::path && letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    }
  }
  return out;
}

bool is_any_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// The length of what ASP.NET takes out of paths where it keeps no cookies, "(S(x))" or "(A(x)F(y))", at `at`; 0: none.
std::size_t cookieless_length(std::string_view path, std::size_t at) {
  if (path.substr(at, 1) != "(") return 0;
  std::size_t next = at + 1;
  while (next + 1 < path.size() && is_any_letter(path[next]) && path[next + 1] == '(') {
    const std::size_t end = path.find_first_of("()/", next + 2);
    if (end == std::string_view::npos || path[end] != ')') return 0;
    next = end + 1;
  }
  return next > at + 1 && path.substr(next, 1) == ")" ? next + 1 - at : 0;
}

std::string without_cookieless(std::string_view path) {
  std::string out;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t length = cookieless_length(path, at);
    if (length == 0) out += path[at++];
    at += length;
  }
  return out;
}

// Names of streams, by which NTFS knows a file or a folder too: "admin::$DATA", "admin:$i30:$INDEX_ALLOCATION".
std::string_view without_stream(std::string_view segment) {
  const std::size_t type = segment.find(":$");
  if (type == std::string_view::npos) return segment;
  return segment.substr(0, segment.find(':'));
}

std::string_view without_blanks_around(std::string_view segment) {
  while (segment.starts_with(kBlank)) segment.remove_prefix(kBlank.size());
  while (segment.ends_with(kBlank)) segment.remove_suffix(kBlank.size());
  return segment;
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

// Dots that stand for themselves were resolved before; these stood in another form.
void append_key_segment(std::string& key, std::string_view segment, bool& climbs) {
  segment = without_stream(segment);
  if (without_blanks_around(segment) == "..") {
    climbs = true;
    key.erase(std::min(key.rfind('/'), key.size()));
    return;
  }
  segment = trimmed(segment);
  if (!segment.empty()) key.append("/").append(segment);
}

std::string folded_once(std::string_view text, bool& climbs) {
  const std::string path = without_cookieless(folded(text, Of::path));
  std::string key;
  key.reserve(path.size());
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    append_key_segment(key, std::string_view(path).substr(at, end - at), climbs);
    at = end + 1;
  }
  return key.empty() ? "/" : key;
}

// No app takes forms off a path more often than this. What holds more was made to cost us: each time is a look at all
// of it, and there is one in every few bytes ("(S((S(x))))"). Nobody can say where it leads.
constexpr int kMostLayers = 4;

std::string folded_fully(std::string_view text, bool& climbs) {
  std::string key = folded_once(text, climbs);
  for (int layers = 1;; ++layers) {
    std::string again = folded_once(key, climbs);
    if (again == key) return key;
    key = std::move(again);
    if (layers == kMostLayers) break;
  }
  climbs = true;
  return key;
}

// A capital letter, or what is behind another one that makes it odd.
bool is_odd_at(std::string_view path, std::size_t at) {
  const char c = path[at];
  const char before = at == 0 ? '\0' : path[at - 1];
  if (c == '%' || c == '+' || (c >= 'A' && c <= 'Z')) return true;
  if (c == '/') return before == '.' || before == '/';
  if (c == '(') return at >= 2 && path[at - 2] == '(';
  if (c == '$') return before == ':';
  return before == '~' && c >= '0' && c <= '9';
}

}  // namespace

std::string spelling_key(std::string_view normal_path) {
  bool climbs = false;
  return folded_fully(normal_path, climbs);
}

bool leads_upwards(std::string_view normal_path) {
  bool climbs = false;
  static_cast<void>(folded_fully(normal_path, climbs));
  return climbs;
}

PathPattern spelling_key(PathPattern pattern) {
  using Kind = PathPattern::Kind;
  if (pattern.kind == Kind::regex)
    pattern.text = "(?i:" + folded(pattern.text, Of::pattern) + ")";
  else if (!pattern.text.empty())
    pattern.text = spelling_key(pattern.text);
  if (pattern.kind == Kind::prefix && pattern.text == "/") pattern.text.clear();
  return pattern;
}

bool may_have_other_key(std::string_view normal_path) {
  for (std::size_t at = 0; at < normal_path.size(); ++at) {
    if (is_odd_at(normal_path, at)) return true;
  }
  return (normal_path.ends_with('/') && normal_path.size() > 1) || normal_path.ends_with('.');
}

std::string joined_spelling(std::string_view normal_path) {
  std::string joined;
  for (std::size_t at = 0; at < normal_path.size();) {
    const std::size_t length = cookieless_length(normal_path, at);
    if (length == 0) {
      joined += normal_path[at++];
      continue;
    }
    at += length;
    if (joined.ends_with('/')) joined.pop_back();
  }
  return joined.starts_with('/') ? joined : "/" + joined;
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
