#include "proxy/route/target.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "base/encoding.h"
#include "config/spelling.h"
#include "proxy/http/syntax.h"
#include "proxy/route/path_escapes.h"
#include "proxy/route/readings.h"

namespace lp {
namespace {

using Rule = const char*;  // what was broken, null when nothing

// Raw characters that RFC 3986 forbids and clients send nevertheless (WHATWG URL, path percent-encode set; curl -g).
constexpr syntax::CharTable kEscapedForClients = syntax::chars("[]^|{}", false);
// Visible ASCII; '#' would begin a fragment, which has no place in a request (threat P03).
constexpr syntax::CharTable kQuery = [] {
  syntax::CharTable table{};
  for (std::size_t c = 0x21; c < 0x7f; ++c) table[c] = c != '#';
  return table;
}();

constexpr int kMaxLayers = 3;

bool is_high(char c) { return static_cast<unsigned char>(c) >= 0x80; }

// One segment, or a part of it.
struct Spelled {
  std::string normal;
  std::string sent;  // as the client wrote it

  void add(int byte, std::string_view as_sent) {
    escapes::append_normal(normal, byte);
    sent += as_sent;
  }
  void clear() {
    normal.clear();
    sent.clear();
  }
};

// A run of bytes beyond ASCII from `at`, raw or escaped: characters of UTF-8, each complete, or other bytes
// (threat P13).
void read_high_bytes(std::string_view raw, std::size_t& at, Spelled& into, Target& target) {
  std::string bytes;
  while (at < raw.size()) {
    const bool is_raw = is_high(raw[at]);
    const int byte = is_raw ? static_cast<unsigned char>(raw[at]) : escapes::escaped_byte(raw, at);
    if (byte < 0x80) break;
    bytes += static_cast<char>(byte);
    escapes::append_escape(into.normal, byte);
    if (is_raw)
      escapes::append_escape(into.sent, byte);
    else
      into.sent += raw.substr(at, 3);
    at += is_raw ? 1 : 3;
  }
  target.has_other_bytes = target.has_other_bytes || !is_valid_utf8(bytes);
}

// One escape of an ASCII character.
Rule read_ascii_escape(std::string_view raw, std::size_t& at, Spelled& into) {
  const int byte = escapes::escaped_byte(raw, at);
  if (byte < 0) return "broken escape in the path";
  if (escapes::is_control(byte)) return "encoded control character in the path";
  into.add(byte, raw.substr(at, 3));
  at += 3;
  return nullptr;
}

Rule read_raw(char c, Spelled& into) {
  if (syntax::in(escapes::kPlain, c) || c == ';') {
    into.normal += c;
    into.sent += c;
  } else if (syntax::in(kEscapedForClients, c)) {
    escapes::append_escape(into.normal, c);
    escapes::append_escape(into.sent, c);
  } else {
    return "character in the path that is not allowed there";
  }
  return nullptr;
}

// Reads the segment that begins at `at` up to a slash or the end.
Rule read_segment(std::string_view raw, std::size_t& at, Spelled& segment, Target& target) {
  segment.clear();
  while (at < raw.size() && raw[at] != '/') {
    if (is_high(raw[at]) || escapes::escaped_byte(raw, at) >= 0x80) {
      read_high_bytes(raw, at, segment, target);
    } else if (raw[at] == '%') {
      if (const Rule rule = read_ascii_escape(raw, at, segment)) return rule;
    } else if (const Rule rule = read_raw(raw[at++], segment)) {
      return rule;
    }
  }
  return nullptr;
}

// "." or "..", as some app may read `part`: with parameters or an encoded query cut off, decoded twice, or with blanks
// before or behind, as Windows and functions that trim do.
bool is_dot_segment_in_disguise(std::string_view part) {
  while (part.starts_with("%20")) part.remove_prefix(3);
  const std::size_t dots = std::min(part.find_first_not_of('.'), part.size());
  if (dots != 1 && dots != 2) return false;
  std::string_view rest = part.substr(dots);
  while (rest.starts_with("%20")) rest.remove_prefix(3);
  if (rest.empty() || rest.front() == ';') return true;
  const std::string_view escape = rest.substr(0, 3);
  return escape == "%3B" || escape == "%3F" || escape == "%23" || escape == "%25";
}

// The end of the part of `text` that begins at `from`, at %2F or %5C; sets `next` behind it.
std::size_t part_end(std::string_view text, std::size_t from, std::size_t& next) {
  const std::size_t end = std::min({text.find("%2F", from), text.find("%5C", from), text.size()});
  next = end + (end == text.size() ? 1 : 3);
  return end;
}

bool has_dot_segment_in_disguise(std::string_view segment) {
  const std::string text = with_plain_blanks(segment);
  std::size_t next = 0;
  for (std::size_t from = 0; from <= text.size(); from = next) {
    const std::size_t end = part_end(text, from, next);
    if (is_dot_segment_in_disguise(std::string_view(text).substr(from, end - from))) return true;
  }
  return false;
}

bool has_control(std::string_view text) {
  for (std::size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
    const int byte = escapes::escaped_byte(text, at);
    if (byte >= 0 && escapes::is_control(byte)) return true;
  }
  return false;
}

// What any layer hides may not matter to path rules: no dot segment, no control (threats P09, P27). Looks at the normal
// form, since "%25%32%65" spells "%252e" too.
Rule check_layers(std::string_view text) {
  std::string decoded;
  for (int layer = 0; layer <= kMaxLayers; ++layer) {
    if (has_control(text)) return layer == 0 ? "overlong form of a control" : "doubly encoded control character";
    if (has_dot_segment_in_disguise(text)) return "dot segment in disguise";
    if (text.find("%25") == std::string_view::npos) return nullptr;
    std::string next = with_layer_off(text);
    if (next == text) return nullptr;
    decoded = std::move(next);
    text = decoded;
  }
  return "more than three layers of encoding in the path";
}

Rule check_disguises(const std::string& segment, bool has_other_bytes) {
  if (segment == "." || segment == "..") return nullptr;  // itself: resolved
  if (const Rule rule = check_layers(segment)) return rule;
  return has_other_bytes ? check_layers(without_overlong_forms(segment)) : nullptr;
}

void take_last_segment(std::string& path) {
  while (path.ends_with('/')) path.pop_back();
  path.erase(path.rfind('/'));
}

// Appends "/segment" to both spellings, or resolves it.
Rule append_segment(const Spelled& segment, bool is_last, Target& target, bool& has_dots) {
  std::string& path = target.path;
  std::string& sent = target.other_spelling;
  if (segment.normal != "." && segment.normal != "..") {
    if (!segment.normal.empty() || is_last) path.append("/").append(segment.normal);
    sent.append("/").append(segment.sent);
    return nullptr;
  }
  has_dots = true;
  if (segment.normal == "..") {
    if (path.empty()) return "path climbs above the root";
    take_last_segment(path);
    take_last_segment(sent);
  }
  if (!is_last) return nullptr;
  path += '/';
  sent += '/';
  return nullptr;
}

Rule normalise_path(std::string_view raw, Target& target) {
  Spelled segment;
  bool has_dots = false;
  std::size_t at = 0;
  while (at < raw.size()) {
    ++at;  // the slash before the segment
    if (const Rule rule = read_segment(raw, at, segment, target)) return rule;
    if (const Rule rule = check_disguises(segment.normal, target.has_other_bytes)) return rule;
    if (const Rule rule = append_segment(segment, at == raw.size(), target, has_dots)) return rule;
  }
  if (has_dots) target.other_spelling = escapes::with_slashes_merged(target.other_spelling);
  if (target.other_spelling == target.path) target.other_spelling.clear();
  return nullptr;
}

bool is_separator(int byte) { return byte == '/' || byte == '\\'; }

// Whether the path, in its normal form, has bytes that are not UTF-8.
bool has_other_bytes_left(std::string_view path) {
  std::string bytes;
  for (std::size_t at = 0; at < path.size(); ++at) {
    const int byte = path[at] == '%' ? escapes::escaped_byte(path, at) : -1;
    const bool is_beyond_ascii = byte >= 0x80;
    bytes += is_beyond_ascii ? static_cast<char>(byte) : path[at];
    if (is_beyond_ascii) at += 2;
  }
  return !is_valid_utf8(bytes);
}

// Looks at what is left: a segment that ".." took away is nobody's to read.
void note_other_readings(Target& target) {
  const std::string& path = target.path;
  target.has_other_readings = target.has_other_bytes && has_other_bytes_left(path);
  for (std::size_t at = path.find_first_of(";%"); at != std::string::npos; at = path.find_first_of(";%", at + 1)) {
    const int byte = path[at] == ';' ? ';' : escapes::escaped_byte(path, at);
    const int hidden = escapes::doubly_escaped_byte(path, at);
    if (is_separator(byte) || is_separator(hidden) || hidden == '.' || hidden == '%') target.has_encoded_slash = true;
    if (is_separator(byte) || byte == ';' || byte == '?' || byte == '#' || hidden >= 0)
      target.has_other_readings = true;
  }
}

// What a byte is to a path that is its own normal form; 0: none has it.
constexpr unsigned kPlainByte = 1;
constexpr unsigned kOddByte = 2;          // odd_in_key()
constexpr unsigned kBeginsNoSegment = 4;  // there it would be a dot segment or an empty one
constexpr std::array<std::uint8_t, 256> kPathBytes = [] {
  std::array<std::uint8_t, 256> table{};
  for (std::size_t c = 0; c < table.size(); ++c) {
    if (c != '/' && !escapes::kPlain[c]) continue;
    table[c] = kPlainByte | (kOddInKey[c] != 0 ? kOddByte : 0) | (c == '/' || c == '.' ? kBeginsNoSegment : 0);
  }
  return table;
}();

// The usual path, which is its own normal form. `odd` is then not 0 where a byte of it is.
bool is_plain_path(std::string_view raw, unsigned& odd) {
  unsigned seen = 0;
  unsigned no_segment = 0;  // what the next byte may not be
  for (const char c : raw) {
    const unsigned byte = kPathBytes[static_cast<unsigned char>(c)];
    if (byte == 0 || (byte & no_segment) != 0) return false;
    seen |= byte;
    no_segment = c == '/' ? kBeginsNoSegment : 0;
  }
  odd = seen & kOddByte;
  return true;
}

// Raw bytes beyond ASCII, which programs send, are escaped: the one spelling that RFC 3987 3.1 gives them.
Rule read_query(std::string_view query, Target& target) {
  bool has_high = false;
  for (const char c : query) {
    if (syntax::in(kQuery, c)) continue;
    if (!is_high(c)) return "character in the query that is not allowed there";
    has_high = true;
  }
  if (!has_high) {
    target.query = query;
    return nullptr;
  }
  target.has_other_bytes = target.has_other_bytes || !is_valid_utf8(query);
  for (const char c : query) {
    if (is_high(c))
      escapes::append_escape(target.query, static_cast<unsigned char>(c));
    else
      target.query += c;
  }
  return nullptr;
}

// What stands behind as many segments as `normal_prefix` has, with one slash first.
std::string_view behind_segments_of(std::string_view normal_prefix, std::string_view spelling) {
  std::size_t at = 0;
  for (auto left = std::count(normal_prefix.begin(), normal_prefix.end(), '/'); left > 0; --left)
    at = std::min(spelling.find('/', spelling.find_first_not_of('/', at)), spelling.size());
  spelling.remove_prefix(at);
  while (spelling.starts_with("//")) spelling.remove_prefix(1);
  return spelling.empty() ? "/" : spelling;
}

std::string_view without_last_slashes(std::string_view prefix) {
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  return prefix;
}

}  // namespace

void Target::clear() {
  for (std::string* text : {&path, &other_spelling, &query}) text->clear();
  has_query = has_encoded_slash = has_other_bytes = has_other_readings = is_odd = false;
}

Result<Target> normalise_target(std::string_view path_and_query) {
  Target target;
  if (const Rule rule = normalise_target(path_and_query, target)) return fail(rule);
  return target;
}

const char* normalise_target(std::string_view path_and_query, Target& target) {
  target.clear();
  const std::size_t path_end = std::min(path_and_query.find('?'), path_and_query.size());
  const std::string_view path = path_and_query.substr(0, path_end);
  if (path.empty() || path.front() != '/') return "path that does not begin with a slash";
  unsigned odd = 0;
  if (is_plain_path(path, odd)) {
    target.path = path;
    target.is_odd = odd != 0 || path.ends_with('/');
  } else {
    target.path.reserve(path.size());
    target.other_spelling.reserve(path.size());
    if (const Rule rule = normalise_path(path, target)) return rule;
    note_other_readings(target);
    target.is_odd = true;
  }
  if (path_end < path_and_query.size()) {
    target.has_query = true;
    return read_query(path_and_query.substr(path_end + 1), target);
  }
  return nullptr;
}

Result<std::string> rewrite_path(std::string_view normal_path, std::string_view strip_prefix) {
  strip_prefix = without_last_slashes(strip_prefix);
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

Result<std::string> replace_in_path(const Target& target, std::string_view to_send,
                                    const PathReplacement& replacement) {
  std::string replaced = replacement.applied_to(target.path);
  const auto again = normalise_target(replaced);
  const bool is_normal = again && !again->has_query && again->path == replaced;
  const bool reads_as_before = is_normal && (!again->has_encoded_slash || target.has_encoded_slash) &&
                               (!again->has_other_readings || target.has_other_readings);
  if (!reads_as_before) return fail("replace_path makes of this path one that is not in its normal form");
  if (to_send == target.path) return replaced;
  std::string sent = replacement.applied_to(to_send);
  while (sent.starts_with("//")) sent.erase(0, 1);
  const auto read = normalise_target(sent);
  const bool says_the_same = read && !read->has_query && read->path == replaced && read->sent() == sent;
  return says_the_same ? sent : replaced;
}

Result<std::string> rewrite_spelling(std::string_view spelling, std::string_view normal_path,
                                     std::string_view strip_prefix) {
  auto normal = rewrite_path(normal_path, strip_prefix);
  if (!normal || spelling == normal_path) return normal;
  if (*normal == normal_path) return std::string(spelling);
  std::string rest(behind_segments_of(without_last_slashes(strip_prefix), spelling));
  const auto again = normalise_target(rest);
  if (!again || again->has_query || again->path != *normal)
    return fail("path that would change its meaning without its prefix");
  return rest;
}

}  // namespace lp
