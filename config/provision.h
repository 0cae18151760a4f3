#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"
#include "base/url.h"

// What a configuration file says of the Logto tenant itself: `provision:`. Read by the commands `provision` and
// `doctor` alone; nothing that serves looks at it. An empty optional leaves what the tenant has.
namespace lp {

// A machine-to-machine application that holds the role "Logto Management API access".
struct ManagementSettings {
  std::optional<Origin> endpoint;          // where the Management API is, if not at logto.endpoint
  std::optional<Origin> admin_endpoint;    // which gives the tokens, for an application of Logto's admin tenant
  std::optional<Origin> admin_connect_to;  // where we reach that one, if elsewhere
  std::string audience;                    // empty: see management_audience() of cli/logto
  std::string app_id;
  Secret app_secret;
};

struct ProvisionApplicationSettings {
  std::string name = "logto-proxy";
  std::optional<std::int64_t> id_token_ttl_ms;
  std::optional<std::int64_t> refresh_token_ttl_ms;
  bool always_issue_refresh_token = true;
  std::vector<std::string>
      roles;  // who may use the application at all, by Logto's own access control; empty: untouched
};

struct ProvisionConnectorSettings {
  std::string name;     // as in the file; linkedin, patreon, google, github, ...
  std::string factory;  // empty: by the name, linkedin-universal
  std::string id;       // empty: the name. It is part of the callback URL at the social network
  std::string client_id;
  Secret client_secret;
  std::string scope;          // empty: the connector's own default
  Secret config_json;         // a JSON object: everything else that the factory wants; it may hold secrets
  std::string metadata_json;  // of the standard factories oauth2 and oidc
  std::optional<bool> sync_profile;
  std::optional<bool> token_storage;
};

struct ProvisionSignInSettings {
  std::vector<std::string>
      social;  // names of connectors in the order of their buttons; empty: as they stand in the file
  std::optional<bool> social_only;  // false: methods that a true has taken come back
  bool skip_required_identifiers = true;
  std::string logo_url;
  std::string favicon_url;
  std::string primary_color;
  std::string dark_primary_color;
  std::string language;                             // where the browser's is not there
  std::string unknown_session_url;                  // empty: the first external URL
  std::optional<bool> pwned_passwords;              // whether they are refused, which asks a server on the internet
  std::optional<std::int64_t> password_min_length;  // characters
  std::optional<std::int64_t> password_character_types;  // of small and capital letters, digits, others
  std::optional<bool> simple_passwords;  // false: neither repetitions and sequences nor what is known of the person
};

struct ProvisionResourceSettings {
  std::string indicator;
  std::string name;  // empty: the indicator
  std::optional<std::int64_t> access_token_ttl_ms;
  std::vector<std::string> scopes;
};

struct ProvisionRoleSettings {
  std::string name;
  std::string description;
  std::optional<bool> is_default;   // everybody who comes new gets it
  std::vector<std::string> scopes;  // of the resources in this file that have them
};

// Of the organizations' template: what members may be in each of them.
struct ProvisionOrganizationRoleSettings {
  std::string name;
  std::string description;
  std::vector<std::string> scopes;  // of organizations; made where they are not there
};

struct ProvisionSettings {
  ManagementSettings management;
  ProvisionApplicationSettings application;
  std::vector<ProvisionConnectorSettings> connectors;
  ProvisionSignInSettings sign_in;
  std::vector<ProvisionResourceSettings> resources;
  std::vector<ProvisionRoleSettings> roles;
  std::vector<ProvisionOrganizationRoleSettings> organization_roles;
  std::vector<std::string> id_token_claims;
};

}  // namespace lp
