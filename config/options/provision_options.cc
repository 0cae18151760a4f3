#include "config/options/provision_options.h"

#include <algorithm>
#include <string>
#include <utility>

#include "config/options/binding.h"
#include "config/options/json_text.h"
#include "config/options/option_bindings.h"
#include "config/value.h"

namespace lp {
namespace {

std::string count_text(std::int64_t count) { return std::to_string(count); }

using Table = std::vector<Option>;

// Part of the callback URL: Logto takes anything, a social network does not.
Result<std::string> parse_connector_id(std::string_view text) {
  const bool is_plain = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
  if (!text.empty() && text.size() <= 128 && is_plain) return std::string(text);
  return expected("letters, digits, '-' and '_' (it becomes part of the callback URL)", text);
}

// RFC 6749 3.3, apart by one blank.
Result<std::string> parse_scope_list(std::string_view text) {
  const bool is_legal =
      std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; });
  if (is_legal && !text.empty()) return std::string(text);
  return expected("scopes with a blank between them, as in 'openid profile email'", text);
}

// What Logto takes in this list; it refuses the whole list for another one.
Result<std::string> parse_extended_claim(std::string_view text) {
  for (const char* one : {"custom_data", "identities", "sso_identities", "organization_data", "roles", "organizations",
                          "organization_roles"}) {
    if (text == one) return std::string(text);
  }
  return expected("custom_data, identities, sso_identities or organization_data", text);
}

Result<std::string> parse_color(std::string_view text) {
  const bool is_hex = std::all_of(text.begin() + (text.empty() ? 0 : 1), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  });
  if (text.size() == 7 && text.front() == '#' && is_hex) return std::string(text);
  return expected("a colour such as \"#0a66c2\" (in quotes: YAML takes # for a comment)", text);
}

Result<std::string> parse_absolute_url(std::string_view text) {
  const auto url = parse_url(text);
  if (url) return url->text();
  return expected("an absolute URL such as https://app.example.com/logo.svg", text);
}

Binding optional_boolean(std::optional<bool>& (*field)(const Scope&)) {
  return {[=](const Node& node, const Reading& reading) {
            const auto* text = scalar_text(node, reading);
            if (text == nullptr) return;
            const auto value = parse_bool(*text);
            if (!value) return reading.problem(node, value.error().message);
            field(reading.scope) = *value;
          },
          [=](const Scope& scope) {
            const auto& value = field(scope);
            return value ? Node::scalar(*value ? "true" : "false") : Node();
          },
          {"true", "false"}};
}

// Null where nothing was read.
std::string read_json(const Node& node, const Reading& reading) {
  const bool is_json = node.is_scalar() && node.text.starts_with('{');
  if (node.is_map()) return json_of(node);
  if (is_json) return node.text;
  reading.problem(node, node.text == kSecretMask ? "this is the mask that --print-config shows, not a configuration"
                                                 : "expected keys and values, as the connector's factory wants them");
  return {};
}

Binding config_binding() {
  return {[](const Node& node, const Reading& reading) {
            reading.scope.connector->config_json = Secret(read_json(node, reading));
          },
          [](const Scope& scope) {
            return scope.connector->config_json.empty() ? Node() : Node::scalar(std::string(kSecretMask));
          }};
}

Binding metadata_binding() {
  return {[](const Node& node, const Reading& reading) {
            reading.scope.connector->metadata_json = read_json(node, reading);
          },
          [](const Scope& scope) {
            const std::string& text = scope.connector->metadata_json;
            return text.empty() ? Node() : Node::scalar(text);
          }};
}

