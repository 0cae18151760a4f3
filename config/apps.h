#pragma once
#include <optional>
#include <string>

#include "base/url.h"
#include "config/settings.h"

// Where the apps of the launcher begin ({auth_prefix}/apps). Pure.
namespace lp {

struct AppPlace {
  Origin origin;
  std::string target;  // path and query
  [[nodiscard]] std::string url() const { return origin.text() + target; }
};

// True where some route is an app: without one there is no launcher.
[[nodiscard]] bool has_apps(const Settings& settings);
// For somebody who is at `external`, one of external_urls written out. nullopt: the route does not say it, for its path
// or its host is a pattern, and `app.url` must.
[[nodiscard]] std::optional<AppPlace> place_of_app(const RouteSettings& route, const Settings& settings,
                                                   const Origin& external);
// It lies below one of external_urls.
[[nodiscard]] bool is_external(const Settings& settings, const Origin& origin);

// Whether something may answer at "/" of this URL (null: of any), so that a link there does not lead to a 404.
[[nodiscard]] bool serves_start_page(const Settings& settings, const Origin* url);

}  // namespace lp
