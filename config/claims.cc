#include "config/claims.h"

#include <algorithm>

#include "config/identity_presets.h"

namespace lp {
namespace {

struct ClaimOfScope {
  std::string_view claim;
  std::string_view scope;
};

constexpr ClaimOfScope kRows[] = {
    {"name", "profile"},
    {"family_name", "profile"},
    {"given_name", "profile"},
    {"middle_name", "profile"},
    {"nickname", "profile"},
    {"preferred_username", "profile"},
    {"profile", "profile"},
    {"picture", "profile"},
    {"website", "profile"},
    {"gender", "profile"},
    {"birthdate", "profile"},
    {"zoneinfo", "profile"},
    {"locale", "profile"},
    {"updated_at", "profile"},
    {"username", "profile"},
    {"created_at", "profile"},
    {"email", "email"},
    {"email_verified", "email"},
    {"phone_number", "phone"},
    {"phone_number_verified", "phone"},
    {"address", "address"},
    {"custom_data", "custom_data"},
    {"identities", "identities"},
    {"sso_identities", "identities"},
    {"roles", "roles"},
    {"organizations", "urn:logto:scope:organizations"},
    {"organization_data", "urn:logto:scope:organizations"},
    {"organization_roles", "urn:logto:scope:organization_roles"},
};

}  // namespace

std::string_view scope_of_claim(std::string_view claim) {
  for (const auto& row : kRows) {
    if (row.claim == claim) return row.scope;
  }
  return {};
}

const std::vector<std::string>& claims_of_logto() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> names = {
        "sub", "iss", "aud", "exp", "iat",     "auth_time", "nonce",     "sid",
        "amr", "acr", "azp", "jti", "at_hash", "scope",     "client_id", "organization_id"};
    for (const auto& row : kRows) names.emplace_back(row.claim);
    return names;
  }();
  return all;
}

std::string claim_of(const Requirement& requirement) {
  switch (requirement.kind) {
    case Requirement::Kind::roles:
      return "roles";
    case Requirement::Kind::organizations:
    case Requirement::Kind::member:
      return "organizations";
    case Requirement::Kind::organization_roles:
      return "organization_roles";
    case Requirement::Kind::social:
      return "identities";
    case Requirement::Kind::email:
    case Requirement::Kind::email_domain:
      return "email";
    case Requirement::Kind::claim:
      return requirement.test.claim;
    default:
      return {};
  }
}

std::string top_level_claim(std::string_view path) {
  if (path.find("://") != std::string_view::npos) return std::string(path);
  return std::string(path.substr(0, path.find('.')));
}

std::set<std::string> claims_in_headers(const Settings& settings) {
  std::set<std::string> names;
  const auto add_headers = [&](const std::vector<IdentityHeaderSettings>& headers) {
    for (const auto& header : headers) {
      if (header.source == IdentityHeaderSettings::Source::claim) names.insert(header.claim);
    }
  };
  add_headers(identity_headers_of(settings));
  if (!settings.forward_auth.oauth2_proxy.empty()) names.insert({"email", "roles", "username"});
  for (const RouteSettings& route : settings.routes) {
    if (has_own_identity(route)) add_headers(identity_headers_of(settings, route));
    names.insert(route.authorization.username_claim);
  }
  return names;
}

std::set<std::string> items_that_rules_name(const Settings& settings, std::string_view claim) {
  std::set<std::string> items;
  for (const RouteSettings& route : settings.routes) {
    for (const Requirement* root : {&route.require, &route.deny}) {
      for_each_requirement(*root, [&](const Requirement& requirement) {
        if (claim_of(requirement) != claim) return;
        items.insert(requirement.any_of.begin(), requirement.any_of.end());
        items.insert(requirement.test.values.begin(), requirement.test.values.end());
      });
    }
  }
  return items;
}

bool has_organizations(const Settings& settings) {
  return std::any_of(settings.routes.begin(), settings.routes.end(),
                     [](const RouteSettings& route) { return route.organization.is_configured(); });
}

std::set<std::string> claims_in_use(const Settings& settings) {
  std::set<std::string> names = claims_in_headers(settings);
  const auto add = [&](std::string_view path) { names.insert(std::string(path)); };
  for (const RouteSettings& route : settings.routes) {
    for (const Requirement* root : {&route.require, &route.deny}) {
      for_each_requirement(*root, [&](const Requirement& requirement) { add(claim_of(requirement)); });
    }
    add(claim_of(route.organization.rule));
  }
  if (has_organizations(settings)) names.insert("organization_data");  // what they are called
  names.erase("");
  names.erase("sub");
  return names;
}

}  // namespace lp
