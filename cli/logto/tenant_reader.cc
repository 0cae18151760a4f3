#include "cli/logto/tenant_reader.h"

#include <utility>

#include "cli/tenant/json_merge.h"

namespace lp {
namespace {

using nlohmann::json;
using Read = Result<void, ApiProblem>;

Read take_part(Result<json, ApiProblem> answer, json& into) {
  if (!answer) return answer.error();
  into = std::move(*answer);
  return {};
}

Read read_access_control(ManagementApi& api, const WantedTenant& wanted, TenantState& state) {
  for (const TenantApplication& application : wanted.applications) {
    const json* there = application.roles.empty() ? nullptr : find_application(application, state);
    if (there == nullptr) continue;
    const std::string id = text_at(*there, "id");
    if (!there->contains("appLevelAccessControlEnabled")) continue;  // a version without: the plan says so
    auto read = take_part(api.call("GET", "/api/applications/" + id + "/access-control"), state.access_control[id]);
    if (!read) return read;
  }
  return {};
}

// Scopes may be more than come along with their resource.
Read read_resources(ManagementApi& api, const WantedTenant& wanted, TenantState& state) {
  auto read = take_part(api.list("/api/resources?includeScopes=true"), state.resources);
  if (!read) return read;
  for (json& resource : state.resources) {
    const auto is_wanted = [&] {
      for (const TenantResource& one : wanted.resources) {
        if (one.indicator == text_at(resource, "indicator")) return true;
      }
      return false;
    }();
    if (!is_wanted) continue;
    read = take_part(api.list("/api/resources/" + text_at(resource, "id") + "/scopes"), resource["scopes"]);
    if (!read) return read;
  }
  return {};
}

Read read_roles(ManagementApi& api, const WantedTenant& wanted, TenantState& state) {
  auto read = take_part(api.list("/api/roles"), state.roles);
  if (!read) return read;
  for (const TenantRole& role : wanted.roles) {
    const json* there = role.scopes.empty() ? nullptr : find_by(state.roles, "name", role.name);
    if (there == nullptr) continue;
    const std::string id = text_at(*there, "id");
    read = take_part(api.list("/api/roles/" + id + "/scopes"), state.role_scopes[id]);
    if (!read) return read;
  }
  return {};
}

// Nobody asks, and a plan of Logto Cloud may be without them.
bool wants_organizations(const WantedTenant& wanted) {
  return !wanted.organization_roles.empty() || !wanted.organization_scopes.empty();
}

Read read_id_token_claims(ManagementApi& api, const WantedTenant& wanted, TenantState& state) {
  if (wanted.id_token_claims.empty()) return {};  // nobody asks, and not every version has it
  json answer;
  auto read = take_part(api.call("GET", "/api/configs/id-token"), answer);
  if (read && answer.contains("enabledExtendedClaims")) state.id_token_claims = answer["enabledExtendedClaims"];
  return read;
}

Read read_account_center(ManagementApi& api, const WantedTenant& wanted, TenantState& state) {
  if (wanted.account_center.empty()) return {};  // nobody asks, and not every version has it
  return take_part(api.call("GET", "/api/account-center"), state.account_center);
}

}  // namespace

Result<void, ApiProblem> read_part(ManagementApi& api, const WantedTenant& wanted, TenantPart part,
                                   TenantState& state) {
  switch (part) {
    case TenantPart::applications:
      return take_part(api.list("/api/applications"), state.applications);
    case TenantPart::access_control:
      return read_access_control(api, wanted, state);
    case TenantPart::connectors:
      return take_part(api.call("GET", "/api/connectors"), state.connectors);
    case TenantPart::sign_in:
      return take_part(api.call("GET", "/api/sign-in-exp"), state.sign_in);
    case TenantPart::resources:
      return read_resources(api, wanted, state);
    case TenantPart::roles:
      return read_roles(api, wanted, state);
    case TenantPart::organization_scopes:
      return wants_organizations(wanted) ? take_part(api.list("/api/organization-scopes"), state.organization_scopes)
                                         : Read();
    case TenantPart::organization_roles:
      return wants_organizations(wanted) ? take_part(api.list("/api/organization-roles"), state.organization_roles)
                                         : Read();
    case TenantPart::hooks:
      return take_part(api.list("/api/hooks"), state.hooks);
    case TenantPart::id_token_claims:
      return read_id_token_claims(api, wanted, state);
    case TenantPart::account_center:
      return read_account_center(api, wanted, state);
  }
  return {};
}

Result<TenantState, ApiProblem> read_tenant(ManagementApi& api, const WantedTenant& wanted) {
  TenantState state;
  for (const TenantPart part :
       {TenantPart::applications, TenantPart::access_control, TenantPart::connectors, TenantPart::sign_in,
        TenantPart::resources, TenantPart::roles, TenantPart::organization_scopes, TenantPart::organization_roles,
        TenantPart::hooks, TenantPart::id_token_claims, TenantPart::account_center}) {
    if (auto read = read_part(api, wanted, part, state); !read) return read.error();
  }
  return state;
}

}  // namespace lp
