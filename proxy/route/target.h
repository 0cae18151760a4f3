#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/path_replacement.h"

// The one normalisation of a request target: it is what the router judges. What is forwarded is the path as it was
// sent, wherever it has no reading that another rule is for (docs/decisions/0041-as-it-was-sent.md). Pure.
namespace lp {

// Targets that a field or a parameter names are read no further: as requests the default of limits.target refuses them.
inline constexpr std::size_t kMostNamedTargetBytes = 16 * 1024;

struct Target {
  std::string path;            // normal form, begins with '/'
  std::string other_spelling;  // sent(), where it is not `path`
  std::string query;           // without '?'; as sent, but for raw bytes beyond ASCII, which are escaped
  bool has_query = false;
  bool has_encoded_slash = false;   // see RouteSettings::encoded_slash: only routes that keep these may take it
  bool has_other_bytes = false;     // that are not UTF-8: only routes with path_bytes: any may take it
  bool has_other_readings = false;  // see proxy/route/readings.h
  bool is_odd = false;              // only such a path may have another key (config/spelling.h)

  void clear();
  // The path with the escapes and empty segments that the client wrote; dot segments are resolved, and then empty ones
  // are merged. Raw bytes that RFC 3986 does not know are escaped.
  [[nodiscard]] const std::string& sent() const { return other_spelling.empty() ? path : other_spelling; }
  [[nodiscard]] std::string text() const { return has_query ? path + "?" + query : path; }
  [[nodiscard]] std::string text_as_sent() const { return has_query ? sent() + "?" + query : sent(); }
};

// What becomes of a path for the normal form, byte by byte:
//  - escapes of characters that may stand raw in a segment (unreserved, and ! $ & ' ( ) * + , = : @) are decoded, all
//    others get upper-case digits, and raw [ ] ^ | { } and bytes beyond ASCII are escaped. Thus every path has one
//    spelling, and /%61dmin or /%40team cannot walk past a rule for /admin or /@team;
//  - empty segments are merged and dot segments are resolved, in this order. Climbing above the root is 400;
//  - kept are %2F, %5C, and what is encoded twice or three times: of these, slashes, backslashes, dots and percent
//  signs
//    set has_encoded_slash. Between them nothing may be a dot segment, in whatever layer;
//  - bytes that do not make UTF-8 set has_other_bytes. No overlong form in them may be a control or make a dot segment;
//  - 400: broken escapes; raw ASCII other than the above, '#', '\', spaces, quotes, angle brackets; controls and DEL
//    in whatever layer; four layers; dot segments with parameters or spaces behind ("..;x", "..%20").
// A query may hold every visible character but '#'.
[[nodiscard]] Result<Target> normalise_target(std::string_view path_and_query);
// The same into a target that was one before, whose memory it uses again. Which rule is broken; null: none.
[[nodiscard]] const char* normalise_target(std::string_view path_and_query, Target& into);

// The normal form of what an app gets: `strip_prefix` taken off at a segment boundary. The result must be a fixed point
// of normalise_target, else the request is refused. A path that is not below `strip_prefix` stays as it is.
[[nodiscard]] Result<std::string> rewrite_path(std::string_view normal_path, std::string_view strip_prefix);
// The same for a replacement, whose result apps must not read in more ways than the path itself. It is made of the
// normal form, and of `to_send`, another spelling of that: this one is the answer where both come to the same, so that
// the app gets the client's bytes; else what the normal form became.
[[nodiscard]] Result<std::string> replace_in_path(const Target& target, std::string_view to_send,
                                                  const PathReplacement& replacement);
// The same of another spelling of that path, without touching what is left but for slashes that would then stand first
// in a row: an app could take what follows two of them for a host.
[[nodiscard]] Result<std::string> rewrite_spelling(std::string_view spelling, std::string_view normal_path,
                                                   std::string_view strip_prefix);

}  // namespace lp
