#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"

// The paths at which probes and crawlers are answered. Pure.
namespace lp {

inline constexpr std::string_view kRobotsTxt = "/robots.txt";

// A path that is answered so, and the key that says it.
struct FixedPath {
  std::string path;
  std::string_view key;
};
[[nodiscard]] std::vector<FixedPath> fixed_paths(const HealthSettings& settings);

// Crawlers have no business at this host, which may be a wildcard: no route of it lets just anybody pass, but to pages
// of our own, and none is for /robots.txt alone. `health.robots_txt` may then be left to itself.
[[nodiscard]] bool has_nothing_public(const Settings& settings, std::string_view host);
// /robots.txt at this host is answered by the above, without any key.
[[nodiscard]] inline bool keeps_crawlers_away(const Settings& settings, std::string_view host) {
  return settings.health.robots_txt == RobotsTxt::where_nothing_is_public && has_nothing_public(settings, host);
}

}  // namespace lp
