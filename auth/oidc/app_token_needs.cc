#include "auth/oidc/app_token_needs.h"

#include <algorithm>

#include "config/identity_presets.h"
#include "config/organization_place.h"

namespace lp {
namespace {

constexpr std::string_view kOrganizations = "urn:logto:scope:organizations";
constexpr std::string_view kOrganizationResource = "urn:logto:resource:organizations";

void add(std::vector<std::string>& list, std::string_view text) {
  if (std::find(list.begin(), list.end(), text) == list.end()) list.emplace_back(text);
}

bool names_id_token(const std::vector<IdentityHeaderSettings>& headers) {
  return std::any_of(headers.begin(), headers.end(), [](const IdentityHeaderSettings& header) {
    return header.source == IdentityHeaderSettings::Source::id_token;
  });
}

bool has_scopes(const Requirement& root) {
  bool found = false;
  for_each_requirement(root, [&](const Requirement& one) { found = found || one.kind == Requirement::Kind::scopes; });
  return found;
}

void add_scopes_of_rules(std::vector<std::string>& scopes, const RouteSettings& route) {
  for (const Requirement* root : {&route.require, &route.deny}) {
    for_each_requirement(*root, [&](const Requirement& one) {
      if (one.kind != Requirement::Kind::scopes) return;
      for (const std::string& scope : one.any_of) add(scopes, scope);
    });
  }
}

}  // namespace

AppTokenNeeds app_token_needs(const Settings& settings) {
  AppTokenNeeds needs;
  for (const RouteSettings& route : settings.routes) {
    const RouteTokenSettings& token = route.token;
    if (!token.is_configured()) continue;
    const bool of_organization = token.organization != RouteTokenSettings::Organization::none;
    if (!token.resource.empty()) add(needs.resources, token.resource);
    if (of_organization) add(needs.scopes, kOrganizations);
    if (of_organization && token.resource.empty() && !token.scopes.empty()) add(needs.resources, kOrganizationResource);
    for (const std::string& scope : token.scopes) add(needs.scopes, scope);
  }
  return needs;
}

AppTokenNeeds without_resources(AppTokenNeeds needs, const std::vector<std::string>& refused) {
  std::erase_if(needs.resources, [&](const std::string& resource) {
    return std::find(refused.begin(), refused.end(), resource) != refused.end();
  });
  return needs;
}

std::optional<TokenAudience> audience_of(const RouteSettings& route, std::string_view host, std::string_view path) {
  TokenAudience audience{route.token.resource, std::string(organization_of_token(route, host, path)),
                         route.token.scopes};
  if (!audience.scopes.empty()) add_scopes_of_rules(audience.scopes, route);
  const bool names_one = route.token.organization != RouteTokenSettings::Organization::none;
  if (names_one && audience.organization.empty()) return std::nullopt;
  return audience;
}

std::vector<std::string> scopes_to_ask(const Settings& settings, const TokenAudience& audience) {
  if (!audience.scopes.empty()) return audience.scopes;
  std::vector<std::string> scopes;
  for (const RouteSettings& route : settings.routes) {
    const bool of_organization = route.token.organization != RouteTokenSettings::Organization::none;
    const bool is_alike = route.token.is_configured() && route.token.scopes.empty() &&
                          route.token.resource == audience.resource &&
                          of_organization == !audience.organization.empty();
    if (is_alike) add_scopes_of_rules(scopes, route);
  }
  return scopes;
}

bool wants_id_token(const RouteSettings& route, const Settings& settings) {
  if (route.access == Access::public_ || route.access == Access::deny) return false;
  if (route.authorization.kind == UpstreamAuthorizationSettings::Kind::id_token) return true;
  const bool own = has_own_identity(route);
  const auto& headers = own ? route.identity_headers : settings.identity_headers;
  const IdentityPreset preset = own ? route.identity_preset.value_or(IdentityPreset::none) : settings.identity_preset;
  return preset == IdentityPreset::logto_protected_app || names_id_token(headers);
}

bool wants_id_tokens(const Settings& settings) {
  return std::any_of(settings.routes.begin(), settings.routes.end(),
                     [&](const RouteSettings& route) { return wants_id_token(route, settings); });
}

bool judges_scopes(const RouteSettings& route) { return has_scopes(route.require) || has_scopes(route.deny); }

}  // namespace lp
