#include "config/apps.h"

#include <algorithm>

#include "base/one_of.h"
#include "config/host_pattern.h"
#include "config/path_pattern.h"

namespace lp {
namespace {

std::optional<std::string> target_of_app(const RouteSettings& route) {
  if (!route.app.url.empty()) return route.app.url;
  if (route.path.kind == PathPattern::Kind::regex) return std::nullopt;
  return route.path.kind == PathPattern::Kind::exact ? route.path.text : route.path.text + "/";
}

// The external URL of a route's host, or of whoever asks where the route is for any.
std::optional<Origin> origin_of_app(const RouteSettings& route, const Settings& settings, const Origin& external) {
  const auto& urls = settings.external_urls;
  const bool is_here = is_external(settings, external);
  if (is_here && (route.host.empty() || host_matches(route.host, external.host))) return external;
  if (is_wildcard(route.host)) return std::nullopt;
  for (const Origin& url : urls) {
    if (is_wildcard(url.host) && (route.host.empty() || !host_matches(url.host, route.host))) continue;
    if (!is_wildcard(url.host) && !route.host.empty() && url.host != route.host) continue;
    Origin origin = url;
    if (!route.host.empty()) origin.host = route.host;
    return origin;
  }
  return std::nullopt;
}

}  // namespace

bool has_apps(const Settings& settings) {
  return std::any_of(settings.routes.begin(), settings.routes.end(),
                     [](const RouteSettings& route) { return !route.app.name.empty(); });
}

std::optional<AppPlace> place_of_app(const RouteSettings& route, const Settings& settings, const Origin& external) {
  const auto target = target_of_app(route);
  if (!target) return std::nullopt;
  if (!target->starts_with('/')) {
    const auto url = parse_url(*target);
    if (!url || !is_external(settings, url->origin)) return std::nullopt;
    return AppPlace{url->origin, url->path + (url->query.empty() ? "" : "?" + url->query)};
  }
  const auto origin = origin_of_app(route, settings, external);
  if (!origin) return std::nullopt;
  return AppPlace{*origin, *target};
}

bool is_external(const Settings& settings, const Origin& origin) {
  return std::any_of(settings.external_urls.begin(), settings.external_urls.end(),
                     [&](const Origin& url) { return origin_matches(url, origin); });
}

bool serves_start_page(const Settings& settings, const Origin* url) {
  const PathPattern start{PathPattern::Kind::exact, "/"};
  return std::any_of(settings.routes.begin(), settings.routes.end(), [&](const RouteSettings& route) {
    const bool is_there = url == nullptr || route.host.empty() || host_matches(route.host, url->host);
    const bool takes_links = route.methods.empty() || is_one_of("GET", route.methods);
    return is_there && takes_links && route.access != Access::deny && covers(route.path, start);
  });
}

}  // namespace lp