void add_management(Table& table) {
  table.push_back({"provision.management.app_id", "the id of a machine-to-machine application", "null", 0, 0, kPlain,
                   "Which has the role 'Logto Management API access'.",
                   text(LP_FIELD(provision().management.app_id), parse_visible_text)});
  table.push_back({"provision.management.app_secret", "its secret", "null", 0, 0, kSecret,
                   "Of that application; needed by `provision` alone.",
                   secret_binding(LP_FIELD(provision().management.app_secret))});
  table.push_back({"provision.management.app_secret_file", "a file", "null", 0, 0, kPlain,
                   "A file that holds app_secret.", secret_file_binding(LP_FIELD(provision().management.app_secret))});
  table.push_back({"provision.management.endpoint", "an origin such as https://tenant.logto.app", "null", 0, 0, kPlain,
                   "Where the Management API is; null: at logto.endpoint. Needed where that is a custom domain.",
                   optional_origin_binding(LP_FIELD(provision().management.endpoint))});
  table.push_back({"provision.management.admin_endpoint", "an origin such as http://localhost:3002", "null", 0, 0,
                   kPlain, "Which gives the tokens, for an application of the admin tenant of a self-hosted Logto.",
                   optional_origin_binding(LP_FIELD(provision().management.admin_endpoint))});
  table.push_back({"provision.management.admin_connect_to", "an origin such as http://logto:3002", "null", 0, 0, kPlain,
                   "Where admin_endpoint is reached, if elsewhere: by its name inside of containers.",
                   optional_origin_binding(LP_FIELD(provision().management.admin_connect_to))});
  table.push_back({"provision.management.audience", "a URL", "null", 0, 0, kPlain,
                   "Of those tokens; null: {endpoint}/api on Logto Cloud, else https://default.logto.app/api.",
                   text(LP_FIELD(provision().management.audience), parse_absolute_url)});
}

void add_application(Table& table) {
  table.push_back({"provision.application.name", "a text", "logto-proxy", 0, 0, kPlain,
                   "Of the application in Logto; behind it stands the realm, where there are several.",
                   text(LP_FIELD(provision().application.name), parse_nonempty_text)});
  table.push_back({"provision.application.id_token_ttl", "a duration or null", "null", kMinute, 180 * kDay, kPlain,
                   "null: as it is.", optional_duration(LP_FIELD(provision().application.id_token_ttl_ms))});
  table.push_back({"provision.application.refresh_token_ttl", "a duration or null", "null", kDay, 180 * kDay, kPlain,
                   "In whole days; null: as it is.",
                   optional_duration(LP_FIELD(provision().application.refresh_token_ttl_ms))});
  table.push_back({"provision.application.always_issue_refresh_token", "true or false", "true", 0, 0, kPlain,
                   "A refresh token that lives as long as the session at Logto.",
                   boolean(LP_FIELD(provision().application.always_issue_refresh_token))});
  table.push_back({"provision.application.roles", "a list of roles", "null", 0, 0, kNonEmpty,
                   "Who may use the application at all, by Logto's own access control; null: untouched.",
                   null_if_empty(LP_FIELD(provision().application.roles), parse_nonempty_text)});
}

