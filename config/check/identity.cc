#include "config/check/identity.h"

#include <algorithm>

#include "base/one_of.h"
#include "config/check/route_tokens.h"
#include "config/claims.h"
#include "config/client_fields.h"
#include "config/identity_presets.h"
#include "config/value.h"

namespace lp {
namespace {

using Headers = std::vector<IdentityHeaderSettings>;
using Source = IdentityHeaderSettings::Source;

// Names whose meaning would break the forwarding or the app's own security; what breaks the message is client_fields'.
constexpr std::string_view kForbiddenHeaders[] = {
    "host",
    "cookie",
    "set-cookie",
    "authorization",
    "www-authenticate",
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-server",
    "x-real-ip",
    "x-request-id",
    "origin",
    "referer",
    "range",
    "date",
    "max-forwards",
    "proxy",
    "user-agent",
    "cache-control",
    "pragma",
    "x-http-method-override",
};
constexpr std::string_view kForbiddenPrefixes[] = {"content-", "sec-", "if-", "accept", "access-control-"};

bool is_forbidden_header(const std::string& name) {
  const auto begins = [&](std::string_view prefix) { return name.substr(0, prefix.size()) == prefix; };
  return is_field_of(ClientFieldFamily::hop, name) || is_one_of(name, kForbiddenHeaders) ||
         std::any_of(std::begin(kForbiddenPrefixes), std::end(kForbiddenPrefixes), begins);
}

// What is wrong with this name; empty: nothing.
std::string problem_of_name(const std::string& header, const std::vector<std::string>& seen) {
  const std::string name = folded_header(header);
  if (!is_token(header)) return "expected a header name, found '" + header + "'";
  if (name == "authorization") return "say `authorization:` on the route: it takes the client's own away";
  if (is_forbidden_header(name)) return "this header has a meaning of its own in HTTP and cannot carry an identity";
  if (name == folded_header(kAssertionHeader)) return "say `assertion: true` on the route";
  if (!is_one_of(name, seen)) return {};
  return "apps take this for the same name as an earlier one (case, '-', '_' and '.' are alike to many)";
}

void names_are_ours(const Headers& headers, const std::string& key, Report& report) {
  std::vector<std::string> seen;
  for (const auto& header : headers) {
    std::string problem = problem_of_name(header.header, seen);
    if (!problem.empty()) report.problem(key + "." + header.header, std::move(problem));
    seen.push_back(folded_header(header.header));
  }
}

// ID tokens are not in sessions: what the sign-in brought is gone with the process, and an hour old before that.
void id_token_is_renewed(const Settings& s, const std::string& key, Report& report) {
  if (s.logto.refresh == RefreshMode::off) {
    report.problem(key, "ID tokens are renewed by refresh, and logto.refresh is off: set it to offline_access");
  } else if (s.logto.refresh == RefreshMode::automatic && !provision_issues_refresh_tokens(s)) {
    report.warning(key,
                   "ID tokens are renewed by refresh: set logto.refresh: offline_access, or let the application at "
                   "Logto always issue refresh tokens");
  }
}

bool has_id_token(const Headers& headers) {
  return std::any_of(headers.begin(), headers.end(), [](const auto& one) { return one.source == Source::id_token; });
}

void claim_has_its_scope(const Settings& s, const std::string& key, const std::string& claim, Report& report) {
  const std::string scope(scope_of_claim(top_level_claim(claim)));
  const auto& scopes = s.logto.scopes;
  if (scope.empty() || is_one_of(scope, scopes)) return;
  if (report.has_problem_in("logto.scopes")) return;
  report.warning(key,
                 "Logto tells the claim '" + claim + "' only with the scope '" + scope + "', which logto.scopes lacks");
}

void claims_have_their_scopes(const Settings& s, const Headers& headers, const std::string& key, Report& report) {
  for (const auto& header : headers) {
    if (header.source == Source::claim) claim_has_its_scope(s, key + "." + header.header, header.claim, report);
  }
}

void check_headers(const Settings& s, const Headers& headers, const std::string& key, Report& report) {
  names_are_ours(headers, key, report);
  if (has_id_token(headers)) id_token_is_renewed(s, key, report);
  claims_have_their_scopes(s, headers, key, report);
}

void check_preset(const Settings& s, IdentityPreset preset, const std::string& key, Report& report) {
  const Headers headers = preset_headers(preset);
  if (has_id_token(headers)) id_token_is_renewed(s, key, report);
  for (const auto& header : headers) {
    if (header.source == Source::claim) claim_has_its_scope(s, key, header.claim, report);
  }
}

void check_authorization(const Settings& s, const RouteSettings& route, const std::string& key, Report& report) {
  const UpstreamAuthorizationSettings& authorization = route.authorization;
  if (authorization.kind == UpstreamAuthorizationSettings::Kind::none) return;
  const std::string at = key + ".authorization";
  if (authorization.kind == UpstreamAuthorizationSettings::Kind::id_token) id_token_is_renewed(s, at, report);
  if (!authorization.username_claim.empty()) claim_has_its_scope(s, at, authorization.username_claim, report);
}

// On a public route nobody is asked who they are.
void people_are_known(const RouteSettings& route, const std::string& key, Report& report) {
  if (route.access != Access::public_ || !route.require.empty() || !route.deny.empty()) return;
  if (route.assertion) report.warning(key + ".assertion", "has no effect: this route asks nobody who they are");
  if (route.authorization.username_claim.empty()) return;
  report.warning(key + ".authorization", "has no effect: this route asks nobody who they are");
}

void tokens_are_there(const RouteSettings& route, const std::string& key, Report& report) {
  for (const auto& header : route.identity_headers) {
    if (header.source != Source::access_token || route.token.is_configured()) continue;
    report.problem(key + "." + header.header, "needs `token:` on this route, which says whom the access token is for");
  }
}

void check_route(const Settings& s, const RouteSettings& route, const std::string& key, Report& report) {
  check_headers(s, route.identity_headers, key + ".identity_headers", report);
  tokens_are_there(route, key + ".identity_headers", report);
  if (route.identity_preset) check_preset(s, *route.identity_preset, key + ".identity_preset", report);
  check_authorization(s, route, key, report);
  people_are_known(route, key, report);
}

}  // namespace

void check_identity(const Settings& settings, Report& report) {
  check_headers(settings, settings.identity_headers, "identity_headers", report);
  for (const auto& header : settings.identity_headers) {
    if (header.source != Source::access_token) continue;
    report.problem("identity_headers." + header.header, "access tokens differ by route: say it there, beside `token:`");
  }
  check_preset(settings, settings.identity_preset, "identity_preset", report);
  for (const auto& route : settings.routes) {
    check_route(settings, route, "routes[" + std::to_string(route.index) + "]", report);
  }
}

}  // namespace lp
