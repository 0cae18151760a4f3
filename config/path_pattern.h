#pragma once
#include <re2/re2.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "config/settings.h"

// The path of a route. Pure.
namespace lp {

// "/a/b" exact; "/a/*" is /a, /a/ and everything below; "~ REGEX" an RE2 pattern that must match the whole path. The
// text must be in the normal form that the router matches (proxy/route/target.h), else it could never match.
[[nodiscard]] Result<PathPattern> parse_path_pattern(std::string_view text);
[[nodiscard]] std::string format_path_pattern(const PathPattern& pattern);

// A path in that normal form, without '*'.
[[nodiscard]] Result<void> check_normal_path(std::string_view path);

// The path is `prefix` or lies below it; "" is the prefix of all.
[[nodiscard]] bool is_below(std::string_view path, std::string_view prefix);

// Certain that every path which `narrow` matches is matched by `wide` too. False where only a regex could tell.
[[nodiscard]] bool covers(const PathPattern& wide, const PathPattern& narrow);

// For every place that compiles the regex of a PathPattern: quiet, bytes (paths are ASCII), bounded memory.
[[nodiscard]] RE2::Options path_regex_options();

}  // namespace lp
