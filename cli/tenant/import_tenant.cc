#include "cli/tenant/import_tenant.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "base/one_of.h"
#include "cli/tenant/json_merge.h"
#include "config/yaml/document.h"

namespace lp {
namespace {

using nlohmann::json;

// Stands for "${NAME}" until the text is written: YAML would write a text that is to stay one.
constexpr std::string_view kVariableBegins = "@@VARIABLE:";
constexpr std::string_view kVariableEnds = ":@@";

void put(Node& map, const std::string& key, Node value) {
  const bool is_empty = value.is_null() || (value.is_map() && value.entries.empty()) ||
                        (value.is_list() && value.items.empty()) || (value.is_scalar() && value.text.empty());
  if (!is_empty) map.entries.push_back({key, {}, std::move(value)});
}

void put_text(Node& map, const std::string& key, const std::string& text) { put(map, key, Node::scalar(text)); }

void put_flag(Node& map, const std::string& key, const json& object, const char* name) {
  const auto found = object.find(name);
  if (found != object.end() && found->is_boolean()) put_text(map, key, found->get<bool>() ? "true" : "false");
}

std::string number_at(const json& object, const char* name, const char* unit) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_integer() ? std::to_string(found->get<std::int64_t>()) + unit : "";
}

void put_passwords(Node& map, const json& policy) {
  const json rejects = object_at(policy, "rejects");
  put_flag(map, "pwned_passwords", rejects, "pwned");
  put_text(map, "password_min_length", number_at(object_at(policy, "length"), "min", ""));
  put_text(map, "password_character_types", number_at(object_at(policy, "characterTypes"), "min", ""));
  if (rejects.value("repetitionAndSequence", false) && rejects.value("userInfo", false))
    put_text(map, "simple_passwords", "false");
}

class TenantImport {
 public:
  explicit TenantImport(const TenantState& state) : state_(state) {}

  ImportedTenant run(const std::string& app_id) {
    Node provision = Node::empty_map();
    put(provision, "application", application(app_id));
    put(provision, "connectors", connectors());
    put(provision, "sign_in", sign_in());
    put(provision, "resources", resources());
    put(provision, "roles", roles());
    put(provision, "organization_roles", organization_roles());
    put(provision, "id_token_claims", Node::list(texts_of_json(state_.id_token_claims)));
    Node root = Node::empty_map();
    put(root, "provision", std::move(provision));
    return {with_variables(write_yaml(root)), variables_};
  }