void add_sign_in(Table& table) {
  const std::string prefix = "provision.sign_in.";
  table.push_back({prefix + "social", "a list of connectors", "null", 0, 0, kNonEmpty,
                   "The order of the buttons; null: as the connectors stand here. Others of the tenant come behind.",
                   null_if_empty(LP_FIELD(provision().sign_in.social), parse_connector_id)});
  table.push_back({prefix + "social_only", "true, false or null", "null", 0, 0, kPlain,
                   "true: nobody signs in but by a connector; false: passwords again where nothing else is left.",
                   optional_boolean(LP_FIELD(provision().sign_in.social_only))});
  table.push_back({prefix + "skip_required_identifiers", "true or false", "true", 0, 0, kPlain,
                   "Who comes by a connector is not asked for a user name or an e-mail too.",
                   boolean(LP_FIELD(provision().sign_in.skip_required_identifiers))});
  table.push_back({prefix + "logo_url", "a URL", "null", 0, 0, kPlain, "On the sign-in page.",
                   text(LP_FIELD(provision().sign_in.logo_url), parse_absolute_url)});
  table.push_back({prefix + "favicon_url", "a URL", "null", 0, 0, kPlain, "Of the sign-in page.",
                   text(LP_FIELD(provision().sign_in.favicon_url), parse_absolute_url)});
  table.push_back({prefix + "primary_color", "a colour such as \"#0a66c2\"", "null", 0, 0, kPlain,
                   "Of buttons and links.", text(LP_FIELD(provision().sign_in.primary_color), parse_color)});
  table.push_back({prefix + "dark_primary_color", "a colour such as \"#3b82f6\"", "null", 0, 0, kPlain,
                   "The same in dark mode, which it switches on.",
                   text(LP_FIELD(provision().sign_in.dark_primary_color), parse_color)});
  table.push_back({prefix + "language", "a language such as ja", "null", 0, 0, kPlain,
                   "Where the browser's is not there.",
                   text(LP_FIELD(provision().sign_in.language), parse_visible_text)});
  table.push_back({prefix + "unknown_session_url", "a URL", "null", 0, 0, kPlain,
                   "Where Logto sends those who come to its sign-in page from nowhere; null: the first external URL.",
                   text(LP_FIELD(provision().sign_in.unknown_session_url), parse_absolute_url)});
  table.push_back({prefix + "pwned_passwords", "true, false or null", "null", 0, 0, kPlain,
                   "true: Logto refuses those that are known to have leaked, which it asks api.pwnedpasswords.com for.",
                   optional_boolean(LP_FIELD(provision().sign_in.pwned_passwords))});
  table.push_back({prefix + "password_min_length", "a number or null", "null", 1, 256, kPlain, "Of new passwords.",
                   optional_number(LP_FIELD(provision().sign_in.password_min_length), parse_count, count_text, false)});
  table.push_back(
      {prefix + "password_character_types", "a number or null", "null", 1, 4, kPlain,
       "How many of small letters, capitals, digits and others a new password has at least.",
       optional_number(LP_FIELD(provision().sign_in.password_character_types), parse_count, count_text, false)});
  table.push_back({prefix + "simple_passwords", "true, false or null", "null", 0, 0, kPlain,
                   "false: new passwords with repetitions, sequences, or what is known of the person are refused.",
                   optional_boolean(LP_FIELD(provision().sign_in.simple_passwords))});
}

void add_connectors(Table& table) {
  const std::string prefix = "provision.connectors.*.";
  table.push_back({prefix + "factory", "a factory's id such as oauth2", "null", 0, 0, kPlain,
                   "null: NAME-universal, as linkedin-universal.",
                   text(LP_FIELD(connector->factory), parse_connector_id)});
  table.push_back({prefix + "id", "letters and digits", "null", 0, 0, kPlain,
                   "The end of the callback URL, {endpoint}/callback/ID; null: the name.",
                   text(LP_FIELD(connector->id), parse_connector_id)});
  table.push_back({prefix + "client_id", "a client id", "null", 0, 0, kPlain, "Of the app at the social network.",
                   text(LP_FIELD(connector->client_id), parse_visible_text)});
  table.push_back({prefix + "client_secret", "a client secret", "null", 0, 0, kSecret,
                   "Of the app at the social network.", secret_binding(LP_FIELD(connector->client_secret))});
  table.push_back({prefix + "client_secret_file", "a file", "null", 0, 0, kPlain, "A file that holds client_secret.",
                   secret_file_binding(LP_FIELD(connector->client_secret))});
  table.push_back({prefix + "scope", "scopes with blanks between", "null", 0, 0, kPlain,
                   "null: the connector's own, openid profile email or identity identity[email].",
                   text(LP_FIELD(connector->scope), parse_scope_list)});
  table.push_back({prefix + "config", "keys and values", "null", 0, 0, kPlain,
                   "Whatever else the factory wants, by its names.", config_binding()});
  table.push_back({prefix + "metadata", "keys and values", "null", 0, 0, kPlain,
                   "Of the factories oauth2, oidc and saml: target, name, logo.", metadata_binding()});
  table.push_back({prefix + "sync_profile", "true, false or null", "null", 0, 0, kPlain,
                   "true: name and picture are taken over at each sign-in; null: as it is.",
                   optional_boolean(LP_FIELD(connector->sync_profile))});
  table.push_back({prefix + "token_storage", "true, false or null", "null", 0, 0, kPlain,
                   "true: Logto keeps the network's tokens; not with LinkedIn's and Patreon's own connectors.",
                   optional_boolean(LP_FIELD(connector->token_storage))});
}

