#include "config/check/patreon.h"

#include <algorithm>
#include <string>

#include "base/one_of.h"
#include "config/check/loopback.h"
#include "config/check/route_tokens.h"
#include "config/identity_presets.h"
#include "config/patreon_rules.h"

namespace lp {
namespace {

// The token for Patreon is fetched with one that only a refresh brings.
void renewals_come(const Settings& s, Report& report, const std::string& key) {
  if (s.logto.refresh == RefreshMode::off) {
    report.problem(key, "a rule on Patreon needs refresh tokens, and logto.refresh is off: set it to offline_access");
  } else if (s.logto.refresh == RefreshMode::automatic && !is_one_of("offline_access", s.logto.scopes) &&
             !provision_issues_refresh_tokens(s)) {
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

// Two meanings of one name: the app would be told Patreon's, and whoever wrote the other would not know.
void names_are_free(const RouteSettings& route, const std::vector<IdentityHeaderSettings>& written,
                    const std::string& key, Report& report) {
  for (const IdentityHeaderSettings& told : patreon_headers(route)) {
    for (const IdentityHeaderSettings& one : written) {
      if (folded_header(one.header) != folded_header(told.header)) continue;
      report.problem(key + "." + one.header, "the rule on Patreon of route " + route.label +
                                                 " tells its app this by itself: leave it out, or " +
                                                 "name another header");
    }
  }
}

void pages_are_shown(const Settings& s, Report& report) {
  const std::set<std::string> asked = patreon_campaigns(s);
  for (const auto& [campaign, page] : s.patreon.pages) {
    if (asked.contains(campaign)) continue;
    report.warning("patreon.pages." + campaign, "has no effect: no rule asks for a membership of this campaign");
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
    const std::string at = "routes[" + std::to_string(route.index) + "].";
    const std::string key = at + (route.require.empty() ? "deny" : "require");
    sessions_come(route, report, key);
    const bool is_own = has_own_identity(route);
    names_are_free(route, is_own ? route.identity_headers : settings.identity_headers,
                   (is_own ? at : std::string()) + "identity_headers", report);
    if (first.empty()) first = key;
  }
  token_is_safe(settings, report);
  if (first.empty()) {
    if (report.has("patreon")) report.warning("patreon", "has no effect: no route has a rule `patreon`");
    return;
  }
  renewals_come(settings, report, first);
  pages_are_shown(settings, report);
}

}  // namespace lp
