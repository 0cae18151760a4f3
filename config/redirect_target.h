#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/settings.h"

// Where a route redirects to: a path ("/new/\1") or a URL ("https://example.com/\1"), in which \0 is the path that was
// asked for, \1 to \9 the groups of the route's REGEX; of a path with '*', \1 is what stands for it. Pure.
namespace lp {

// They may stand in path and query alone: a request must not choose the host.
[[nodiscard]] Result<std::string> parse_redirect_target(std::string_view text);

// How many groups there are to stand in for it: those of the regex, or one for '*'.
[[nodiscard]] int groups_of(const PathPattern& path);
[[nodiscard]] int highest_group_in(std::string_view target);

// `path` is one that the route matches, in normal form; so is what stands in for a group. The query, with its '?' or
// empty, is kept unless the target has its own.
[[nodiscard]] std::string redirect_location(std::string_view target, const PathPattern& pattern, std::string_view path,
                                            std::string_view query);

}  // namespace lp
