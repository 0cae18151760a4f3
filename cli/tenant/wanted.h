#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "config/settings.h"

// What a configuration wants of its tenant: from `provision:`, and what external URLs and routes need. Pure.
namespace lp {

struct TenantApplication {
  std::string realm;           // empty: the only one
  std::string name;            // in Logto
  std::string app_id;          // as the configuration knows it; empty: not yet
  bool id_is_written = false;  // into logto.app_id_file, or shown: it may be another one then
  std::vector<std::string> redirect_uris;
  std::vector<std::string> post_logout_uris;
  std::string backchannel_uri;
  nlohmann::json custom;  // members of customClientMetadata
  std::vector<std::string> roles;
};

struct TenantConnector {
  std::string key;  // "provision.connectors.linkedin"
  std::string id;
  std::string factory;
  std::string target;
  nlohmann::json config;
  nlohmann::json metadata;  // empty: none
  std::optional<bool> sync_profile;
  std::optional<bool> token_storage;
  std::string type = "Social";  // Logto's word: "Email" and "Sms" send messages, and have no button
};

struct TenantScope {
  std::string name;
  std::string reason;  // "of route #2 /api/*"; empty: the file names it itself
};

struct TenantResource {
  std::string key;
  std::string indicator;
  std::string name;  // empty: its indicator where it is new, else as it is
  std::optional<std::int64_t> ttl_s;
  std::vector<TenantScope> scopes;
  std::string reason;
};

struct TenantRole {
  std::string key;
  std::string name;
  std::string description;  // empty: the name where it is new, else as it is
  std::optional<bool> is_default;
  std::vector<std::string> scopes;
  std::string reason;
};

// Of the organizations' template.
struct TenantOrganizationRole {
  std::string key;
  std::string name;
  std::string description;  // empty: the name where it is new, else as it is
  std::vector<std::string> scopes;
  std::string reason;
};

struct TenantHook {
  std::string key;
  std::string url;
};

struct WantedTenant {
  std::vector<TenantApplication> applications;
  std::vector<TenantConnector> connectors;
  std::vector<std::string> button_order;  // targets
  nlohmann::json sign_in;                 // members of the sign-in experience, but for buttons and methods
  std::optional<bool> social_only{};      // nothing: the methods stay as they are
  std::string unknown_session_url;        // where the tenant has none
  std::vector<TenantResource> resources;
  std::vector<TenantRole> roles;
  std::vector<TenantScope> organization_scopes;
  std::vector<TenantOrganizationRole> organization_roles;
  std::vector<TenantHook> hooks;
  std::vector<std::string> id_token_claims;
  std::string account_center{};             // why people's applications may use it; empty: it stays as it is
  std::vector<std::string> needed_targets;  // that routes send people to, made here or not
};

// Whether people sign in by it, so that it has a button and a callback URL.
[[nodiscard]] inline bool is_social(const TenantConnector& connector) { return connector.type == "Social"; }

// A mistake that no question to Logto would mend: "KEY: what is wrong: what to do".
using TenantProblems = std::vector<std::string>;
// `settings.provision` must be there. Appends to `problems` what cannot be wanted.
[[nodiscard]] WantedTenant wanted_tenant(const Settings& settings, TenantProblems& problems);

}  // namespace lp