void add_resources_and_roles(Table& table) {
  table.push_back({"provision.resources.*.name", "a text", "null", 0, 0, kPlain, "null: its indicator.",
                   text(LP_FIELD(resource->name), parse_nonempty_text)});
  table.push_back({"provision.resources.*.access_token_ttl", "a duration or null", "null", kMinute, 30 * kDay, kPlain,
                   "null: as it is.", optional_duration(LP_FIELD(resource->access_token_ttl_ms))});
  table.push_back({"provision.resources.*.scopes", "a list of scopes", "null", 0, 0, kNonEmpty,
                   "Besides those that routes ask for.",
                   null_if_empty(LP_FIELD(resource->scopes), parse_visible_text)});
  table.push_back({"provision.roles.*.description", "a text", "null", 0, 0, kPlain, "null: the name.",
                   text(LP_FIELD(role->description), parse_nonempty_text)});
  table.push_back({"provision.roles.*.default", "true, false or null", "null", 0, 0, kPlain,
                   "true: everybody who comes new gets it; null: as it is.",
                   optional_boolean(LP_FIELD(role->is_default))});
  table.push_back({"provision.roles.*.scopes", "a list of scopes", "null", 0, 0, kNonEmpty,
                   "Of the API resources in this file that have them.",
                   null_if_empty(LP_FIELD(role->scopes), parse_visible_text)});
  table.push_back({"provision.organization_roles.*.description", "a text", "null", 0, 0, kPlain,
                   "null: as it is, or the name.",
                   text(LP_FIELD(organization_role->description), parse_nonempty_text)});
  table.push_back({"provision.organization_roles.*.scopes", "a list of scopes", "null", 0, 0, kNonEmpty,
                   "Of organizations; they are made where Logto lacks them.",
                   null_if_empty(LP_FIELD(organization_role->scopes), parse_visible_text)});
}

// A named map in `provision`: `list_of` answers its elements, `one` is where a scope names one.
template <class T>
Group named_group(std::string_view path, std::vector<T> ProvisionSettings::*list, T* Scope::*one,
                  std::string T::*name) {
  const auto scope_of = [one](Settings& settings, T& element) {
    Scope scope;
    scope.settings = &settings;
    scope.*one = &element;
    return scope;
  };
  const auto list_of = [list](Settings& settings) -> std::vector<T>& {
    Scope scope;
    scope.settings = &settings;
    return scope.provision().*list;
  };
  return {path,
          Group::Kind::named,
          "",
          [=](Settings& settings) { list_of(settings).clear(); },
          [=](Settings& settings, const std::string& key) {
            T& element = list_of(settings).emplace_back();
            element.*name = key;
            return scope_of(settings, element);
          },
          [=](Settings& settings) {
            std::vector<std::pair<std::string, Scope>> all;
            for (T& element : list_of(settings)) all.emplace_back(element.*name, scope_of(settings, element));
            return all;
          }};
}

}  // namespace

void add_provision_options(Table& table) {
  add_management(table);
  add_application(table);
  add_connectors(table);
  add_sign_in(table);
  add_resources_and_roles(table);
  table.push_back({"provision.id_token_claims", "a list of claims", "null", 0, 0, kNonEmpty,
                   "Of custom_data, identities, sso_identities, organization_data: into ID tokens too, which saves a "
                   "call for userinfo at each sign-in.",
                   null_if_empty(LP_FIELD(provision().id_token_claims), parse_extended_claim)});
}

Group provision_connector_group() {
  return named_group("provision.connectors", &ProvisionSettings::connectors, &Scope::connector,
                     &ProvisionConnectorSettings::name);
}

Group provision_resource_group() {
  return named_group("provision.resources", &ProvisionSettings::resources, &Scope::resource,
                     &ProvisionResourceSettings::indicator);
}

Group provision_organization_role_group() {
  return named_group("provision.organization_roles", &ProvisionSettings::organization_roles, &Scope::organization_role,
                     &ProvisionOrganizationRoleSettings::name);
}

Group provision_role_group() {
  return named_group("provision.roles", &ProvisionSettings::roles, &Scope::role, &ProvisionRoleSettings::name);
}

}  // namespace lp
