#pragma once
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/settings.h"

// The one normalisation of a request target. The router judges its result, and exactly its result is forwarded
// (docs/decisions/0006-strict-targets.md). Pure.
namespace lp {

struct Target {
  std::string path;   // normal form, begins with '/'
  std::string query;  // as sent, without '?'; forwarded byte for byte
  bool has_query = false;
  bool has_encoded_slash = false;   // %2F was present and kept: only routes with encoded_slash: keep may take it
  bool has_other_readings = false;  // see lenient_readings()
  bool is_odd = false;              // only such a path may have another key (config/spelling.h)

  [[nodiscard]] std::string text() const { return has_query ? path + "?" + query : path; }
};

// What becomes of a path, byte by byte:
//  - escapes of characters that may stand raw in a segment (unreserved, and ! $ & ' ( ) * + , = : @) are decoded, all
//    others get upper-case digits, and raw [ ] ^ |, which browsers send, are escaped. Thus every path has one spelling,
//    and /%61dmin or /%40team cannot walk past a rule for /admin or /@team;
//  - empty segments are merged and dot segments are resolved, in this order. Climbing above the root is 400;
//  - %2F is kept, and %252F, as some apps (GitLab, npm, Jenkins) want them; both set has_encoded_slash. Between them
//    nothing may be a dot segment;
//  - 400: broken escapes; raw bytes other than the above, '#', '\', spaces, quotes, angle and curly brackets; escaped
//    controls, DEL and backslash; escapes that do not make UTF-8 (overlong forms are none); double encoding of dot,
//    backslash, percent and controls; dot segments with parameters or spaces behind ("..;x", "..%20").
// A query may hold every visible ASCII character but '#': no rule looks at it.
[[nodiscard]] Result<Target> normalise_target(std::string_view path_and_query);

// Apps read some legal paths in other ways than RFC 3986: they cut parameters off (/private;x/secret), take %2F for a
// slash, %3F or %23 for the end of the path, or decode twice. These are the paths that such apps would see, for the
// router to ask whether its rule would still be the same one (threats P02, P08, P11). Normal form but for the
// escapes that a second decoding leaves.
inline constexpr std::size_t kLenientReadings = 5;
[[nodiscard]] std::array<std::string, kLenientReadings> lenient_readings(std::string_view normal_path);

// The target that an app gets: `strip_prefix` taken off at a segment boundary. The result must be a fixed point of
// normalise_target, else the request is refused. A path that is not below `strip_prefix` stays as it is.
[[nodiscard]] Result<std::string> rewrite_path(std::string_view normal_path, std::string_view strip_prefix);
// The same for a replacement, whose result apps must not read in more ways than the path itself.
[[nodiscard]] Result<std::string> replace_in_path(const Target& target, const PathReplacement& replacement);

}  // namespace lp
