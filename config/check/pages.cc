#include "config/check/pages.h"

#include <algorithm>
#include <string>

#include "base/one_of.h"
#include "config/apps.h"
#include "config/check/route_place.h"
#include "config/host_pattern.h"
#include "config/page_color.h"

namespace lp {
namespace {

void color_is_readable(Report& report, const char* key, const std::optional<Rgb>& color, const Rgb& card,
                       const char* card_name) {
  if (!color) return;
  const double ratio = contrast(*color, card);
  if (ratio >= kReadableContrast) return;
  report.warning(key, "links in " + format_color(*color) + " on the " + card_name + " card (" + format_color(card) +
                          ") have a contrast of " + format_contrast(ratio) +
                          ": WCAG AA wants 4.5:1, and many people cannot read less");
}

void layout_is_there(const PagesSettings& pages, Report& report) {
  if (pages.layout.is_set() || pages.allow_from.empty()) return;
  report.warning("pages.allow_from", "has no effect without pages.layout: our own pages load nothing");
}

bool says_anything(const RouteAppSettings& app) {
  return !app.name.empty() || !app.description.empty() || !app.icon.file.empty() || !app.url.empty();
}

void app_has_name(const RoutePlace& p) {
  if (!p.route.app.name.empty()) return;
  p.report.problem(p.key + ".name", "required: expected a text, the name under which people know the app");
}

std::string why_no_place(const RoutePlace& p) {
  const RouteAppSettings& app = p.route.app;
  if (!app.url.empty() && !app.url.starts_with('/'))
    return "expected a URL below one of external_urls, found '" + app.url + "'";
  if (app.url.empty() && p.route.path.kind == PathPattern::Kind::regex)
    return "needs url: the route's path is a pattern, and a link leads to one address";
  return "needs url, with its host: the route's host is a pattern, and a link leads to one address";
}

// A wildcard host is that of whoever asks, where it matches.
void app_has_place(const RoutePlace& p) {
  if (p.settings.external_urls.empty() || p.report.has_problem_in(p.key)) return;
  const auto fits = [&](const Origin& url) { return place_of_app(p.route, p.settings, url).has_value(); };
  if (std::any_of(p.settings.external_urls.begin(), p.settings.external_urls.end(), fits)) return;
  p.report.problem(p.route.app.url.empty() ? p.key : p.key + ".url", why_no_place(p));
}

void app_can_be_opened(const RoutePlace& p) {
  const auto& methods = p.route.methods;
  if (!methods.empty() && !is_one_of("GET", methods))
    p.report.warning(p.key, "has no effect: a link is a GET, which the route's methods lack");
  if (p.route.access == Access::deny) p.report.warning(p.key, "has no effect: access: deny lets nobody in");
}

}  // namespace

void check_pages(const Settings& settings, Report& report) {
  const PagesSettings& pages = settings.pages;
  color_is_readable(report, "pages.colors.accent", pages.accent, kCard, "white");
  color_is_readable(report, "pages.colors.accent_dark", pages.accent_dark, kCardDark, "dark");
  layout_is_there(pages, report);
}

void check_apps(const Settings& settings, Report& report) {
  for (const auto& route : settings.routes) {
    if (!says_anything(route.app)) continue;
    const RoutePlace place{route, settings, report, "routes[" + std::to_string(route.index) + "].app"};
    app_has_name(place);
    app_has_place(place);
    app_can_be_opened(place);
  }
}

}  // namespace lp
