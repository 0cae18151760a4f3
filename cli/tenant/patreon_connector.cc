#include "cli/tenant/patreon_connector.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/tenant/json_merge.h"
#include "config/patreon_rules.h"

namespace lp {
namespace {

using nlohmann::json;

constexpr const char* kStandard = "oauth2";

// Patreon's endpoints as Logto's standard connector wants them. Its own default takes the token's answer for a query.
json patreon_config() {
  return {
      {"authorizationEndpoint", "https://www.patreon.com/oauth2/authorize"},
      {"tokenEndpoint", "https://www.patreon.com/api/oauth2/token"},
      {"tokenEndpointAuthMethod", "client_secret_post"},
      {"tokenEndpointResponseType", "json"},
      {"userInfoEndpoint",
       "https://www.patreon.com/api/oauth2/v2/identity?fields%5Buser%5D=full_name,email,image_url,is_email_verified"},
      {"scope", "identity identity[email] identity.memberships"},
      {"profileMap",
       {{"id", "data.id"},
        {"name", "data.attributes.full_name"},
        {"email", "data.attributes.email"},
        {"avatar", "data.attributes.image_url"}}}};
}

bool is_true(const json& object, const char* name) { return object.value(name, json()) == json(true); }

}  // namespace

bool is_for_memberships(const Settings& settings, const ProvisionConnectorSettings& connector) {
  return connector.name == settings.patreon.connector && asks_patreon(settings);
}

void keep_patreon_tokens(const ProvisionConnectorSettings& given, TenantConnector& connector,
                         TenantProblems& problems) {
  if (!given.factory.empty() && given.factory != kStandard) {
    problems.push_back(connector.key + ".factory: rules ask for memberships, and a connector of " + given.factory +
                       " keeps no token to ask Patreon with: take the key out");
    return;
  }
  if (given.token_storage == false) {
    problems.push_back(connector.key +
                       ".token_storage: rules ask for memberships, for which Logto must keep tokens: "
                       "take the key out");
  }
  connector.factory = kStandard;
  connector.token_storage = true;
  connector.config = merged(patreon_config(), connector.config);
  const json usual = {{"target", given.name}, {"name", {{"en", "Patreon"}}}};
  connector.metadata = merged(usual, connector.metadata);
}

std::string membership_reason(const Settings& settings) {
  const auto found = std::find_if(settings.routes.begin(), settings.routes.end(),
                                  [](const RouteSettings& route) { return asks_patreon(route); });
  return found == settings.routes.end() ? std::string() : "of route " + found->label;
}

std::string why_no_patreon_tokens(const TenantState& state, const std::string& target) {
  const json* connector = find_by(state.connectors, "target", target);
  if (connector == nullptr) return "the tenant has no connector " + target;
  const std::string factory = text_at(*connector, "connectorId");
  if (factory == target + "-universal")
    return "the connector " + target + " is Logto's own (" + factory + "), which keeps no tokens";
  if (!is_true(*connector, "enableTokenStorage")) return "the connector " + target + " has token storage switched off";
  if (!is_true(state.account_center, "enabled")) return "the account centre is off, so that nobody's token can be read";
  return {};
}

}  // namespace lp
