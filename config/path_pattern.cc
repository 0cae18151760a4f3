#include "config/path_pattern.h"

#include <optional>

#include "base/encoding.h"
#include "base/one_of.h"
#include "config/value.h"

namespace lp {
namespace {

constexpr std::string_view kHex = "0123456789ABCDEF";

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

// RFC 3986 3.3: pchar without its escapes, and '/'.
bool is_raw_path_char(char c) {
  return is_unreserved(c) || std::string_view("!$&'()*+,;=:@/").find(c) != std::string_view::npos;
}

Result<void> check_escape(std::string_view escape) {
  const auto high = escape.size() < 3 ? kHex.npos : kHex.find(escape[1]);
  const auto low = escape.size() < 3 ? kHex.npos : kHex.find(escape[2]);
  if (high == kHex.npos || low == kHex.npos) return expected("an escape with two upper-case hex digits", escape);
  const auto byte = static_cast<unsigned char>(high * 16 + low);
  if (byte < 0x20 || byte == 0x7f || byte == '\\')
    return expected("a path without encoded controls or backslashes", escape);
  if (byte < 0x80 && is_unreserved(static_cast<char>(byte))) {
    return expected(
        "the character itself, '" + std::string(1, static_cast<char>(byte)) + "', where no escape is needed", escape);
  }
  return {};
}

Result<void> check_segments(std::string_view path) {
  for (std::size_t at = 1; at <= path.size();) {
    const auto end = std::min(path.find('/', at), path.size());
    const auto segment = path.substr(at, end - at);
    if (segment == "." || segment == "..") return expected("a path without '.' and '..' segments", path);
    if (segment.empty() && end < path.size()) return expected("a path without '//'", path);
    at = end + 1;
  }
  return {};
}

Result<PathPattern> parse_regex(std::string_view text) {
  const auto pattern = trim_ows(text.substr(1));
  const RE2 regex(re2::StringPiece(pattern.data(), pattern.size()), path_regex_options());
  if (pattern.empty()) return fail("expected a pattern after '~'");
  if (pattern.front() == '*')  // nginx
    return fail("expected an RE2 pattern after '~', found '~*': in any case is written '~ (?i)/admin.*'");
  const bool looks_around = regex.error_code() == RE2::ErrorRepeatOp || regex.error_code() == RE2::ErrorBadPerlOp;
  if (!regex.ok())
    return fail("expected an RE2 pattern after '~': " + regex.error() +
                (looks_around ? " (RE2 has no look-ahead, no look-behind and no back-references)" : ""));
  return PathPattern{PathPattern::Kind::regex, std::string(pattern)};
}

// What every path that a pattern like "/admin.*" takes begins with, and every path that begins so it takes; nullopt for
// other patterns.
std::optional<std::string> taken_beginning(std::string_view pattern) {
  constexpr std::string_view kRest = ".*";
  if (!pattern.ends_with(kRest)) return std::nullopt;
  pattern.remove_suffix(kRest.size());
  if (pattern.starts_with('^')) pattern.remove_prefix(1);
  std::string text;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const bool is_escaped = pattern[i] == '\\' && i + 1 < pattern.size();
    const char c = pattern[is_escaped ? ++i : i];
    const bool is_literal = is_escaped ? std::string_view(".+*?()|[]{}^$\\/-").find(c) != std::string_view::npos
                                       : std::string_view(".+*?()|[]{}^$\\").find(c) == std::string_view::npos;
    if (!is_literal) return std::nullopt;
    text += c;
  }
  return text;
}

// Of a text that begins as paths do in nginx's `location`, what it is called here; else empty.
std::string in_place_of_nginx(std::string_view text) {
  const auto behind = [&](std::size_t bytes) { return std::string(trim_ows(text.substr(bytes))); };
  if (text.starts_with("^~") && behind(2).starts_with('/')) {
    const std::string path = behind(2);
    return "nginx's ^~ is the beginning of a path: write " + path + (path.ends_with('/') ? "*" : "/*");
  }
  if (text.starts_with("= /")) return "nginx's = is one path alone: write " + behind(1);
  if (!text.starts_with("~*")) return {};
  const std::string pattern = behind(2);
  const bool begins = pattern.starts_with('^');
  return "nginx's ~* looks for a pattern in letters of any case: write '~ (?i)" + std::string(begins ? "" : ".*") +
         pattern + (pattern.ends_with('$') ? "'" : ".*'");
}

// Certain that whatever the regex matches lies below the prefix: in the order of bytes all of that is between "/a/" and
// "/a0", the next after '/'.
bool begins_below(const std::string& pattern, const std::string& prefix) {
  const RE2 regex(pattern, path_regex_options());
  std::string least, most;
  if (!regex.ok() || !regex.PossibleMatchRange(&least, &most, static_cast<int>(prefix.size()) + 16)) return false;
  const std::string behind = prefix + '0';
  return least >= prefix + '/' && most <= behind && !RE2::FullMatch(behind, regex);
}

// What the stars of a shell are meant to say.
std::string as_regex(std::string_view stars) {
  std::string regex = stars.starts_with('/') ? "" : "/";
  for (const char c : stars) {
    if (c == '*') {
      if (!regex.ends_with(".*")) regex += ".*";
    } else {
      if (std::string_view(".+?()|[]{}^$\\").find(c) != std::string_view::npos) regex += '\\';
      regex += c;
    }
  }
  return regex;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// Of a path with a parameter as routers of other kinds write it ("/users/:id", "/users/{id}", "/users/<id>"), what it
// is called here; else empty. Taken as it stands it would match nothing, and a rule would be lost.
std::string in_place_of_parameters(std::string_view text) {
  std::string regex;
  bool found = false;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('/', 1), rest.size());
    const std::string_view segment = rest.substr(1, end - 1);
    const char first = segment.empty() ? '\0' : segment.front();
    const bool is_named = segment.size() > 1 && is_letter(segment[1]);
    const bool is_parameter = is_named && (first == ':' || (first == '{' && segment.back() == '}') ||
                                           (first == '<' && segment.back() == '>'));
    found = found || is_parameter;
    regex += is_parameter ? "/[^/]+" : as_regex(rest.substr(0, end));
    rest.remove_prefix(end);
  }
  if (!found || !text.starts_with('/')) return {};
  return "parameters have no names here; for any value write a regex, path: '~ " + regex + "'";
}

}  // namespace

