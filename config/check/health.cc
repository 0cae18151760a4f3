#include "config/check/health.h"

#include <string>

#include "base/one_of.h"
#include "config/health.h"
#include "config/path_pattern.h"
#include "config/route_access.h"

namespace lp {
namespace {

// A check that came in such a place would be answered by whom nobody asked.
void paths_are_not_ours(const Settings& s, const FixedPath& fixed, Report& report) {
  for (const std::string& prefix : {s.auth_prefix, s.forward_auth.oauth2_proxy}) {
    if (prefix.empty() || !is_below(fixed.path, prefix)) continue;
    report.problem(std::string(fixed.key),
                   "expected a path outside " + prefix + ", which is ours, found '" + fixed.path + "'");
    return;
  }
}

void paths_differ(const std::vector<FixedPath>& all, Report& report) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (all[i].path != all[j].path || all[i].key == all[j].key) continue;
      report.problem(std::string(all[i].key), all[i].path + " is answered by " + std::string(all[j].key) + " already");
    }
  }
}

bool takes_probes(const RouteSettings& route) {
  return route.methods.empty() || is_one_of("GET", route.methods) || is_one_of("HEAD", route.methods);
}

// Of a route for everything that is meant to be: it is why such a path is written at all.
bool is_for_everything(const RouteSettings& route) {
  return route.path.kind == PathPattern::Kind::prefix && route.path.text.empty();
}

void routes_know(const Settings& s, const FixedPath& fixed, Report& report) {
  const PathPattern path{PathPattern::Kind::exact, fixed.path};
  for (const RouteSettings& route : s.routes) {
    if (is_for_everything(route) || is_open(route) || !takes_probes(route) || !covers(route.path, path)) continue;
    report.warning("routes[" + std::to_string(route.index) + "]", "is not asked about GET and HEAD of " + fixed.path +
                                                                      ": " + std::string(fixed.key) +
                                                                      " answers them, to anybody");
  }
}

void agents_have_a_path(const Settings& s, Report& report) {
  if (s.health.ping_user_agents.empty() || !s.health.ping.empty()) return;
  report.warning("health.ping_user_agents", "has no effect: health.ping is empty");
}

}  // namespace

void check_health(const Settings& settings, Report& report) {
  agents_have_a_path(settings, report);
  if (report.has_problem_in("health") || report.has_problem_in("routes")) return;
  const std::vector<FixedPath> all = fixed_paths(settings.health);
  paths_differ(all, report);
  for (const FixedPath& fixed : all) {
    paths_are_not_ours(settings, fixed, report);
    routes_know(settings, fixed, report);
  }
}

}  // namespace lp
