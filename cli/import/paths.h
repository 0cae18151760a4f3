#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// Regular expressions that other proxies search for in a path, as paths of our routes, which match a whole path. Pure.
namespace lp {

// Whether RE2 takes it. Go's syntax, which both of the others use, is RE2's.
[[nodiscard]] Result<void> check_search_regex(std::string_view regex);

// "^/a$|^/b" is "^/a$" and "^/b": a path in which one of them is found is one in which `regex` is. Itself alone where
// flags at its beginning are for all of it.
[[nodiscard]] std::vector<std::string> alternatives_of(std::string_view regex);

// "^/api/" is "~ /api/.*", "^/robots\.txt$" is "/robots.txt": the shortest pattern that matches the whole of exactly
// those paths in which `regex` is found. `regex` passes check_search_regex.
[[nodiscard]] std::string whole_path_pattern(std::string_view regex);

// Where an app is mounted: "/x/" is everything below /x/, "/x" that path alone.
struct Mount {
  std::string path = "/";
  [[nodiscard]] bool is_prefix() const { return path.back() == '/'; }
  [[nodiscard]] std::string pattern() const;  // of a route
};

enum class Overlap { none, part, all, unclear };
struct Within {
  Overlap overlap;
  std::string pattern;  // part, all
  bool is_complete;     // else `regex` is perhaps found in further paths
};
// Those paths of `mount` in which `regex` is found, which may begin in the mount's own text. `unclear` where that takes
// more than comparing texts: nothing can be said then but that the answer is not known.
[[nodiscard]] Within within_mount(std::string_view regex, const Mount& mount);

// Certain that `regex` is found in no path outside of `mount`.
[[nodiscard]] bool only_within_mount(std::string_view regex, const Mount& mount);

// A text as a regular expression for itself.
[[nodiscard]] std::string quote_regex(std::string_view text);

}  // namespace lp
