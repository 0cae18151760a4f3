#include "proxy/route/target.h"

#include <algorithm>

#include "base/encoding.h"
#include "config/spelling.h"
#include "proxy/http/syntax.h"

namespace lp {
namespace {

using Rule = const char*;  // what was broken, null when nothing

// Characters that stand for themselves: pchar without ';', which begins parameters (RFC 3986 3.3).
constexpr syntax::CharTable kPlain = syntax::chars("-._~!$&'()*+,=:@");
// Raw characters that RFC 3986 forbids and browsers send nevertheless (WHATWG URL, path percent-encode set).
constexpr syntax::CharTable kEscapedForClients = syntax::chars("[]^|", false);
// Visible ASCII; '#' would begin a fragment, which has no place in a request (threat P03).
constexpr syntax::CharTable kQuery = [] {
  syntax::CharTable table{};
  for (std::size_t c = 0x21; c < 0x7f; ++c) table[c] = c != '#';
  return table;
}();

bool is_control(int byte) { return byte < 0x20 || byte == 0x7f; }

// The byte that the escape at `at` stands for, or -1.
int escaped_byte(std::string_view s, std::size_t at) {
  if (at + 2 >= s.size() || s[at] != '%') return -1;
  const int high = syntax::hex_value(s[at + 1]);
  const int low = syntax::hex_value(s[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

void append_escape(std::string& out, int byte) {
  constexpr char kHex[] = "0123456789ABCDEF";
  out += '%';
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

// One escape of an ASCII character.
Rule append_ascii_escape(int byte, std::string& segment) {
  const char c = static_cast<char>(byte);
  if (is_control(byte)) return "encoded control character in the path";
  if (c == '\\') return "encoded backslash in the path";
  if (syntax::in(kPlain, c))
    segment += c;
  else
    append_escape(segment, byte);
  return nullptr;
}

// A run of escapes of bytes beyond ASCII, from `at`: characters of UTF-8, each complete (threat P13).
Rule append_utf8_escapes(std::string_view raw, std::size_t& at, std::string& segment) {
  std::string bytes;
  for (int byte = escaped_byte(raw, at); byte >= 0x80; byte = escaped_byte(raw, at)) {
    bytes += static_cast<char>(byte);
    append_escape(segment, byte);
    at += 3;
  }
  return is_valid_utf8(bytes) ? nullptr : "escapes in the path that are not UTF-8";
}

Rule append_escapes(std::string_view raw, std::size_t& at, std::string& segment) {
  const int byte = escaped_byte(raw, at);
  if (byte < 0) return "broken escape in the path";
  if (byte >= 0x80) return append_utf8_escapes(raw, at, segment);
  const Rule rule = append_ascii_escape(byte, segment);
  at += 3;
  return rule;
}

// Reads the segment that begins at `at` up to a slash or the end, in normal form.
Rule read_segment(std::string_view raw, std::size_t& at, std::string& segment) {
  segment.clear();
  while (at < raw.size() && raw[at] != '/') {
    const char c = raw[at];
    if (c == '%') {
      if (const Rule rule = append_escapes(raw, at, segment)) return rule;
      continue;
    }
    if (syntax::in(kPlain, c) || c == ';')
      segment += c;
    else if (syntax::in(kEscapedForClients, c))
      append_escape(segment, c);
    else
      return "character in the path that is not allowed there";
    ++at;
  }
  return nullptr;
}

// The byte behind a second layer of encoding, %25 before two hex digits; -1 where there is none.
int doubly_escaped_byte(std::string_view s, std::size_t at) {
  if (!s.substr(at).starts_with("%25") || at + 4 >= s.size()) return -1;
  const int high = syntax::hex_value(s[at + 3]);
  const int low = syntax::hex_value(s[at + 4]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

// What a second layer hides may not matter to path rules: no dot, no backslash, no control, no third layer (threats
// P09, P27). A slash is as good or bad as %2F. Looks at the normal form, since "%25%32%65" spells "%252e" too.
Rule check_double_encoding(std::string_view segment) {
  for (std::size_t at = segment.find("%25"); at != std::string_view::npos; at = segment.find("%25", at + 1)) {
    const int hidden = doubly_escaped_byte(segment, at);
    if (hidden < 0) continue;
    if (hidden == '.' || hidden == '\\' || hidden == '%' || is_control(hidden)) return "double encoding in the path";
  }
  return nullptr;
}

// "." or "..", as some app may read `part`: with parameters or an encoded query cut off, decoded twice, or with spaces
// behind, as Windows does.
bool is_dot_segment_in_disguise(std::string_view part) {
  const std::size_t dots = std::min(part.find_first_not_of('.'), part.size());
  if (dots != 1 && dots != 2) return false;
  std::string_view rest = part.substr(dots);
  while (rest.starts_with("%20")) rest.remove_prefix(3);
  if (rest.empty() || rest.front() == ';') return true;
  const std::string_view escape = rest.substr(0, 3);
  return escape == "%3B" || escape == "%3F" || escape == "%23" || escape == "%25";
}

// The end of the part of `segment` that begins at `from`, at %2F or %252F; sets `next` behind it.
std::size_t part_end(std::string_view segment, std::size_t from, std::size_t& next) {
  for (std::size_t i = segment.find('%', from); i != std::string_view::npos; i = segment.find('%', i + 1)) {
    const std::size_t digits = segment.substr(i).starts_with("%25") ? i + 3 : i + 1;
    if (!iequals(segment.substr(digits, 2), "2f")) continue;
    next = digits + 2;
    return i;
  }
  next = segment.size() + 1;
  return segment.size();
}

Rule check_disguises(std::string_view segment) {
  if (segment == "." || segment == "..") return nullptr;  // itself: resolved
  std::size_t next = 0;
  for (std::size_t from = 0; from <= segment.size(); from = next) {
    const std::size_t end = part_end(segment, from, next);
    if (is_dot_segment_in_disguise(segment.substr(from, end - from))) return "dot segment in disguise";
  }
  return nullptr;
}

// Appends "/segment", or resolves it.
Rule append_segment(const std::string& segment, bool is_last, std::string& path) {
  if (segment == "..") {
    if (path.empty()) return "path climbs above the root";
    path.erase(path.rfind('/'));
  } else if (segment != ".") {
    if (segment.empty() && !is_last) return nullptr;
    path += '/';
    path += segment;
    return nullptr;
  }
  if (is_last) path += '/';
  return nullptr;
}

Rule normalise_path(std::string_view raw, std::string& path) {
  std::string segment;
  std::size_t at = 0;
  while (at < raw.size()) {
    ++at;  // the slash before the segment
    if (const Rule rule = read_segment(raw, at, segment)) return rule;
    if (const Rule rule = check_double_encoding(segment)) return rule;
    if (const Rule rule = check_disguises(segment)) return rule;
    if (const Rule rule = append_segment(segment, at == raw.size(), path)) return rule;
  }
  return nullptr;
}

// Looks at what is left: a segment that ".." took away is nobody's to read.
void note_other_readings(Target& target) {
  const std::string& path = target.path;
  for (std::size_t at = path.find_first_of(";%"); at != std::string::npos; at = path.find_first_of(";%", at + 1)) {
    const int byte = path[at] == ';' ? ';' : escaped_byte(path, at);
    const int hidden = doubly_escaped_byte(path, at);
    if (byte == '/' || hidden == '/') target.has_encoded_slash = true;
    if (byte == '/' || byte == ';' || byte == '?' || byte == '#' || hidden >= 0) target.has_other_readings = true;
  }
}

// The usual path, which is its own normal form. `odd` is then not 0 where a byte of it is.
bool is_plain_path(std::string_view raw, unsigned& odd) {
  bool segment_start = false;
  for (const char c : raw) {
    if (segment_start && (c == '.' || c == '/')) return false;
    segment_start = c == '/';
    if (!segment_start && !syntax::in(kPlain, c)) return false;
    odd |= odd_in_key(c);
  }
  return true;
}

Rule check_query(std::string_view query) {
  for (const char c : query) {
    if (!syntax::in(kQuery, c)) return "character in the query that is not allowed there";
  }
  return nullptr;
}

// A path of a lenient app: what it reads, with empty segments merged as it would.
std::string merge_slashes(std::string_view path) {
  std::string merged;
  for (const char c : path) {
    if (c != '/' || merged.empty() || merged.back() != '/') merged += c;
  }
  return merged;
}

std::string cut_at_encoded_end(std::string_view path) {
  return std::string(path.substr(0, std::min(path.find("%3F"), path.find("%23"))));
}

std::string without_parameters(std::string_view path) {
  std::string out;
  bool in_parameters = false;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '/')
      in_parameters = false;
    else if (path[i] == ';' || path.substr(i).starts_with("%3B"))
      in_parameters = true;
    if (!in_parameters) out += path[i];
  }
  return out;
}

// One layer off: %2F becomes a slash, %25XX becomes the character or escape XX.
std::string decoded_once_more(std::string_view path) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const int byte = escaped_byte(path, i);
    if (byte == '/' || byte == '%') {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += path[i];
    }
  }
  return out;
}

// The escapes that a second decoding brought to light, decoded themselves.
std::string decoded_twice_more(std::string_view path) {
  const std::string once = decoded_once_more(path);
  std::string out;
  for (std::size_t i = 0; i < once.size(); ++i) {
    const int byte = escaped_byte(once, i);
    if (byte < 0) {
      out += once[i];
      continue;
    }
    // An escape that stays gets the case of the normal form, in which ends and parameters are looked for.
    const bool decodes = byte < 0x80 && (syntax::in(kPlain, static_cast<char>(byte)) || byte == '/');
    if (decodes)
      out += static_cast<char>(byte);
    else
      append_escape(out, byte);
    i += 2;
  }
  return out;
}

}  // namespace

Result<Target> normalise_target(std::string_view path_and_query) {
  const std::size_t path_end = std::min(path_and_query.find('?'), path_and_query.size());
  const std::string_view path = path_and_query.substr(0, path_end);
  if (path.empty() || path.front() != '/') return fail("path that does not begin with a slash");
  Target target;
  unsigned odd = 0;
  if (is_plain_path(path, odd)) {
    target.path = path;
    target.is_odd = odd != 0 || path.ends_with('/');
  } else {
    target.path.reserve(path.size());
    if (const Rule rule = normalise_path(path, target.path)) return fail(rule);
    note_other_readings(target);
    target.is_odd = true;
  }
  if (path_end < path_and_query.size()) {
    target.has_query = true;
    target.query = path_and_query.substr(path_end + 1);
    if (const Rule rule = check_query(target.query)) return fail(rule);
  }
  return target;
}

std::array<std::string, kLenientReadings> lenient_readings(std::string_view normal_path) {
  const std::string all = without_parameters(cut_at_encoded_end(decoded_twice_more(normal_path)));
  // Parameters first, as servlet containers do: an encoded end inside of them is gone before anybody decodes.
  const std::string late = without_parameters(cut_at_encoded_end(decoded_twice_more(without_parameters(normal_path))));
  return {merge_slashes(cut_at_encoded_end(normal_path)), merge_slashes(without_parameters(normal_path)),
          merge_slashes(decoded_twice_more(normal_path)), merge_slashes(all), merge_slashes(late)};
}

Result<std::string> rewrite_path(std::string_view normal_path, std::string_view strip_prefix) {
  while (strip_prefix.ends_with('/')) strip_prefix.remove_suffix(1);
  if (strip_prefix.empty() || !normal_path.starts_with(strip_prefix)) return std::string(normal_path);
  const std::string_view rest = normal_path.substr(strip_prefix.size());
  if (rest.empty()) return std::string("/");
  if (rest.front() != '/') return std::string(normal_path);
  unsigned odd = 0;
  if (!is_plain_path(rest, odd)) {
    const auto again = normalise_target(rest);
    if (!again || again.value().has_query || again.value().path != rest) {
      return fail("path that would change its meaning without its prefix");
    }
  }
  return std::string(rest);
}

Result<std::string> replace_in_path(const Target& target, const PathReplacement& replacement) {
  std::string replaced = replacement.applied_to(target.path);
  const auto again = normalise_target(replaced);
  const bool is_normal = again && !again->has_query && again->path == replaced;
  const bool reads_as_before = is_normal && (!again->has_encoded_slash || target.has_encoded_slash) &&
                               (!again->has_other_readings || target.has_other_readings);
  if (!reads_as_before) return fail("replace_path makes of this path one that is not in its normal form");
  return replaced;
}

}  // namespace lp
