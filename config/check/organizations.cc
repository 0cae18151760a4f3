#include "config/check/organizations.h"

#include <algorithm>
#include <string>

#include "config/check/route_place.h"
#include "config/identity_presets.h"

namespace lp {
namespace {

using Place = RouteOrganizationSettings::Place;

void somebody_is_asked(const RoutePlace& p) {
  if (p.route.access == Access::signed_in || p.report.has_problem_in(p.at("access"))) return;
  p.report.problem(p.at("organization"), "works with access: signed_in only: whoever is signed out is no member");
}

void members_host_names_one(const RoutePlace& p) {
  if (p.route.organization.place != Place::from_host || p.route.host.starts_with("*.")) return;
  p.report.problem(
      p.at("organization"),
      "from_host needs a host with a wildcard, such as *.example.com: its first label is the organization's id");
}

void members_path_names_one(const RoutePlace& p) {
  if (p.route.organization.place != Place::from_path || p.route.path.kind == PathPattern::Kind::prefix) return;
  p.report.problem(p.at("organization"),
                   "from_path needs a path such as /o/*: the segment after the prefix is the organization's id");
}

// The app would be told of one, and get the token of another.
void token_is_of_the_same(const RoutePlace& p) {
  const RouteTokenSettings& token = p.route.token;
  if (token.organization == Place::none) return;
  if (token.organization == p.route.organization.place && token.organization_id == p.route.organization.id) return;
  p.report.problem(p.at("token") + ".organization", "is another one than organization of this route: write the same");
}

void organization_is_told(const RoutePlace& p) {
  for (const auto& header : identity_headers_of(p.settings, p.route)) {
    if (header.source == IdentityHeaderSettings::Source::organization) return;
  }
  p.report.warning(p.at("organization"), "the app is not told which it is: identity_headers has another meaning for " +
                                             std::string(kOrganizationHeader) +
                                             ": name a header for { organization: true }");
}

// At the top it is for the routes that have one.
void told_organization_is_there(const RoutePlace& p) {
  if (p.route.organization.is_configured()) return;
  for (const IdentityHeaderSettings& header : p.route.identity_headers) {
    if (header.source != IdentityHeaderSettings::Source::organization) continue;
    p.report.warning(p.at("identity_headers") + "." + header.header,
                     "is never sent: this route is for no organization (organization:)");
  }
}

bool names_bare_role(const Requirement& root) {
  bool found = false;
  for_each_requirement(root, [&](const Requirement& rule) {
    if (rule.kind != Requirement::Kind::organization_roles) return;
    found = found || std::any_of(rule.any_of.begin(), rule.any_of.end(),
                                 [](const std::string& role) { return role.find(':') == std::string::npos; });
  });
  return found;
}

void role_has_organization(const RoutePlace& p) {
  if (p.route.organization.is_configured()) return;
  const std::pair<const char*, const Requirement*> rules[] = {{"require", &p.route.require}, {"deny", &p.route.deny}};
  for (const auto& [key, root] : rules) {
    if (!names_bare_role(*root)) continue;
    p.report.problem(p.at(key),
                     "organization_roles: a role without its organization is one in that of the route: "
                     "write ORGANIZATION_ID:ROLE, or give the route organization");
  }
}

using OrganizationRule = void (*)(const RoutePlace&);
constexpr OrganizationRule kOrganizationRules[] = {somebody_is_asked, members_host_names_one, members_path_names_one,
                                                   token_is_of_the_same, organization_is_told};

}  // namespace

void check_organizations(const Settings& settings, Report& report) {
  for (const RouteSettings& route : settings.routes) {
    const RoutePlace place{route, settings, report, "routes[" + std::to_string(route.index) + "]"};
    role_has_organization(place);
    told_organization_is_there(place);
    if (!route.organization.is_configured()) continue;
    for (const OrganizationRule rule : kOrganizationRules) rule(place);
  }
}

}  // namespace lp
