#include "config/check/route_tokens.h"

#include "base/one_of.h"
#include "config/check/route_place.h"
#include "config/provision.h"

namespace lp {
namespace {

using Organization = RouteTokenSettings::Organization;

void audience_is_named(const RoutePlace& p) {
  if (p.route.token.is_configured() || p.report.has_problem_in(p.key)) return;
  p.report.problem(p.key, "expected resource or organization, found neither: nothing says whom the token is for");
}

void somebody_is_signed_in(const RoutePlace& p) {
  if (p.route.access == Access::signed_in || p.route.access == Access::optional) return;
  p.report.problem(p.key, "needs access: signed_in or optional: a token is fetched for whoever is signed in");
}

void host_names_one(const RoutePlace& p) {
  if (p.route.token.organization != Organization::from_host || p.route.host.starts_with("*.")) return;
  p.report.problem(
      p.key + ".organization",
      "from_host needs a host with a wildcard, such as *.example.com: its first label is the organization");
}

void path_names_one(const RoutePlace& p) {
  if (p.route.token.organization != Organization::from_path || p.route.path.kind == PathPattern::Kind::prefix) return;
  p.report.problem(p.key + ".organization",
                   "from_path needs a path such as /o/*: the segment after the prefix is the organization");
}

void one_authorization(const RoutePlace& p) {
  if (p.route.authorization.kind == UpstreamAuthorizationSettings::Kind::none) return;
  p.report.problem(p.key, "token and authorization both set the app's Authorization field: keep one");
}

void client_brings_none(const RoutePlace& p) {
  if (!p.route.accept.bearer) return;
  p.report.problem(p.key,
                   "works with sessions only, and this route accepts clients with tokens of their own: keep one");
}

using TokenRule = void (*)(const RoutePlace&);
constexpr TokenRule kTokenRules[] = {audience_is_named, somebody_is_signed_in, host_names_one,
                                     path_names_one,    one_authorization,     client_brings_none};

// Tokens are fetched with the session's refresh token.
void refresh_tokens_come(const Settings& settings, Report& report, const std::string& key) {
  const LogtoSettings& logto = settings.logto;
  const bool asked = is_one_of("offline_access", logto.scopes);
  if (logto.refresh == RefreshMode::off) {
    report.problem(key, "tokens are fetched by refresh, and logto.refresh is off: set it to offline_access");
  } else if (logto.refresh == RefreshMode::automatic && !asked && !provision_issues_refresh_tokens(settings)) {
    report.warning(key,
                   "tokens are fetched by refresh: set logto.refresh: offline_access, or let the application at Logto "
                   "always issue refresh tokens");
  }
}

}  // namespace

bool provision_issues_refresh_tokens(const Settings& settings) {
  return settings.provision != nullptr && settings.provision->application.always_issue_refresh_token;
}

void check_route_tokens(const Settings& settings, Report& report) {
  std::string first;
  for (const RouteSettings& route : settings.routes) {
    const std::string key = "routes[" + std::to_string(route.index) + "].token";
    if (!route.token.is_configured() && route.token.scopes.empty()) continue;
    const RoutePlace place{route, settings, report, key};
    for (const TokenRule rule : kTokenRules) rule(place);
    if (first.empty()) first = key;
  }
  if (!first.empty()) refresh_tokens_come(settings, report, first);
}

}  // namespace lp
