#include "config/health.h"

#include <algorithm>

#include "config/host_pattern.h"
#include "config/route_access.h"

namespace lp {
namespace {

bool shows_something(const RouteSettings& route) {
  const bool is_named = route.path.kind == PathPattern::Kind::exact && route.path.text == kRobotsTxt;
  return is_named || (is_open(route) && route.reply.action == RouteReplySettings::Action::none);
}

}  // namespace

std::vector<FixedPath> fixed_paths(const HealthSettings& settings) {
  std::vector<FixedPath> all;
  for (const std::string& path : settings.ping) all.push_back({path, "health.ping"});
  for (const std::string& path : settings.ready) all.push_back({path, "health.ready"});
  if (settings.robots_txt == RobotsTxt::always) all.push_back({std::string(kRobotsTxt), "health.robots_txt"});
  return all;
}

bool has_nothing_public(const Settings& settings, std::string_view host) {
  return std::none_of(settings.routes.begin(), settings.routes.end(), [&](const RouteSettings& route) {
    return host_patterns_meet(route.host, host) && shows_something(route);
  });
}

}  // namespace lp
