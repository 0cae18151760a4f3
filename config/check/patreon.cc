#include "config/check/patreon.h"

#include <string>

#include "base/one_of.h"
#include "config/check/loopback.h"
#include "config/patreon_rules.h"

namespace lp {
namespace {

// The token for Patreon is fetched with one that only a refresh brings.
void renewals_come(const Settings& s, Report& report, const std::string& key) {
  if (s.logto.refresh == RefreshMode::off) {
    report.problem(key, "a rule on Patreon needs refresh tokens, and logto.refresh is off: set it to offline_access");
  } else if (s.logto.refresh == RefreshMode::automatic && !is_one_of("offline_access", s.logto.scopes)) {
    report.warning(key,
                   "a rule on Patreon needs refresh tokens: set logto.refresh: offline_access, or let the application "
                   "at Logto always issue refresh tokens");
  }
}

void sessions_come(const RouteSettings& route, Report& report, const std::string& key) {
  if (!route.accept.session) {
    report.problem(key, "patreon never holds here: it needs a session, and this route accepts access tokens only");
  } else if (route.accept.bearer) {
    report.warning(key, "patreon holds for sessions only: whoever brings an access token to this route is refused");
  }
}

void token_is_safe(const Settings& s, Report& report) {
  const Origin& api = s.patreon.api_url;
  if (api.is_https() || is_loopback(api.host)) return;
  report.problem("patreon.api_url", "must be https: people's tokens for Patreon are sent there");
}

}  // namespace

void check_patreon(const Settings& settings, Report& report) {
  std::string first;
  for (const RouteSettings& route : settings.routes) {
    if (!asks_patreon(route)) continue;
    const std::string key =
        "routes[" + std::to_string(route.index) + "]." + (route.require.empty() ? "deny" : "require");
    sessions_come(route, report, key);
    if (first.empty()) first = key;
  }
  token_is_safe(settings, report);
  if (first.empty()) {
    if (report.has("patreon")) report.warning("patreon", "has no effect: no route has a rule `patreon`");
    return;
  }
  renewals_come(settings, report, first);
}

}  // namespace lp
