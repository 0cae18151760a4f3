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

}  // namespace lp
