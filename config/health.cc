#include "config/health.h"

namespace lp {

std::vector<FixedPath> fixed_paths(const HealthSettings& settings) {
  std::vector<FixedPath> all;
  for (const std::string& path : settings.ping) all.push_back({path, "health.ping"});
  for (const std::string& path : settings.ready) all.push_back({path, "health.ready"});
  if (settings.robots_txt) all.push_back({std::string(kRobotsTxt), "health.robots_txt"});
  return all;
}

}  // namespace lp
