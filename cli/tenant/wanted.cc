#include "cli/tenant/wanted.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "auth/rules/own_paths.h"
#include "base/one_of.h"
#include "cli/tenant/json_merge.h"
#include "cli/tenant/patreon_connector.h"
#include "config/host_pattern.h"
#include "config/provision.h"
#include "config/realms.h"
#include "config/requirement.h"

namespace lp {
namespace {

using nlohmann::json;

constexpr std::int64_t kMsOfSecond = 1000;

void add_once(std::vector<std::string>& list, std::string text) {
  if (!is_one_of(text, list)) list.push_back(std::move(text));
}

// --- applications ---

json custom_metadata(const ProvisionApplicationSettings& application) {
  json custom = {{"alwaysIssueRefreshToken", application.always_issue_refresh_token}};
  if (application.id_token_ttl_ms) custom["idTokenTtl"] = *application.id_token_ttl_ms / kMsOfSecond;
  if (application.refresh_token_ttl_ms) custom["refreshTokenTtlInDays"] = *application.refresh_token_ttl_ms / kDay;
  return custom;
}

// Where Logto reaches us by itself: below backchannel_url, else below the first external URL.
std::string url_for_logto(const Settings& realm, std::string_view endpoint) {
  if (realm.logto.backchannel_url)
    return realm.logto.backchannel_url->text() + realm.auth_prefix + "/" + std::string(endpoint);
  return own_url(realm, realm.external_urls.front(), endpoint);
}

bool names_file(const Settings& realm, const std::string& key) {
  return std::any_of(realm.secret_files.begin(), realm.secret_files.end(),
                     [&](const SecretFile& file) { return file.key == key; });
}

TenantApplication application_of(const Settings& realm, bool is_alone) {
  const ProvisionApplicationSettings& wanted = realm.provision->application;
  TenantApplication application;
  application.realm = is_alone ? "" : realm.realm;
  application.name = wanted.name + (is_alone ? "" : " " + realm.realm);
  application.app_id = realm.logto.app_id;
  application.id_is_written =
      names_file(realm, (is_alone ? std::string("logto") : "realms." + realm.realm + ".logto") + ".app_id_file");
  for (const Origin& external : realm.external_urls) {
    if (is_wildcard(external.host) && !realm.sign_in_url) continue;
    add_once(application.redirect_uris, callback_url(realm, external));
    add_once(application.post_logout_uris, own_url(realm, external, "signed-out"));
  }
  application.backchannel_uri = url_for_logto(realm, "backchannel-logout");
  application.custom = custom_metadata(wanted);
  application.roles = wanted.roles;
  return application;
}

// --- connectors ---

std::string target_of(const ProvisionConnectorSettings& connector, const json& metadata) {
  const std::string target = text_at(metadata, "target");
  if (!target.empty()) return target;
  const std::string& factory = connector.factory;
  for (const std::string_view end : {"-universal", "-web", "-native"}) {  // as linkedin-universal, wechat-web
    if (factory.ends_with(end)) return factory.substr(0, factory.size() - end.size());
  }
  return connector.name;
}

// As Logto's factories are named: http-email, simple-mail-transfer-protocol, http-sms, twilio-short-message-service.
std::string type_of(const std::string& factory) {
  const auto has = [&](std::string_view word) { return factory.find(word) != std::string::npos; };
  if (has("mail")) return "Email";
  return has("sms") || has("short-message") ? "Sms" : "Social";
}

// Logto drops what is empty from a connector before it keeps it: wanted, it would be missing each time.
json without_empty(const json& value) {
  if (!value.is_object()) return value;
  json kept = json::object();
  for (const auto& [name, member] : value.items()) {
    json one = without_empty(member);
    const bool is_empty = one.is_null() || (one.is_string() && one.get_ref<const std::string&>().empty()) ||
                          ((one.is_object() || one.is_array()) && one.empty());
    if (!is_empty) kept[name] = std::move(one);
  }
  return kept;
}

json parsed(std::string_view text, const std::string& key, TenantProblems& problems) {
  if (text.empty()) return json::object();
  json value = json::parse(text, nullptr, false);
  if (value.is_object()) return value;
  problems.push_back(key + ": expected a JSON object: write keys and values, or correct the JSON");
  return json::object();
}

json config_of(const ProvisionConnectorSettings& connector, const std::string& key, TenantProblems& problems) {
  json config = parsed(connector.config_json.reveal(), key + ".config", problems);
  if (!connector.client_id.empty()) config["clientId"] = connector.client_id;
  if (!connector.client_secret.empty()) config["clientSecret"] = std::string(connector.client_secret.reveal());
  if (!connector.scope.empty()) config["scope"] = connector.scope;
  config = without_empty(config);
  if (text_at(config, "clientId").empty() && connector.factory.empty())
    problems.push_back(key + ": client_id is missing: it is shown on the app's page at the social network");
  if (text_at(config, "clientSecret").empty() && connector.factory.empty())
    problems.push_back(key + ": client_secret (or client_secret_file) is missing");
  return config;
}

TenantConnector connector_of(const Settings& settings, const ProvisionConnectorSettings& connector,
                             TenantProblems& problems) {
  TenantConnector wanted;
  wanted.key = "provision.connectors." + connector.name;
  wanted.id = connector.id.empty() ? connector.name : connector.id;
  wanted.factory = connector.factory.empty() ? connector.name + "-universal" : connector.factory;
  wanted.config = config_of(connector, wanted.key, problems);
  wanted.metadata = without_empty(parsed(connector.metadata_json, wanted.key + ".metadata", problems));
  wanted.type = type_of(wanted.factory);
  wanted.target = target_of(connector, wanted.metadata);
  wanted.sync_profile = connector.sync_profile;
  wanted.token_storage = connector.token_storage;
  if (is_for_memberships(settings, connector)) keep_patreon_tokens(connector, wanted, problems);
  if (is_for_memberships(settings, connector)) wanted.target = target_of(connector, wanted.metadata);
  const bool is_standard = wanted.factory == "oauth2" || wanted.factory == "oidc" || wanted.factory == "saml";
  if (is_standard && text_at(wanted.metadata, "target").empty())
    problems.push_back(wanted.key + ".metadata: a connector of " + wanted.factory +
                       " needs a target: write metadata: { target: " + connector.name + " }");
  if (!is_standard && !wanted.metadata.empty())
    problems.push_back(wanted.key + ".metadata: is for the factories oauth2, oidc and saml only: take it out");
  return wanted;
}

std::vector<std::string> button_order(const ProvisionSettings& provision,
                                      const std::vector<TenantConnector>& connectors, TenantProblems& problems) {
  std::vector<std::string> order;
  for (const std::string& name : provision.sign_in.social) {
    const auto same = [&](const TenantConnector& one) { return one.key == "provision.connectors." + name; };
    const auto found = std::find_if(connectors.begin(), connectors.end(), same);
    if (found == connectors.end())
      problems.push_back("provision.sign_in.social: " + name + " is none of provision.connectors: add it there");
    else if (!is_social(*found))
      problems.push_back("provision.sign_in.social: " + name + " sends messages, nobody signs in by it: take it out");
    else
      add_once(order, found->target);
  }
  for (const TenantConnector& connector : connectors) {
    if (is_social(connector)) add_once(order, connector.target);
  }
  return order;
}

// --- the sign-in experience ---

void set_text(json& into, const char* group, const char* name, const std::string& text) {
  if (!text.empty()) into[group][name] = text;
}

void set_passwords(json& into, const ProvisionSignInSettings& wanted) {
  const auto policy = [&]() -> json& { return into["passwordPolicy"]; };
  if (wanted.pwned_passwords) policy()["rejects"]["pwned"] = *wanted.pwned_passwords;
  if (wanted.password_min_length) policy()["length"]["min"] = *wanted.password_min_length;
  if (wanted.password_character_types) policy()["characterTypes"]["min"] = *wanted.password_character_types;
  if (!wanted.simple_passwords) return;
  for (const char* name : {"repetitionAndSequence", "userInfo"}) policy()["rejects"][name] = !*wanted.simple_passwords;
}

json sign_in_of(const ProvisionSignInSettings& wanted) {
  json sign_in = json::object();
  if (wanted.skip_required_identifiers) sign_in["socialSignIn"]["skipRequiredIdentifiers"] = true;
  set_text(sign_in, "branding", "logoUrl", wanted.logo_url);
  set_text(sign_in, "branding", "favicon", wanted.favicon_url);
  set_text(sign_in, "color", "primaryColor", wanted.primary_color);
  set_text(sign_in, "color", "darkPrimaryColor", wanted.dark_primary_color);
  if (!wanted.dark_primary_color.empty()) sign_in["color"]["isDarkModeEnabled"] = true;
  set_text(sign_in, "languageInfo", "fallbackLanguage", wanted.language);
  set_passwords(sign_in, wanted);
  if (!wanted.unknown_session_url.empty()) sign_in["unknownSessionRedirectUrl"] = wanted.unknown_session_url;
  return sign_in;
}

// --- API resources, scopes and roles ---

// RFC 8707 2: absolute, without a fragment; Logto takes anything (Logto fact 32).
bool is_absolute_uri(const std::string& text) {
  const std::size_t colon = text.find(':');
  return colon != std::string::npos && colon > 0 && colon + 1 < text.size() && text.find('#') == std::string::npos &&
         text.find(' ') == std::string::npos;
}

TenantResource& resource_at(WantedTenant& wanted, const std::string& indicator) {
  for (TenantResource& one : wanted.resources) {
    if (one.indicator == indicator) return one;
  }
  return wanted.resources.emplace_back(TenantResource{"", indicator, "", {}, {}, ""});
}

void add_scope(TenantResource& resource, const std::string& name, const std::string& reason) {
  const auto same = [&](const TenantScope& one) { return one.name == name; };
  if (std::none_of(resource.scopes.begin(), resource.scopes.end(), same)) resource.scopes.push_back({name, reason});
}

void add_resources(const Settings& settings, WantedTenant& wanted, TenantProblems& problems) {
  for (const ProvisionResourceSettings& given : settings.provision->resources) {
    TenantResource& resource = resource_at(wanted, given.indicator);
    resource.key = "provision.resources." + given.indicator;
    resource.name = given.name;
    if (given.access_token_ttl_ms) resource.ttl_s = *given.access_token_ttl_ms / kMsOfSecond;
    for (const std::string& scope : given.scopes) add_scope(resource, scope, "");
    if (!is_absolute_uri(given.indicator))
      problems.push_back(resource.key + ": an API resource is an absolute URI without a fragment: Logto would take " +
                         given.indicator + " and give no token for it");
  }
  for (const RouteSettings& route : settings.routes) {
    if (route.token.resource.empty()) continue;
    TenantResource& resource = resource_at(wanted, route.token.resource);
    const std::string reason = "of route " + route.label;
    if (resource.key.empty()) {
      resource.key = "routes[" + std::to_string(route.index) + "].token.resource";
      resource.reason = reason;
    }
    for (const std::string& scope : route.token.scopes) add_scope(resource, scope, reason);
  }
}

void add_role(WantedTenant& wanted, const std::string& name, const std::string& key, const std::string& reason) {
  const auto same = [&](const TenantRole& one) { return one.name == name; };
  if (std::any_of(wanted.roles.begin(), wanted.roles.end(), same)) return;
  wanted.roles.push_back({key, name, "", {}, {}, reason});
}

bool has_scope(const WantedTenant& wanted, const std::string& name) {
  return std::any_of(wanted.resources.begin(), wanted.resources.end(), [&](const TenantResource& resource) {
    return std::any_of(resource.scopes.begin(), resource.scopes.end(),
                       [&](const TenantScope& scope) { return scope.name == name; });
  });
}

void add_roles(const Settings& settings, WantedTenant& wanted, TenantProblems& problems) {
  for (const ProvisionRoleSettings& given : settings.provision->roles) {
    const std::string key = "provision.roles." + given.name;
    wanted.roles.push_back({key, given.name, given.description, given.is_default, given.scopes, ""});
    for (const std::string& scope : given.scopes) {
      if (!has_scope(wanted, scope))
        problems.push_back(key + ".scopes: no API resource in this file has the scope " + scope +
                           ": name it below provision.resources");
    }
  }
  for (const std::string& role : settings.provision->application.roles)
    add_role(wanted, role, "provision.application.roles", "who may use the application");
  for (const RouteSettings& route : settings.routes) {
    const auto add = [&](const Requirement& rule) {
      if (rule.kind != Requirement::Kind::roles) return;
      for (const std::string& role : rule.any_of)
        add_role(wanted, role, "routes[" + std::to_string(route.index) + "].require", "of route " + route.label);
    };
    for_each_requirement(route.require, add);
    for_each_requirement(route.deny, add);
  }
}

// --- the organizations' template ---

void add_organization_scope(WantedTenant& wanted, const std::string& name, const std::string& reason) {
  const auto same = [&](const TenantScope& one) { return one.name == name; };
  auto& scopes = wanted.organization_scopes;
  if (std::none_of(scopes.begin(), scopes.end(), same)) scopes.push_back({name, reason});
}

// "ORGANIZATION:ROLE" or "ROLE": a role is of the template, the same in each organization.
void add_organization_role(WantedTenant& wanted, const std::string& text, const RouteSettings& route) {
  const std::string name = text.substr(text.find(':') + 1);
  const auto same = [&](const TenantOrganizationRole& one) { return one.name == name; };
  auto& roles = wanted.organization_roles;
  if (std::any_of(roles.begin(), roles.end(), same)) return;
  roles.push_back({"routes[" + std::to_string(route.index) + "].require", name, "", {}, "of route " + route.label});
}

void add_organizations(const Settings& settings, WantedTenant& wanted) {
  for (const ProvisionOrganizationRoleSettings& given : settings.provision->organization_roles) {
    wanted.organization_roles.push_back(
        {"provision.organization_roles." + given.name, given.name, given.description, given.scopes, ""});
    for (const std::string& scope : given.scopes) add_organization_scope(wanted, scope, "");
  }
  for (const RouteSettings& route : settings.routes) {
    const RouteTokenSettings& token = route.token;
    const bool of_organization = token.organization != RouteTokenSettings::Organization::none && token.resource.empty();
    for (const std::string& scope : of_organization ? token.scopes : std::vector<std::string>())
      add_organization_scope(wanted, scope, "of route " + route.label);
    for (const Requirement* root : {&route.require, &route.deny}) {
      for_each_requirement(*root, [&](const Requirement& rule) {
        if (rule.kind != Requirement::Kind::organization_roles) return;
        for (const std::string& role : rule.any_of) add_organization_role(wanted, role, route);
      });
    }
  }
}

// --- who routes send people to ---

void add_target(WantedTenant& wanted, const std::optional<std::string>& with) {
  constexpr std::string_view kSocial = "social:";
  if (with && with->starts_with(kSocial)) add_once(wanted.needed_targets, with->substr(kSocial.size()));
}

void add_realm(const Settings& realm, bool is_alone, WantedTenant& wanted) {
  wanted.applications.push_back(application_of(realm, is_alone));
  add_target(wanted, realm.logto.sign_in.with);
  const std::string prefix = is_alone ? "logto" : "realms." + realm.realm + ".logto";
  if (names_file(realm, prefix + ".webhook_secret_file") || !realm.logto.webhook_secret.empty())
    wanted.hooks.push_back({prefix + ".webhook_secret", url_for_logto(realm, "webhook")});
}

}  // namespace

WantedTenant wanted_tenant(const Settings& settings, TenantProblems& problems) {
  WantedTenant wanted;
  const ProvisionSettings& provision = *settings.provision;
  const auto realms = settings_of_realms(std::make_shared<const Settings>(settings));
  for (const auto& realm : realms) {
    if (realm->logto.endpoint != realms.front()->logto.endpoint)
      problems.push_back("realms." + realm->realm +
                         ".logto.endpoint: is another Logto than that of the first realm: "
                         "a file provisions one tenant");
    add_realm(*realm, settings.realms.empty(), wanted);
  }
  for (const ProvisionConnectorSettings& connector : provision.connectors)
    wanted.connectors.push_back(connector_of(settings, connector, problems));
  wanted.button_order = button_order(provision, wanted.connectors, problems);
  wanted.sign_in = sign_in_of(provision.sign_in);
  wanted.social_only = provision.sign_in.social_only;
  const Settings& first = *realms.front();
  wanted.unknown_session_url = (first.sign_in_url ? *first.sign_in_url : first.external_urls.front()).text() + "/";
  for (const RouteSettings& route : settings.routes) add_target(wanted, route.sign_in.with);
  if (!membership_reason(settings).empty()) add_once(wanted.needed_targets, settings.patreon.connector);
  add_resources(settings, wanted, problems);
  add_roles(settings, wanted, problems);
  add_organizations(settings, wanted);
  wanted.id_token_claims = provision.id_token_claims;
  wanted.account_center = membership_reason(settings);
  return wanted;
}

}  // namespace lp