 private:
  std::string variable(const std::string& target, const std::string& name) {
    std::string all = target + "_" + name;
    for (char& c : all) c = is_plain(c) ? ascii_upper_of(c) : '_';
    if (!is_one_of(all, variables_)) variables_.push_back(all);
    return std::string(kVariableBegins) + all + std::string(kVariableEnds);
  }
  static bool is_plain(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
  static char ascii_upper_of(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

  static std::string with_variables(std::string yaml) {
    for (std::size_t at = 0; (at = yaml.find(kVariableBegins, at)) != std::string::npos;) {
      yaml.replace(at, kVariableBegins.size(), "${");
      const std::size_t end = yaml.find(kVariableEnds, at);
      yaml.replace(end, kVariableEnds.size(), "}");
    }
    return yaml;
  }

  Node application(const std::string& app_id) const {
    Node map = Node::empty_map();
    const json* there = app_id.empty() ? nullptr : find_by(state_.applications, "id", app_id);
    if (there == nullptr) return map;
    const json custom = object_at(*there, "customClientMetadata");
    put_text(map, "name", text_at(*there, "name"));
    put_text(map, "id_token_ttl", number_at(custom, "idTokenTtl", "s"));
    put_text(map, "refresh_token_ttl", number_at(custom, "refreshTokenTtlInDays", "d"));
    put_flag(map, "always_issue_refresh_token", custom, "alwaysIssueRefreshToken");
    return map;
  }

  // Whatever is not known to be harmless stands in a variable.
  json config_without_secrets(const std::string& target, const json& config) {
    json rest = json::object();
    for (const auto& [name, value] : config.items()) {
      if (name == "clientId" || name == "clientSecret" || name == "scope") continue;
      const bool is_harmless =
          !value.is_string() || name.ends_with("Endpoint") || name.ends_with("Type") || name.ends_with("Method");
      rest[name] = is_harmless ? value : json(variable(target, name));
    }
    return rest;
  }

  Node connector(const json& there) {
    const std::string target = text_at(there, "target");
    const std::string factory = text_at(there, "connectorId");
    const json config = object_at(there, "config");
    Node map = Node::empty_map();
    if (factory != target + "-universal") put_text(map, "factory", factory);
    // One that this file could not say is found by its target.
    const std::string id = text_at(there, "id");
    const auto may_stand_there = [](char c) { return is_plain(c) || c == '-' || c == '_'; };
    if (id != target && std::all_of(id.begin(), id.end(), may_stand_there)) put_text(map, "id", id);
    put_text(map, "client_id", text_at(config, "clientId"));
    if (config.contains("clientSecret")) put_text(map, "client_secret", variable(target, "client_secret"));
    put_text(map, "scope", text_at(config, "scope"));
    const json rest = config_without_secrets(target, config);
    if (!rest.empty()) put_text(map, "config", rest.dump());
    const json metadata = object_at(there, "metadata");
    const bool is_standard = factory == "oauth2" || factory == "oidc" || factory == "saml";
    if (is_standard && !metadata.empty()) put_text(map, "metadata", metadata.dump());
    put_flag(map, "sync_profile", there, "syncProfile");
    put_flag(map, "token_storage", there, "enableTokenStorage");
    return map;
  }

  Node connectors() {
    Node map = Node::empty_map();
    for (const json& there : state_.connectors) {
      const std::string type = text_at(there, "type");
      if (type.empty() || type == "Social") put(map, text_at(there, "target"), connector(there));
    }
    return map;
  }

  [[nodiscard]] Node sign_in() const {
    Node map = Node::empty_map();
    const json& there = state_.sign_in;
    const json color = object_at(there, "color");
    const json methods = object_at(there, "signIn").value("methods", json::array());
    put(map, "social", Node::list(texts_of_json(there.value("socialSignInConnectorTargets", json::array()))));
    if (methods.is_array() && methods.empty() && there.contains("signIn")) put_text(map, "social_only", "true");
    const json social = object_at(there, "socialSignIn");
    put_text(map, "skip_required_identifiers", social.value("skipRequiredIdentifiers", false) ? "true" : "false");
    put_text(map, "logo_url", text_at(object_at(there, "branding"), "logoUrl"));
    put_text(map, "favicon_url", text_at(object_at(there, "branding"), "favicon"));
    put_text(map, "primary_color", text_at(color, "primaryColor"));
    if (color.value("isDarkModeEnabled", false))
      put_text(map, "dark_primary_color", text_at(color, "darkPrimaryColor"));
    put_text(map, "language", text_at(object_at(there, "languageInfo"), "fallbackLanguage"));
    put_text(map, "unknown_session_url", text_at(there, "unknownSessionRedirectUrl"));
    put_passwords(map, object_at(there, "passwordPolicy"));
    return map;
  }

  // Not Logto's own, the Management API's among them.
  [[nodiscard]] Node resources() const {
    Node map = Node::empty_map();
    for (const json& there : state_.resources) {
      const std::string indicator = text_at(there, "indicator");
      if (indicator.find(".logto.app/") != std::string::npos) continue;
      Node resource = Node::empty_map();
      put_text(resource, "name", text_at(there, "name"));
      put_text(resource, "access_token_ttl", number_at(there, "accessTokenTtl", "s"));
      put(resource, "scopes", Node::list(names_of(there.value("scopes", json::array()))));
      put(map, indicator, std::move(resource));
    }
    return map;
  }

  static std::vector<std::string> names_of(const json& list) {
    std::vector<std::string> names;
    for (const json& one : list) {
      if (!is_one_of(text_at(one, "name"), names)) names.push_back(text_at(one, "name"));
    }
    return names;
  }

  [[nodiscard]] Node roles() const {
    Node map = Node::empty_map();
    for (const json& there : state_.roles) {
      if (text_at(there, "type") == "MachineToMachine") continue;
      Node role = Node::empty_map();
      put_text(role, "description", text_at(there, "description"));
      put_flag(role, "default", there, "isDefault");
      const auto scopes = state_.role_scopes.find(text_at(there, "id"));
      if (scopes != state_.role_scopes.end()) put(role, "scopes", Node::list(names_of(scopes->second)));
      put(map, text_at(there, "name"), std::move(role));
    }
    return map;
  }

  [[nodiscard]] Node organization_roles() const {
    Node map = Node::empty_map();
    for (const json& there : state_.organization_roles) {
      if (text_at(there, "type") == "MachineToMachine") continue;
      Node role = Node::empty_map();
      put_text(role, "description", text_at(there, "description"));
      put(role, "scopes", Node::list(names_of(there.value("scopes", json::array()))));
      put(map, text_at(there, "name"), std::move(role));
    }
    return map;
  }

  const TenantState& state_;
  std::vector<std::string> variables_;
};

}  // namespace

ImportedTenant import_tenant(const TenantState& state, const std::string& app_id) {
  return TenantImport(state).run(app_id);
}

}  // namespace lp
