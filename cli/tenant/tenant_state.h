#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace lp {

// A tenant as the Management API tells it: what planning looks at.
struct TenantState {
  using Json = nlohmann::json;
  Json applications = Json::array();
  std::map<std::string, Json> access_control;  // of an application, by its id; where it is asked for
  Json connectors = Json::array();             // with their secrets in clear: never to be shown
  Json sign_in = Json::object();
  Json resources = Json::array();           // each with "scopes"
  Json roles = Json::array();               // of users and of machines
  std::map<std::string, Json> role_scopes;  // of a role, by its id; where they are asked for
  Json organization_scopes = Json::array();
  Json organization_roles = Json::array();  // each with "scopes"
  Json hooks = Json::array();               // with their signing keys in clear
  Json id_token_claims = Json::array();     // enabledExtendedClaims
  Json account_center = Json::object();     // where it is asked for
};

// What of it one step touches, and is read again after it.
enum class TenantPart {
  applications,
  access_control,
  connectors,
  sign_in,
  resources,
  roles,
  organization_scopes,
  organization_roles,
  hooks,
  id_token_claims,
  account_center
};

}  // namespace lp