Result<void> check_normal_path(std::string_view path) {
  if (path.find("://") != std::string_view::npos)
    return fail(expected("a path that starts with '/'", path).message + ": scheme and host do not belong to it");
  if (is_one_of(path, {"true", "false", "yes", "no", "on", "off"}))
    return expected("a path that starts with '/'", path);
  if (path.empty()) return expected("a path that starts with '/'", path);
  if (path.front() != '/')
    return fail(expected("a path that starts with '/'", path).message + ": write /" + std::string(path));
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '%') {
      if (auto escape = check_escape(path.substr(i, 3)); !escape) return escape;
      i += 2;
    } else if (path[i] == '?' || path[i] == '#') {
      return fail(expected("a path without query and fragment", path).message +
                  (path[i] == '?' ? ": routes[].query is for those" : ""));
    } else if (static_cast<unsigned char>(path[i]) >= 0x80) {
      return expected("non-ASCII characters percent-encoded, as in %C3%A9", path);
    } else if (!is_raw_path_char(path[i])) {
      return expected("a path of characters that RFC 3986 allows", path);
    }
  }
  const auto decoded = percent_decode(path);
  if (!decoded || !is_valid_utf8(*decoded)) return expected("escapes that are UTF-8", path);
  return check_segments(path);
}

Result<PathPattern> parse_path_pattern(std::string_view text) {
  if (const std::string words = in_place_of_nginx(text); !words.empty())
    return fail(expected("a path", text).message + ": " + words);
  if (!text.empty() && text.front() == '~') return parse_regex(text);
  const bool is_prefix = text.size() >= 2 && text.substr(text.size() - 2) == "/*";
  const auto path = is_prefix ? text.substr(0, text.size() - 2) : text;
  const bool is_meant_as_regex =
      text.starts_with('^') || text.ends_with('$') || text.find(".*") != std::string_view::npos;
  if (is_meant_as_regex && RE2(re2::StringPiece(text.data(), text.size()), path_regex_options()).ok()) {
    return fail(expected("a path, or a regex behind '~'", text).message + ": write path: '~ " + std::string(text) +
                "'");
  }
  if (const std::string words = in_place_of_parameters(text); !words.empty())
    return fail(expected("a path", text).message + ": " + words);
  if (path.find('*') != std::string_view::npos) {
    return fail(expected("'*' only at the end, as in /public/*", text).message +
                ": elsewhere write a regex, path: '~ " + as_regex(text) + "'");
  }
  if (!path.empty() && path.front() != '/' && path.find("://") == std::string_view::npos)
    return fail(expected("a path that starts with '/'", text).message + ": write /" + std::string(text));
  if (!(is_prefix && path.empty())) {
    if (auto normal = check_normal_path(path); !normal) return normal.error();
  }
  if (is_prefix && !path.empty() && path.back() == '/') return expected("a path without '//'", text);
  return PathPattern{is_prefix ? PathPattern::Kind::prefix : PathPattern::Kind::exact, std::string(path)};
}

std::string format_path_pattern(const PathPattern& pattern) {
  if (pattern.kind == PathPattern::Kind::regex) return "~ " + pattern.text;
  return pattern.kind == PathPattern::Kind::prefix ? pattern.text + "/*" : pattern.text;
}

bool is_below(std::string_view path, std::string_view prefix) {
  return path.substr(0, prefix.size()) == prefix && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

bool covers(const PathPattern& wide, const PathPattern& narrow) {
  using Kind = PathPattern::Kind;
  if (wide.kind == narrow.kind && wide.text == narrow.text) return true;
  if (wide.kind == Kind::prefix && wide.text.empty()) return true;
  const auto beginning = wide.kind == Kind::regex ? taken_beginning(wide.text) : std::nullopt;
  if (beginning && (beginning->empty() || *beginning == "/")) return true;
  if (beginning && narrow.kind == Kind::prefix && narrow.text.starts_with(*beginning)) return true;
  if (narrow.kind == Kind::regex) return wide.kind == Kind::prefix && begins_below(narrow.text, wide.text);
  if (wide.kind == Kind::prefix) return is_below(narrow.text, wide.text);
  if (wide.kind == Kind::regex && narrow.kind == Kind::exact) {
    const RE2 regex(wide.text, path_regex_options());
    return regex.ok() && RE2::FullMatch(narrow.text, regex);
  }
  return false;
}

RE2::Options path_regex_options() {
  RE2::Options options(RE2::Latin1);
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);
  options.set_never_nl(true);
  return options;
}

}  // namespace lp
